"""Pages that try to stop, crash or escape the auditor: each ends in a value, within its limit."""

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
from watched_site import ANSWERS, Site, watched_site

from bandeau import limits
from bandeau.audit.evidence import Setting
from bandeau.robot.browser import BrowserOptions, open_browser
from tests.zoo.hostile import Hostile
from tests.zoo.server import serving

pytestmark = [pytest.mark.browser, pytest.mark.anyio]

HOSTILE = {
    "/dialogs": "<script>while (true) alert('again')</script>",
    "/leaving": "<script>onbeforeunload = (e) => { e.preventDefault(); return 'stay'; }</script>",
    "/round": "<script>location.replace('/round?' + Math.random())</script>",
    "/busy": "<script>setTimeout(() => { while (true); }, 50)</script>",
    "/stops": "<script>setInterval(() => { for (let i = 0; i < 50; i++) debugger; }, 1)</script>",
    "/popups": "<script>for (let i = 0; i < 5; i++) open('https://popup.test/' + i)</script>",
    "/shut": "<script>setTimeout(() => { open('', '_self'); close(); }, 50)</script>",
    "/inward": "<img src='https://127.0.0.1/secret'><img src='http://localhost:8080/secret'>"
    "<script>new WebSocket('ws://[::1]:8080/secret'); fetch('http://169.254.169.254/')</script>",
    "/file": "<iframe src='file:///etc/passwd'></iframe><script>print()</script>",
}


@pytest.fixture
def site(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    for path, text in HOSTILE.items():
        html = f"<!doctype html><title>x</title>{text}"
        monkeypatch.setitem(ANSWERS, ("site.test", path), (200, "text/html", html, (), ""))
    to = "https://site.test/endless"
    monkeypatch.setitem(ANSWERS, ("site.test", "/endless"), (302, "text/html", "", (), to))
    monkeypatch.setattr(limits, "AUDIT_NAVIGATION_SECONDS", 5)
    with watched_site(tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder whose path leaves room for a socket's."""
    with tempfile.TemporaryDirectory(prefix="b", dir="/tmp") as folder:
        yield Path(folder)


async def test_every_page_ends_and_the_next_is_visited(site: Site, chromium_path: str) -> None:
    failures = {}
    async with (
        open_browser(BrowserOptions(chromium_path, site.rules)) as browser,
        browser.terminal(Setting()) as terminal,
    ):
        tab = terminal.tab
        for path in (*HOSTILE, "/endless"):
            loaded = await tab.goto(f"https://site.test{path}", settle=2)
            failures[path] = loaded.failure
        refused = await tab.goto("file:///etc/passwd")
        requests, _, _ = await terminal.recorder.cut()
        after = await tab.goto("https://site.test/second")
    assert failures["/file"] == ""
    assert (after.status, after.failure) == (200, "")
    assert failures["/endless"] == "net::ERR_TOO_MANY_REDIRECTS"
    assert failures["/dialogs"] == "the page opened one dialog after another"
    assert refused.failure == "only http and https addresses are visited"
    assert not any(host == "popup.test" for host, _, _ in site.asked)
    inward = {r.url: r.failure for r in requests if "secret" in r.url or "169.254" in r.url}
    assert len(inward) == 4, inward
    assert not any(r.url.startswith("file:") for r in requests)
    assert all("private" in why for url, why in inward.items() if not url.startswith("ws")), inward


async def test_a_page_that_looks_for_a_robot_finds_none(chromium_path: str) -> None:
    corner = Hostile()
    with serving(corner) as trapped:
        rules = f"MAP *.test 127.0.0.1:{trapped.port}"
        async with (
            open_browser(BrowserOptions(chromium_path, rules)) as browser,
            browser.terminal(Setting()) as terminal,
        ):
            await terminal.tab.goto("https://detect.trap.test/")
    (found,) = corner.told
    agent = found["agent"]
    assert not found["webdriver"] and not found["freshdriver"] and "Headless" not in agent
    assert found["aside"] == [agent, None]
    assert not found["inspected"] and not found["automation"]
    assert set(found["stack"]) == {"https://detect.trap.test/"}
    natives = [found[each] for each in ("cookie", "item", "canvas", "fetch")]
    assert all("[native code]" in each for each in (*natives, *found["realm"])), found


async def test_the_browser_ends_with_its_parent_and_its_profile_is_swept(
    chromium_path: str, short_folder: Path
) -> None:
    script = (
        "import asyncio\n"
        "from bandeau.robot.browser import *\n"
        "from bandeau.audit.evidence import Setting\n"
        "async def main():\n"
        f"    async with open_browser(BrowserOptions({chromium_path!r})) as browser:\n"
        "        async with browser.terminal(Setting()):\n"
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
        parent.send_signal(signal.SIGKILL)
    while _with(str(profile)):
        await asyncio.sleep(0.1)
    assert profile.exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(short_folder))
        async with open_browser(BrowserOptions(chromium_path)):
            assert not profile.exists()


def _with(argument: str) -> bool:
    """Whether any process has ``argument`` on its command line."""
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if argument.encode() in line.read_bytes():
                return True
        except OSError:
            continue
    return False
