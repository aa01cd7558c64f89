/** Colours as they come out on the screen. Nothing is painted to learn them. */

/** @typedef {[number, number, number, number]} Rgba red, green, blue 0 to 255, alpha 0 to 1 */

/** @param {number} linear */
const gamma = (linear) => {
  const clipped = Math.min(1, Math.max(0, linear));
  return 255 * (clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * clipped ** (1 / 2.4) - 0.055);
};

/** @param {number} l @param {number} a @param {number} b @returns {[number, number, number]} */
const fromOklab = (l, a, b) => {
  const [x, y, z] = /** @type {[number, number, number]} */ ([
    (l + 0.3963377774 * a + 0.2158037573 * b) ** 3,
    (l - 0.1055613458 * a - 0.0638541728 * b) ** 3,
    (l - 0.0894841775 * a - 1.291485548 * b) ** 3,
  ]);
  return [
    gamma(4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z),
    gamma(-1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z),
    gamma(-0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z),
  ];
};

/** @param {string} text as computed styles write it @returns {Rgba | null} null where not known */
const colourOf = (text) => {
  if (text === "transparent") return [0, 0, 0, 0];
  const parts = (text.match(/-?[\d.]+(?:e-?\d+)?%?/g) ?? []).map((part) =>
    part.endsWith("%") ? parseFloat(part) / 100 : parseFloat(part));
  const [a = 0, b = 0, c = 0, alpha = 1] = parts;
  if (/^rgba?\(/.test(text)) return [a, b, c, alpha];
  if (/^color\(srgb /.test(text)) return [a * 255, b * 255, c * 255, alpha];
  if (/^oklab\(/.test(text)) return [...fromOklab(a, b, c), alpha];
  if (/^oklch\(/.test(text)) {
    const turn = (c * Math.PI) / 180;
    return [...fromOklab(a, b * Math.cos(turn), b * Math.sin(turn)), alpha];
  }
  return null;
};

/** @param {Rgba} front @param {Rgba} back @returns {Rgba} */
const over = (front, back) => {
  const alpha = front[3] + back[3] * (1 - front[3]);
  /** @param {0 | 1 | 2} at */
  const mix = (at) => (front[at] * front[3] + back[at] * back[3] * (1 - front[3])) / (alpha || 1);
  return [mix(0), mix(1), mix(2), alpha];
};

/**
 * What is behind the text of `element`: the grounds of it and of all that it lies on.
 * @param {Element} element @returns {{ colour: Rgba, unsure: string }}
 */
const groundOf = (element) => {
  /** @type {Rgba} */
  let colour = [0, 0, 0, 0];
  let unsure = "";
  for (const each of [element, ...ancestors(element)]) {
    const style = getComputedStyle(each);
    if (style.backgroundImage !== "none" && visible(each)) {
      unsure ||= /gradient/.test(style.backgroundImage) ? "a gradient" : "an image";
    }
    if (style.backdropFilter && style.backdropFilter !== "none") unsure ||= "a filter";
    const own = colourOf(style.backgroundColor);
    if (!own) unsure ||= `the colour ${style.backgroundColor}`;
    else colour = over(colour, own);
    if (colour[3] > 0.99) return { colour, unsure };
    if (style.position === "fixed" || style.position === "absolute") unsure ||= lies(each);
  }
  return { colour: over(colour, [255, 255, 255, 1]), unsure };
};

/** @param {Element} element @returns {string} what a see-through part that is lifted off its parent shows */
const lies = (element) => {
  const parent = above(element);
  if (!parent || getComputedStyle(parent).display === "contents") return "";
  const outer = parent.getBoundingClientRect();
  const inner = element.getBoundingClientRect();
  const within = inner.left >= outer.left - 1 && inner.right <= outer.right + 1
    && inner.top >= outer.top - 1 && inner.bottom <= outer.bottom + 1;
  return within || inner.height < 2 ? "" : "the page shining through";
};

/** @param {Rgba} colour */
const rounded = (colour) => colour.slice(0, 3).map((part) => Math.round(part));
