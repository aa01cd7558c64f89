/**
 * Runs first in the head of a page that is one and the same for everyone, where everything that
 * needs consent is inert (DESIGN section 3, "shared page"). It narrows the page to what the
 * choice allows, and wakes what was granted once the server has confirmed it.
 * Its list is the JSON block just before it, which it leaves to the scripts behind it: nothing may
 * come between.
 */
(() => {
  const PREFIX = "data-bandeau-";
  const FOR = `${PREFIX}for`;
  const self = /** @type {HTMLScriptElement} */ (document.currentScript);
  const list = /** @type {Text} */ (self.previousElementSibling?.firstChild);
  /** @typedef {{ sources: string[], cookies: string[], storage: string[] }} Opens */
  /** @type {Opens & { cookie: string, terms: string, csp: string, space: string,
   *   purposes: Record<string, Opens> }} */
  const page = JSON.parse(list.data);
  const keys = Object.keys(page.purposes);

  /** What the terminal says of its choice: a doubled cookie says nothing. */
  const told = () => {
    const mine = document.cookie.split("; ").filter((pair) => pair.startsWith(`${page.cookie}=`));
    const mask = mine[0]?.split(`=1.${page.terms}.`)[1] ?? "";
    return mine.length === 1 && mask.length === keys.length ? mask : "";
  };
  const mask = told();
  const granted = keys.filter((_, at) => mask[at] === "1");
  const open = [page, ...granted.map((key) => /** @type {Opens} */ (page.purposes[key]))];
  /** @param {"sources" | "cookies" | "storage"} what */
  const all = (what) => open.flatMap((part) => part[what]);

  const whole = granted.length === keys.length;
  const hosts = all("sources").map((source) => source.slice(0, -2).replace("*", ""));
  list.data = JSON.stringify({ cookies: all("cookies"), storage: all("storage"), whole, hosts });
  const reach = ["'self'", ...all("sources")];
  const sockets = [...reach, ...all("sources").map((source) => `ws://${source}`)];
  document.head.prepend(Object.assign(document.createElement("meta"), {
    httpEquiv: "Content-Security-Policy",
    content: page.csp.replaceAll("{reach}", reach.join(" "))
      .replaceAll("{sockets}", sockets.join(" ")),
  }));

  /** @type {any} */
  let trusted = null;
  try {
    const same = (/** @type {string} */ text) => text;
    const may = { createHTML: same, createScript: same, createScriptURL: same };
    trusted = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("bandeau", may);
  } catch {}
  /** @param {string} name @param {string} value */
  const typed = (name, value) => {
    if (name === "srcdoc") return trusted?.createHTML(value) ?? value;
    return /^(src|href)$/.test(name) ? trusted?.createScriptURL(value) ?? value : value;
  };

  /** @param {Element} from @param {Element} to */
  const restore = (from, to) => {
    for (const { name, value } of [...from.attributes]) {
      const own = name.startsWith(PREFIX);
      /* A prefix set by script is none to SVG, which knows the plain name as well. */
      const former = name.slice(own ? PREFIX.length : 0).replace("xlink:", "");
      if (own) to.removeAttribute(name);
      if (own ? name !== FOR : from !== to && name !== "type") {
        to.setAttribute(former, typed(former, value));
      }
    }
  };
  /** @param {Element} element */
  const wake = (element) => {
    const beside = element.previousElementSibling;
    if (beside?.matches("[data-bandeau=placeholder]")) element.removeAttribute("hidden");
    element.removeAttribute(`${PREFIX}at`);
    restore(element, element);
    /** @type {HTMLMediaElement | null} */ (element.closest("audio, video"))?.load();
  };

  /** In the order of the page: what is fetched runs in the order of its insertion, and text waits. */
  /** @param {(HTMLScriptElement | SVGScriptElement)[]} scripts */
  const run = async (scripts) => {
    /** @type {Promise<unknown>[]} */
    let pending = [];
    for (const script of scripts) {
      const fresh = /** @type {HTMLScriptElement} */ (
        document.createElementNS(script.namespaceURI, "script"));
      restore(script, fresh);
      fresh.nonce = script.nonce;
      fresh.async = script.hasAttribute("async");
      const { textContent } = script;
      if (!fresh.matches("[src], [href]")) {
        await Promise.all(pending);
        pending = [];
        fresh.textContent = trusted?.createScript(textContent) ?? textContent;
      } else if (!fresh.async) {
        pending.push(new Promise((done) => (fresh.onload = fresh.onerror = done)));
      }
      script.replaceWith(fresh);
    }
  };

  /** @param {ParentNode} root @returns {Element[]} */
  const inert = (root) => [
    ...root.querySelectorAll(`[${FOR}]`),
    ...[...root.querySelectorAll("template")].flatMap((each) => inert(each.content)),
  ];
  const activate = () => {
    const ready = inert(document).filter((element) =>
      element.getAttribute(FOR)?.split(" ").every((key) => granted.includes(key)));
    const scripts = /** @type {(HTMLScriptElement | SVGScriptElement)[]} */ (
      ready.filter((element) => element.localName === "script"));
    const ours = ready.filter((element) => element.hasAttribute("data-bandeau"));
    for (const element of ready) {
      if (element.localName !== "script" && !ours.includes(element)) wake(element);
    }
    for (const element of ours) element.remove();
    /** @param {HTMLScriptElement | SVGScriptElement} script */
    const late = (script) => script.hasAttribute("defer")
      || script.getAttribute(`${PREFIX}type`) === "module";
    run([...scripts.filter((script) => !late(script)), ...scripts.filter(late)]);
  };

  /** @param {{ purposes: Record<string, boolean>, features: Record<string, string> }} state */
  const comments = ({ purposes, features }) => {
    for (const section of document.querySelectorAll("[data-bandeau=comments]")) {
      const host = /** @type {HTMLElement | null} */ (section.querySelector("[data-purpose]"));
      const form = /** @type {HTMLTemplateElement | null | undefined} */ (
        host?.shadowRoot?.querySelector(".when-open"));
      if (features["comments"] === "open") {
        form?.previousElementSibling?.remove();
        form?.replaceWith(form.content);
        section.setAttribute("data-state", "open");
      } else if (!purposes[host?.dataset["purpose"] ?? ""]) {
        const refused = /** @type {HTMLTemplateElement | null | undefined} */ (
          form?.content.querySelector(".when-locked"));
        if (refused) form?.previousElementSibling?.replaceWith(refused.content);
      }
    }
  };

  /** @param {string} state */
  const show = (state) => {
    const root = document.querySelector("[data-bandeau=root]")?.shadowRoot;
    const band = /** @type {HTMLElement | null | undefined} */ (
      root?.querySelector("[data-bandeau=band]"));
    const states = /** @type {HTMLTemplateElement | null | undefined} */ (
      root?.querySelector("#states"));
    const words = states?.content.querySelector(`[data-state=${state}]`);
    if (!root || !band || !words) return;
    root.querySelector("[data-bandeau=notice]")?.remove();
    const space = root.host.querySelector("style");
    if (space) space.textContent = page.space;
    band.dataset["state"] = state === "signal" ? "refused" : state;
    words.removeAttribute("data-state");
    const text = /** @type {HTMLElement} */ (words.querySelector("span"));
    text.textContent = `${text.textContent}`.replace("%GRANTED%", `${granted.length}`);
    band.querySelector("p")?.replaceWith(words);
    if (state === "mixed") band.prepend(split());
    for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (
      root.querySelectorAll("[role=switch]"))) {
      box.checked = box.defaultChecked = granted.includes(box.value);
    }
  };
  const split = () => {
    const stripe = Object.assign(document.createElement("div"), { className: "split" });
    stripe.append(...keys.map((_, at) =>
      Object.assign(document.createElement("i"), { className: at < granted.length ? "on" : "off" })));
    return stripe;
  };

  /** The signed cookie and the ledger decide, not what a script of the page could have written. */
  const confirmed = async () => {
    const answer = await fetch("/.bandeau/choice", { headers: { accept: "application/json" } });
    const state = await answer.json();
    if (state.decided && keys.every((key) => state.purposes[key] === granted.includes(key))) {
      comments(state);
      return true;
    }
    if (told() !== mask) location.reload();
    return false;
  };

  const framed = globalThis.top !== globalThis.self;
  const signal = /** @type {any} */ (navigator).globalPrivacyControl && !mask;
  const shown = signal ? "signal" : !mask ? "" : granted.length === 0 ? "refused"
    : granted.length === keys.length ? "allowed" : "mixed";
  const parsed = new Promise((done) => addEventListener("DOMContentLoaded", done));
  /* Its parts are not whole before the script behind them is there: a page may come in pieces. */
  const look = () => {
    const root = document.querySelector("[data-bandeau=root]");
    if (framed) root?.remove();
    else if (root?.querySelector(":scope > script")) show(shown);
    else return;
    sight.disconnect();
  };
  const sight = new MutationObserver(look);
  if (framed || shown) sight.observe(document, { childList: true, subtree: true });
  parsed.then(async () => {
    if (shown) show(shown);
    if (mask && (await confirmed()) && granted.length) activate();
  }).catch(() => {});
  self.remove();
})();
