/**
 * Stands before the guard in the pages that are asked for reports: tells the server, once the page
 * is left, which cookies and storage keys scripts tried to write and the guard refused. Names only,
 * of what was not stored: neither a value, nor anything that the terminal holds.
 */
(() => {
  const most = 50;
  /** @typedef {{ cookies: Set<string>, storage: Set<string> }} Refused */
  /** @type {Refused} */
  const refused = { cookies: new Set(), storage: new Set() };
  /**
   * The guard takes this before any script of the page could, and nothing may stop the guard.
   * @param {keyof Refused} kind
   * @param {unknown} name
   */
  const note = (kind, name) => {
    try {
      if (refused[kind].size < most) refused[kind].add(`${name}`.slice(0, 201));
    } catch {}
  };
  Object.defineProperty(globalThis, "bandeauRefused", { value: note });

  const tell = () => {
    if (document.visibilityState !== "hidden") return;
    const body = { cookies: [...refused.cookies], storage: [...refused.storage] };
    if (!body.cookies.length && !body.storage.length) return;
    refused.cookies.clear();
    refused.storage.clear();
    const url = location.origin + location.pathname;
    const reports = JSON.stringify([{ type: "bandeau-refused", url, body }]);
    const type = "application/reports+json";
    navigator.sendBeacon(`${location.origin}/.bandeau/reports`, new Blob([reports], { type }));
  };
  addEventListener("visibilitychange", tell);
  document.currentScript?.remove();
})();
