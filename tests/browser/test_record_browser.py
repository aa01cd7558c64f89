"""A visitor's own record in a real browser, and a choice whose answer was lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import Bandeau

pytestmark = pytest.mark.browser
RECORD = "/.bandeau/record"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("record")
    (folder / "policy.toml").write_text(POLICY, "utf-8")
    with ExitStack() as stack:
        app = Bandeau(publisher(Seen()), policy=folder / "policy.toml", data=folder / "data")
        yield stack.enter_context(serving(app)).url
        app.close()


@pytest.fixture(params=[True, False], ids=["script", "plain"])
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(locale="en-GB", java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def test_a_visitor_reads_and_erases_the_record(page: Page, address: str) -> None:
    page.goto(f"{address}/nolang")
    page.locator("[data-bandeau=notice] [data-bandeau=accept-all]").click()
    expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "allowed")
    page.get_by_role("button", name="Change my choices").click()
    page.get_by_role("link", name="My record").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("My record")
    expect(page.get_by_text("Holds now")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the receipt").click()
    assert download.value.suggested_filename.startswith("receipt-")
    page.get_by_role("link", name="Erase my record").click()
    page.get_by_role("link", name="Keep it").click()
    expect(page.get_by_text("Holds now")).to_be_visible()
    page.get_by_role("link", name="Erase my record").click()
    page.get_by_role("button", name="Erase my record").click()
    expect(page.get_by_text("Your record is erased")).to_be_visible()
    page.goto(f"{address}/nolang")
    expect(page.locator("[data-bandeau=notice]")).to_be_visible()
    expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "undecided")


def test_a_choice_whose_answer_was_lost_is_sent_again_and_recorded_once(
    chromium: Browser, address: str
) -> None:
    context = chromium.new_context(locale="en-GB")
    page = context.new_page()
    sent: list[dict[str, str]] = []

    def lose_the_first(route: Route) -> None:
        request = route.request
        if request.method != "POST":
            route.continue_()
            return
        sent.append(request.post_data_json)
        if len(sent) > 1:
            route.continue_()
            return
        known = {"content-type": "application/json", "sec-fetch-site": "same-origin"}
        reached = httpx.post(request.url, content=request.post_data, headers=known)
        assert reached.status_code == 200
        route.abort()

    page.route("**/.bandeau/choice", lose_the_first)
    page.goto(f"{address}/nolang")
    page.locator("[data-bandeau=notice] [data-bandeau=refuse-all]").click()
    expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "refused")
    assert len(sent) == 2
    assert sent[0] == sent[1]
    page.goto(f"{address}{RECORD}?lang=en")
    expect(page.get_by_role("link", name="Download the receipt")).to_have_count(1)
    expect(page.get_by_role("link", name=sent[0]["id"])).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["fr", "ar"])
def test_axe_finds_nothing(chromium: Browser, address: str, lang: str, scheme: str) -> None:
    context = chromium.new_context(locale=lang, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{address}/nolang")
    page.locator("[data-bandeau=notice] [data-bandeau=accept-all]").click()
    expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "allowed")
    for path in (RECORD, f"{RECORD}/erase"):
        page.goto(f"{address}{path}?lang={lang}")
        expect(page.locator("h1")).to_be_visible()
        assert Axe().run(page).response["violations"] == []
    context.close()
