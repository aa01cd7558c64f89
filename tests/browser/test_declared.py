"""A tag manager on the publisher's own paths and a vendor's inline snippet, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from chromium import browsing
from playwright.sync_api import BrowserContext, Page, sync_playwright
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import Bandeau

pytestmark = pytest.mark.browser

PAGE = "http://www.quotidien.test/tagged"
LATER = """() => Promise.all([
    fetch("/tags/more.js?late").then(answer => answer.status),
    fetch("/%74ags/x/../more.js").then(answer => answer.status),
    new Promise(done => Object.assign(new Image(), {src: "/collect?late", onerror: done})),
    navigator.sendBeacon("/collect", "late"),
])"""


@dataclass
class Site:
    """A browser before the site, and what reached it."""

    context: BrowserContext
    seen: Seen
    shared: bool

    def visit(self) -> tuple[Page, list[str], set[str]]:
        """The page, the scripts that ran in it in order, and the tracked paths that it reached."""
        self.seen.requests.clear()
        page = self.context.new_page()
        page.goto(PAGE)
        page.wait_for_load_state("networkidle")
        return page, page.evaluate("ran"), self.reached()

    def reached(self) -> set[str]:
        paths = {request["path"] for request in self.seen.requests}
        return {path for path in paths if path.startswith(("/tags/", "/collect"))}


@pytest.fixture(params=[False, True], ids=["page for each", "shared page"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("declared")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    seen = Seen()
    shared, policy = request.param, folder / "policy.toml"
    app = Bandeau(publisher(seen), policy=policy, data=folder / "data", shared_page=shared)
    with serving(app) as address, sync_playwright() as playwright:
        rules = f"MAP www.quotidien.test:80 127.0.0.1:{address.port},MAP * ~NOTFOUND"
        with browsing(playwright, folder / "profile", rules) as context:
            context.add_init_script("window.ran = []")
            yield Site(context, seen, shared)


def choose(page: Page, action: str) -> None:
    page.evaluate(
        """action => fetch("/.bandeau/choice", {method: "POST",
        headers: {"content-type": "application/json"}, body: JSON.stringify({action})})""",
        action,
    )


def test_nothing_of_a_proxied_vendor_runs_or_is_reached_unless_allowed(site: Site) -> None:
    page, ran, reached = site.visit()
    assert (ran, reached) == (["own", "last"], set())
    assert "Example Ads" in page.locator("[data-bandeau=placeholder] .embed").inner_text()
    assert not page.locator("iframe").is_visible()
    choose(page, "refuse_all")
    assert site.visit()[1:] == (["own", "last"], set())
    choose(page, "accept_all")
    open_tab, ran, reached = site.visit()
    # On a page for everyone what wakes runs after the rest, in its own order.
    own, vendor = ["own", "last"], ["init", "tag"]
    assert ran == (own + vendor if site.shared else ["own", *vendor, "last"])
    assert reached == {"/tags/t.js", "/tags/p.gif", "/tags/frame", "/collect"}
    choose(page, "refuse_all")
    site.seen.requests.clear()
    statuses = open_tab.evaluate(LATER)[:2]
    assert (statuses, site.reached()) == ([403, 403], set())
    assert site.visit()[1:] == (["own", "last"], set())
