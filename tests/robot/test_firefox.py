"""What the auditor's Firefox sees of a page that does one of everything, and what it never does."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from watched_site import ANSWERS, COOKIES, Site, watched_site

from bandeau.audit.evidence import Device, Kind, Setting
from bandeau.audit.verdicts.uses import left
from bandeau.robot.browser import BrowserOptions
from bandeau.robot.browsers import open_browsers
from bandeau.robot.firefox import GAPS

pytestmark = [pytest.mark.browser, pytest.mark.anyio]

PAGE, TOP = "https://site.test/", "https://site.test"
APART = {"ad", "hop", "sync", "soc", "socjs"}
# Kind, whether a redirect led there, and what was sent.
REQUESTS = {
    ("https://stats.test/stats.js", "script", "", ""),
    ("https://ads.test/pixel", "image", "", ""),
    ("https://sync.test/sync", "image", "https://ads.test/pixel", ""),
    ("https://stats.test/i.gif", "image", "", ""),
    ("https://stats.test/css.gif", "image", "", ""),
    ("https://stats.test/beacon", "ping", "", "beacon body"),
    ("https://stats.test/later", "fetch", "", "late body"),
    ("wss://stats.test/socket", "websocket", "", ""),
    ("https://social.test/widget", "document", "", ""),
    ("https://site.test/from-worker", "fetch", "", ""),
}
KEPT = {
    (Kind.LOCAL, TOP, "by-method", "m", ""),
    (Kind.LOCAL, TOP, "byProperty", "p", ""),
    (Kind.LOCAL, "https://social.test", "social-key", "1", TOP),
    (Kind.SESSION, TOP, "in-session", "s", ""),
    (Kind.INDEXED, TOP, "base", "", ""),
    (Kind.CACHE, TOP, "store-1", "", ""),
    (Kind.WORKER, TOP, "/", "https://site.test/sw.js", ""),
}
INWARD = """<img src='https://127.0.0.1/secret'><img src='http://localhost:8080/secret'>
<script>new WebSocket('ws://127.0.0.2:8080/secret')</script>"""
POLICED = """<meta http-equiv=content-security-policy content="connect-src https://ads.test">
<script>const stop = () => { document.title = "stopped"; };
fetch('https://ads.test/pixel', {mode: 'no-cors'}).catch(stop)</script>"""
NARROW = "<meta name=viewport content='width=device-width'><p>Narrow."
PRIVATE = {"127.0.0.1", "127.0.0.2", "localhost", "10.0.0.1"}


@pytest.fixture
def site(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    for path, text in (("/inward", INWARD), ("/policed", POLICED), ("/narrow", NARROW)):
        monkeypatch.setitem(ANSWERS, ("site.test", path), (200, "text/html", text, (), ""))
    with watched_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="b", dir="/tmp") as folder:
        yield Path(folder)


async def test_one_of_everything_is_seen_and_nothing_of_the_browsers_own(site: Site) -> None:
    setting = Setting(browser="firefox", language="fr", signal=True)
    async with (
        open_browsers(BrowserOptions(resolve=site.rules)) as browsers,
        browsers.terminal(setting) as terminal,
    ):
        assert browsers.name.startswith("Firefox 1")
        assert terminal.recorder.hosts() == ()
        loaded = await terminal.tab.goto(PAGE)
        assert (loaded.status, loaded.failure) == (200, "")
        cookies, kept = await terminal.recorder.snapshot()
        requests, writes, reads = await terminal.recorder.cut()
        worn = "[navigator.language, navigator.webdriver, navigator.globalPrivacyControl].join()"
        assert await terminal.tab.said(worn) == "fr,false,true"
        inward = await terminal.tab.goto("https://site.test/inward")
        refused, _, _ = await terminal.recorder.cut()
        later, frames = await terminal.recorder.snapshot()
        await terminal.tab.goto("https://site.test/policed")
        while await terminal.tab.said("document.title") != "stopped":
            await asyncio.sleep(0.05)
        policed, _, _ = await terminal.recorder.cut()
        gone = await terminal.tab.goto("https://10.0.0.1/")
        hosts = {seen.host for seen in terminal.recorder.hosts()}
        assert terminal.recorder.gaps() == GAPS
    # A cookie that is set before anybody chose, and the site that it is kept apart for.
    assert {cookie.name for cookie in cookies} == COOKIES
    assert {cookie.name for cookie in cookies if cookie.partition == TOP} == APART
    assert {cookie.name for cookie in cookies if cookie.http_only} == {"session", "ad", "sync"}
    assert {(k.kind, k.origin, k.key, k.value, k.partition) for k in kept} >= KEPT
    assert set(later) >= set(cookies) and set(frames) >= set(kept)
    urls = {request.id: request.url for request in requests}
    assert {
        (r.url.partition("?")[0], r.kind, urls.get(r.redirected_from or "", ""), r.body)
        for r in requests
    } >= REQUESTS
    page = next(r for r in requests if r.url == PAGE)
    assert {("Accept-Language", "fr"), ("Sec-GPC", "1")} <= set(page.headers)
    second = next(r for r in refused if r.url.endswith("/inward"))
    assert {s.domain for s in second.cookies if s.name == "cname"} == {".site.test"}
    lines = {write.name: write for write in writes}
    assert (lines["plain"].lifetime, lines["session"].lifetime) == (86400, None)
    assert (lines["bad"].blocked, lines["ad"].blocked, reads) == ("InvalidDomain", "", [])
    # Whatever a page asks for, private addresses are not connected to; the browser asks nobody.
    assert inward.status == 200
    why = {r.url: r.failure for r in refused if "secret" in r.url}
    assert len(why) == 3 and all("private" in told for told in why.values()), why
    assert "private" in gone.failure
    # A redirect that the page's own policy stops never left, whether Firefox tells of it or not.
    assert [r.status for r in policed if r.url == "https://ads.test/pixel"] == [302]
    assert not [r for r in policed if r.url.startswith("https://sync.test/") and left(r)]
    assert hosts <= {host for host, _ in ANSWERS} | PRIVATE


async def test_a_phone_lays_out_as_the_page_asks(site: Site) -> None:
    setting = Setting(device=Device.PHONE, browser="firefox")
    size = "[innerWidth, innerHeight].join()"
    finger = "matchMedia('(pointer: coarse) and (hover: none)').matches"
    touch = f"'ontouchstart' in window && navigator.maxTouchPoints > 0 && {finger}"
    async with (
        open_browsers(BrowserOptions(resolve=site.rules)) as browsers,
        browsers.terminal(setting) as terminal,
    ):
        await terminal.tab.goto("https://site.test/narrow")
        assert await terminal.tab.said(size) == "390,844"
        assert await terminal.tab.said(f"String({touch})") == "true"
        await terminal.tab.sized(320, 256)
        assert await terminal.tab.said(size) == "320,256"
        # A page that asks for nothing is laid out as wide as for a desk, and answers still.
        await terminal.tab.goto("https://site.test/inward")
        await terminal.tab.sized()
        assert (await terminal.tab.said(size)).startswith("980,")


async def test_browser_and_profile_end_with_a_killed_parent(short_folder: Path) -> None:
    script = (
        "import asyncio\n"
        "from bandeau.robot.browser import BrowserOptions\n"
        "from bandeau.robot.browsers import open_browsers\n"
        "from bandeau.audit.evidence import Setting\n"
        "async def main():\n"
        "    async with open_browsers(BrowserOptions()) as browsers:\n"
        "        async with browsers.terminal(Setting(browser='firefox')):\n"
        "            print('open', flush=True)\n"
        "            await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    environment = {**os.environ, "TMPDIR": str(short_folder)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None and parent.stdout.readline() == b"open\n"
        profile = next(short_folder.glob("bandeau-robot-*"))
        assert _with(str(profile))
        parent.send_signal(signal.SIGKILL)
    while _with(str(profile)) or profile.exists():
        await asyncio.sleep(0.1)
    assert list(short_folder.iterdir()) == []


def _with(argument: str) -> bool:
    """Whether any process has ``argument`` on its command line."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if argument.encode() in line.read_bytes():
                return True
        except OSError:
            continue
    return False
