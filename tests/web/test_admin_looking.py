"""Search and figures for staff: what is asked, what is shown, and who sees it."""

from __future__ import annotations

import re
from typing import Any

import html5lib
import pytest
from moderating import NOW, WORDS, Newsroom_

from bandeau import limits
from bandeau.features.comments.model import State
from bandeau.features.comments.staff import Role
from bandeau.web.admin_figures import HEIGHT, WIDTH, Bar, bars

pytestmark = pytest.mark.usefixtures("quick_passwords")
SEARCH = "/.bandeau/admin/search"
FIGURES = "/.bandeau/admin/figures"


def tree(html: str) -> Any:
    return html5lib.parse(html, namespaceHTMLElements=False)


def ids(html: str) -> list[str]:
    return [each.get("id").removeprefix("c-") for each in tree(html).findall(".//article")]


def test_comments_are_found_and_judged_from_there() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1", "The <casino> is shut", page="/été", name="Zoé")
    newsroom.add("c2", "Another word", state=State.PUBLISHED)
    browser = newsroom.signed_in(Role.EDITOR)
    assert ids(browser.get(SEARCH).text) == []
    assert WORDS.say("en", "admin.search_none") not in browser.get(SEARCH).text
    page = browser.get(f"{SEARCH}?text=CASINO&lang=en").text
    assert ids(page) == ["c1"]
    assert 'value="CASINO"' in page and "&lt;casino&gt;" in page
    buttons = [each.get("value") for each in tree(page).findall(".//button[@name='one']")]
    assert buttons == ["approve:c1", "reject:c1", "spam:c1"]
    for query in (
        "page=/%C3%A9t%C3%A9",
        "name=zoe&state=held",
        "since=2023-11-14&until=2023-11-14",
    ):
        assert "c1" in ids(browser.get(f"{SEARCH}?{query}").text), query
    for query in ("state=spam", "until=2023-11-13", "since=2023-11-15", "text=nothing"):
        page = browser.get(f"{SEARCH}?{query}").text
        assert ids(page) == [] and WORDS.say("en", "admin.search_none") in page, query


@pytest.mark.parametrize(
    "query",
    ["since=x", "until=2023-02-31", "state=gone", "after=nothing&text=a", "text=" + "x" * 999],
)
def test_strange_queries_find_what_they_can(query: str) -> None:
    newsroom = Newsroom_()
    newsroom.add("c1", "Word")
    assert newsroom.signed_in().get(f"{SEARCH}?{query}").status_code == 200


def test_a_long_look_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "QUEUE_SHOWN", 2)
    newsroom = Newsroom_()
    for number in range(5):
        newsroom.add(f"c{number}", "Word")
    browser, path, seen = newsroom.signed_in(), f"{SEARCH}?text=word&name=zo", []
    while path:
        page = browser.get(path).text
        seen += ids(page)
        more = re.findall(r'href="([^"]*after=[^"]*)"', page)
        path = more[0].replace("&amp;", "&") if more else ""
    assert seen == ["c4", "c3", "c2", "c1", "c0"]


def test_figures_stand_in_plots_and_in_a_table() -> None:
    newsroom = Newsroom_()
    for number in range(3):
        newsroom.add(f"c{number}")
    newsroom.clock = NOW + 7_200
    browser = newsroom.signed_in()
    browser.post("/.bandeau/admin/queue", one="approve:c0")
    page = browser.get(f"{FIGURES}?days=7&lang=en")
    assert "'unsafe" not in page.headers["content-security-policy"]
    parsed = tree(page.text)
    rows = parsed.findall(".//tbody/tr")
    assert len(rows) == 7
    assert ["".join(cell.itertext()) for cell in rows[0]] == [
        *("2023-11-15", "0", "0", "0", "0", "0", "0", "1", "2.0 h")
    ]
    assert ["".join(cell.itertext()) for cell in rows[1]][:3] == ["2023-11-14", "2", "1"]
    plots = [each for each in parsed.iter() if each.get("role") == "img"]
    assert len(plots) == 3
    for plot in plots:
        (title,) = [each for each in plot if str(each.tag).endswith("title")]
        assert title.get("id") == plot.get("aria-labelledby")
        assert "2023-11-09 to 2023-11-15" in title.text
    assert "style=" not in page.text
    assert len(tree(browser.get(f"{FIGURES}?days=999").text).findall(".//tbody/tr")) == 90
    assert len(tree(browser.get(f"{FIGURES}?days=x").text).findall(".//tbody/tr")) == 30


def test_bars_stand_on_each_other_and_fill_the_plot() -> None:
    drawn, most = bars([[1, 3], [0, 0], [2, 0]])
    assert most == 4
    step = WIDTH / 3
    assert drawn == [
        Bar(0.0, HEIGHT * 0.75, round(step * 0.8, 2), HEIGHT / 4, 0),
        Bar(0.0, 0.0, round(step * 0.8, 2), HEIGHT * 0.75, 1),
        Bar(round(2 * step, 2), HEIGHT / 2, round(step * 0.8, 2), HEIGHT / 2, 0),
    ]
    assert bars([[0], [0]]) == ([], 0)


def test_nobody_looks_without_a_session() -> None:
    stranger = Newsroom_().browser()
    for path in (f"{SEARCH}?text=a", FIGURES):
        assert stranger.get(path).headers["location"].startswith("/.bandeau/admin/?")
