"""A reader's whole way through choice and comments by keys: Tab, Enter, Space, arrows, Escape."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau import limits
from bandeau.app import Bandeau

pytestmark = pytest.mark.browser
MOST_TABS = 150
THEIRS = '<a href="#" style="outline: none">A link of theirs</a>'
OWN = {"sec-fetch-site": "same-origin"}
FOCUSED = """() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    if (!at || at === document.body || at.tagName === "IFRAME") return null;
    const {outlineStyle, outlineWidth} = getComputedStyle(at), box = at.getBoundingClientRect();
    const named = at.getAttribute("aria-label") || at.labels?.[0]?.textContent || at.textContent;
    return {
        names: [named.trim(), at.title, at.dataset.bandeau, at.dataset.bandeauPurpose],
        seen: outlineStyle !== "none" && parseFloat(outlineWidth) > 0
            && box.width > 0 && box.bottom > 0 && box.top < innerHeight,
    };
}"""


@pytest.fixture
def page(chromium: Browser, tmp_path: Path) -> Iterator[Page]:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    with ExitStack() as stack:
        app = Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=tmp_path / "data")
        stack.callback(app.close)
        url = stack.enter_context(serving(app)).url
        context = chromium.new_context(locale="fr-FR", base_url=url)
        stack.callback(context.close)
        context.route(
            "https://*.test/**", lambda route: route.fulfill(body=THEIRS, content_type="text/html")
        )
        yield context.new_page()


def reach(page: Page, wanted: str, key: str = "Tab") -> None:
    """Press ``key`` until what has a name like ``wanted`` has the focus, seen at every step."""
    passed = []
    for _ in range(MOST_TABS):
        page.keyboard.press(key)
        at = page.evaluate(FOCUSED)
        if at is None:
            continue  # past the last of the page, or in a document of somebody else
        assert at["seen"], at
        if any(re.fullmatch(wanted, name) for name in at["names"] if name):
            return
        passed.append(at["names"][0])
    pytest.fail(f"{wanted} is not reached: {passed}")


def press(page: Page, wanted: str, key: str = "Enter") -> None:
    reach(page, wanted)
    page.keyboard.press(key)


def follow(page: Page, wanted: str, by: str = "Tab") -> None:
    """Press Enter on what leads to another page."""
    reach(page, wanted, by)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def write(page: Page, text: str) -> None:
    reach(page, "Votre nom.*")
    page.keyboard.type("Zoé")
    reach(page, "Votre commentaire")
    page.keyboard.type(text)
    follow(page, "Publier le commentaire")
    expect(page).to_have_url(re.compile("/article#comment-"))


def switch_social(page: Page) -> None:
    """The panel, by the band: Escape leaves it where one was, the switch takes Space."""
    change = page.locator("[data-bandeau=band]").get_by_role("button")
    press(page, "Modifier mes choix")
    reach(page, "social")
    page.keyboard.press("Escape")
    expect(change).to_be_focused()
    page.keyboard.press("Enter")
    press(page, "social", "Space")
    follow(page, "save")


def test_from_a_refusal_to_a_comment_and_back(page: Page) -> None:
    band, section = (page.locator(f"[data-bandeau={name}]") for name in ("band", "comments"))
    page.goto("/article")
    follow(page, "refuse-all")
    expect(band).to_have_attribute("data-state", "refused")
    expect(section).to_have_attribute("data-state", "locked")
    switch_social(page)
    expect(section).to_have_attribute("data-state", "open")

    write(page, "Premier jet")
    follow(page, "Répondre: Zoé")
    expect(page.get_by_text("En réponse à Zoé")).to_be_visible()
    write(page, "Ma réponse")
    follow(page, "Mes commentaires")
    press(page, "Modifier")
    reach(page, "Votre commentaire")
    page.keyboard.type("Revu. ")
    follow(page, "Enregistrer le nouveau texte")
    expect(page.locator("main [role=status]")).to_have_text("Le nouveau texte est enregistré.")
    with page.expect_download() as download:
        press(page, "Télécharger .*")
    assert "Revu. " in download.value.path().read_text("utf-8")

    page.goto("/article?again")
    follow(page, "Lien vers ce commentaire")
    expect(page).to_have_url(re.compile("/article#comment-"))
    follow(page, "Signaler: Zoé")
    reach(page, "Publicité ou spam")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Injure ou harcèlement")).to_be_checked()
    follow(page, "Envoyer le signalement")
    expect(page).to_have_url(re.compile("/comments/report/[A-Z2-7-]+"))

    page.goto("/article?later")
    switch_social(page)
    expect(section).to_have_attribute("data-state", "locked")
    follow(page, "Effacer")
    expect(page.locator("main [role=status]")).to_have_text("Effacé définitivement.")
    page.goto("/article?last")
    expect(section).to_be_visible()
    expect(page.get_by_text("Premier jet")).to_have_count(0)


def test_lists_are_sorted_and_paged(page: Page) -> None:
    page.goto("/.bandeau/comments?page=/long")
    with httpx.Client(base_url=page.url.partition("/.")[0], headers=OWN) as reader:
        reader.post("/.bandeau/choice", data={"action": "accept_all"})
        for number in range(limits.COMMENTS_PER_PAGE + 1):
            posted = {"page": "/long", "name": "Ada", "text": f"Numéro {number}."}
            assert reader.post("/.bandeau/comments", json=posted).status_code == 201
    page.reload()
    comments = page.get_by_role("article")
    expect(comments.first).to_contain_text(f"Numéro {limits.COMMENTS_PER_PAGE}.")
    follow(page, "Les plus anciens")
    expect(comments.first).to_contain_text("Numéro 0.")
    follow(page, "Plus de commentaires", by="Shift+Tab")
    expect(comments).to_have_count(1)
    expect(comments.first).to_contain_text(f"Numéro {limits.COMMENTS_PER_PAGE}.")


@pytest.mark.parametrize("granted", [True, False], ids=["open", "locked"])
def test_tabs_lead_through_the_whole_page_and_out_of_it(page: Page, granted: bool) -> None:
    page.goto("/article")
    follow(page, "accept-all" if granted else "refuse-all")
    section = page.locator("[data-bandeau=comments]")
    expect(section).to_have_attribute("data-state", "open" if granted else "locked")
    page.keyboard.press("Tab")
    first = page.evaluate(FOCUSED)["names"]
    for way in ("Tab", "Shift+Tab"):
        for _ in range(MOST_TABS):
            page.keyboard.press(way)
            at = page.evaluate(FOCUSED)
            assert at is None or at["seen"], at
            if at and at["names"] == first:
                break
        else:
            pytest.fail(f"{way} does not come around")
