"""The newspaper and its third parties in Chromium, with nothing between them."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from bandeau.demo import stories
from bandeau.demo.addresses import Addresses

pytestmark = pytest.mark.browser
COMPANIES = ("mouette", "bulles", "regie", "sextant")
PAGES = ["/", "/vie-privee", *(story.path for story in stories.STORIES)]


def expect_all_lit(board: Page) -> None:
    for company in COMPANIES:
        expect(board.locator(f".company.lit[data-company={company}]")).to_be_visible()


def read(page: Page, url: str) -> None:
    """Open an article and scroll through it, so that lazy frames load as well."""
    page.bring_to_front()
    page.goto(url)
    for _ in range(20):
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(20)


@pytest.mark.parametrize(
    "story", [s for s in stories.STORIES if s.lang == "fr"], ids=lambda story: story.path
)
def test_opening_an_article_lights_the_board_live(
    chromium: Browser, running: Addresses, story: stories.Story
) -> None:
    with chromium.new_context(locale="fr-FR") as context:
        board, paper = context.new_page(), context.new_page()
        board.goto(running.board)
        expect(board.locator(".company.dark")).to_have_count(4)
        read(paper, running.site + story.path)
        expect_all_lit(board)
        for company in COMPANIES:
            expect(board.locator(f"[data-company={company}] dd.path").first).to_have_text(
                story.path
            )


def test_without_third_party_cookies_readers_are_still_followed(
    chromium: Browser, running: Addresses
) -> None:
    with chromium.new_context(locale="fr-FR") as context:
        paper, board = context.new_page(), context.new_page()
        for story in stories.STORIES[:2]:
            read(paper, running.site + story.path)
        board.goto(running.board)
        sextant = board.locator("[data-company=sextant]")
        expect(sextant.locator("dl")).to_contain_text("Pages lues (2)")
        expect(sextant.locator(".tag-first-party")).to_be_visible()
        names = {cookie["name"] for cookie in context.cookies(running.site + "/articles/")}
        assert names == {
            "session", "audience", "_pub_id", "_pub_srv", "_pst_fp", "_mou_fp", "_sxt_fp",
        }  # fmt: skip
        kept = paper.evaluate("Object.keys(localStorage).sort()")
        assert kept == ["mouette:read", "pistil:profile", "pub:visitor", "sxt:visits"]


def test_with_third_party_cookies_they_are_set_and_read_back(
    lenient: BrowserContext, running: Addresses
) -> None:
    paper, board = lenient.new_page(), lenient.new_page()
    for story in stories.STORIES[:2]:
        read(paper, running.site + story.path)
    board.goto(running.board)
    for company in COMPANIES:
        expect(board.locator(f"[data-company={company}] .tag-cookie")).to_be_visible()
    names = {cookie["name"] for cookie in lenient.cookies()}
    assert names >= {"mouette_id", "bulles_id", "pistil_uid", "sextant_id"}


def test_forgetting_puts_the_eyes_out(chromium: Browser, running: Addresses) -> None:
    with chromium.new_context(locale="fr-FR") as context:
        paper, board = context.new_page(), context.new_page()
        read(paper, running.site + stories.CAR_MAKER.path)
        paper.close()
        board.goto(running.board)
        expect_all_lit(board)
        board.get_by_role("button", name="Oublier").click()
        expect(board.locator(".company.dark")).to_have_count(4)


def test_without_script_frames_and_pixels_still_learn(
    chromium: Browser, running: Addresses
) -> None:
    with chromium.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(running.site + stories.COUNCIL.path)
        expect(page.locator("h1")).to_be_visible()
        page.goto(running.board)
        expect(page.locator("[data-company=sextant] .detail").first).to_have_text("noscript")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_paper(chromium: Browser, running: Addresses, scheme: str) -> None:
    with chromium.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        for path in PAGES:
            page.goto(running.site + path)
            results = Axe().run(page)
            assert results.violations_count == 0, f"{path}\n{results.generate_report()}"


def test_axe_finds_nothing_backstage(chromium: Browser, running: Addresses) -> None:
    with chromium.new_context(locale="fr-FR", reduced_motion="reduce") as context:
        page = context.new_page()
        for _ in range(2):
            page.goto(running.board)
            results = Axe().run(page)
            assert results.violations_count == 0, results.generate_report()
            page.goto(running.site + stories.MUSEUM.path)


@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1600])
def test_no_page_scrolls_sideways(chromium: Browser, running: Addresses, width: int) -> None:
    with chromium.new_context(viewport={"width": width, "height": 800}) as context:
        page = context.new_page()
        for path in PAGES:
            page.goto(running.site + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        page.goto(running.board)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
