"""The test that the peers were measured with: 7 kinds of stored items, 8 kinds of contact.

The best of them left 2 items and 2 or 3 kinds of contact before any choice.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from press_group import Group, press_group
from two_browsers import BROWSERS, Tab, opened, stored_cookies, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NEWS = """<!doctype html><html lang=en><head><title>t</title>
<script src="//tracker.test:{port}/tracker.js"></script>
<link rel=stylesheet href="//tracker.test:{port}/style.css">
</head><body><h1>News</h1>
<img src="//tracker.test:{port}/pixel.gif"><iframe src="//tracker.test:{port}/frame"></iframe>
<script>new Image().src = "//tracker.test:{port}/inline";</script></body></html>"""
EIGHT = {"/tracker.js", "/style.css", "/pixel.gif", "/frame", "/inline"} | {
    "/beacon",
    "/beacon-image",
    "/beacon-fetch",
}
COOKIES = {"t_plain", "t_news", "t_wide", "t_suffix_", "t_deep", "t_httponly"}
OURS = {"eu-consent", "eu-consent-receipt"}


@pytest.fixture
def group(tmp_path: Path) -> Iterator[Group]:
    pages = {"/news/1": ""}
    with press_group(tmp_path / "site", pages) as served:
        pages["/news/1"] = NEWS.format(port=served.port)
        yield served


def state(tab: Tab) -> object:
    return tab.run(
        """() => document.querySelector("[data-bandeau=root]").shadowRoot
        .querySelector("[data-bandeau=band]").dataset.state"""
    )


def decide(tab: Tab, control: str, band: str) -> None:
    """Press a control, and wait for the page that comes of itself."""
    tab.run(
        f"""() => {{ document.querySelector("[data-bandeau=root]").shadowRoot
        .querySelector("[data-bandeau={control}]").click(); return 1; }}"""
    )
    until(lambda: state(tab) == band)


def stored(tab: Tab) -> set[str]:
    names = stored_cookies(tab, "https://www.pub.test")
    kept = {"t_suffix_" if name.startswith("t_suffix_") else name for name in names}
    return {*kept, *tab.run("() => Object.keys(localStorage)")} - OURS - {"id"}


def pause(tab: Tab) -> None:
    """Time for three rounds of beacons."""
    tab.run("() => new Promise((done) => setTimeout(done, 1300))")


@pytest.mark.parametrize("browser", BROWSERS)
def test_nothing_before_nothing_refused_all_accepted_nothing_withdrawn(
    browser: str, group: Group, tmp_path: Path
) -> None:
    with opened(browser, tmp_path) as tab:
        tab.open(group.url("/news/1"))
        pause(tab)
        assert (group.seen.contacts(), stored(tab)) == ([], set())
        decide(tab, "refuse-all", "refused")
        pause(tab)
        assert (group.seen.contacts(), stored(tab)) == ([], set())
        decide(tab, "accept-all", "allowed")
        until(lambda: not EIGHT - set(group.seen.contacts()))
        assert stored(tab) == {*COOKIES, "t:local"}
        decide(tab, "refuse-all", "refused")
        assert group.seen.late() == set()
        group.seen.forget()
        pause(tab)
        assert (group.seen.contacts(), stored(tab)) == ([], set())
        assert group.seen.sent <= OURS
