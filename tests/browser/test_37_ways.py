"""Every known way to reach a tracker, in Chromium: none works before a choice or after refusal."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from chromium import browsing
from firefox import Firefox, firefox
from leaking import (
    ALL_SOCKETS,
    ALL_WAYS,
    MORE_WAYS,
    SOCKETS,
    WAYS,
    Listening,
    leaking_site,
    listening,
    tracked_host,
)
from playwright.sync_api import BrowserContext, Playwright, sync_playwright
from serving import serving

from bandeau.app import gateway

pytestmark = pytest.mark.browser

POLICY = """
[site]
name = "Paper"
controller = "Paper SAS"
hosts = ["www.paper.test"]
privacy_policy = "/p"
languages = ["en"]
[purposes.advertising]
[[trackers]]
vendor = "Everyone"
purpose = "advertising"
hosts = ["tracker.test"]
"""


SECURE = ["--unsafely-treat-insecure-origin-as-secure=http://www.paper.test,http://bare.paper.test"]
UNKNOWN = {
    *("attribution", "fenced", "fetch-later", "portal", "svg-use", "stylesheet-header"),
    *("icon", "manifest", "report-uri", "long-frame"),
}
"""Ways that this browser does not know, or does not go without a window."""
NEVER = {"ours-frame", "service-worker"}
"""Ways that no choice opens: our own pages, and a worker that was there before the choice."""


@dataclass(frozen=True)
class World:
    """A browser before a site, which ``www`` serves through the gateway and ``bare`` without."""

    playwright: Playwright
    rules: str
    ports: dict[str, int]
    requests: Listening
    sockets: dict[str, Listening]

    def forget(self) -> None:
        for each in (self.requests, *self.sockets.values()):
            each.forget()

    def reached(self) -> set[str]:
        """The ways that led to a tracker since the last :meth:`forget`."""
        asked = {way for way in ALL_WAYS if tracked_host(way) in self.requests.asked}
        return asked | {way for way, each in self.sockets.items() if each.opened}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("ways")
    (folder / "policy.toml").write_text(POLICY, encoding="utf-8")
    with (
        serving(leaking_site()) as origin,
        serving(gateway(folder / "policy.toml", origin.url, folder / "data")) as front,
        listening() as requests,
        ExitStack() as listeners,
        sync_playwright() as playwright,
    ):
        sockets = {way: listeners.enter_context(listening()) for way in ALL_SOCKETS}
        mapped = {"www.paper.test": front.port, "bare.paper.test": origin.port}
        mapped |= {tracked_host(way): each.port for way, each in sockets.items()}
        ports = dict(mapped)
        mapped |= {"*.tracker.test": requests.port}
        rules = ",".join(f"MAP {host}:80 127.0.0.1:{port}" for host, port in mapped.items())
        yield World(playwright, f"{rules},MAP * ~NOTFOUND", ports, requests, sockets)


def _reached(world: World, context: BrowserContext, host: str, ways: Sequence[str]) -> set[str]:
    """Which of ``ways`` work on the pages of ``host``."""
    world.forget()
    pages = []
    for way in ways:
        page = context.new_page()
        page.goto(f"http://{host}/{way}", wait_until="commit")
        pages.append(page)
    pages[-1].wait_for_timeout(2_500)
    for page in context.pages[1:]:
        page.close()
    return world.reached()


def _choose(context: BrowserContext, action: str) -> None:
    page = context.new_page()
    page.goto("http://www.paper.test/none")
    page.evaluate(
        """action => fetch("/.bandeau/choice", {method: "POST",
        headers: {"content-type": "application/json"}, body: JSON.stringify({action})})""",
        action,
    )
    page.close()


def test_no_way_to_a_tracker_works_until_it_is_allowed(world: World, tmp_path: Path) -> None:
    with browsing(world.playwright, tmp_path / "profile", world.rules) as context:
        untouched = _reached(world, context, "bare.paper.test", WAYS)
        assert untouched == set(WAYS), "each way must lead there by itself, or it proves nothing"
        assert _reached(world, context, "www.paper.test", WAYS) == set()
        _choose(context, "refuse_all")
        assert _reached(world, context, "www.paper.test", WAYS) == set()
        _choose(context, "accept_all")
        assert _reached(world, context, "www.paper.test", WAYS) == untouched
        _choose(context, "refuse_all")
        assert _reached(world, context, "www.paper.test", WAYS) == set()


@pytest.mark.slow
def test_more_ways_that_this_browser_knows(world: World, tmp_path: Path) -> None:
    with browsing(world.playwright, tmp_path / "profile", world.rules, SECURE) as context:
        assert _reached(world, context, "www.paper.test", MORE_WAYS) == set()
        untouched = _reached(world, context, "bare.paper.test", MORE_WAYS)
        assert set(MORE_WAYS) - untouched <= UNKNOWN
        _choose(context, "accept_all")
        allowed = _reached(world, context, "www.paper.test", MORE_WAYS)
        assert untouched - allowed <= NEVER
        _choose(context, "refuse_all")
        assert _reached(world, context, "www.paper.test", MORE_WAYS) == set()


def test_no_pixel_is_fetched_where_scripts_are_off(world: World, tmp_path: Path) -> None:
    with browsing(
        world.playwright, tmp_path / "profile", world.rules, java_script_enabled=False
    ) as context:
        for host, fetched in (("bare", {"noscript.tracker.test"}), ("www", set[str]())):
            world.forget()
            page = context.new_page()
            page.goto(f"http://{host}.paper.test/noscript", wait_until="load")
            page.wait_for_timeout(500)
            page.close()
            assert world.requests.asked == fetched


FIREFOX_KNOWS_NOT = {"ping", *SOCKETS}
"""What it does not do by default, or what nobody sees of it behind a proxy."""


@pytest.mark.slow
def test_firefox_leaves_no_way_either(world: World, tmp_path: Path) -> None:
    proxies = world.ports | {".tracker.test": world.requests.port}
    with firefox(tmp_path / "profile", proxies=proxies) as browser:
        untouched = _reached_by_firefox(world, browser, "bare.paper.test")
        assert untouched == set(WAYS) - FIREFOX_KNOWS_NOT
        assert _reached_by_firefox(world, browser, "www.paper.test") == set()
        browser.open("http://www.paper.test/none")
        browser.run("""() => fetch("/.bandeau/choice", {method: "POST",
            headers: {"content-type": "application/json"},
            body: JSON.stringify({action: "refuse_all"})}).then(() => 1)""")
        assert _reached_by_firefox(world, browser, "www.paper.test") == set()


def _reached_by_firefox(world: World, browser: Firefox, host: str) -> set[str]:
    reached = set[str]()
    for first in range(0, len(WAYS), 8):
        world.forget()
        tabs = [browser.open_tab(f"http://{host}/{way}") for way in WAYS[first : first + 8]]
        time.sleep(4)
        for tab in tabs:
            browser.close(tab)
        reached |= world.reached()
    return reached
