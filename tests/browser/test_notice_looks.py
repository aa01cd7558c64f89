"""How notice, band and panel look in a real browser: equal, readable, isolated, never too wide."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from notice_site import KEYS, NoticeSite, chosen, undecided
from playwright.sync_api import Browser, Page

from bandeau.policy.model import LANGUAGES

pytestmark = pytest.mark.browser

HOSTILE = (
    "<style>* { all: unset !important; font-size: 40px !important; direction: rtl !important;"
    " color: red !important; letter-spacing: 1em !important; --ink: red; --surface: red }</style>"
)
LOOK = [
    "color",
    "background-color",
    "font-family",
    "font-size",
    "font-weight",
    "line-height",
    "letter-spacing",
    "text-transform",
    "text-decoration-line",
    "border-top-width",
    "border-top-color",
    "border-top-style",
    "border-start-start-radius",
    "box-shadow",
    "opacity",
    "padding-top",
    "padding-left",
    "min-height",
    "cursor",
]
RECTANGLES = """names => names.map(name => {
  const host = document.querySelector('[data-bandeau=root]');
  const style = getComputedStyle(host.shadowRoot.querySelector(name));
  const { x, y, width, height } = host.shadowRoot.querySelector(name).getBoundingClientRect();
  return { box: [x, y, width, height], type: [style.fontSize, style.fontFamily, style.color,
    style.lineHeight, style.letterSpacing, style.direction, style.textTransform] };
})"""
COMPUTED = """() => [...document.querySelectorAll('html, body, body *')]
  .filter(node => !node.closest('[data-bandeau=root]'))
  .map(node => {
    const style = getComputedStyle(node), seen = {};
    for (const name of style) seen[name] = style.getPropertyValue(name);
    return [node.localName, seen];
  })"""


Open = Callable[..., Page]


def faults(page: Page) -> list[str]:
    report = Axe().run(page)
    return [
        f"{fault['id']}: {node['html'][:200]}"
        for fault in report.response["violations"]
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "ar"])
def test_axe_finds_nothing_on_notice_and_panel(
    site: NoticeSite, open_page: Open, scheme: str, lang: str
) -> None:
    site.lang = lang
    page = open_page(site, color_scheme=scheme)
    assert faults(page) == []
    page.locator("[data-bandeau=customise]").click()
    assert page.locator("[data-bandeau=panel]").is_visible()
    assert faults(page) == []


@pytest.mark.parametrize("granted", [(), ("social",), KEYS])
def test_axe_finds_nothing_once_chosen(
    site: NoticeSite, open_page: Open, granted: tuple[str, ...]
) -> None:
    site.standing = chosen(*granted)
    page = open_page(site)
    assert faults(page) == []
    page.get_by_role("button", name="Change my choices").click()
    assert faults(page) == []


@pytest.mark.parametrize("path", ["/.bandeau/privacy", "/.bandeau/panel"])
def test_axe_finds_nothing_on_our_own_pages(site: NoticeSite, open_page: Open, path: str) -> None:
    page = open_page(site, path)
    assert page.locator("h1").is_visible()
    assert faults(page) == []
    site.standing = chosen("social")
    page.reload()
    assert faults(page) == []


@pytest.mark.parametrize("width", [320, 375, 1280])
@pytest.mark.parametrize("lang", ["en", "de", "ru", "ar"])
def test_the_three_buttons_look_the_same(
    site: NoticeSite, open_page: Open, width: int, lang: str
) -> None:
    site.lang = lang
    page = open_page(site, viewport={"width": width, "height": 700})
    seen = []
    for name in ("accept-all", "refuse-all", "customise"):
        button = page.locator(f"[data-bandeau=notice] [data-bandeau={name}]")
        style = button.evaluate("(b, names) => names.map(n => getComputedStyle(b)[n])", LOOK)
        box = button.bounding_box()
        assert box is not None
        assert box["width"] >= 24
        assert box["height"] >= 24
        seen.append((style, box["width"], box["height"]))
    style, breadth, height = seen[0]
    for other, other_breadth, other_height in seen[1:]:
        assert other == style
        assert (other_breadth, other_height) == pytest.approx((breadth, height), abs=1)


def channels(page: Page, color: str) -> list[float]:
    """Red, green and blue as painted, from any CSS colour."""
    painted: list[float] = page.evaluate(
        """color => {
          const brush = new OffscreenCanvas(1, 1).getContext('2d');
          brush.fillStyle = color;
          brush.fillRect(0, 0, 1, 1);
          return [...brush.getImageData(0, 0, 1, 1).data.slice(0, 3)];
        }""",
        color,
    )
    return painted


def luminance(rgb: list[float]) -> float:
    linear = [
        c / 255 / 12.92 if c / 255 <= 0.04045 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in rgb
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(page: Page, one: str, other: str) -> float:
    light, dark = sorted((luminance(channels(page, c)) for c in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def colors(page: Page, selector: str) -> tuple[str, str]:
    found: list[str] = page.locator(selector).first.evaluate(
        "e => [getComputedStyle(e).color, getComputedStyle(e).backgroundColor]"
    )
    return found[0], found[1]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_switches_stand_out(site: NoticeSite, open_page: Open, scheme: str) -> None:
    page = open_page(site, color_scheme=scheme)
    page.locator("[data-bandeau=customise]").click()
    _, surface = colors(page, "[data-bandeau=notice]")
    assert contrast(page, *colors(page, "[data-bandeau=accept-all]")) >= 5
    assert contrast(page, colors(page, ".terms")[0], surface) >= 5
    assert contrast(page, colors(page, ".notice h2")[0], surface) >= 7
    edge = page.locator("[role=switch]").first.evaluate("e => getComputedStyle(e).borderTopColor")
    assert contrast(page, edge, surface) >= 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("granted", [(), KEYS])
def test_the_band_is_thin_and_readable(
    site: NoticeSite, open_page: Open, scheme: str, granted: tuple[str, ...]
) -> None:
    site.standing = chosen(*granted)
    page = open_page(site, color_scheme=scheme)
    assert contrast(page, *colors(page, "[data-bandeau=band]")) >= 5
    assert contrast(page, *colors(page, "[data-bandeau=band] button")) >= 5
    box = page.locator("[data-bandeau=band]").bounding_box()
    assert box is not None
    assert 30 <= box["height"] <= 40
    assert box["width"] == page.viewport_size["width"]  # type: ignore[index]


BROKEN_WORDS = """selector => [...document.querySelector('[data-bandeau=root]').shadowRoot
  .querySelectorAll(selector)].flatMap(part => {
    const found = [], walk = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
    for (let text; (text = walk.nextNode()); ) {
      for (const word of text.data.matchAll(/\\S+/g)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        const lines = new Set([...range.getClientRects()].map(box => Math.round(box.top)));
        if (lines.size > 1) found.push(word[0]);
      }
    }
    return found;
  })"""


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("granted", [None, (), ("social",), KEYS])
def test_on_a_small_phone_no_word_breaks_and_the_band_stays_thin(
    site: NoticeSite, open_page: Open, lang: str, granted: tuple[str, ...] | None
) -> None:
    site.lang = lang
    site.standing = undecided() if granted is None else chosen(*granted)
    page = open_page(site, viewport={"width": 320, "height": 568})
    assert page.evaluate(BROKEN_WORDS, ".act, .band") == []
    assert page.locator(".band").evaluate("e => e.offsetHeight") <= 40
    page.evaluate(
        "document.querySelector('[data-bandeau=root]').shadowRoot"
        ".querySelector('.panel').showPopover()"
    )
    assert page.evaluate(BROKEN_WORDS, ".panel :is(.act, h2, h3, .mark, .head button)") == []


def test_both_parts_of_a_mixed_band_carry_its_text(site: NoticeSite, open_page: Open) -> None:
    site.standing = chosen("social")
    page = open_page(site)
    white, _ = colors(page, "[data-bandeau=band]")
    assert contrast(page, white, colors(page, ".split .on")[1]) >= 4.5
    assert contrast(page, white, colors(page, ".split .off")[1]) >= 4.5
    widths = page.locator(".split i").evaluate_all("all => all.map(i => i.offsetWidth)")
    assert widths == pytest.approx([320] * 4, abs=1)


@pytest.mark.parametrize("size", [(320, 568), (320, 256), (1280, 256)])
@pytest.mark.parametrize("lang", ["en", "de", "ru", "ar"])
def test_small_windows_reach_all_controls_and_never_scroll_both_ways(
    site: NoticeSite, open_page: Open, size: tuple[int, int], lang: str
) -> None:
    site.lang = lang
    page = open_page(site, viewport={"width": size[0], "height": size[1]})
    for name in ("accept-all", "refuse-all", "customise"):
        box = page.locator(f"[data-bandeau=notice] [data-bandeau={name}]").bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= size[0]
        assert box["y"] + box["height"] <= size[1]
    wide = "e => e.scrollWidth > e.clientWidth + 1"
    assert not page.evaluate(f"({wide})(document.scrollingElement)")
    assert not page.locator("[data-bandeau=notice] .text").evaluate(wide)
    page.locator("[data-bandeau=customise]").click()
    for part in (".panel", ".panel .text"):
        assert not page.locator(part).evaluate(wide)
    page.locator(".panel [data-bandeau=save]").scroll_into_view_if_needed()
    assert page.locator(".panel [data-bandeau=save]").is_visible()


@pytest.mark.parametrize("size", [(320, 568), (320, 256), (1280, 800)])
def test_text_at_twice_its_size_still_reaches_all_controls(
    site: NoticeSite, chromium: Browser, size: tuple[int, int]
) -> None:
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Page.enable")
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    page.goto(site.address)
    assert page.locator(".notice h2").evaluate("e => parseFloat(getComputedStyle(e).fontSize)") > 40
    for name in ("accept-all", "refuse-all", "customise"):
        button = page.locator(f"[data-bandeau=notice] [data-bandeau={name}]")
        button.scroll_into_view_if_needed()
        box = button.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size[0]
        button.click(trial=True)
    for part in (".notice", ".notice .text"):
        assert not page.locator(part).evaluate("e => e.scrollWidth > e.clientWidth + 1")
    context.close()


PARTS = [".notice", ".notice h2", ".notice .text", ".actions .act", ".band", ".band button"]


@pytest.mark.parametrize("lang", ["en", "ar"])
def test_a_hostile_style_sheet_changes_nothing_of_ours(
    site: NoticeSite, open_page: Open, lang: str
) -> None:
    site.lang = lang
    calm = open_page(site).evaluate(RECTANGLES, PARTS)
    site.head = HOSTILE
    rough = open_page(site).evaluate(RECTANGLES, PARTS)
    for part, before, after in zip(PARTS, calm, rough, strict=True):
        assert after["box"] == pytest.approx(before["box"], abs=1), part
        assert after["type"] == before["type"], part


def test_the_sites_own_styles_stay_as_they_were(site: NoticeSite, open_page: Open) -> None:
    with_ours = open_page(site).evaluate(COMPUTED)
    site.bare = True
    without = open_page(site).evaluate(COMPUTED)
    assert [name for name, _ in with_ours] == [name for name, _ in without]
    room = ("scroll-padding", "padding-bottom", "padding-block-end", "height", "block-size")
    origin = ("perspective-origin", "transform-origin")
    for (name, ours), (_, theirs) in zip(with_ours, without, strict=True):
        changed = {key for key in ours if ours[key] != theirs.get(key)}
        if name == "html":
            changed = {key for key in changed if not key.startswith((*room, *origin))}
        assert changed == set(), name


def test_a_site_may_set_its_colours(site: NoticeSite, open_page: Open) -> None:
    site.head = "<style>:root { --bandeau-accent: rgb(1, 2, 3); --bandeau-radius: 0px }</style>"
    page = open_page(site)
    assert colors(page, "[data-bandeau=refuse-all]")[1] == "rgb(1, 2, 3)"
    radius = "e => getComputedStyle(e).borderTopLeftRadius"
    assert page.locator(".notice").evaluate(radius) == "0px"


def test_print_leaves_all_of_it_out(site: NoticeSite, open_page: Open) -> None:
    page = open_page(site)
    page.emulate_media(media="print")
    assert not page.locator("[data-bandeau=notice]").is_visible()
    assert not page.locator("[data-bandeau=band]").is_visible()


def test_forced_colours_keep_every_word(site: NoticeSite, open_page: Open) -> None:
    site.standing = chosen("social")
    page = open_page(site, forced_colors="active")
    page.get_by_role("button", name="Change my choices").click()
    for part in (".act", ".mark", ".band p", ".band button"):
        ink = page.locator(part).first.evaluate("e => getComputedStyle(e).color")
        assert contrast(page, ink, "Canvas") >= 4.5, part


def test_nothing_moves(site: NoticeSite, open_page: Open) -> None:
    page = open_page(site, reduced_motion="reduce")
    moving = page.evaluate(
        "document.getAnimations().length + [...document.querySelector('[data-bandeau=root]')"
        ".shadowRoot.querySelectorAll('*')].filter(e => "
        "getComputedStyle(e).transitionDuration !== '0s').length"
    )
    assert moving == 0
