"""The whole demo as a visitor meets it: newspaper, gateway and third parties in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import EXECUTABLE, FLAGS
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from bandeau.app import gateway
from bandeau.cli.demo import in_background
from bandeau.demo.addresses import Addresses
from bandeau.demo.newspaper import newspaper
from bandeau.demo.parties import third_parties
from bandeau.demo.policy import policy_template
from bandeau.web.server import address_of, listen

pytestmark = pytest.mark.browser

COMPANIES = ("mouette", "bulles", "regie", "sextant")
SOCIAL = ("mouette", "bulles")
ARTICLE = "/articles/apogee-salle-des-cometes"
ARTICLES = {"fr": ARTICLE, "en": "/en/articles/apogee-comet-hall", "ar": "/ar/articles/apogee"}
STATES: dict[str, dict[str, Any]] = {
    "undecided": {},
    "refused": {"action": "refuse_all"},
    "mixed": {"action": "save", "purpose": ["social"]},
    "allowed": {"action": "accept_all"},
}
CHOOSE = """async fields => (await fetch('/.bandeau/choice', {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(fields),
})).status"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    """The demo as ``bandeau demo`` wires it."""
    data = tmp_path_factory.mktemp("demo")
    site, parties, paper = (listen("127.0.0.1", 0) for _ in range(3))
    addresses = Addresses.on_loopback(address_of(site).port, address_of(parties).port)
    policy = data / "policy.toml"
    policy.write_text(policy_template(addresses), encoding="utf-8")
    with (
        in_background(newspaper(addresses), paper),
        in_background(third_parties(addresses), parties),
        in_background(gateway(policy, address_of(paper).url, data), site),
    ):
        yield addresses


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=FLAGS)
        yield browser
        browser.close()


Visit = Callable[..., BrowserContext]


@pytest.fixture
def visit(chromium: Browser, demo: Addresses) -> Iterator[Visit]:
    """Opens a fresh visitor's browser, the third parties' boards wiped."""
    contexts = []

    def opener(**options: Any) -> BrowserContext:
        context = chromium.new_context(**{"locale": "fr-FR", **options})
        contexts.append(context)
        forget(context, demo)
        return context

    yield opener
    for context in contexts:
        context.close()


def forget(context: BrowserContext, demo: Addresses) -> None:
    board = context.new_page()
    board.goto(demo.board)
    board.get_by_role("button", name="Oublier").or_(
        board.get_by_role("button", name="Forget")
    ).click()
    expect(board.locator(".company.dark")).to_have_count(4)
    board.close()


def read(page: Page, url: str = "") -> None:
    """Open an article, or stay on it, and scroll through, so that lazy frames load as well."""
    page.bring_to_front()
    if url:
        page.goto(url)
    for _ in range(16):
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(20)


def lit(context: BrowserContext, demo: Addresses) -> Page:
    """The board, once all that was sent has come in."""
    board = context.new_page()
    board.goto(demo.board)
    board.bring_to_front()
    return board


def expect_lit(board: Page, *companies: str) -> None:
    for company in COMPANIES:
        state = "lit" if company in companies else "dark"
        expect(board.locator(f".company.{state}[data-company={company}]")).to_be_visible()


def choose(page: Page, **fields: Any) -> None:
    if fields:
        assert page.evaluate(CHOOSE, fields) == 200
        page.reload()


def band(page: Page) -> Any:
    return page.locator("[data-bandeau=band]")


def test_undecided_and_refusing_leave_every_company_in_the_dark(
    demo: Addresses, visit: Visit
) -> None:
    context = visit()
    page = context.new_page()
    read(page, demo.site + ARTICLE)
    board = lit(context, demo)
    expect_lit(board)
    page.bring_to_front()
    page.locator("[data-bandeau=notice] [data-bandeau=refuse-all]").click()
    expect(band(page)).to_have_attribute("data-state", "refused")
    read(page)
    read(page, demo.site + "/")
    board.reload()
    expect_lit(board)
    kept = {cookie["name"] for cookie in context.cookies()}
    assert kept <= {"session", "audience", "eu-consent", "eu-consent-receipt"}, kept
    assert page.evaluate("Object.keys(localStorage)") == []


def test_accepting_lights_all_and_withdrawing_ends_every_contact(
    demo: Addresses, visit: Visit
) -> None:
    context = visit()
    page = context.new_page()
    page.goto(demo.site + ARTICLE)
    page.locator("[data-bandeau=notice] [data-bandeau=accept-all]").click()
    expect(band(page)).to_have_attribute("data-state", "allowed")
    read(page)
    board = lit(context, demo)
    expect_lit(board, *COMPANIES)
    page.bring_to_front()
    contacts: list[str] = []
    page.get_by_role("button", name="Modifier mes choix", exact=True).click()
    page.wait_for_load_state("networkidle")
    context.on("request", lambda request: contacts.append(request.url))
    forget(context, demo)
    page.bring_to_front()
    page.locator("[data-bandeau=panel] [data-bandeau=refuse-all]").click()
    expect(band(page)).to_have_attribute("data-state", "refused")
    read(page)
    read(page, demo.site + "/articles/ardent-usine-portugal")
    board.reload()
    expect_lit(board)
    assert [url for url in contacts if not url.startswith((demo.site, demo.board))] == []


def test_social_networks_alone_light_the_social_networks(demo: Addresses, visit: Visit) -> None:
    context = visit()
    page = context.new_page()
    page.goto(demo.site + ARTICLE)
    page.locator("[data-bandeau=customise]").click()
    page.locator("[data-bandeau-purpose=social]").check()
    page.locator("[data-bandeau=save]").click()
    expect(band(page)).to_contain_text("1 sur 3")
    read(page)
    expect_lit(lit(context, demo), *SOCIAL)


@pytest.mark.parametrize("script", [True, False])
def test_a_placeholders_allow_opens_embeds_and_comments(
    demo: Addresses, visit: Visit, script: bool
) -> None:
    context = visit(java_script_enabled=script)
    page = context.new_page()
    page.goto(demo.site + ARTICLE)
    comments = page.locator("main [data-bandeau=comments]")
    expect(comments).to_have_attribute("data-state", "locked")
    allow = page.locator("[data-bandeau=placeholder]").get_by_role(
        "button", name="Autoriser « Réseaux sociaux »"
    )
    allow.first.click()
    expect(band(page)).to_have_attribute("data-state", "mixed")
    expect(comments).to_have_attribute("data-state", "open")
    expect(allow).to_have_count(0)
    comments.get_by_label("Votre nom, tel qu’il sera affiché").fill("Zoé")
    comments.get_by_label("Votre commentaire").fill("J’y étais samedi.")
    comments.get_by_role("button", name="Publier le commentaire").click()
    expect(page.get_by_role("article", name="Zoé écrit").last).to_contain_text("J’y étais samedi.")
    page.goto(demo.site + "/.bandeau/panel")
    page.locator("[data-bandeau=refuse-all]").click()
    page.goto(demo.site + ARTICLE)
    expect(comments).to_have_attribute("data-state", "locked")
    expect(comments.get_by_text("Les commentaires sont verrouillés", exact=True)).to_be_visible()
    expect(comments.get_by_text("J’y étais samedi.").last).to_be_visible()


def test_no_empty_box_stands_beside_a_placeholder(demo: Addresses, visit: Visit) -> None:
    page = visit().new_page()
    page.goto(demo.site + ARTICLE)
    frames = page.locator("[data-bandeau-src]")
    assert frames.count() >= 3
    empty = frames.evaluate_all(
        """all => all.filter(e => e.getClientRects().length
             && getComputedStyle(e).visibility === "visible").map(e => e.outerHTML)"""
    )
    assert empty == []


def test_networks_that_exist_are_called_by_their_names(demo: Addresses, visit: Visit) -> None:
    context = visit()
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.goto(f"{demo.site}/articles/premiers-messages")
    held = page.locator(".story-body [data-bandeau=placeholder]")
    links = {
        "Publication sur X": "https://twitter.com/jack/status/20",
        "Vidéo sur YouTube": "https://www.youtube.com/watch?v=jNQXAC9IVRw",
        "Publication sur Telegram": "https://t.me/telegram/200",
        "Salon audio sur Clubhouse": "https://www.clubhouse.com/room/premiers-mots",
        "Carte OpenStreetMap": "https://www.openstreetmap.org/?mlat=46.2330&mlon=6.0557"
        "#map=15/46.2330/6.0557",
    }
    for title, link in links.items():
        mine = held.filter(has=page.get_by_role("group", name=title))
        expect(mine.get_by_role("link")).to_have_attribute("href", link)
        expect(mine.get_by_role("button", name="Charger ce contenu")).to_have_count(
            0 if "OpenStreetMap" in title else 1
        )
    expect(page.get_by_text("just setting up my twttr")).to_be_visible()
    assert [url for url in asked if not url.startswith(demo.site)] == []


@pytest.mark.parametrize("lang", ARTICLES)
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing_and_a_phone_never_scrolls_sideways(
    demo: Addresses, visit: Visit, lang: str, state: str
) -> None:
    page = visit(reduced_motion="reduce").new_page()
    page.goto(demo.site + ARTICLES[lang])
    choose(page, **STATES[state])
    expect(band(page)).to_have_attribute("data-state", state)
    page.set_viewport_size({"width": 320, "height": 568})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    height = band(page).evaluate("e => e.offsetHeight")
    assert 24 <= height <= 40, "the band is thin on a phone too"
    page.set_viewport_size({"width": 1280, "height": 800})
    # What companies put into their frames is theirs.
    report = Axe().run(page, options={"iframes": False}).response["violations"]
    assert [(fault["id"], node["html"]) for fault in report for node in fault["nodes"]] == []


def test_the_policy_is_in_plain_sight(demo: Addresses, visit: Visit) -> None:
    page = visit().new_page()
    page.goto(demo.board)
    page.get_by_role("link", name="Lire la politique appliquée").click()
    assert "[features.comments]" in page.locator("body").inner_text()
