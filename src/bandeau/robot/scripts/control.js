/** Buttons, links and switches: what they are called, how they look, and where they stand. */

const PRESSED = "button, a[href], summary, input[type=submit], input[type=button], input[type=image]"
  + ", [role=button], [role=link], [role=menuitem], [role=tab], [onclick]";
const SWITCHED = "input[type=checkbox], input[type=radio], [role=switch], [role=checkbox]"
  + ", [role=radio], [role=menuitemcheckbox], [aria-pressed]";
const CLOSING = /^[\s×✕✖✗❌xX⨯╳⤫]+$/;

/** @param {Element} element */
const switched = (element) => element.matches(SWITCHED);

/** @param {Element} element something that only listens: a plain element under a hand */
const handed = (element) => {
  if (element.matches("html, body, input, label, option, select, textarea")) return false;
  if (element.matches("[tabindex]:not([tabindex^='-'])") && /BUTTON|LINK/i.test(element.className + "")) {
    return true;
  }
  const parent = above(element);
  if (getComputedStyle(element).cursor !== "pointer") return false;
  return !parent || getComputedStyle(parent).cursor !== "pointer";
};

/** @param {Element} element */
const pressed = (element) => element.matches(PRESSED) || handed(element);

/** @param {Element} element @returns {string} */
const named = (element) => {
  const by = element.getAttribute("aria-labelledby")?.split(/\s+/) ?? [];
  const root = /** @type {Document | ShadowRoot} */ (element.getRootNode());
  const spoken = by.map((id) => root.getElementById(id)?.textContent ?? "").join(" ").trim();
  const images = [...element.querySelectorAll("img[alt], svg title")]
    .map((each) => each.getAttribute("alt") ?? each.textContent ?? "").join(" ");
  return spoken || element.getAttribute("aria-label") || element.getAttribute("title")
    || images.trim() || element.getAttribute("alt") || "";
};

/** @param {Element} element @returns {string} what can be read on it, else what it is called */
const labelOf = (element) => {
  const shown = element instanceof HTMLInputElement && !switched(element)
    ? element.value : textOf(element).replace(/\s+/g, " ");
  const cross = CLOSING.test(shown);
  return ((cross ? named(element) : "") || shown || named(element)).trim().slice(0, 300);
};

/** @param {Element} element the part of a switch that can be seen @returns {Element | null} */
const face = (element) => {
  if (visible(element)) return element;
  const label = element instanceof HTMLInputElement ? element.labels?.[0] : null;
  if (label && visible(label)) return label;
  const near = ancestors(element).slice(0, 3).find((each) => visible(each));
  return near && near.getBoundingClientRect().height < 120 ? near : null;
};

/** @param {Element} element @returns {string} what a switch stands for */
const standsFor = (element) => {
  const key = element.getAttribute("data-bandeau-purpose");
  if (key) return key;
  const labels = element instanceof HTMLInputElement ? [...(element.labels ?? [])] : [];
  const told = (named(element) || labels.map((each) => textOf(each)).join(" ")).trim();
  const own = switched(element) && !(element instanceof HTMLInputElement) ? textOf(element) : "";
  if (told.length > 2 && !element.matches("[aria-pressed]")) return short(told);
  for (const row of ancestors(element).slice(0, 6)) {
    const all = [...row.querySelectorAll(SWITCHED)].filter((each) => !paired(each, element));
    if (all.length) break;
    const text = textOf(row, (each) => pressed(each) && !each.matches("summary, [aria-expanded]"));
    if (text.length > 2) return short(text);
  }
  return short(told || own || element.getAttribute("value") || element.getAttribute("name") || "");
};

/** @param {Element} one @param {Element} other the yes and the no of one and the same thing */
const paired = (one, other) => {
  if (one === other) return true;
  const radios = one instanceof HTMLInputElement && other instanceof HTMLInputElement;
  if (radios && one.type === "radio" && one.name && one.name === other.name) return true;
  return one.parentElement === other.parentElement && one.matches("[aria-pressed]");
};

/** @param {string} text */
const short = (text) => text.trim().split("\n")[0]?.trim().slice(0, 120) ?? "";

/** @param {Element} element @returns {boolean | null} */
const stateOf = (element) => {
  if (element instanceof HTMLInputElement && /checkbox|radio/.test(element.type)) {
    return element.checked;
  }
  const told = element.getAttribute("aria-checked") ?? element.getAttribute("aria-pressed");
  return told === null ? null : told === "true" || told === "mixed";
};

/** @param {Element} element */
const disabled = (element) =>
  element.matches(":disabled, [aria-disabled=true]") || Boolean(element.closest("[inert]"));

/** @param {Element} element whether Tab stops at it */
const tabbed = (element) => {
  if (disabled(element) && element.matches(":disabled")) return false;
  if (element instanceof HTMLElement || element instanceof SVGElement) return element.tabIndex >= 0;
  return false;
};

/**
 * The controls in `top`, in the order of the page; one inside another counts once.
 * @param {Node} top @param {(element: Element) => boolean} [leaveOut] @returns {Element[]}
 */
