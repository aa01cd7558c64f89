/**
 * Passkeys: the one button that begins, for the door and for the page of one's own. Without this
 * the password is there. What the server offers goes to the authenticator, its answer back.
 */
(() => {
  const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-passkey]"));
  const status = /** @type {HTMLElement} */ (document.querySelector("#status"));
  if (!button || !window.PublicKeyCredential?.parseCreationOptionsFromJSON) return;

  /** @param {string} path @param {object} fields */
  const told = async (path, fields) => {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
    });
    const body = await answer.json();
    if (!answer.ok) throw new Error(body.error.message);
    return body;
  };

  const { ask = "", answer = "", passkey, failed = "" } = button.dataset;
  const begin = async () => {
    const options = await told(ask, {});
    const made =
      passkey === "add"
        ? await navigator.credentials.create({
            publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options),
          })
        : await navigator.credentials.get({
            publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options),
          });
    const credential = JSON.stringify(/** @type {PublicKeyCredential} */ (made).toJSON());
    location.assign((await told(answer, { credential })).onward);
  };

  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    begin().catch((/** @type {Error} */ error) => {
      /* What the browser says is in its own words; a refusal of the server's is in ours. */
      status.textContent = error instanceof DOMException ? failed : error.message || failed;
      button.disabled = false;
    });
  });
})();
