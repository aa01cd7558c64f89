"""One browser for several sites: what one of them left is not there for the next."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from watched_site import ANSWERS, Site, watched_site

from bandeau import limits
from bandeau.audit.evidence import Setting
from bandeau.robot.browser import Browser, BrowserOptions
from bandeau.robot.warm import warm_browser

pytestmark = [pytest.mark.browser, pytest.mark.anyio]

# Each says what it finds, and then leaves one of everything that a browser keeps.
_LEAVES = """<script>(async () => {
  const found = [document.cookie, ...Object.keys(localStorage), window.name, history.length,
    ...(await indexedDB.databases()).map((each) => each.name), ...(await caches.keys()),
    (await navigator.serviceWorker.getRegistrations()).length,
    (await navigator.storage.estimate()).usage,
    await new Promise((done) => {
      const worker = new SharedWorker("https://%(host)s/count.js");
      worker.port.onmessage = (told) => done(told.data);
    })];
  document.cookie = "left=1; path=/; max-age=3600; SameSite=None; Secure";
  localStorage.left = "1";
  window.name = "left";
  await new Promise((done) => { indexedDB.open("left", 1).onsuccess = done; });
  await (await caches.open("left")).put("/left", new Response("left"));
  await navigator.serviceWorker.register("/sw.js");
  await fetch("/found", {method: "POST", body: location.host + " " + JSON.stringify(found)});
})()</script>"""
_PAGE = (
    """<!doctype html><title>%(host)s</title>
<iframe src="https://vendor.test/frame"></iframe>"""
    + _LEAVES
)
_COUNT = "let told = 0; self.onconnect = (asked) => asked.ports[0].postMessage(++told);"
# Its own cookie of just now, no name, two entries of the window, nothing kept, the first to ask.
_NOTHING = '["%s","",2,0,0,1]'


@pytest.fixture
def site(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Site]:
    for host, path, text in (
        ("one.test", "/", _PAGE),
        ("two.test", "/", _PAGE),
        ("vendor.test", "/frame", '<!doctype html><img src="/kept.gif">' + _LEAVES),
    ):
        answer = (
            200,
            "text/html",
            text % {"host": host},
            (f"seen={host}; Secure; SameSite=None",),
            "",
        )
        monkeypatch.setitem(ANSWERS, (host, path), answer)
        for script, code in (("/count.js", _COUNT), ("/sw.js", "self.onfetch = () => {};")):
            monkeypatch.setitem(ANSWERS, (host, script), (200, "text/javascript", code, (), ""))
    pixel = (200, "image/gif", "", (), "")
    monkeypatch.setitem(ANSWERS, ("vendor.test", "/kept.gif"), pixel)
    with watched_site(tmp_path_factory.mktemp("site")) as site:
        site.headers["vendor.test", "/kept.gif"] = {
            "cache-control": "public, max-age=31536000, immutable",
            "etag": '"left"',
        }
        site.headers["one.test", "/"] = {
            "strict-transport-security": "max-age=31536000",
            "accept-ch": "Sec-CH-UA-Model, Device-Memory",
        }
        yield site


async def _visited(
    browser: Browser, site: Site, host: str
) -> tuple[list[tuple[str, str, list[tuple[str, str]]]], list[str]]:
    """What the servers were asked in one visit, and what its documents found."""
    site.asked.clear()
    site.found.clear()
    async with browser.terminal(Setting()) as terminal:
        loaded = await terminal.tab.goto(f"https://{host}/")
        assert (loaded.status, loaded.failure) == (200, "")
    asked = [(at, path, sorted(told.items())) for at, path, told in site.asked]
    return sorted(each for each in asked if each[1] != "/favicon.ico"), sorted(site.found)


async def test_nothing_of_one_site_reaches_the_next(site: Site, chromium_path: str) -> None:
    options = BrowserOptions(chromium_path, site.rules)
    async with warm_browser(options, limits.SURVEY_WORKER_MEGABYTES) as warm:
        browsers = [await warm.ready()]
        first = await _visited(browsers[0], site, "one.test")
        other = await _visited(await warm.ready(), site, "two.test")
        browsers.append(await warm.ready())
        again = await _visited(browsers[1], site, "one.test")
    assert browsers[0] is browsers[1]
    assert again == first
    assert {host for host, _, _ in other[0]} == {"two.test", "vendor.test"}
    assert other[1] == [
        f"two.test {_NOTHING % 'seen=two.test'}",
        f"vendor.test {_NOTHING % 'seen=vendor.test'}",
    ]


async def test_a_worn_browser_is_renewed(site: Site, chromium_path: str) -> None:
    options = BrowserOptions(chromium_path, site.rules)
    # Another process of this one, which is larger than that, is not the browser's.
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        async with warm_browser(options, 1) as warm:
            first = await warm.ready()
            assert await warm.ready() is first
            await _visited(first, site, "two.test")
            assert await warm.ready() is not first
    finally:
        other.kill()
        other.communicate()
