/**
 * The queue by keys; all of it works without this. Each key presses the button that is there:
 * j and k move from comment to comment, x selects, a, r, s and d judge the one in focus. In
 * capitals they judge all that are selected, and X selects them all.
 */
(() => {
  const items = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("article")]);
  const current = () => items.findIndex((item) => item.contains(document.activeElement));

  /** @param {number} index */
  const move = (index) => {
    items[Math.max(0, Math.min(items.length - 1, index))]?.focus();
  };

  const selectAll = () => {
    const boxes = /** @type {HTMLInputElement[]} */ (items.map((item) => item.querySelector("input")));
    const checked = !boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = checked;
  };

  addEventListener("keydown", (event) => {
    const target = /** @type {Element} */ (event.target);
    const typing = target.matches("input:not([type=checkbox]), textarea, select");
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing) return;
    const at = current();
    if (event.key === "j") move(at + 1);
    else if (event.key === "k") move(at - 1);
    else if (event.key === "x") items[at]?.querySelector("input")?.click();
    else if (/^[arsd]$/.test(event.key)) {
      /** @type {HTMLElement | null | undefined} */ (
        items[at]?.querySelector(`[data-key=${event.key}]`)
      )?.click();
    } else if (event.key === "X") selectAll();
    else if (/^[ARSD]$/.test(event.key)) {
      const key = event.key.toLowerCase();
      /** @type {HTMLElement | null} */ (document.querySelector(`.bulk [data-key=${key}]`))?.click();
    } else return;
    event.preventDefault();
  });

  move(0);
})();
