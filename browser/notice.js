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

  const granted = switches.filter((box) => box.defaultChecked).map((box) => box.value);
  /** The publisher's other hosts that may hold something, each as a CSP source. */
  const hosts = host.dataset["hosts"] ?? "";

  let busy = false;
  /* Our own pages may reach this host only, so there a form goes its plain way to the others. */
  let plain = location.pathname.startsWith("/.bandeau/");
  let quiet = false;
  /** @type {BroadcastChannel | null} */
  let channel = null;

  /** @param {string} [reach] hosts that a page which is to go silent may still reach */
  const tell = (reach) => dispatchEvent(new CustomEvent("bandeau", { detail: reach }));
  const hush = () => {
    quiet = true;
    tell(hosts);
  };

  /** @param {unknown[]} list what a choice grants */
  const narrows = (list) => granted.some((key) => !list.includes(key));

  /** Reloads where the server holds another choice than this page was made for, or was sent one. */
  const compare = async () => {
    try {
      const answer = await fetch(ROUTE, { headers: { accept: "application/json" } });
      const state = await answer.json();
      const same = switches.every((box) => box.defaultChecked === state.purposes[box.value]);
      if (!busy && same && state.band === band?.dataset.state) return;
    } catch {}
    hush();
    location.reload();
  };

  /**
   * Tabs tell each other what they grant: before a choice is sent, so that all are quiet when it
   * is answered, and once it holds, which is when the others follow.
   */
  const listen = () => {
    channel ??= new BroadcastChannel("bandeau");
    channel.onmessage = ({ data }) => {
      if (narrows(data.list)) hush();
      if (!data.holds || busy) return;
      if (quiet) location.reload();
      else tell();
    };
    return channel;
  };

  /**
   * Ends on another host of the publisher what is denied there; one that is silent is left alone.
   * @param {string} source
   */
  const swept = (source) => fetch(`//${source.replace("*", location.port)}/.bandeau/sweep`, {
    mode: "no-cors", credentials: "include", signal: AbortSignal.timeout(2_000),
  });

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
    const list = button.value === "save" ? data.getAll("purpose")
      : button.value === "accept_all" ? switches.map((box) => box.value) : [];
    channel?.postMessage({ list });
    if (narrows(list)) hush();
    const nonce = crypto.randomUUID?.();
    const body = JSON.stringify({
      ...Object.fromEntries(data),
      action: button.value,
      purpose: list,
      /* A UUIDv7: what is sent twice is recorded once, and the nonce shows that it was us. */
      id: nonce && `${Date.now().toString(16).replace(/.{7}/, "0$&-")}-7${nonce.slice(15)}`,
      nonce,
    });
    const send = () => fetch(ROUTE, {
      method: "POST", headers: { "content-type": "application/json" }, body,
    });
    try {
      const answer = await send().catch(nonce && send);
      if (!answer.ok) throw answer;
      channel?.postMessage({ list, holds: true });
      if (list.length < switches.length) await Promise.allSettled((hosts.match(/\S+/g) ?? []).map(swept));
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

  /* Where trackers run, the open channel keeps the page from coming back out of a cache. */
  addEventListener("pagehide", () => {
    if (granted.length) return;
    channel?.close();
    channel = null;
  });
  addEventListener("pageshow", (event) => {
    if (!band) return;
    listen();
    /* Not when first shown: a choice may be on its way already, and a reload would end it. */
    if (event.persisted) compare();
  });
  if (band) listen().postMessage({ list: granted, holds: true });

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
