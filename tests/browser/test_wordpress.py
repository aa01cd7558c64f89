"""A real WordPress behind the gateway: readers are held to their choice, editors can work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from chromium import browsing
from playwright.sync_api import BrowserContext, Page, Playwright, Response, expect, sync_playwright
from serving import serving
from tracking import Contacts, tracking
from wordpress import HOST, PASSWORD, USER, wordpress

from bandeau.app import gateway

pytestmark = [pytest.mark.browser, pytest.mark.slow]

POLICY = Path(__file__).parents[2] / "examples" / "wordpress.toml"
CONTENT = """<p>What the story says.</p>
<iframe src="https://www.youtube.test/embed/1" width="560" height="315"></iframe>
<script src="https://ads.test/a.js"></script>
<img src="https://undeclared.test/pixel.gif" alt="">
<noscript><img src="https://ads.test/pixel.gif" alt=""></noscript>"""


@dataclass(frozen=True)
class World:
    playwright: Playwright
    story: str
    rules: str
    bare_rules: str
    contacts: Contacts


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("wordpress")
    with (
        wordpress(folder, CONTENT) as (site, number),
        tracking(folder) as trackers,
        serving(gateway(POLICY, site, folder / "data")) as front,
        sync_playwright() as playwright,
    ):
        others = f"MAP *:443 127.0.0.1:{trackers.https},MAP *:80 127.0.0.1:{trackers.http}"
        yield World(
            playwright,
            f"http://{HOST}/?p={number}",
            f"MAP {HOST}:80 127.0.0.1:{front.port},{others}",
            f"MAP {HOST}:80 127.0.0.1:{site.rsplit(':', 1)[1]},{others}",
            trackers.contacts,
        )


def _open(context: BrowserContext, url: str) -> Page:
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    return page


def _press(page: Page, name: str) -> None:
    page.locator(f"[data-bandeau=notice] [data-bandeau={name}]").click()
    expect(page.locator("[data-bandeau=notice]")).to_have_count(0)
    page.wait_for_load_state("networkidle")


def _contacted(world: World) -> set[str]:
    """Third parties; what the browser itself asks its maker is no page's doing."""
    return {host for host in world.contacts.hosts if host.endswith(".test")}


def test_readers_are_held_to_their_choice(world: World, tmp_path: Path) -> None:
    with browsing(world.playwright, tmp_path / "bare", world.bare_rules) as context:
        untouched = _open(context, world.story).locator("main").inner_text()
        assert {"www.youtube.test", "ads.test", "undeclared.test"} <= _contacted(world)
    with browsing(world.playwright, tmp_path / "profile", world.rules) as context:
        world.contacts.forget()
        failed: list[Response] = []
        context.on("response", lambda answer: failed.append(answer) if not answer.ok else None)
        page = _open(context, world.story)
        shown = page.locator("main").inner_text()
        assert [line for line in untouched.splitlines() if line not in shown] == []
        _press(page, "refuse-all")
        expect(page.locator("[data-bandeau=placeholder]")).to_be_visible()
        assert _contacted(world) == set()
        assert [answer.url for answer in failed if answer.status != 303] == []
        page.locator("[data-bandeau=band] button").click()
        page.locator("[data-bandeau=panel] [data-bandeau=accept-all]").click()
        expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "allowed")
        page.wait_for_load_state("networkidle")
        # The frame may load what it wants: it is the vendor's own page.
        assert _contacted(world) == {"www.youtube.test", "ads.test", "second-hop.test"}


def test_editors_can_log_in_and_work(world: World, tmp_path: Path) -> None:
    with browsing(world.playwright, tmp_path / "profile", world.rules) as context:
        world.contacts.forget()
        page = _open(context, f"http://{HOST}/wp-login.php")
        _press(page, "refuse-all")
        page.fill("#user_login", USER)
        page.fill("#user_pass", PASSWORD)
        with page.expect_navigation(wait_until="networkidle"):
            page.click("#wp-submit")
        expect(page.locator("#wpadminbar")).to_contain_text(USER)
        expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "refused")
        page.goto(f"http://{HOST}/wp-admin/post-new.php", wait_until="networkidle")
        expect(page.locator(".edit-post-visual-editor")).to_be_visible()
        names = {cookie["name"].rstrip("0123456789abcdef") for cookie in context.cookies()}
        assert "wordpress_logged_in_" in names
        assert _contacted(world) == set()
