/**
 * Where the page may lead. The list just before it, which it leaves to the guard behind it, names
 * the hosts of the site and of the choice: to any other only the visitor leads, by what he does.
 *
 * In browsers that obey Connection-Allowlist (Chromium 152) a host that the header does not name
 * would be a dead end even then, so what he clicks there leads to a page of ours that names the
 * host. Nothing is contacted. Which hosts the header names beside the list, since the page links
 * to them, the block at its end says. A dot before a host means its subdomains too.
 */
(() => {
  const self = /** @type {HTMLScriptElement} */ (document.currentScript);
  /** @type {{ hosts: string[] }} */
  const { hosts } = JSON.parse(self.previousElementSibling?.textContent ?? "");
  self.remove();
  const confined = Number(/Chrom\w+\/(\d+)/.exec(navigator.userAgent)?.[1]) > 151;

  /** @param {string[]} list @param {string} name */
  const among = (list, name) =>
    list.some((host) => host === name || (host[0] === "." && `.${name}`.endsWith(host)));
  /**
   * The address of a web page that neither the site nor the choice names.
   * @param {string | URL} to
   */
  const elsewhere = (to) => {
    try {
      const url = new URL(to, document.baseURI);
      const web = /^http/.test(url.protocol) && url.origin !== location.origin;
      if (web && !among(hosts, url.hostname)) return url;
    } catch {}
    return null;
  };
  /**
   * Where a visitor goes instead; empty where `to` can be reached.
   * @param {URL} to
   */
  const around = ({ hostname, href }) => {
    const links = document.querySelector("[data-bandeau=links]")?.textContent;
    const listed = links ? among(JSON.parse(links), hostname) : document.readyState === "loading";
    const { lang } = document.documentElement;
    return confined && !listed
      ? `${location.origin}/.bandeau/leave?lang=${lang}&to=${encodeURIComponent(href)}` : "";
  };

  /** @param {MouseEvent} event */
  const clicked = (event) => {
    const link = /** @type {Element | undefined} */ (event.composedPath().find((each) =>
      /** @type {Element} */ (each).matches?.("a[href], area[href]")));
    if (!link || !event.isTrusted || event.defaultPrevented) return;
    const written = `${link.getAttribute("href")}`;
    const to = elsewhere(written);
    const instead = to && around(to);
    if (!instead) return;
    link.setAttribute("href", instead);
    setTimeout(() => link.setAttribute("href", written));
  };
  addEventListener("click", clicked);
  addEventListener("auxclick", clicked);

  const acts = () => navigator.userActivation.isActive;
  /* What no click event shows: a script or a meta element that goes elsewhere, a form by GET. */
  /** @type {any} */ (globalThis).navigation?.addEventListener("navigate", (/** @type {any} */ event) => {
    const to = event.cancelable && !event.formData && elsewhere(event.destination.url);
    if (!to) return;
    const asked = event.userInitiated || acts();
    const instead = around(to);
    if (asked && !instead) return;
    event.preventDefault();
    if (asked) setTimeout(() => location.assign(instead));
  });

  const { open } = globalThis;
  globalThis.open = (url, ...rest) => {
    const to = url && elsewhere(url);
    if (to && !acts()) return null;
    return open.call(globalThis, (to && around(to)) || url, ...rest);
  };
})();
