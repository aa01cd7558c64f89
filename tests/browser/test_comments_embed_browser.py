"""Comments in pages that Bandeau does not serve, in Chromium: same origin, sibling, stranger."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import FLAGS
from playwright.sync_api import Browser, Page, expect, sync_playwright
from publisher import POLICY, Seen, publisher
from serving import serving
from starlette.responses import HTMLResponse

from bandeau.app import Bandeau
from bandeau.policy.model import LANGUAGES

pytestmark = pytest.mark.browser
NAMES = ("www.quotidien.test", "static.quotidien.test", "evil.test")
HOSTS = '"www.quotidien.test", "static.quotidien.test"'
PLAIN = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Plain</title>
<meta name="viewport" content="width=device-width">
<style nonce=n>:root {{ color-scheme: light dark; font-family: sans-serif }}</style></head>
<body><main><h1>Plain</h1><p><a href="#talk" data-bandeau="count" data-page="/plain/a"></a></p>
<section id="talk" data-bandeau="comments" data-page="/plain/a"></section></main>
<script src="{home}/.bandeau/comments/embed.js" async></script>
<script src="{home}/.bandeau/comments/count.js" async></script></body></html>"""


class Two:
    """Bandeau, and pages beside it that it never sees, on one port."""

    def __init__(self, bandeau: Bandeau) -> None:
        self.bandeau = bandeau
        self.port = 0
        self.lang = "en"

    def url(self, host: str, path: str = "/plain/a") -> str:
        return f"http://{host}:{self.port}{path}"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", ()))
        host = headers.get(b"host", b"").decode().partition(":")[0]
        if scope["type"] != "http" or (host == NAMES[0] and not scope["path"].startswith("/plain")):
            await self.bandeau(scope, receive, send)
            return
        home = self.url(NAMES[0], "")
        policy = (
            f"default-src 'none'; script-src {home}; connect-src {home}; style-src 'nonce-n'; "
            f"form-action {home}; trusted-types bandeau; require-trusted-types-for 'script'"
        )
        page = HTMLResponse(
            PLAIN.format(home=home, lang=self.lang), headers={"content-security-policy": policy}
        )
        await page(scope, receive, send)


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("embed")
    text = re.sub("hosts = .*", f"hosts = [{HOSTS}]", POLICY, count=1)
    text = text.replace('["fr", "en", "ar"]', json.dumps(list(LANGUAGES)))
    (folder / "policy.toml").write_text(re.sub("alternative = .*", "votes = true", text), "utf-8")
    app = Bandeau(publisher(Seen()), policy=folder / "policy.toml", data=folder / "data")
    two = Two(app)
    with ExitStack() as stack:
        stack.callback(app.close)
        two.port = stack.enter_context(serving(two)).port
        yield two


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    rules = ",".join(f"MAP {name} 127.0.0.1" for name in NAMES)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=chromium_path, args=[*FLAGS, f"--host-resolver-rules={rules}"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    tab = context.new_page()
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(error.stack or error.message))
    yield tab
    context.close()
    assert faults == []


def post(page: Page, name: str, text: str) -> None:
    page.get_by_label("Your name, as shown").fill(name)
    page.get_by_label("Your comment").fill(text)
    page.get_by_role("button", name="Post the comment").click()


def allow(site: Two, page: Page) -> None:
    page.goto(site.url(NAMES[0]))
    page.get_by_role("button", name="Allow “Social networks” and comment").click()
    expect(page).to_have_url(site.url(NAMES[0]))
    expect(page.get_by_role("button", name="Post the comment")).to_be_visible()


def test_before_a_choice_it_is_read_and_nothing_is_touched(site: Two, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.headers.get("cookie", "")))
    page.goto(site.url(NAMES[0]))
    expect(page.get_by_text("Commenting is locked", exact=True)).to_be_visible()
    expect(page.locator("[data-bandeau=count]")).to_have_text("No comments yet")
    assert page.context.cookies() == []
    assert page.context.storage_state()["origins"] == []
    assert set(asked) == {""}


