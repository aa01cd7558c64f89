/** Where something asks: by words and by place, never by names that a site is free to choose. */

const MOST_FOUND = 12;
const OVERLAY = "dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true], :popover-open"
  + ", [data-bandeau=notice], [data-bandeau=infobar], [data-bandeau=panel]";
const OURS = "[data-bandeau=placeholder], [data-bandeau=comments], [data-bandeau=band]";
const FIELDS = "input[type=email], input[type=password], input[type=tel], input[type=text]"
  + ", input:not([type]), textarea";

/** @param {Element} element */
const lifted = (element) => {
  if (element.matches(OVERLAY)) return true;
  const style = getComputedStyle(element);
  if (style.position === "fixed" || style.position === "sticky") return true;
  return style.position === "absolute" && Number(style.zIndex) >= 1;
};

/** @param {Element} element whether it is the page itself, however it is placed */
const pageLike = (element) => {
  if (element === document.body || element === document.documentElement) return true;
  if (element.matches(OVERLAY)) return false;
  return Boolean(element.querySelector("article, h1 ~ p ~ p ~ p, main p ~ p ~ p"));
};

/** @param {string} text as words are compared: without case, accents and signs */
const bare = (text) => text.toLowerCase().normalize("NFKD").replace(/\p{M}+/gu, "")
  .replace(/[^\p{L}\p{N}]+/gu, " ").trim();

/** @param {Element} element @param {number} most @returns {Element[]} */
const pressedIn = (element, most) => controlsIn(element).filter((each) => !leadsAway(each)).slice(0, most);

/** @param {Node} start @returns {Element | null} the outermost lifted part around it that is not the page */
const overlayOf = (start) => {
  const line = start instanceof Element ? [start, ...ancestors(start)] : ancestors(start);
  const stop = line.findIndex(pageLike);
  const near = line.slice(0, stop < 0 ? line.length : stop).filter((each) => lifted(each));
  const pressable = near.reverse().filter((each) => pressedIn(each, 1).length > 0);
  // What only wraps several, and has no size of its own, is none of them.
  return pressable.find(visible) ?? pressable[0] ?? null;
};

/**
 * @param {Node} start
 * @returns {Element | null} the block around words, or a switch, that has a button of its own
 */
const blockOf = (start) => {
  const toggle = start instanceof Element && switched(start);
  const line = start instanceof Element ? [start, ...ancestors(start)] : ancestors(start);
  const stop = line.findIndex((each) => pageLike(each) || each.matches("main, article, footer, nav"));
  return line.slice(0, Math.min(8, stop < 0 ? line.length : stop))
    .find((each) => pressedIn(each, 60).some((one) => !toggle || !switched(one))) ?? null;
};

/** @param {Node[]} nodes @returns {Element | null} the smallest element around all of them */
const around = (nodes) => {
  const [first, ...rest] = nodes;
  if (!first) return null;
  const line = first instanceof Element ? [first, ...ancestors(first)] : ancestors(first);
  return line.find((each) => rest.every((node) => holds(each, node))) ?? null;
};

/** @param {Element} overlay @param {Node[]} parts @returns {Element} the card that is seen, not its wrapping */
const card = (overlay, parts) => {
  if (overlay.matches(OVERLAY)) return overlay;
  const least = around(parts);
  if (!least || !holds(overlay, least)) return overlay;
  const line = [least, ...ancestors(least)];
  const within = line.slice(0, line.indexOf(overlay) + 1);
  const named = within.find((each) => each.matches(OVERLAY));
  const grounded = within.find((each) => {
    const style = getComputedStyle(each);
    const ground = colourOf(style.backgroundColor);
    return style.backgroundImage !== "none" || !ground || ground[3] > 0.9;
  });
  const found = named ?? grounded ?? least;
  return visible(found) ? found : overlay;
};

/** @param {RegExp} topic @returns {Node[]} what the search starts from */
const starts = (topic) => {
  /** @type {Node[]} */
  const nodes = [];
  walk(document.body ?? document.documentElement, (node) => {
    if (nodes.length >= 400) return false;
    if (node instanceof Text) {
      if (node.data.trim() && topic.test(` ${bare(node.data)} `) && textBox(node)) nodes.push(node);
      return false;
    }
    if (SILENT.has(node.tagName)) return false;
    if ((node.matches(OVERLAY) && drawn(node)) || (switched(node) && face(node))) nodes.push(node);
    return true;
  });
  return nodes;
};

/** @param {Element} element */
const toolOf = (element, /** @type {[string, string][]} */ tools) => {
  for (const [selector, tool] of tools) {
    if ([element, ...ancestors(element)].some((each) => each.matches(selector))) return tool;
    if (element.querySelector(selector)) return tool;
  }
  return "";
};

/** @param {Element} element @returns {string} */
const languageOf = (element) =>
  [element, ...ancestors(element)].map((each) => each.getAttribute("lang") ?? "").find(Boolean) ?? "";

/** @param {Element} element @returns {boolean} whether it is drawn above the page */
const floats = (element) => [element, ...ancestors(element)].some((each) => !pageLike(each) && lifted(each));

/** @param {Element} element @returns {boolean} whether it stands outside the window, where no scrolling leads */
const slidAway = (element) => {
  const { top, bottom, left, right } = element.getBoundingClientRect();
  const outside = bottom <= 1 || top >= innerHeight - 1 || right <= 1 || left >= innerWidth - 1;
  return outside && [element, ...ancestors(element)].some((each) => getComputedStyle(each).position === "fixed");
};

