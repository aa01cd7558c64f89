/**
 * Comments for a page that Bandeau does not serve: list and form go into its
 * `[data-bandeau=comments]`, of the page in its `data-page` or of this very path. The server draws
 * both and holds them to the choice; this only fetches, and keeps the reader where they are.
 * Nothing is stored and nothing read on the terminal; the browser itself sends the cookie of a
 * choice, which there is only once one was made.
 */
(() => {
  const home = new URL(/** @type {HTMLScriptElement} */ (document.currentScript).src);
  const PATH = "/.bandeau/comments";
  const own = home.origin === location.origin;
  const trusted = /** @type {any} */ (window).trustedTypes?.createPolicy("bandeau", {
    createHTML: (/** @type {string} */ markup) => markup,
  });

  /** @param {HTMLElement} element */
  const open = (element) => {
    const host = document.createElement("div");
    const root = host.attachShadow({ mode: "open" });
    const first = new URL(PATH, home);
    first.searchParams.set("page", element.dataset["page"] ?? location.pathname);
    element.replaceChildren(host);

    /** @param {string} text */
    const say = (text) => {
      const status = /** @type {HTMLElement | null} */ (root.querySelector("[role=status]"));
      /* A region that is new is not listened to yet. */
      if (status) setTimeout(() => (status.textContent = text + String.fromCharCode(160)), 500);
      if (!status) host.textContent = text;
    };

    /** Every address of Bandeau, as it is from here; what only its own pages may post goes. */
    const lead = () => {
      for (const each of root.querySelectorAll("[href], form")) {
        const name = each.localName === "form" ? "action" : "href";
        const url = new URL(each.getAttribute(name) ?? "", home);
        const at = url.pathname.split(`${PATH}/at/`)[1];
        each.setAttribute(name, at && !own ? `#comment-${at}` : url.href);
        if (name === "action" && url.pathname !== PATH && !own) each.remove();
      }
    };

    /** @param {string} markup */
    const draw = (markup) => {
      const parsed = new DOMParser().parseFromString(
        trusted ? trusted.createHTML(markup) : markup,
        "text/html",
      );
      const section = /** @type {HTMLElement} */ (parsed.querySelector("[data-bandeau=comments]"));
      const template = /** @type {HTMLTemplateElement} */ (section.querySelector("template"));
      const style = template.content.querySelector("style");
      if (style && !root.adoptedStyleSheets.length) {
        const sheet = new CSSStyleSheet();
        sheet.replaceSync(style.textContent ?? "");
        root.adoptedStyleSheets = [sheet];
      }
      style?.remove();
      element.dataset["state"] = section.dataset["state"] ?? "";
      host.dataset["purpose"] = /** @type {HTMLElement} */ (template.parentElement).dataset["purpose"];
      host.replaceChildren(...section.querySelectorAll("span[slot]"));
      root.replaceChildren(template.content);
      lead();
    };

    /**
     * @param {URL} url
     * @param {RequestInit} [sent]
     */
    const load = async (url, sent) => {
      url.searchParams.set("format", "section");
      if (document.documentElement.lang) url.searchParams.set("lang", document.documentElement.lang);
      const answer = await fetch(url, { ...sent, credentials: own ? "same-origin" : "include" });
      if ((answer.headers.get("content-type") ?? "").startsWith("text/html")) {
        draw(await answer.text());
        const said = root.querySelector("[role=status]")?.textContent;
        if (said) say(said);
      } else {
        say((await answer.json()).error.message);
      }
    };

    /**
     * @param {string} focused
     * @param {URL} url
     * @param {RequestInit} [sent]
     */
    const go = async (focused, url, sent) => {
      try {
        await load(url, sent);
        const found = /** @type {HTMLElement | null} */ (root.querySelector(focused));
        if (found instanceof HTMLTextAreaElement) found.selectionStart = found.value.length;
        else if (found) found.tabIndex = -1;
        found?.focus();
      } catch {
        const status = /** @type {HTMLElement | null} */ (root.querySelector("[role=status]"));
        say(status?.dataset["failed"] ?? "");
      }
    };

    root.addEventListener("click", (event) => {
      const click = /** @type {MouseEvent} */ (event);
      const link = /** @type {Element} */ (click.target).closest("a");
      if (!link || click.ctrlKey || click.metaKey || click.shiftKey || click.altKey) return;
      const url = new URL(link.href);
      if (url.origin !== home.origin || url.pathname !== PATH) return;
      event.preventDefault();
      go(url.hash ? "textarea" : "h2", url);
    });
    root.addEventListener("submit", (event) => {
      const form = /** @type {HTMLFormElement} */ (event.target);
      /* A field called "action" hides the form's own. */
      const url = new URL(form.getAttribute("action") ?? "", home);
      if (url.pathname !== PATH) return;
      event.preventDefault();
      const fields = /** @type {any} */ (new FormData(form));
      go("[role=status]", url, { method: "POST", body: new URLSearchParams(fields) });
    });

    /** @type {BroadcastChannel | null} */
    let channel = null;
    const listen = () => {
      channel ??= new BroadcastChannel("bandeau");
      channel.onmessage = ({ data }) => {
        if (data[host.dataset["purpose"] ?? ""] === false) go("none", new URL(first));
      };
    };
    addEventListener("pagehide", () => {
      channel?.close();
      channel = null;
    });
    addEventListener("pageshow", listen);
    listen();

    load(new URL(first)).then(
      () => document.getElementById(location.hash.slice(1))?.scrollIntoView(),
      () => {},
    );
  };

  const begin = () => {
    const element = document.querySelector("[data-bandeau=comments]:not([data-state])");
    if (element) open(/** @type {HTMLElement} */ (element));
  };
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
  else begin();
})();