def test_posting_answering_and_quoting_without_leaving(site: Two, page: Page) -> None:
    allow(site, page)
    page.evaluate("window.stayed = true")
    post(page, "Ada", "   ")
    expect(page.get_by_role("status")).to_have_text("Write a name and a comment, then send again.")
    post(page, "Ada", "The *first*")
    expect(page.get_by_role("status")).to_have_text("Your comment is published.")
    page.get_by_role("link", name="Quote: Ada").press("Enter")
    area = page.get_by_label("Your comment")
    expect(area).to_be_focused()
    expect(area).to_have_value("> The *first*\n\n")
    area.press_sequentially("Indeed")
    page.get_by_label("Your name, as shown").fill("Bob")
    page.get_by_role("button", name="Post the comment").click()
    expect(page.get_by_role("article", name="Bob writes").locator("blockquote")).to_have_text(
        "The first"
    )
    page.get_by_role("link", name="Reply: Ada").click()
    post(page, "Moderator", "Wait")
    expect(page.get_by_role("status")).to_contain_text("It waits for a moderator")
    post(page, "Cem", "Another thread")
    expect(page.get_by_role("article", name="Cem writes")).to_be_visible()
    page.get_by_role("link", name="Oldest").click()
    expect(page.get_by_role("link", name="Oldest")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("article").first).to_contain_text("Ada")
    assert page.evaluate("window.stayed")


def test_a_withdrawal_locks_it_and_the_draft_stays(site: Two, page: Page) -> None:
    allow(site, page)
    page.get_by_label("Your comment").fill("Typed before")
    page.get_by_label("Your name, as shown").fill("Ada")
    page.evaluate("""fetch("/.bandeau/choice", {
        method: "POST", body: new URLSearchParams({action: "refuse_all"})})""")
    page.get_by_role("button", name="Post the comment").click()
    expect(page.get_by_text("Commenting is locked", exact=True)).to_be_visible()
    expect(page.get_by_label("Your comment")).to_have_value("Typed before")


def test_a_host_of_the_policy_has_the_same_form(site: Two, page: Page) -> None:
    page.goto(site.url(NAMES[1]))
    expect(page.get_by_text("Commenting is locked", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("Allow"))).to_have_count(0)
    expect(page.get_by_role("link", name="Change my choices").last).to_be_visible()
    allow(site, page)
    page.goto(site.url(NAMES[1]))
    post(page, "Ada", "From the other host")
    expect(page.get_by_role("status")).to_have_text("Your comment is published.")
    date = page.get_by_role("article", name="Ada writes").get_by_title("Link to this comment")
    expect(date).to_have_attribute("href", re.compile("^#comment-"))


def test_a_stranger_gets_neither_list_nor_form(site: Two, page: Page) -> None:
    allow(site, page)
    asked: list[int] = []
    page.on("requestfailed", lambda request: asked.append(1))
    with page.expect_event("requestfailed"):
        page.goto(site.url(NAMES[2]))
    expect(page.locator("[data-bandeau=comments] form")).to_have_count(0)
    expect(page.locator("[data-bandeau=comments]")).not_to_have_attribute("data-state", "open")


@pytest.mark.parametrize(("lang", "width"), [("en", 1280), ("ar", 320)])
def test_it_is_accessible(site: Two, browser: Browser, lang: str, width: int) -> None:
    site.lang = lang
    context = browser.new_context(viewport={"width": width, "height": 800}, bypass_csp=True)
    tab = context.new_page()
    for state in ("locked", "open"):
        tab.goto(site.url(NAMES[0]))
        expect(tab.locator(f"[data-bandeau=comments][data-state={state}]")).to_be_visible()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
        if state == "locked":
            tab.locator("[data-bandeau=comments] form[action$='/choice'] button").click()
            tab.locator("[name=name]").fill("Zoé")
            tab.locator("textarea[name=text]").fill("> Bonjour\n\nمرحبا")
            tab.locator(".write button").click()
            tab.locator("button.vote").click()
            expect(tab.locator("article")).to_have_count(1)
    for path in ("votes", "mine", "?page=/plain/a"):
        tab.goto(site.url(NAMES[0], f"/.bandeau/comments/{path}".replace("/?", "?")))
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
    context.close()