/** @param {Element} element @returns {boolean} whether a hand reaches any of its controls, so that nothing lies over it */
const inFront = (element) => pressedIn(element, 12).some((each) => {
  const shown = face(each);
  return Boolean(shown && reached(shown));
});

/** @param {Element} element */
const unread = (element) => pressed(element) || element.matches("a[href]");

/** @returns {Element[]} the whole document, where that is little else than a notice */
const wholePage = () => {
  const body = document.body;
  return body && textOf(body).length < 8_000 && pressedIn(body, 1).length ? [body] : [];
};

/** @param {Element} element @returns {Element[]} its controls; of a whole page those of what it says */
const askedIn = (element) => {
  const every = controlsIn(element);
  return element === document.body ? every.filter((each) => !each.closest("footer, nav, header")) : every;
};

/**
 * What may be asking for consent; the caller judges by the words.
 * @param {string} topic a pattern over bare words @param {[string, string][]} tools
 */
const find = (topic, tools) => {
  const pattern = new RegExp(topic);
  /** @type {Map<Element, Node[]>} */
  const parts = new Map();
  for (const start of starts(pattern)) {
    const place = overlayOf(start) ?? blockOf(start);
    if (place) parts.set(place, [...(parts.get(place) ?? []), start]);
  }
  const cards = [...parts].map(([place, nodes]) =>
    card(place, [...nodes.filter((each) => each !== place), ...pressedIn(place, 60)]));
  const found = [...new Set(cards)].filter((each) => visible(each));
  KEPT.found = (found.length ? found : wholePage()).filter((each) => !slidAway(each)).slice(0, MOST_FOUND);
  KEPT.asking = [];
  return KEPT.found.map((element) => ({
    text: textOf(element),
    prose: textOf(element, unread),
    box: plain(element.getBoundingClientRect()),
    language: languageOf(element),
    tool: toolOf(element, tools),
    floats: floats(element),
    front: inFront(element),
    fields: element.querySelectorAll(FIELDS).length,
    bandeau: element.getAttribute("data-bandeau") ?? "",
    dialog: element.matches(OVERLAY),
    inside: element === document.body || ancestors(element).some((each) => each.matches("main, article")),
    ours: ancestors(element).some((each) => each.matches(OURS)) || element.matches(OURS),
    controls: askedIn(element).map((each) => ({
      label: labelOf(each) || (switched(each) ? standsFor(each) : ""), name: named(each).slice(0, 300), toggle: switched(each),
      leads: leadsAway(each), held: each.matches("button[aria-pressed]"), bandeau: each.getAttribute("data-bandeau") ?? "",
    })),
    holds: KEPT.found.flatMap((other, at) => (other !== element && holds(element, other) ? [at] : [])),
  }));
};

/** @param {number[]} which of what was found really asks */
const mark = (which) => {
  KEPT.asking = which.flatMap((at) => KEPT.found[at] ?? []);
};

/** @param {number} x @param {number} y whether what stands at a point lies above the page */
const floatsAt = (x, y) => {
  const struck = hit(Math.min(Math.max(x, 1), innerWidth - 1), Math.min(Math.max(y, 1), innerHeight - 1));
  return Boolean(struck) && floats(/** @type {Element} */ (struck));
};

/** @param {number} at which of what was found */
const describe = (at) => {
  const notice = KEPT.found[at];
  if (!notice?.isConnected) return null;
  KEPT.controls = askedIn(notice);
  return {
    text: textOf(notice),
    language: languageOf(notice),
    box: plain(notice.getBoundingClientRect()),
    ground: groundOf(notice).unsure,
    controls: described(KEPT.controls, notice),
  };
};

/** @param {DOMRect} box @returns {[number, number][]} */
const points = (box) => {
  const spots = [[0.5, 0.5], [0.25, 0.5], [0.75, 0.5], [0.5, 0.25], [0.5, 0.75], [0.1, 0.5], [0.9, 0.5]];
  return spots.map(([x = 0, y = 0]) => [box.x + box.width * x, box.y + box.height * y]);
};

/**
 * Brings a control into the window. Answers where a hand would press it, or why it cannot be.
 * @param {number} at which of what was described
 */
const place = async (at) => {
  const element = KEPT.controls[at];
  if (!element?.isConnected) return { why: "it is no longer there" };
  const shown = face(element);
  if (!shown) return { why: "it is not shown" };
  const { top, bottom, left, right } = shown.getBoundingClientRect();
  if (top < 0 || left < 0 || bottom > innerHeight || right > innerWidth || !reached(shown)) {
    shown.scrollIntoView({ block: "center", inline: "nearest", behavior: "instant" });
    await new Promise((done) => setTimeout(done, 60));
  }
  const spot = reached(shown);
  return spot ? { x: spot[0], y: spot[1] } : { why: "something else lies over it" };
};

/** @param {Element} shown @returns {[number, number] | undefined} */
const reached = (shown) => points(shown.getBoundingClientRect()).find(([x, y]) => {
  const struck = hit(x, y);
  return struck && (holds(shown, struck) || (holds(struck, shown) && struck.matches("label, button, a")));
});
