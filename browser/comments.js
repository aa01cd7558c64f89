/**
 * Comments work without this. It locks the form of every open tab as soon as the visitor
 * withdraws (rule F3; the server refuses in any case), and says what became of a post.
 * Inlined as the last child of the host element; stores nothing, touches no HTML sink.
 */
(() => {
  const host = /** @type {HTMLElement} */ (document.currentScript?.parentElement);
  const template = host.querySelector("template");
  if (template) {
    host.attachShadow({ mode: "open" }).append(template.content);
    template.remove();
  }
  const root = /** @type {ShadowRoot} */ (host.shadowRoot);
  const status = /** @type {HTMLElement} */ (root.querySelector("[role=status]"));

  const lock = () => {
    for (const open of root.querySelectorAll(".write, .reply")) open.toggleAttribute("hidden", true);
    const panel = /** @type {HTMLTemplateElement | null} */ (root.querySelector(".when-locked"));
    panel?.replaceWith(panel.content);
    host.closest("[data-bandeau=comments]")?.setAttribute("data-state", "locked");
  };

  /** @type {BroadcastChannel | null} */
  let channel = null;
  const listen = () => {
    channel ??= new BroadcastChannel("bandeau");
    channel.onmessage = ({ data }) => {
      if (data[host.dataset["purpose"] ?? ""] === false) lock();
    };
  };
  /* An open channel would keep the page out of the back/forward cache. */
  addEventListener("pagehide", () => {
    channel?.close();
    channel = null;
  });
  addEventListener("pageshow", listen);
  listen();

  /* A form that was posted comes back through a redirect, to the comment's own anchor. What a page
     says from the start is not announced: it has to change while somebody listens. */
  const visit = /** @type {PerformanceNavigationTiming | undefined} */ (
    performance.getEntriesByType("navigation")[0]
  );
  const sought = location.hash.match(/^#comment-(?!form$)(.+)/)?.[1];
  const posted = sought && visit?.redirectCount && document.referrer.startsWith(location.origin);
  const said = status.textContent || (posted ? status.dataset["sent"] : "");
  if (said) setTimeout(() => (status.textContent = said + String.fromCharCode(160)), 500);

  /* A comment that is no longer among the first has an address that finds it. */
  if (sought && !visit?.redirectCount && !document.getElementById(`comment-${sought}`)) {
    location.replace(`/.bandeau/comments/at/${sought}`);
  }
})();
