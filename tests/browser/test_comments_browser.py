"""Comments in a real browser: under a publisher's page, without script, and across tabs."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from chromium import FLAGS
from commenting import posting
from memory_tables import memory_comments
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bandeau.choice.model import Answer, Choice, Source, Standing
from bandeau.features.comments.gate import Proof
from bandeau.features.comments.model import Order
from bandeau.policy.model import LANGUAGES, Feature, Policy, Purpose, Site
from bandeau.policy.words import direction
from bandeau.storage.files import read_words
from bandeau.web.comments import Comments
from bandeau.web.comments_feed import Following
from bandeau.web.comments_reading import Asked
from bandeau.web.comments_view import start_tag
from bandeau.web.inbound import same_origin

pytestmark = pytest.mark.browser
POLICY = Policy(
    site=Site(
        name="Le Phare",
        controller="Le Phare",
        hosts=("phare.test",),
        privacy_policy="/vie-privee",
        languages=LANGUAGES,
    ),
    purposes=(Purpose(key="social"),),
    features=(
        Feature(
            key="comments",
            purpose="social",
            alternative={"en": "Write to courrier@phare.test", "ar": "courrier@phare.test"},
        ),
    ),
)
HOSTILE = "* { all: unset !important; font-size: 40px !important; color: red !important }"
TAG = b'<section data-bandeau="comments" class="talk">'


@dataclass
class Newspaper:
    """A publisher's page with our section in it, and the switch of its one visitor."""

    port: int = 0
    granted: bool = True
    style: str = ""

    def __post_init__(self) -> None:
        ids, times = count(), count(1_700_000_000)
        store = memory_comments()
        desk = posting(store, POLICY, lambda: f"0190-{next(ids):04}", lambda: next(times))
        self.comments = Comments(POLICY, read_words(), store, self._proof, desk, same_origin)
        following = Following(POLICY, read_words(), store, self.comments.reading)
        article = Route("/{name}", self.article)
        self.app = Starlette(routes=[*self.comments.routes(), *following.routes(), article])

    @property
    def home(self) -> str:
        return f"http://phare.test:{self.port}"

    @property
    def standing(self) -> Standing:
        answer = Answer.GRANTED if self.granted else Answer.REFUSED
        choice = Choice("0" * 16, {"social": self.granted}, "r-1", 1)
        return Standing({"social": answer}, frozenset(), Source.CHOICE, choice)

    async def article(self, request: Request) -> Response:
        lang = request.query_params.get("lang", "en")
        state, section = await self.comments.section_for(self.standing, lang, request.url.path)
        styles = " ".join(self.comments.view.style_hashes)
        scripts = " ".join(self.comments.view.script_hashes)
        quiet = "style-src 'unsafe-inline'" if self.style else f"style-src {styles}"
        own = f"<style>{self.style}</style>" if self.style else ""
        head = f'<meta name="viewport" content="width=device-width">{own}'
        filler = f"<p>{'Text of the article.<br>' * 80}</p>"
        page = (
            f'<!doctype html><html lang="{lang}" dir="{direction(lang)}"><head>'
            f'<meta charset="utf-8"><title>Article</title>{head}</head>'
            f"<body><main><h1>Article</h1>{filler}{start_tag(TAG, state).decode()}"
            f"{section.decode()}</section></main></body></html>"
        )
        policy = f"default-src 'none'; {quiet}; script-src {scripts}; form-action 'self'"
        trusted = "require-trusted-types-for 'script'"
        return HTMLResponse(page, headers={"Content-Security-Policy": f"{policy}; {trusted}"})

    async def _proof(self, request: Request) -> Proof:
        return Proof(self.standing, "r-1", True)


@pytest.fixture
def newspaper() -> Iterator[Newspaper]:
    paper = Newspaper()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        paper.port = listener.getsockname()[1]
        config = uvicorn.Config(paper.app, log_level="error", ws="none", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield paper
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=chromium_path,
            args=[*FLAGS, "--host-resolver-rules=MAP phare.test 127.0.0.1"],
        )
        yield chromium
        chromium.close()


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=request.param, locale="en-GB")
    yield context.new_page()
    context.close()


