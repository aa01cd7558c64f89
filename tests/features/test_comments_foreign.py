"""Comments of other systems: their texts, their pages, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.features.comments.addresses import Addresses, MapError, moved
from bandeau.features.comments.foreign import Border, Drop, Foreign, Form, Origin
from bandeau.features.comments.foreign_text import markdown_of
from bandeau.features.comments.markdown import plain, render
from bandeau.features.comments.model import State
from bandeau.features.comments.words import WordList

PAGES = Addresses(["www.phare.test"], {})
BORDER = Border(Origin.DISQUS, PAGES, WordList(["le phare"]), 2_000_000_000_000)
FOREIGN = Foreign(
    key="7",
    parent="",
    url="https://www.phare.test/a",
    name="Zoé",
    text="<p>One</p>",
    form=Form.HTML,
    time=1_500_000_000_000,
    line=3,
)


def shown(html: str, *, lines: bool = False) -> str:
    return render(markdown_of(html, lines=lines)).replace(' dir="auto"', "").replace("\n", "")


@pytest.mark.parametrize(
    ("html", "drawn"),
    [
        ("<p>A <b>b </b>c_d_ *e*</p><p>f<br>g</p>",
         "<p>A <strong>b</strong> c_d_ *e*</p><p>f<br>g</p>"),
        ("<div>a</div><h2>b</h2>&lt;b&gt; &amp;amp; 1 < 2",
         "<p>a</p><p>b</p><p>&lt;b&gt; &amp;amp; 1 &lt; 2</p>"),
        ("<blockquote><p>q</p></blockquote><ul><li>a</li><li>b</li></ul>",
         "<blockquote><p>q</p></blockquote><ul><li>a</li><li>b</li></ul>"),
        ("<ol start=3><li>x</ol><pre><code>a *b*\n `c`</code></pre>",
         '<ol start="3"><li>x</li></ol><pre><code>a *b* `c`</code></pre>'),
        ("<code>a`b</code> 1. no <i><i>x</i></i>", "<p><code>a`b</code> 1. no <em>x</em></p>"),
        ("- no list<br>2. none", "<p>- no list<br>2. none</p>"),
        ("<svg onload=x()><p onclick=x()>y</p><script>z()</script>", "<p>y</p>"),
        ("<a href='javascript:x()'>y</a> <a href='/y'>z</a>", "<p>y z</p>"),
    ],
)  # fmt: skip
def test_html_of_others_becomes_what_ours_could_type(html: str, drawn: str) -> None:
    assert shown(html) == drawn


def test_a_shortened_address_is_whole_again() -> None:
    told = shown('<a href="https://e.test/a_b?c=1&amp;d=2">https://e.test/a_...</a>')
    assert 'href="https://e.test/a_b?c=1&amp;d=2"' in told
    assert ">https://e.test/a_b?c=1&amp;d=2</a>" in told
    named = shown('<a href="https://e.test/">my [blog]</a>')
    assert 'href="https://e.test/"' in named and ">my [blog]</a>" in named


def test_line_breaks_count_where_they_are_those_of_the_text() -> None:
    text = "One\ntwo <em>three</em>\n\nfour <b>five\n\nsix</b>"
    assert shown(text, lines=True).startswith("<p>One<br>two <em>three</em></p><p>four")
    assert "<br>" not in shown(text)


PIECES = (
    *("a", "word", '"x"', "(y)", "*", "_", "1.", "- ", "# h", "&gt; q", "`", "~", "!", "[z]", "\\"),
    *("&amp;", "&lt;b&gt;", "http://e.test/a_b", " ", "\n", "www.x.test", "---", "***", "```", "|"),
    *("<b>", "</b>", "<i>", "</i>", "<code>", "</code>", "<s>", "</s>", "<pre>", "</pre>", "<p>"),
    *("</p>", "<br>", "<ul>", "</ul>", "<ol>", "<li>", "</li>", "<blockquote>", "</blockquote>"),
    *('<a href="https://q.test/x">me</a>', "<div>", "</div>"),
)


def seen(html: str) -> str:
    return "".join(plain(html).split())


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.booleans())
def test_readers_see_the_same_words_whatever_the_html(pieces: list[str], lines: bool) -> None:
    html = "".join(pieces)
    assert seen(render(markdown_of(html, lines=lines))) == seen(nh3.clean(html))


def test_addresses_of_the_site_are_pages() -> None:
    assert PAGES.page("https://www.phare.test/a?x=1") is None
    assert PAGES.page("http://WWW.phare.test:8080/a%20b#c") == "/a%20b"
    assert PAGES.page("https://www.phare.test") == "/"
    assert PAGES.page("/a") == "/a"
    for other in (
        "https://phare.test.evil/a",
        "//x.test/a",
        "ftp://www.phare.test/a",
        "a",
        "https://[",
    ):
        assert PAGES.page(other) is None


def test_a_map_moves_addresses() -> None:
    found = moved(
        "# old ones\nhttps://old.test/?p=7 /news/seven # one\nhttps://old.test/* /archive/*\n"
        "https://old.test/a/* /a/*\n"
    )
    pages = Addresses(["www.phare.test"], found)
    assert pages.page("https://old.test/?p=7") == "/news/seven"
    assert pages.page("https://old.test/b?x=1") == "/archive/b"
    assert pages.page("https://old.test/a/1") == "/a/1"
    assert pages.page("https://old.test//x") is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a", "1: write an address, a space and a path"),
        ("\na b c", "2: write"),
        ("a* /b", "1: * stands at the end of both"),
        ("a b", "1: 'b' is not the path of a page"),
        ("a /b\na /c", "2: 'a' is there already"),
    ],
)
def test_a_map_that_cannot_hold_is_named(text: str, told: str) -> None:
    with pytest.raises(MapError, match=told.replace("*", r"\*")):
        moved(text)


def test_what_arrives_is_checked_as_ours_and_has_no_receipt() -> None:
    arrived = BORDER.pass_(replace(FOREIGN, name="Zo\u202eé" + "x" * 200))
    comment = arrived.comment
    assert comment is not None
    assert (comment.page, comment.html) == ("/a", '<p dir="auto">One</p>')
    assert (comment.receipt, comment.author, comment.origin) == ("", "", "disqus")
    assert len(comment.name) == limits.COMMENT_NAME_CHARACTERS and comment.name.startswith("Zoéx")
    assert comment.state is State.PUBLISHED
    assert BORDER.pass_(FOREIGN).comment.id == comment.id  # type: ignore[union-attr]
    assert comment.id.startswith("015d3ef7-9800-7")


def test_names_that_pose_and_what_waited_are_held() -> None:
    posing = BORDER.pass_(replace(FOREIGN, name="Le Phare", waits=True)).comment
    assert posing is not None
    assert (posing.state, posing.reasons) == (State.HELD, ("waited", "staff-name"))


@pytest.mark.parametrize(
    ("changes", "drop", "tombstone"),
    [
        ({"drop": Drop.SPAM}, Drop.SPAM, True),
        ({"text": " <p> </p>"}, Drop.EMPTY, True),
        ({"text": "x" * (limits.IMPORT_TEXT_CHARACTERS + 1)}, Drop.LONG, True),
        ({"text": "x" * (limits.IMPORT_FIELD_CHARACTERS + 1)}, Drop.LONG, True),
        ({"text": "a\0b"}, Drop.CHARACTERS, True),
        ({"name": "\ud800"}, Drop.CHARACTERS, True),
        ({"time": 0}, Drop.TIME, False),
        ({"time": 2_000_000_000_001}, Drop.TIME, False),
        ({"url": "https://www.phare.test/?p=1"}, Drop.QUERY, False),
        ({"url": "https://www.phare.test//x"}, Drop.UNMAPPABLE, False),
        ({"url": "https://elsewhere.test/?p=1"}, Drop.ELSEWHERE, False),
    ],
)
def test_what_is_dropped_says_why(changes: dict[str, object], drop: Drop, tombstone: bool) -> None:
    arrived = BORDER.pass_(replace(FOREIGN, **changes))  # type: ignore[arg-type]
    assert arrived.drop is drop
    assert (arrived.comment is not None) is tombstone
    if arrived.comment:
        kept = arrived.comment
        assert (kept.state, kept.name, kept.html, kept.source) == (State.GONE, "", "", "")
