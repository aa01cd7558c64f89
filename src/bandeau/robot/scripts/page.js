/** What a page was like for a reader, and which of its controls may lead back to the choices. */

const LINKS_TRIED = 40;
const LINKS_KEPT = 300;
const WAYS_KEPT = 400;

/** @param {Element} link whether it can be pressed */
const clear = (link) => {
  const { left, top, width, height } = link.getBoundingClientRect();
  const struck = hit(left + Math.min(width / 2, innerWidth), top + height / 2);
  return Boolean(struck) && (holds(link, /** @type {Element} */ (struck)));
};

/** @param {Element} link @returns {boolean} whether its middle is in the window */
const inWindow = (link) => {
  const { width, height } = link.getBoundingClientRect();
  const [x, y] = middle(link);
  return width > 1 && height > 1 && x >= 0 && y >= 0 && x < innerWidth && y < innerHeight;
};

/** @param {Element} element @returns {readonly [number, number]} where it is in the window */
const middle = (element) => {
  const { left, top, width, height } = element.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
};

/** @param {readonly [number, number]} spot @param {number[]} box @returns {boolean} */
const within = ([across, down], [x = 0, y = 0, width = 0, height = 0]) =>
  across >= x && across <= x + width && down >= y && down <= y + height;

/** @param {string} selector @returns {Element[]} in every shadow root */
const everywhere = (selector) => {
  /** @type {Element[]} */
  const found = [];
  walk(document.documentElement, (node) => {
    if (node instanceof Element && node.matches(selector)) found.push(node);
  });
  return found;
};

/** @param {Element} element @returns {boolean} whether it is part of what asks */
const asking = (element) => KEPT.asking.some((each) => holds(each, element));

/**
 * How many of the page's links in the window could be pressed, and how much of it was left free.
 * Where the page can be reached beside the notice, links under it do not count: they scroll away.
 * @param {number[] | null} box of the notice in this window
 */
const usable = (box) => {
  const [left, shut] = [free(box), modal()];
  const beside = box && !shut && left >= 0.05 && !locked();
  const links = everywhere("a[href]").filter((each) => drawn(each) && inWindow(each) && !asking(each));
  const tried = links.filter((each) => !(beside && within(middle(each), box))).slice(0, LINKS_TRIED);
  const could = tried.filter((each) => clear(each)).length;
  return { could, tried: tried.length, free: left, modal: shut, size: [innerWidth, innerHeight] };
};

/** @param {number[] | null} box @returns {number} share of the points outside it where the page itself is met */
const free = (box) => {
  let [met, tried] = [0, 0];
  for (let across = 0.5; across < 12; across++) {
    for (let down = 0.5; down < 12; down++) {
      const spot = /** @type {const} */ ([(across / 12) * innerWidth, (down / 12) * innerHeight]);
      if (within(spot, box ?? [])) continue;
      tried++;
      const struck = hit(...spot);
      if (struck && !veil(struck)) met++;
    }
  }
  return tried ? met / tried : 0;
};

/** @param {Element} struck @returns {boolean} whether it is a sheet that lies over the whole window */
const veil = (struck) => [struck, ...ancestors(struck)].some((each) => {
  if (pageLike(each) || !/fixed|absolute/.test(getComputedStyle(each).position)) return false;
  const { width, height } = each.getBoundingClientRect();
  return width >= innerWidth * 0.98 && height >= innerHeight * 0.98;
});

/** @returns {boolean} whether the page cannot be scrolled */
const locked = () => [document.documentElement, document.body].some((each) => (
  each && /hidden|clip/.test(getComputedStyle(each).overflowY)
));

const modal = () => KEPT.asking.some((each) => each.matches(":modal") || each.querySelector(":modal"));

/** @param {Element} element @returns {boolean} a small thing that stays where it is in the window */
const afloat = (element) => [element, ...ancestors(element)].some((each) => {
  const box = each.getBoundingClientRect();
  return getComputedStyle(each).position === "fixed" && box.width < 120 && box.height < 120;
});

