"""What html5lib sees in the inert page, for pages put together from nasty parts."""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Iterator

import html5lib
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bandeau.enforcement.html import Scanner
from bandeau.enforcement.pieces import Gated, Literal, Piece

pytestmark = pytest.mark.slow

LIVE = (
    '<img src="https://t.evil.test/p.gif">',
    "<IMG\tSRC=//t.evil.test/p>",
    "<img alt='>' srcset='/a 1x, https://t.evil.test/b 2x'>",
    '<script src="https://t.evil.test/s.js"></script>',
    "<script src=//t.evil.test/s></script >",
    '<iframe src="https://t.evil.test/f"></iframe>',
    "<iframe srcdoc=\"<img src='https://t.evil.test/q'>\"></iframe>",
    '<link rel=stylesheet href="//t.evil.test/c.css">',
    '<video poster="https://t.evil.test/v.jpg"><source src="https://t.evil.test/v"></video>',
    '<object data="https://t.evil.test/o"></object><embed src=https://t.evil.test/e>',
    '<p style="background: url(https://t.evil.test/i)">styled</p>',
    '<a href="#" ping="https://t.evil.test/ping">follow</a>',
    '<form action="https://t.evil.test/post"></form><button formaction="//t.evil.test/b">b',
    '<svg><image xlink:href="https://t.evil.test/i.svg"/><use href="//t.evil.test/u#a"/></svg>',
    '<svg><script href="//t.evil.test/s"></script><style><img src="//t.evil.test/x"></style></svg>',
    '<input type=image src="\\\\t.evil.test\\i">',
    '<meta http-equiv=Refresh content="0; url=https://t.evil.test/r">',
    '<body background="//t.evil.test/bg">',
    '<table background=//t.evil.test/t><td background="//t.evil.test/d">',
)
NASTY = (
    "<!-- c -->",
    "<!-->",
    "<!--->",
    "<!-- a --!>",
    "<!--!>",
    "<!-- <!-- -->",
    "<!x>",
    "<?php x >",
    "</3>",
    "</>",
    "<",
    "<<",
    "< a",
    "&amp;",
    "text ",
    "\x00",
    "\n",
    "<script>",
    "</script>",
    "<script><!--",
    "<script><!--<script>",
    "-->",
    "--!>",
    "<!--",
    "<script>x='<!--'</script>",
    "<style>",
    "</style>",
    "<style>a{}</style>",
    "<title>",
    "</title>",
    "<textarea>",
    "</textarea>",
    "<xmp>",
    "</xmp>",
    "<noembed>",
    "</noembed>",
    "<noframes>",
    "</noframes>",
    "<iframe>",
    "</iframe>",
    "<noscript>",
    "</noscript>",
    "<template>",
    "</template>",
    "<svg>",
    "</svg>",
    "<svg/>",
    "<math>",
    "</math>",
    "<title/>",
    "<desc>",
    "</desc>",
    "<foreignObject>",
    "</foreignObject>",
    "<mi>",
    "</mi>",
    "<annotation-xml>",
    "</annotation-xml>",
    "<annotation-xml encoding='text/html'>",
    "<![CDATA[",
    "]]>",
    "<![CDATA[ x ]]>",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<b>",
    "</b>",
    "<table>",
    "<tr>",
    "<td>",
    "</table>",
    "<a b=c>",
    "<a b='",
    "'>",
    '<a b="',
    '">',
    "<a b='\">\">'>",
    "<a\nb = c/>",
    '<a b=c"d>',
    "<a =x>",
    "<a b==c>",
    "<br/>",
    "</br>",
    "<ul><li>",
    "</ul>",
    "<font color=red>",
    "<head>",
    "</head>",
    "<body>",
    "</body>",
    "<html>",
    "</html>",
    "<html lang=fr>",
    "<!doctype html>",
    "<base href=/x/>",
    "<a data-h='<img src=https://h.hidden.test/>'>",
    "</a x='>'>",
    "<div a=1 a=2/>",
    "<g>",
    "</g>",
    "<path d='M 0 0'/>",
    "<mglyph>",
    "<frameset>",
    "<script/>",
    "<style/>",
    "<img <img ",
)
FETCHED = {
    "img": "src srcset",
    "script": "src href {http://www.w3.org/1999/xlink}href",
    "iframe": "src srcdoc",
    "frame": "src",
    "link": "href",
    "video": "src poster",
    "audio": "src",
    "source": "src srcset",
    "object": "data",
    "embed": "src",
    "form": "action",
    "input": "src formaction",
    "button": "formaction",
    "image": "href xlink:href {http://www.w3.org/1999/xlink}href",
    "use": "href xlink:href {http://www.w3.org/1999/xlink}href",
    "a": "ping",
    "base": "href",
    "table": "background",
    "body": "background",
    "td": "background",
}
EVERYWHERE = {"style"}


