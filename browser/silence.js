/**
 * Only where something is granted: what it takes to end it while the page is still open (rules R3,
 * W6), and to bring back what a reload leaves empty. Runs before the page's own scripts, and
 * answers to the notice's word that a choice narrows.
 */
(() => {
  /** @type {WeakRef<any>[]} */
  const live = [];
  const scope = /** @type {any} */ (globalThis);
  for (const name of ["Worker", "WebSocket", "EventSource", "RTCPeerConnection"]) {
    if (!scope[name]) continue;
    scope[name] = new Proxy(scope[name], {
      construct(target, args, self) {
        const made = Reflect.construct(target, args, self);
        live.push(new WeakRef(made));
        return made;
      },
    });
  }

  /* The page that is about to go tells nobody else anything, not even while it is left. */
  addEventListener("bandeau", (event) => {
    const { detail } = /** @type {CustomEvent<string | null>} */ (event);
    if (typeof detail !== "string") return;
    const httpEquiv = "Content-Security-Policy";
    const content = `default-src 'self' ${detail}`;
    document.head.append(Object.assign(document.createElement("meta"), { httpEquiv, content }));
    for (const frame of document.querySelectorAll("iframe,frame,object,embed")) frame.remove();
    for (let at = length; at--;) frames[at]?.location.replace("about:blank");
    for (const each of live) {
      const made = each.deref();
      made?.terminate?.();
      made?.close?.();
    }
  });

  /* After a reload Firefox shows in a frame what was there before: nothing, where it was denied. */
  addEventListener("load", () => {
    for (const frame of document.querySelectorAll("iframe")) {
      try {
        const blank = frame.contentWindow?.location.href === "about:blank";
        if (blank && /^http/.test(frame.src)) frame.parentNode?.insertBefore(frame, frame.nextSibling);
      } catch {}
    }
  });
})();
