/**
 * Makes the notice smoother where script runs; all of it works without.
 * Inlined as the last child of the host element, so `currentScript` leads to the host.
 * Touches no HTML sink (Trusted Types) and stores nothing.
 */
(() => {
  const ROUTE = "/.bandeau/choice";
  const host = /** @type {HTMLElement} */ (document.currentScript?.parentElement);

  const template = host.querySelector("template");
  if (template) {
    host.attachShadow({ mode: "open" }).append(template.content);
    template.remove();
  }
  const root = /** @type {ShadowRoot} */ (host.shadowRoot);
  const band = /** @type {HTMLElement | null} */ (root.querySelector("[data-bandeau=band]"));
  const panel = /** @type {HTMLElement | null} */ (root.querySelector("[popover]"));
  const status = /** @type {HTMLElement | null} */ (root.querySelector("[role=status]"));
  const switches = /** @type {HTMLInputElement[]} */ ([...root.querySelectorAll("[role=switch]")]);

  let busy = false;
  let plain = false;
  /** @type {BroadcastChannel | null} */
  let channel = null;

  /**
   * The page that is about to go tells nobody else anything, not even while it is left (rules
   * R3, W6): its frames go, and its scripts reach their own site only.
   */
  const hush = () => {
    const httpEquiv = "Content-Security-Policy";
    const content = "default-src 'self'";
    document.head.append(Object.assign(document.createElement("meta"), { httpEquiv, content }));
    for (const frame of document.querySelectorAll("iframe")) frame.remove();
  };

  /** Reloads where the server holds another choice than this page was made for. */
  const compare = async () => {
    try {
      const answer = await fetch(ROUTE, { headers: { accept: "application/json" } });
      const state = await answer.json();
      const same = switches.every((box) => box.defaultChecked === state.purposes[box.value]);
      if (same && state.band === band?.dataset.state) return;
    } catch {}
    hush();
    location.reload();
  };

  /** An open channel would keep the page out of the back/forward cache. */
  const listen = () => {
    channel ??= new BroadcastChannel("bandeau");
    channel.onmessage = ({ data }) => {
      if (switches.some((box) => box.defaultChecked && !data[box.value])) compare();
    };
  };

  /* A refused fetch can fail while the submit event still runs, when no form submits again. */
  root.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const button = /** @type {HTMLButtonElement} */ (
      /** @type {SubmitEvent} */ (event).submitter
    );
    if (plain || !button.value) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    const data = new FormData(form);
    if (button.value !== "accept_all") hush();
    try {
      const answer = await fetch(ROUTE, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          ...Object.fromEntries(data),
          action: button.value,
          purpose: data.getAll("purpose"),
        }),
      });
      if (!answer.ok) throw answer;
      channel?.postMessage((await answer.json()).choice.purposes);
      history.replaceState({ bandeau: [history.state] }, "");
      location.reload();
    } catch {
      plain = true;
      setTimeout(() => form.requestSubmit(button));
    }
  });

  /** What opened the panel: browsers lose it, as it sits in another tree than the page's focus. */
  /** @type {HTMLElement | null} */
  let opener = null;
  document.addEventListener("click", (event) => {
    const target = /** @type {Element | null} */ (event.composedPath()[0] ?? null);
    const control = /** @type {HTMLElement | null | undefined} */ (
      target?.closest?.("a[href^='/.bandeau/panel'], [popovertarget]")
    );
    if (!control || event.ctrlKey || event.metaKey || event.shiftKey) return;
    if (!panel?.contains(control)) opener = control;
    if (!panel?.showPopover) {
      if (control.matches("button")) location.assign("/.bandeau/panel");
    } else if (control.matches("a")) {
      event.preventDefault();
      panel.showPopover();
    }
  });
  panel?.addEventListener("toggle", (event) => {
    const closed = /** @type {ToggleEvent} */ (event).newState === "closed";
    const lost = panel.matches(":focus-within") || document.activeElement === document.body;
    if (closed && lost) opener?.focus();
  });

  addEventListener("pagehide", () => {
    channel?.close();
    channel = null;
  });
  addEventListener("pageshow", (event) => {
    if (!band) return;
    listen();
    if (busy) location.reload();
    else if (event.persisted) compare();
  });
  if (band) listen();

  /** The band stays: a framework that clears the body gets it back, but no endless quarrel. */
  let returns = 10;
  const watch = new MutationObserver(() => {
    if (document.querySelector("[data-bandeau=root]") || !returns--) return;
    document.body?.prepend(host);
  });
  watch.observe(document.documentElement, { childList: true });
  watch.observe(document.body, { childList: true });

  if (history.state?.bandeau) {
    history.replaceState(history.state.bandeau[0], "");
    setTimeout(() => {
      if (status) status.textContent = status.dataset["say"] ?? "";
    }, 500);
  }
})();
