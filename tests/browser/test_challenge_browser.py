"""A little work before a comment, in a real browser: nobody sees it, and nobody has to do it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from letters_site import COMMENTS, LettersSite, letters_site
from playwright.sync_api import Browser, expect

from bandeau.storage.files import read_words

pytestmark = pytest.mark.browser
WORDS = read_words()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[LettersSite]:
    with letters_site(tmp_path, 'challenge = "always"\n') as made:
        yield made


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("path", ["/article", f"{COMMENTS}?page=/article&format=html&lang=fr"])
def test_a_comment_is_published_or_waits(
    chromium: Browser, site: LettersSite, path: str, script: bool
) -> None:
    context = chromium.new_context(locale="fr", java_script_enabled=script)
    page = context.new_page()
    address = site.shell.url.replace("127.0.0.1", "localhost")  # hashes need a safe origin
    page.goto(f"{address}/.bandeau/panel?return={path}")
    page.locator("[data-bandeau=accept-all]").first.click()
    page.goto(f"{address}{path}")
    if script and path != "/article":
        assert not Axe().run(page).response["violations"]
    page.get_by_label(WORDS.say("fr", "comments.name")).fill("Zoé")
    page.get_by_label(WORDS.say("fr", "comments.text")).fill("Bien dit")
    page.get_by_role("button", name=WORDS.say("fr", "comments.send")).click()
    if script:
        expect(page.locator("article").get_by_text("Bien dit")).to_be_visible(timeout=60_000)
    else:
        held = WORDS.say("fr", "comments.held")
        expect(page.get_by_role("status").get_by_text(held)).to_be_visible()
    context.close()
