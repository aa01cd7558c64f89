"""A reader's own comments in a real browser: seen, edited, and taken back with the consent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import Bandeau
from bandeau.policy.model import LANGUAGES

pytestmark = pytest.mark.browser
MINE = "/.bandeau/comments/mine"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("mine")
    listed = json.dumps(list(LANGUAGES))
    text = re.sub("alternative = .*", "", POLICY).replace('["fr", "en", "ar"]', listed)
    (folder / "policy.toml").write_text(text, "utf-8")
    with ExitStack() as stack:
        app = Bandeau(publisher(Seen()), policy=folder / "policy.toml", data=folder / "data")
        yield stack.enter_context(serving(app)).url
        app.close()


@pytest.fixture(params=[True, False], ids=["script", "plain"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="en-GB", java_script_enabled=request.param)
    yield context.new_page()
    context.close()


@pytest.fixture
def scripted(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="en-GB")
    yield context.new_page()
    context.close()


def accept(page: Page, address: str) -> None:
    page.goto(f"{address}/article")
    page.locator("[data-bandeau=notice] [data-bandeau=accept-all]").click()
    expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "allowed")


def write(page: Page, text: str) -> None:
    page.get_by_label("Votre nom").fill("Zoé")
    page.get_by_label("Votre commentaire").fill(text)
    page.get_by_role("button", name="Publier le commentaire").click()
    expect(page).to_have_url(re.compile("#comment-"))


def refuse(page: Page, address: str) -> None:
    page.goto(f"{address}/.bandeau/panel?lang=en&return=/article")
    page.locator("main [data-bandeau=refuse-all]").click()
    expect(page).to_have_url(f"{address}/article")


def test_a_reader_edits_and_downloads_what_was_written(page: Page, address: str) -> None:
    accept(page, address)
    write(page, "Premier jet")
    page.get_by_role("link", name="Mes commentaires").last.click()
    page.goto(f"{address}{MINE}?lang=en")
    expect(page.get_by_role("heading", level=1)).to_have_text("My comments")
    page.get_by_text("Edit", exact=True).click()
    page.get_by_label("Your comment").fill("Texte **revu**")
    page.get_by_role("button", name="Save the new text").click()
    expect(page.locator("main [role=status]")).to_have_text("The new text is saved.")
    expect(page.locator(".said strong")).to_have_text("revu")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download all that is kept of them").click()
    kept = json.loads(download.value.path().read_text("utf-8"))["comments"]
    assert [each["text"] for each in kept] == ["Texte **revu**"]
    expect(page.get_by_role("link", name="/article")).to_have_attribute("href", re.compile("#"))
    page.goto(f"{address}/article?again")
    expect(page.get_by_role("article").filter(has_text="Texte revu").first).to_contain_text(
        "modifié"
    )


def test_withdrawing_takes_the_comments_back_in_one_step(page: Page, address: str) -> None:
    accept(page, address)
    write(page, "Avant le retrait")
    refuse(page, address)
    expect(page.get_by_text("Avant le retrait")).to_be_visible()
    section = page.locator("[data-bandeau=comments]")
    section.get_by_role("button", name="Effacer", exact=True).click()
    expect(page.locator("main [role=status]")).to_have_text("Effacé définitivement.")
    page.goto(f"{address}/article?again")
    expect(page.get_by_text("Avant le retrait")).to_have_count(0)


def test_a_tab_that_locks_offers_it_at_once(scripted: Page, address: str) -> None:
    accept(scripted, address)
    write(scripted, "Dans un onglet ouvert")
    other = scripted.context.new_page()
    refuse(other, address)
    scripted.get_by_role("button", name="Garder sans mon nom", exact=True).click()
    expect(scripted.locator("main [role=status]")).to_have_text("Votre nom a été retiré.")
    scripted.goto(f"{address}/article?again")  # the site lets browsers keep the page for a minute
    article = scripted.get_by_role("article").filter(has_text="Dans un onglet ouvert")
    expect(article.get_by_text("Un lecteur", exact=True)).to_be_visible()


def test_erasing_the_record_asks_what_becomes_of_comments(page: Page, address: str) -> None:
    accept(page, address)
    write(page, "Avec mon dossier")
    page.goto(f"{address}/.bandeau/record/erase?lang=en")
    page.get_by_role("button", name="Erase my record").click()
    expect(page).to_have_url(re.compile("/record/erase"))  # the question wants an answer
    page.get_by_role("group", name="Your comments").get_by_label("Erase them").check()
    page.get_by_role("button", name="Erase my record").click()
    expect(page.get_by_text("Your record is erased")).to_be_visible()
    page.goto(f"{address}/article?again")
    expect(page.get_by_role("heading", name="Commentaires", exact=True)).to_be_visible()
    expect(page.get_by_text("Avec mon dossier")).to_have_count(0)


@pytest.mark.parametrize(
    ("lang", "width", "scheme"),
    [("en", 1280, "light"), ("en", 320, "dark"), ("ar", 320, "light"), ("ru", 1280, "dark")],
)
def test_every_look_is_accessible_and_fits(
    chromium: Browser, address: str, lang: str, width: int, scheme: str
) -> None:
    context = chromium.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,  # type: ignore[arg-type]
        bypass_csp=True,
    )
    tab = context.new_page()
    accept(tab, address)
    write(tab, "https://example.test/" + "long" * 60 + "\n\n> مرحبا\n\n```\n" + "x" * 200)
    for path in (MINE, "/.bandeau/record/erase"):
        tab.goto(f"{address}{path}?lang={lang}")
        for details in tab.locator("main summary").all():
            details.click()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(tab)
        assert found.violations_count == 0, found.generate_report()
    context.close()
