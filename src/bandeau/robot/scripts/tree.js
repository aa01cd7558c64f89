/**
 * The page as a visitor meets it: shadow roots opened, slots filled, what is hidden left out.
 * These scripts run in a world of their own and touch nothing that a page could notice; they are
 * put together to one function, whose calls are named in `calls.js`.
 */

/** @typedef {{ found: Element[], asking: Element[], controls: Element[], closed: ShadowRoot[] }} Kept */
/** What one call leaves to the next. The page cannot see it: its world has a global of its own. */
const KEPT = /** @type {Kept} */ (
  (/** @type {any} */ (globalThis)).kept ??= { found: [], asking: [], controls: [], closed: [] }
);
const MOST_NODES = 60_000;
const MOST_TEXT = 20_000;

/** @param {ShadowRoot} root one that its page closed */
const admit = (root) => {
  if (!KEPT.closed.includes(root)) KEPT.closed.push(root);
};

/** @param {Element} host @returns {ShadowRoot | null} */
const shadowOf = (host) =>
  host.shadowRoot ?? KEPT.closed.find((root) => root.host === host) ?? null;

/** @param {Node} node @returns {Element | null} */
const above = (node) => {
  const slot = node instanceof Element || node instanceof Text ? node.assignedSlot : null;
  if (slot) return slot;
  const parent = node.parentNode;
  return parent instanceof ShadowRoot ? parent.host : parent instanceof Element ? parent : null;
};

/** @param {Node} node @returns {Element[]} from the nearest to the root */
const ancestors = (node) => {
  const line = [];
  for (let each = above(node); each; each = above(each)) line.push(each);
  return line;
};

/** @param {Node} outer @param {Node} inner */
const holds = (outer, inner) => outer === inner || ancestors(inner).includes(/** @type {any} */ (outer));

/** @param {Node} node @returns {Iterable<Node>} */
const below = (node) => {
  if (node instanceof HTMLSlotElement && node.assignedNodes().length) return node.assignedNodes();
  return (node instanceof Element ? shadowOf(node) : null)?.childNodes ?? node.childNodes;
};

/**
 * Every element and text under `top`, in the order of the page.
 * @param {Node} top
 * @param {(node: Element | Text) => void | boolean} visit answers false to leave out what is under it
 */
const walk = (top, visit) => {
  let left = MOST_NODES;
  const stack = [top];
  while (stack.length && left--) {
    const node = /** @type {Node} */ (stack.pop());
    const seen = node instanceof Element || node instanceof Text;
    if (seen && visit(node) === false) continue;
    if (node instanceof Text) continue;
    const children = [...below(node)];
    for (let at = children.length - 1; at >= 0; at--) stack.push(/** @type {Node} */ (children[at]));
  }
};

/** @param {Element} element */
const drawn = (element) =>
  element.checkVisibility({ opacityProperty: true, visibilityProperty: true });

/** @param {Element} element whether some of it can be seen, or scrolled to */
const visible = (element) => {
  if (!drawn(element)) return false;
  const { width, height, right, bottom, left } = element.getBoundingClientRect();
  const wide = document.documentElement.scrollWidth;
  return width > 1 && height > 1 && right + scrollX > 0 && bottom + scrollY > 0 && left < wide;
};

/** @param {Element} element whether it, or what it only passes on, can have a box */
const boxed = (element) =>
  element.checkVisibility() || getComputedStyle(element).display === "contents";

const SILENT = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE", "IFRAME", "TITLE", "HEAD"]);

/** @param {Element} element */
const silent = (element) => SILENT.has(element.tagName) || !boxed(element);

/** @param {Text} text @returns {DOMRect | null} where it is drawn */
const textBox = (text) => {
  const range = document.createRange();
  range.selectNodeContents(text);
  const box = range.getBoundingClientRect();
  return box.width > 1 && box.height > 1 ? box : null;
};

/**
 * The words of `top` that can be read, in their order.
 * @param {Node} top @param {(element: Element) => boolean} [leaveOut]
 */
const textOf = (top, leaveOut) => {
  let text = "";
  walk(top, (node) => {
    if (text.length > MOST_TEXT) return false;
    if (node instanceof Text) text += node.data;
    else if (silent(node) || (leaveOut && node !== top && leaveOut(node))) return false;
    else if (getComputedStyle(node).display !== "inline") text += "\n";
    return true;
  });
  return text.replace(/[ \t\f\r]+/g, " ").replace(/\s*\n\s*/g, "\n").trim().slice(0, MOST_TEXT);
};

/** @param {number} x @param {number} y @returns {Element | null} through every shadow root */
const hit = (x, y) => {
  let element = document.elementFromPoint(x, y);
  for (let inner = element; inner; ) {
    const root = shadowOf(inner);
    inner = root?.elementFromPoint(x, y) ?? null;
    if (inner === element) break;
    element = inner ?? element;
  }
  return element;
};

/** @param {DOMRect} box */
const plain = (box) => [box.x, box.y, box.width, box.height].map((n) => Math.round(n * 100) / 100);