/** The controls outside what asks, for the caller to find those that lead back to the choices. */
const ways = () => {
  const all = controlsIn(document.body ?? document.documentElement, asking);
  KEPT.controls = all.length < 200 ? all : everywhere(PRESSED).filter((each) => !asking(each) && visible(each));
  KEPT.controls = KEPT.controls.slice(-WAYS_KEPT);
  return KEPT.controls.map((element) => ({
    label: labelOf(element),
    name: named(element).slice(0, 300),
    href: element instanceof HTMLAnchorElement ? element.href : "",
    leads: leadsAway(element),
    toggle: switched(element),
    afloat: afloat(element),
    tabbed: tabbed(element),
    hint: `${element.id} ${element.className} ${element.getAttribute("data-cc") ?? ""}`.slice(0, 200),
    band: Boolean(ancestors(element).some((each) => each.matches("[data-bandeau=band]"))),
  }));
};

/**
 * Of the page's own controls, those that what asks hides wholly once they have the focus (rule A5).
 * They come into the window as Tab brings them there, but at once where the page scrolls smoothly.
 * @param {number} most how many are tried, spread over the page @returns {string[]} their labels
 */
const hidden = (most) => {
  const [former, left, top] = [document.activeElement, scrollX, scrollY];
  const all = everywhere(PRESSED).filter((each) => tabbed(each) && visible(each) && !asking(each));
  const step = Math.max(1, all.length / most);
  const some = all.filter((_, at) => Math.floor(at / step) > Math.floor((at - 1) / step)).slice(0, most);
  const lost = some.filter((each) => {
    /** @type {HTMLElement} */ (each).focus({ preventScroll: true });
    each.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
    const struck = points(each.getBoundingClientRect()).map(([x, y]) => hit(x, y));
    return struck.every((one) => one !== null && asking(one));
  });
  /** @type {HTMLElement | null} */ (former)?.focus({ preventScroll: true });
  scrollTo({ left, top, behavior: "instant" });
  return lost.map((each) => short(labelOf(each)));
};

/** @returns {number} how many words can be read */
const words = () => {
  let count = 0;
  walk(document.body ?? document.documentElement, (node) => {
    if (node instanceof Element) return !silent(node) && (drawn(node) || !node.checkVisibility());
    count += (node.data.match(/[\p{L}\p{N}]+/gu) ?? []).length;
    return false;
  });
  return count;
};

/** @returns {string[]} addresses of the same site, without what follows `#` */
const links = () => {
  const here = location.hostname.split(".").slice(-2).join(".");
  const found = everywhere("a[href]").map((each) => /** @type {HTMLAnchorElement} */ (each))
    .filter((each) => /^https?:$/.test(each.protocol) && visible(each))
    .filter((each) => each.hostname === here || each.hostname.endsWith(`.${here}`))
    .filter((each) => !each.hasAttribute("download"))
    .map((each) => each.href.split("#")[0] ?? "");
  return [...new Set(found)].filter((each) => each.length < 2_000).slice(0, LINKS_KEPT);
};

/** @param {string} part of our own names @returns {string} its state */
const stateOfPart = (part) =>
  everywhere(`[data-bandeau=${part}]`)[0]?.getAttribute("data-state") ?? "";

/** What of the page a reader, and the choice, can tell. */
const facts = () => ({
  title: String(document.title).slice(0, 500),
  language: document.documentElement?.getAttribute("lang") ?? "",
  words: words(),
  links: links(),
  band: stateOfPart("band"),
  comments: stateOfPart("comments"),
  size: [innerWidth, innerHeight],
  purposes: everywhere("input[data-bandeau-purpose]").map((each) => [
    each.getAttribute("data-bandeau-purpose"), /** @type {HTMLInputElement} */ (each).checked,
  ]),
});
