"""What the auditor's terminal sees of a page that does one of everything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from watched_site import COOKIES, Site, watched_site

from bandeau.audit.evidence import Device, Kind, Read, Request, Setting, Write
from bandeau.robot.browser import BrowserOptions, open_browser

pytestmark = [pytest.mark.browser, pytest.mark.anyio]

PAGE, STATS, WIDGET = (
    "https://site.test/",
    "https://stats.test/stats.js",
    "https://social.test/widget",
)
CAUSES = {
    "inline": PAGE,
    "_stats": STATS,
    "socjs": WIDGET,
    "stored": PAGE,
    "evald": PAGE,
    "realm": PAGE,
}
READS = {
    ("document.cookie", "", STATS),
    ("Storage.getItem", "by-method", PAGE),
    ("indexedDB.open", "base", PAGE),
    ("indexedDB.open", "worker-base", "https://site.test/worker.js"),
    ("caches.open", "store-1", PAGE),
    ("cookieStore.get", "stored", PAGE),
    ("canvas.toDataURL", "", PAGE),
    ("canvas.toDataURL", "image/png", WIDGET),
    ("userAgentData", "", PAGE),
    ("document.fonts.check", "12px Arial", PAGE),
    ("measureText", "wide", PAGE),
}
# How each request came about: its kind, the script or document that led to it, what was sent.
REQUESTS = {
    (STATS, "script", PAGE, ""),
    ("https://ads.test/pixel", "image", PAGE, ""),
    ("https://sync.test/sync", "image", "https://ads.test/pixel", ""),
    ("https://metrics.site.test/p.gif", "image", PAGE, ""),
    ("https://stats.test/i.gif", "image", STATS, ""),
    ("https://stats.test/css.gif", "image", "https://site.test/style.css", ""),
    ("https://stats.test/beacon", "ping", STATS, "beacon body"),
    ("https://stats.test/later", "fetch", STATS, "late body"),
    ("wss://stats.test/socket", "websocket", STATS, "over the socket"),
    (WIDGET, "document", PAGE, ""),
    ("https://site.test/from-worker", "fetch", "https://site.test/worker.js", ""),
    ("https://site.test/from-sw", "fetch", "https://site.test/sw.js", ""),
}
KEPT = {
    (Kind.LOCAL, "https://site.test", "by-method", "m", ""),
    (Kind.LOCAL, "https://site.test", "byProperty", "p", ""),
    (Kind.LOCAL, "https://social.test", "social-key", "1", "https://site.test"),
    (Kind.SESSION, "https://site.test", "in-session", "s", ""),
    (Kind.INDEXED, "https://site.test", "base", "", ""),
    (Kind.INDEXED, "https://site.test", "worker-base", "", ""),
    (Kind.CACHE, "https://site.test", "store-1", "", ""),
    (Kind.WORKER, "https://site.test", "/", "https://site.test/sw.js", ""),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with watched_site(tmp_path_factory.mktemp("site")) as site:
        yield site


def _options(site: Site, chromium: str) -> BrowserOptions:
    return BrowserOptions(chromium, resolve=site.rules)


def _requests(requests: list[Request]) -> set[tuple[str, str, str, str]]:
    return {(r.url.partition("?")[0], r.kind, r.cause.url, r.body) for r in requests}


def _scripted(writes: list[Write]) -> dict[str, str]:
    return {
        write.name: write.cause.url
        for write in writes
        if write.kind is Kind.COOKIE and write.means == "script"
    }


def _reads(reads: list[Read]) -> set[tuple[str, str, str]]:
    return {(read.api, read.detail, read.cause.url) for read in reads}


async def test_one_of_everything_is_seen_with_its_cause(site: Site, chromium_path: str) -> None:
    options = _options(site, chromium_path)
    seen = []
    async with open_browser(options) as browser:
        for _ in range(3):
            async with browser.terminal(Setting()) as terminal:
                loaded = await terminal.tab.goto(PAGE)
                assert (loaded.status, loaded.failure) == (200, "")
                seen.append((await terminal.recorder.cut(), await terminal.recorder.snapshot()))
                assert terminal.recorder.gaps() == ()
    for (requests, writes, reads), (cookies, kept) in seen:
        assert {cookie.name for cookie in cookies} == COOKIES
        assert _scripted(writes) == CAUSES
        assert {(k.kind, k.origin, k.key, k.value, k.partition) for k in kept} == KEPT
        assert _requests(requests) >= REQUESTS
        assert _reads(reads) >= READS
    # The same on each visit; a browser asks for the icon when it likes.
    alike = {
        frozenset(each for each in _requests(requests) if "favicon" not in each[0])
        for (requests, _, _), _ in seen
    }
    assert len(alike) == 1
    assert len({frozenset(_reads(reads)) for (_, _, reads), _ in seen}) == 1


async def test_set_cookie_lines_and_where_they_came_from(site: Site, chromium_path: str) -> None:
    async with (
        open_browser(_options(site, chromium_path)) as browser,
        browser.terminal(Setting()) as terminal,
    ):
        await terminal.tab.goto(PAGE)
        requests, writes, _ = await terminal.recorder.cut()
        urls = {request.id: request.url for request in requests}
        lines = {write.name: write for write in writes if write.means == "header"}
        await terminal.tab.goto("https://site.test/second")
        later, _, _ = await terminal.recorder.cut()
    assert {name: urls[str(write.request)] for name, write in lines.items()} == {
        "session": PAGE,
        "plain": PAGE,
        "ad": "https://ads.test/pixel",
        "hop": "https://ads.test/pixel",
        "sync": "https://sync.test/sync",
        "cname": "https://metrics.site.test/p.gif",
        "bad": "https://metrics.site.test/p.gif",
        "soc": WIDGET,
    }
    assert (lines["plain"].lifetime, lines["session"].lifetime) == (86400, None)
    assert (lines["cname"].domain, lines["cname"].blocked) == (".site.test", "")
    assert (lines["bad"].domain, lines["bad"].blocked) == (".other.test", "InvalidDomain")
    pixel, sync = (next(r for r in requests if name in r.url) for name in ("pixel", "/sync"))
    assert (pixel.status, sync.redirected_from) == (302, pixel.id)
    sent = {cookie.name for r in later if r.kind == "document" for cookie in r.cookies}
    assert sent == COOKIES - {"ad", "hop", "sync", "soc", "socjs"}


async def test_third_party_cookies_held_back_are_attempts(site: Site, chromium_path: str) -> None:
    setting = Setting(third_party_cookies=False)
    async with (
        open_browser(_options(site, chromium_path)) as browser,
        browser.terminal(setting) as terminal,
    ):
        await terminal.tab.goto(PAGE)
        _, writes, _ = await terminal.recorder.cut()
        cookies, _ = await terminal.recorder.snapshot()
    assert {cookie.name for cookie in cookies} == COOKIES - {"ad", "hop", "sync", "soc", "socjs"}
    refused = {write.name for write in writes if write.blocked == "UserPreferences"}
    assert refused == {"ad", "hop", "sync", "soc"}


@pytest.mark.parametrize("device", list(Device))
async def test_a_suspicious_page_finds_nothing(
    site: Site, chromium_path: str, device: Device
) -> None:
    site.found.clear()
    async with (
        open_browser(_options(site, chromium_path)) as browser,
        browser.terminal(Setting(device=device, language="fr")) as terminal,
    ):
        await terminal.tab.goto("https://site.test/suspicious")
        world = (await terminal.tab.worlds())[0]
        assert await world.evaluate("() => navigator.language") == "fr"
    assert site.found == ["[]"]
    agents = {headers["user-agent"] for _, path, headers in site.asked if path == "/suspicious"}
    assert not any("Headless" in agent for agent in agents)
