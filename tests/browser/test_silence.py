"""A page that is open while its visitor withdraws sends nothing more, in any tab (R3, W6)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from press_group import Group, press_group
from two_browsers import BROWSERS, Tab, band, opened, press, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PLAIN = "<!doctype html><html lang=en><head><title>t</title></head><body><h1>Page</h1>"
BEACONS = """<!doctype html><html lang=en><head><title>b</title></head><body><h1>Beacons</h1>
<script>
const to = (kind) => `https://tracker.test:${location.port}/${kind}?t=${Date.now()}`;
const ways = {
  image: (url) => { new Image().src = url; },
  fetch: (url) => fetch(url, { mode: "no-cors" }).catch(() => 0),
  keepalive: (url) => fetch(url, { mode: "no-cors", keepalive: true }).catch(() => 0),
  beacon: (url) => navigator.sendBeacon(url, "1"),
  leaving: () => 0,
};
setInterval(() => { for (const kind in ways) ways[kind](to(kind)); }, 200);
addEventListener("pagehide", () => navigator.sendBeacon(to("leaving"), "1"));
const worker = `https://tracker.test:${location.port}/worker?t=`;
const code = `setInterval(() => fetch("${worker}" + Date.now(), { mode: "no-cors" })
  .catch(() => 0), 200)`;
new Worker(URL.createObjectURL(new Blob([code])));
</script></body></html>"""
KINDS = {"/image", "/fetch", "/keepalive", "/beacon", "/worker"}


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    with press_group(tmp_path, {"/": PLAIN, "/beacons": BEACONS}) as served:
        yield served


def beaconing(tab: Tab, group: Group) -> Tab:
    """Accept, and leave a second tab open that beacons in every way."""
    tab.open(group.url("/"))
    press(tab, "accept-all")
    until(lambda: band(tab) == "allowed")
    other = tab.tab()
    other.open(group.url("/beacons"))
    until(lambda: {kind for kind, _ in group.seen.beacons} >= KINDS)
    return other


@pytest.mark.parametrize("browser", BROWSERS)
@pytest.mark.parametrize("where", ["in the page itself", "in another tab"])
def test_no_beacon_leaves_once_the_choice_is_answered(
    where: str, browser: str, group: Group, tmp_path: Path
) -> None:
    with opened(browser, tmp_path) as tab:
        other = beaconing(tab, group)
        press(other if where == "in the page itself" else tab, "refuse-all")
        until(lambda: band(tab) == "refused" and band(other) == "refused")
        assert group.seen.late() == set()
        group.seen.forget()
        other.run("() => new Promise((done) => setTimeout(done, 900))")
        assert group.seen.contacts() == []


@pytest.mark.parametrize("browser", BROWSERS)
def test_other_tabs_follow_a_plain_form_with_the_page_that_it_leads_to(
    browser: str, group: Group, tmp_path: Path
) -> None:
    with opened(browser, tmp_path) as tab:
        other = beaconing(tab, group)
        tab.open(group.url("/.bandeau/panel"))
        tab.run(
            """() => { document.querySelector("[data-bandeau=refuse-all]").click(); return 1; }"""
        )
        until(lambda: band(other) == "refused")
        group.seen.forget()
        other.run("() => new Promise((done) => setTimeout(done, 900))")
        assert group.seen.contacts() == []


@pytest.mark.parametrize("browser", BROWSERS)
def test_an_older_tab_leaves_alone_what_a_newer_choice_allows(
    browser: str, group: Group, tmp_path: Path
) -> None:
    with opened(browser, tmp_path) as older:
        older.open(group.url("/"))
        newer = older.tab()
        newer.open(group.url("/"))
        press(newer, "accept-all")
        until(lambda: band(newer) == "allowed")
        newer.run(
            """() => { localStorage.setItem("t:id", "1"); document.cookie = "t_plain=1; path=/";
            return new Promise((done) => setTimeout(done, 3500)); }"""
        )
        assert newer.run("() => [localStorage.getItem('t:id'), document.cookie]") == [
            "1",
            "t_plain=1",
        ]
        assert band(older) == "undecided"