const controlsIn = (top, leaveOut) => {
  /** @type {Element[]} */
  const controls = [];
  walk(top, (node) => {
    if (node instanceof Text) return false;
    if (SILENT.has(node.tagName) || (leaveOut && leaveOut(node))) return false;
    if (switched(node)) {
      if (face(node)) controls.push(node);
      return false;
    }
    if (!boxed(node)) return false;
    if (node === top || !pressed(node) || !visible(node)) return true;
    const inner = node.querySelector(`${PRESSED}, ${SWITCHED}`);
    if (inner && !node.matches(PRESSED)) return true;
    controls.push(node);
    return !node.matches("button, a[href], input");
  });
  return controls.slice(0, 200);
};

/** @param {Element[]} controls @returns {number[]} the place of each in the order of Tab, or -1 */
const tabOrder = (controls) => {
  const index = (/** @type {Element} */ each) => /** @type {HTMLElement} */ (each).tabIndex;
  const stops = controls.filter(tabbed);
  const first = stops.filter((each) => index(each) > 0).sort((one, other) => index(one) - index(other));
  const order = [...first, ...stops.filter((each) => index(each) === 0)];
  return controls.map((each) => order.indexOf(each));
};

/** @param {Element} notice @param {Element[]} controls @returns {DOMRect[]} text that no control owns */
const foreignText = (notice, controls) => {
  const own = new Set(controls);
  /** @type {DOMRect[]} */
  const boxes = [];
  walk(notice, (node) => {
    if (node instanceof Element) return !silent(node) && !own.has(node);
    const box = node.data.trim() ? textBox(node) : null;
    if (box && boxes.length < 500) boxes.push(box);
    return false;
  });
  return boxes;
};

/** @param {DOMRect} one @param {DOMRect} other @returns {number} in CSS pixels, 0 where they touch */
const apart = (one, other) => Math.hypot(
  Math.max(0, one.left - other.right, other.left - one.right),
  Math.max(0, one.top - other.bottom, other.top - one.bottom));

/** @param {Element} element @returns {Element} the innermost part of it that bears its text */
const bearer = (element) => {
  /** @type {Element | null} */
  let found = null;
  walk(element, (node) => {
    if (found) return false;
    if (node instanceof Text && node.data.trim() && textBox(node)) found = above(node);
    return !(node instanceof Element && silent(node));
  });
  return found ?? element;
};

/** @param {Element} element @param {Element} ground whether it has a ground or border of its own */
const filled = (element, ground) => {
  const style = getComputedStyle(element);
  const edge = colourOf(style.borderTopColor);
  const bordered = parseFloat(style.borderTopWidth) > 0 && style.borderTopStyle !== "none";
  if (bordered && parseFloat(style.borderLeftWidth) > 0 && (!edge || edge[3] > 0.05)) return true;
  if (style.backgroundImage !== "none") return true;
  const own = colourOf(style.backgroundColor);
  if (!own || own[3] < 0.05) return false;
  const behind = groundOf(ground).colour;
  return [0, 1, 2].some((at) => Math.abs((own[at] ?? 0) - (behind[at] ?? 0)) > 3);
};

/** @param {Element} element */
const looks = (element) => {
  const shown = face(element) ?? element;
  const text = bearer(shown);
  const style = getComputedStyle(text);
  const ground = groundOf(text);
  const ink = colourOf(style.color);
  const colour = over(ink ?? [0, 0, 0, 1], ground.colour);
  return {
    box: plain(shown.getBoundingClientRect()),
    fontSize: parseFloat(style.fontSize),
    fontWeight: Number(style.fontWeight),
    colour: rounded(colour),
    background: rounded(ground.colour),
    filled: filled(shown, above(shown) ?? shown),
    unsure: ground.unsure || (ink ? "" : `the colour ${style.color}`),
  };
};

/** @param {Element[]} controls @param {Element | null} notice */
const described = (controls, notice) => {
  const order = tabOrder(controls);
  const texts = notice ? foreignText(notice, controls) : [];
  return controls.map((element, at) => {
    const shown = (face(element) ?? element).getBoundingClientRect();
    const gaps = texts.map((box) => apart(shown, box));
    return {
      ...looks(element),
      label: labelOf(element) || (switched(element) ? standsFor(element) : ""),
      name: named(element).slice(0, 300),
      tag: element.tagName.toLowerCase(),
      toggle: switched(element),
      held: element.matches("button[aria-pressed]"),
      purpose: switched(element) ? standsFor(element) : "",
      checked: switched(element) ? stateOf(element) : null,
      disabled: disabled(element),
      order: order[at] ?? -1,
      gap: Math.round(Math.min(innerWidth, ...gaps) * 10) / 10,
      href: element instanceof HTMLAnchorElement ? element.href : "",
      leads: leadsAway(element),
      bandeau: element.getAttribute("data-bandeau") ?? "",
      hint: `${element.id} ${element.className} ${element.getAttribute("data-cc") ?? ""}`.slice(0, 200),
      expands: element.matches("summary, [aria-expanded]"),
    };
  });
};

/** @param {Element} element whether it opens another page rather than doing something on this one */
const leadsAway = (element) => {
  if (!(element instanceof HTMLAnchorElement) || element.getAttribute("role") === "button") return false;
  const written = element.getAttribute("href") ?? "";
  return Boolean(written) && !/^(#|javascript:)/i.test(written);
};
