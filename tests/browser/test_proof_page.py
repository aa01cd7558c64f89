"""The page of a proof, opened from its folder: readable, framed safely, accessible, printable."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import FLAGS
from playwright.sync_api import Page, sync_playwright
from proven import choose, prove, vouched
from stamping import Authority

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("site")
    saved = {"action": "save", "purpose": ["social"], "mechanism": "panel"}
    receipts = choose(folder, *({**saved, "lang": lang} for lang in ("fr", "ar")))
    vouched(folder, Authority(folder / "tsa"))
    made = zip(("fr", "ar"), receipts, strict=True)
    return {lang: prove(folder, receipt["id"], lang) for lang, receipt in made}


@pytest.fixture(scope="module")
def page(chromium_path: str):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        yield browser.new_page(viewport={"width": 1000, "height": 1400})
        browser.close()


@pytest.mark.parametrize("lang", ["fr", "ar"])
def test_the_page_is_accessible_and_shows_the_notice_inert(
    proofs: dict[str, Path], page: Page, lang: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((proofs[lang] / "index.html").as_uri())
    found = Axe().run(page, options={"iframes": False})
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("getComputedStyle(document.body).direction") == (
        "rtl" if lang == "ar" else "ltr"
    )
    page.locator("iframe").scroll_into_view_if_needed()
    notice = page.frame_locator("iframe").locator("[data-bandeau=notice]")
    assert notice.is_visible()
    # A frame without script never tells Playwright that it is stable, so the mouse goes by itself.
    button = notice.locator("[data-bandeau=accept-all]").bounding_box()
    assert button is not None
    page.mouse.click(button["x"] + 5, button["y"] + 5)
    assert notice.is_visible()
    assert [url for url in asked if not url.startswith(("file:", "about:"))] == []


def test_the_page_prints_and_fits_a_phone(proofs: dict[str, Path], page: Page) -> None:
    page.goto((proofs["fr"] / "index.html").as_uri())
    pages = page.pdf(format="A4").count(b"/Type /Page\n")
    assert 2 <= pages <= 6
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
