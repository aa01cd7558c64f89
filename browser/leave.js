/**
 * The way out, in browsers that obey Connection-Allowlist (Chromium 152): a host that the header
 * does not name would be a dead end, so what the visitor clicks there leads to a page of ours
 * that names the host. Nothing is contacted. The hosts of the header are the JSON block just before
 * it; a dot before one means its subdomains too.
 */
(() => {
  const version = Number(/Chrom\w+\/(\d+)/.exec(navigator.userAgent)?.[1]);
  if (!(version > 151)) return;
  /** @type {string[]} */
  const hosts = JSON.parse(document.currentScript?.previousElementSibling?.textContent ?? "");

  /**
   * Where to go instead; empty where `to` can be reached, or is no web page.
   * @param {string | URL} to
   */
  const around = (to) => {
    try {
      const { protocol, hostname, origin, href } = new URL(to, document.baseURI);
      const listed = hosts.some((host) =>
        host === hostname || (host[0] === "." && `.${hostname}`.endsWith(host)));
      if (listed || origin === location.origin || !/^https?:/.test(protocol)) return "";
      const { lang } = document.documentElement;
      return `${location.origin}/.bandeau/leave?lang=${lang}&to=${encodeURIComponent(href)}`;
    } catch {
      return "";
    }
  };

  /** @param {MouseEvent} event */
  const clicked = (event) => {
    const link = /** @type {HTMLAnchorElement | undefined} */ (event.composedPath().find((each) =>
      each instanceof HTMLAnchorElement || each instanceof HTMLAreaElement));
    const written = link?.getAttribute("href");
    if (!link || !written || !event.isTrusted || event.defaultPrevented) return;
    const instead = around(link.href);
    if (!instead) return;
    link.setAttribute("href", instead);
    setTimeout(() => link.setAttribute("href", written));
  };
  addEventListener("click", clicked);
  addEventListener("auxclick", clicked);

  /* What no click event shows: a handler of the page that goes elsewhere, a form by GET. */
  /** @type {any} */ (globalThis).navigation?.addEventListener("navigate", (/** @type {any} */ event) => {
    const instead = event.cancelable && !event.formData && around(event.destination.url);
    if (!instead || !navigator.userActivation.isActive) return;
    event.preventDefault();
    setTimeout(() => location.assign(instead));
  });

  const { open } = globalThis;
  globalThis.open = (url, ...rest) => open.call(globalThis, url && (around(url) || url), ...rest);
})();