@pytest.fixture
def scripted(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.on("console", lambda said: pytest.fail(said.text) if said.type == "error" else None)
    yield page
    context.close()


def post(page: Page, name: str, text: str) -> None:
    page.get_by_label("Your name, as shown").fill(name)
    page.get_by_label("Your comment").fill(text)
    page.get_by_role("button", name="Post the comment").click()


def test_posting_leads_back_to_the_comment(newspaper: Newspaper, page: Page) -> None:
    page.goto(newspaper.home + "/article")
    post(page, "Zoé", "One.\n\nTwo.")
    expect(page).to_have_url(re.compile(r"/article#comment-0190-0000$"))
    article = page.get_by_role("article", name="Zoé writes")
    expect(article).to_be_in_viewport()
    expect(article.get_by_role("paragraph").filter(has_text="Two.")).to_be_visible()
    expect(page.get_by_text("1 comment", exact=True)).to_be_visible()


def test_a_reader_answers_on_a_page_of_its_own(newspaper: Newspaper, page: Page) -> None:
    page.goto(newspaper.home + "/article")
    post(page, "Ada", "First")
    page.get_by_role("link", name="Reply: Ada").click()
    expect(page.get_by_role("main").get_by_text("In reply to Ada")).to_be_visible()
    post(page, "Bob", "Second")
    expect(page).to_have_url(re.compile(r"/article#comment-0190-0001$"))
    expect(page.get_by_role("listitem").filter(has_text="First")).to_contain_text("Second")


def test_an_error_keeps_what_was_written(newspaper: Newspaper, page: Page) -> None:
    page.goto(newspaper.home + "/article")
    post(page, "   ", "Kept")
    expect(page.get_by_role("status")).to_have_text("Write a name and a comment, then send again.")
    expect(page.get_by_label("Your comment")).to_have_value("Kept")
    post(page, "Ada", "Kept, and sent")
    expect(page.get_by_role("article", name="Ada writes")).to_contain_text("Kept, and sent")


def test_a_stale_form_is_refused_with_its_text_kept(newspaper: Newspaper, page: Page) -> None:
    page.goto(newspaper.home + "/article")
    newspaper.granted = False
    post(page, "Ada", "Written before withdrawing")
    expect(page.get_by_text("Commenting is locked", exact=True)).to_be_visible()
    expect(page.get_by_label("Your comment")).to_have_value("Written before withdrawing")
    expect(page.get_by_role("button", name="Post the comment")).to_have_count(0)


def test_the_locked_panel_offers_the_choice(newspaper: Newspaper, page: Page) -> None:
    newspaper.granted = False
    page.goto(newspaper.home + "/article")
    expect(page.locator("[data-bandeau=comments]")).to_have_attribute("data-state", "locked")
    expect(page.get_by_text("Write to courrier@phare.test")).to_be_visible()
    with page.expect_request("**/.bandeau/choice") as asked:
        page.get_by_role("button", name="Allow “Social networks” and comment").click()
    assert asked.value.method == "POST"
    assert asked.value.post_data == (
        "action=grant&purpose=social&mechanism=comments&return=%2Farticle"
    )


def test_only_a_comment_is_marked_as_the_target(newspaper: Newspaper, page: Page) -> None:
    page.goto(newspaper.home + "/article#comment-form")
    anchor = page.locator("#comment-form")
    assert anchor.evaluate("e => getComputedStyle(e).position") == "static"


def test_publishing_is_announced(newspaper: Newspaper, scripted: Page) -> None:
    scripted.goto(newspaper.home + "/article")
    expect(scripted.get_by_role("status")).to_be_empty()
    post(scripted, "Ada", "Hello")
    expect(scripted.get_by_role("status")).to_have_text("Your comment is published.")


def test_why_a_post_is_refused_is_announced_once_somebody_listens(
    newspaper: Newspaper, browser: Browser
) -> None:
    context = browser.new_context(locale="en-GB")
    tab = context.new_page()
    tab.goto(newspaper.home + "/article")
    post(tab, "   ", "Kept")
    status = tab.get_by_role("status")
    expect(status).to_have_text("Write a name and a comment, then send again.")
    tab.wait_for_function("e => e.textContent.endsWith('\\u00a0')", arg=status.element_handle())
    context.close()


def test_only_a_post_is_announced_as_published(newspaper: Newspaper, scripted: Page) -> None:
    scripted.goto(newspaper.home + "/article")
    post(scripted, "Ada", "First")
    expect(scripted.get_by_role("status")).not_to_be_empty()
    scripted.clock.install()
    scripted.get_by_title("Link to this comment").click()
    expect(scripted.get_by_role("article", name="Ada writes")).to_be_in_viewport()
    expect(scripted.get_by_role("status")).to_be_empty()
    scripted.clock.run_for(1_000)
    expect(scripted.get_by_role("status")).to_be_empty()


def test_an_address_in_an_article_outlives_its_first_page(
    newspaper: Newspaper, scripted: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    scripted.goto(newspaper.home + "/article")
    post(scripted, "Ada", "The oldest")
    expect(scripted.get_by_role("article", name="Ada writes")).to_be_visible()
    monkeypatch.setattr(Asked.__init__, "__defaults__", (Order.NEWEST, 1, None, None, 0))
    post(scripted, "Bob", "The newest")
    expect(scripted.get_by_role("article", name="Bob writes")).to_be_visible()
    other = scripted.context.new_page()
    other.goto(newspaper.home + "/article#comment-0190-0000")
    expect(other).to_have_url(re.compile(r"/\.bandeau/comments\?.*#comment-0190-0000$"))
    expect(other.get_by_role("article", name="Ada writes")).to_be_in_viewport()


def test_withdrawing_locks_every_open_tab(newspaper: Newspaper, scripted: Page) -> None:
    other = scripted.context.new_page()
    for tab, path in ((scripted, "/article"), (other, "/.bandeau/comments?page=/article")):
        tab.goto(newspaper.home + path)
        tab.get_by_label("Your comment").fill("draft")
    third = scripted.context.new_page()
    third.goto(newspaper.home + "/other")
    third.evaluate("new BroadcastChannel('bandeau').postMessage({social: true, audience: true})")
    third.evaluate("new BroadcastChannel('bandeau').postMessage('noise')")
    third.evaluate("new BroadcastChannel('bandeau').postMessage({social: false, audience: true})")
    for tab in (scripted, other, third):
        expect(tab.get_by_text("Commenting is locked", exact=True)).to_be_visible()
        expect(tab.get_by_role("button", name="Post the comment")).to_have_count(0)
        expect(tab.locator("[data-bandeau=comments]")).to_have_attribute("data-state", "locked")


def test_an_open_tab_stays_open_while_social_is_granted(
    newspaper: Newspaper, scripted: Page
) -> None:
    scripted.goto(newspaper.home + "/article")
    other = scripted.context.new_page()
    other.goto(newspaper.home + "/other")
    other.evaluate("new BroadcastChannel('bandeau').postMessage({social: true})")
    post(scripted, "Ada", "Still open")
    expect(scripted.get_by_role("article", name="Ada writes")).to_be_visible()


def test_nothing_is_stored_or_read_on_the_terminal(newspaper: Newspaper, scripted: Page) -> None:
    scripted.goto(newspaper.home + "/article")
    post(scripted, "Ada", "Hello")
    expect(scripted.get_by_role("article", name="Ada writes")).to_be_visible()
    assert scripted.context.cookies() == []
    assert scripted.context.storage_state()["origins"] == []


def test_a_hostile_style_sheet_neither_spoils_nor_is_spoilt(
    newspaper: Newspaper, scripted: Page
) -> None:
    newspaper.style = HOSTILE
    scripted.goto(newspaper.home + "/article")
    button = scripted.get_by_role("button", name="Post the comment")
    styles = (
        "e => (({fontSize, borderTopWidth}) => [fontSize, borderTopWidth])(getComputedStyle(e))"
    )
    size, border = button.evaluate(styles)
    assert size == scripted.evaluate("getComputedStyle(document.documentElement).fontSize")
    assert border != "0px"
    assert scripted.locator("h1").evaluate("e => getComputedStyle(e).fontSize") == "40px"


LOOKS = [
    ("en", 1280, "light"),
    ("en", 320, "dark"),
    ("ar", 320, "light"),
    ("ru", 1280, "dark"),
]


@pytest.mark.parametrize(("lang", "width", "scheme"), LOOKS)
@pytest.mark.parametrize("granted", [True, False], ids=["open", "locked"])
def test_every_look_is_accessible_and_fits(
    newspaper: Newspaper, browser: Browser, lang: str, width: int, scheme: str, granted: bool
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
        extra_http_headers={"accept-language": lang},
        bypass_csp=True,
    )
    tab = context.new_page()
    newspaper.style = ":root { color-scheme: light dark; font-family: sans-serif }"
    tab.goto(newspaper.home + "/article?lang=en")
    post(tab, "Ада", "https://example.test/" + "long" * 60 + "\n\nПривет. مرحبا")
    tab.get_by_role("link", name="Reply: Ада").click()
    newspaper.granted = granted
    for path in (
        f"/article?lang={lang}",
        f"/.bandeau/comments?page=/article&lang={lang}&reply=0190-0000",
    ):
        tab.goto(newspaper.home + path)
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
    context.close()
