/** The calls that the robot makes. */

/** @param {string} call @param {any[]} given @returns {any} */
const answer = (call, given) => {
  /** @type {Record<string, (...given: any[]) => any>} */
  const calls = { admit, find, mark, floatsAt, describe, place, usable, ways, facts, hidden };
  return calls[call]?.(...given);
};