def third_party(host: str) -> bool:
    return not host.endswith("own.test")


def scanned(page: bytes, cuts: tuple[int, ...] = ()) -> list[Piece]:
    scanner, pieces, start = Scanner(third_party), [], 0
    for cut in (*sorted(min(cut, len(page)) for cut in cuts), len(page)):
        pieces += scanner.feed(page[start:cut])
        start = cut
    return pieces + scanner.close()


def inert(page: bytes) -> bytes:
    return b"".join(p.inert if isinstance(p, Gated) else p.original for p in scanned(page))


def live(page: bytes, scripting: bool) -> list[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parser = html5lib.HTMLParser(html5lib.getTreeBuilder("etree"))
        try:
            tree = parser.parse(page, scripting=scripting, transport_encoding="utf-8")
        except AssertionError:
            # html5lib's own fault at the end of a table with foreign content: no oracle here.
            return []
    return [f"{tag} {name}={value}" for tag, name, value in _attributes(tree)]


def _attributes(tree: object) -> Iterator[tuple[str, str, str]]:
    for element in tree.iter():  # type: ignore[attr-defined]
        tag = str(element.tag).rpartition("}")[2]
        fetched = EVERYWHERE | set(FETCHED.get(tag, "").split())
        if tag == "meta" and element.get("http-equiv"):
            fetched.add("content")
        for name, value in element.attrib.items():
            if str(name) in fetched and "evil.test" in value:
                yield tag, str(name), value


def beyond_a_scan(page: str) -> bool:
    """An unclosed svg or math, then the end tag of something that may be open around it."""
    return bool(re.search(r"<(svg|math)\b.*</(table|div|ul|b)>", page, re.DOTALL))


parts = st.lists(st.sampled_from(LIVE + NASTY), min_size=1, max_size=14).map("".join)


@settings(max_examples=150, deadline=None)
@given(parts)
def test_nothing_that_a_parser_sees_stays_live(page: str) -> None:
    assume(not beyond_a_scan(page))
    rewritten = inert(page.encode())
    for scripting in (True, False):
        assert live(rewritten, scripting) == []


@settings(max_examples=150, deadline=None)
@given(parts, st.lists(st.integers(0, 800), max_size=12))
def test_cutting_into_chunks_changes_nothing(page: str, cuts: list[int]) -> None:
    data = page.encode()
    whole, cut = scanned(data), scanned(data, tuple(cuts))
    assert b"".join(piece.original for piece in cut) == data
    assert joined(cut) == joined(whole)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=8))
def test_any_bytes_come_back_whole(data: bytes, cuts: list[int]) -> None:
    pieces = scanned(data, tuple(cuts))
    assert b"".join(piece.original for piece in pieces) == data
    assert joined(pieces) == joined(scanned(data))


def joined(pieces: list[Piece]) -> list[object]:
    """The pieces with neighbouring literals made one."""
    result: list[object] = []
    for piece in pieces:
        if isinstance(piece, Literal) and result and isinstance(result[-1], bytes):
            result[-1] += piece.original
        else:
            result.append(piece.original if isinstance(piece, Literal) else piece)
    return result


def test_nothing_stays_live_in_many_random_pages() -> None:
    source = random.Random(7)
    for _ in range(4_000):
        page = "".join(source.choices(LIVE + NASTY, k=source.randint(2, 12)))
        if beyond_a_scan(page):
            continue
        rewritten = inert(page.encode())
        for scripting in (True, False):
            assert live(rewritten, scripting) == [], page
