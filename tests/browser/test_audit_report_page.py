"""``report.html`` in a browser: from its file, without script, accessible, in every light."""

from __future__ import annotations

from pathlib import Path

import audited
import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import FLAGS
from playwright.sync_api import sync_playwright

from bandeau.web.audit_report import report_page

pytestmark = pytest.mark.browser
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}},
}


@pytest.mark.parametrize("look", LOOKS)
def test_it_is_accessible_loads_nothing_and_fits(
    chromium_path: str, tmp_path: Path, look: str
) -> None:
    file = tmp_path / "report.html"
    file.write_text(report_page(audited.report(), audited.PICTURES), "utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path, args=FLAGS)
        page = browser.new_page(**LOOKS[look])  # type: ignore[arg-type]
        asked: list[str] = []
        told: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: told.append(message.text))
        page.goto(file.as_uri())
        assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
        assert told == []
        width = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert width <= 0
        page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert Axe().run(page).response["violations"] == []
        assert page.locator("svg.picture image").count() == len(audited.PICTURES)
        browser.close()
