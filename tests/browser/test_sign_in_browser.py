"""Signing in by mail in a real browser, with and without script, in either direction of text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from letters_site import COMMENTS, SIGN_IN, LettersSite, letters_site, path_of
from mail_server import links_of
from playwright.sync_api import Browser, Page, expect

from bandeau.storage.files import read_words

pytestmark = pytest.mark.browser
WORDS = read_words()
LONGEST = 320


@pytest.fixture
def site(tmp_path: Path) -> Iterator[LettersSite]:
    with letters_site(tmp_path) as made:
        yield made


def is_fine(page: Page) -> None:
    found = Axe().run(page).response["violations"]
    assert not found, found
    assert page.evaluate("document.documentElement.scrollWidth") <= LONGEST


@pytest.mark.parametrize(("lang", "script"), [("en", True), ("ar", False), ("ru", True)])
def test_a_reader_signs_in_comments_and_is_told(
    chromium: Browser, site: LettersSite, lang: str, script: bool
) -> None:
    context = chromium.new_context(
        locale=lang, viewport={"width": LONGEST, "height": 640}, java_script_enabled=script
    )
    page = context.new_page()

    def say(key: str, **values: object) -> str:
        return WORDS.say(lang, key, **values)

    def checked() -> None:
        if script:
            is_fine(page)

    page.goto(f"{site.shell.url}/.bandeau/panel?lang={lang}&return=/article")
    page.locator("[data-bandeau=accept-all]").first.click()
    page.goto(f"{site.shell.url}{COMMENTS}?page=/article&format=html&lang={lang}")
    checked()
    page.get_by_role("link", name=say("signin.title")).click()
    expect(page).to_have_url(f"{site.shell.url}{SIGN_IN}?return=/article&lang={lang}")
    checked()
    page.get_by_label(say("signin.address")).fill("zoe@lecteurs.test")
    page.get_by_role("button", name=say("signin.send")).click()
    expect(page.get_by_role("status").first).to_have_text(say("signin.sent"))
    checked()
    page.goto(site.shell.url + path_of(links_of(site.box.next())[0]))
    checked()
    page.get_by_label(say("comments.name")).fill("Zoé")
    page.get_by_role("button", name=say("signin.enter")).click()
    expect(page).to_have_url(f"{site.shell.url}/article")
    page.goto(f"{site.shell.url}{COMMENTS}?page=/article&format=html&lang={lang}")
    page.get_by_label(say("comments.text")).fill("Well said")
    box = page.get_by_label(say("comments.tell"), exact=True)
    expect(box).not_to_be_checked()
    box.check()
    page.get_by_label(say("comments.tell_address")).fill("zoe@lecteurs.test")
    page.get_by_role("button", name=say("comments.send")).click()
    expect(page.locator("article").get_by_text("Zoé", exact=True)).to_be_visible()
    confirm, stop = map(path_of, links_of(site.box.next()))
    for path, button, done in (
        (confirm, "replies.confirm", "replies.done_confirm"),
        (stop, "replies.stop", "replies.done_stop"),
    ):
        page.goto(site.shell.url + path)
        checked()
        page.get_by_role("button", name=say(button)).click()
        expect(page.get_by_role("status").first).to_have_text(say(done))
        checked()
    page.goto(f"{site.shell.url}{SIGN_IN}?lang={lang}")
    checked()
    page.get_by_role("button", name=say("signin.out")).click()
    page.goto(f"{site.shell.url}{SIGN_IN}?lang={lang}")
    expect(page.get_by_label(say("signin.address"))).to_be_visible()
    context.close()
