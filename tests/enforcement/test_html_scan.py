"""Places for insertions, streaming, limits and hostile input."""

from __future__ import annotations

import tracemalloc

import pytest

from bandeau import limits
from bandeau.enforcement.html import Scanner
from bandeau.enforcement.pieces import Gated, Mark, Piece, Place

HEAD, BODY, LANG = Place.HEAD_START, Place.BODY_START, Place.LANG
IMG = b'<img src="https://evil.test/p">'


def third_party(host: str) -> bool:
    return not host.endswith("own.test")


def scan(page: bytes, size: int = 1 << 30) -> tuple[Scanner, list[Piece]]:
    scanner, pieces = Scanner(third_party), []
    for start in range(0, len(page), size):
        pieces += scanner.feed(page[start : start + size])
    pieces += scanner.close()
    assert b"".join(piece.original for piece in pieces) == page
    return scanner, pieces


def marked(page: bytes, size: int = 1 << 30) -> bytes:
    """The page with [h] and [b] where insertions go."""
    signs = {HEAD: b"[h]", BODY: b"[b]"}
    return b"".join(
        signs.get(p.place, p.original) if isinstance(p, Mark) else p.original
        for p in scan(page, size)[1]
    )


@pytest.mark.parametrize("size", [1, 3, 1 << 30])
@pytest.mark.parametrize(
    "page",
    [
        b"<!doctype html><html><head>[h]<title>t</title></head><body class='>'>[b]<p>x",
        b"<!doctype html>[h]<title>t</title>[b]<p>x",
        b"<!doctype html>\n <!-- c -->[h]<meta charset=utf-8>\n<link rel=icon href=/i>[b]text",
        b"<html>[h][b]<p>x",
        b"<html><head>[h]</head> [b]x",
        b"<html><head>[h]<script>a<b</script><style>p{}</style> <body>[b]",
        b"<head>[h]<template><div><body></div></template><title></title></head><body>[b]<p>",
        b"<head>[h]<noscript><img src=/a><p></noscript></head><body>[b]<p>",
        b"<!doctype html>[h][b]<5",
        b"<!doctype html>[h][b]text<body>",
        b"<!doctype html>[h][b]",
        b"<!doctype html>[h][b]<p class='",
        b"<!doctype html>[h][b]</body>",
        b"<!doctype html></p>[h]</head>[b]<p>",
        b"\xef\xbb\xbf<!doctype html><head>[h]<body>[b]",
        b"<html><head>[h]<frameset><frame src=/a></frameset>",
        b"Warning: x <b>y</b>[h][b]<html><head><body><p>",
        b"<title>t</title>[h]<body>[b]",
        b"<!DOCTYPE html><HTML><HEAD>[h]</HEAD><BODY>[b]<head><body>",
    ],
)
def test_insertions_stand_where_head_and_body_begin(page: bytes, size: int) -> None:
    plain = page.replace(b"[h]", b"").replace(b"[b]", b"")
    assert marked(plain, size) == page


@pytest.mark.parametrize(
    "page", [b"<p>a</p>", b"text", b"", b"<title>t</title>", b"<script>1</script>", b"<!-- x -->"]
)
def test_fragments_get_no_insertion(page: bytes) -> None:
    scanner, _ = scan(page)
    assert not scanner.is_document
    assert marked(page) == page


@pytest.mark.parametrize(
    ("page", "lang"),
    [
        (b"<html lang=fr>", "fr"),
        (b"<!doctype html><HTML class=x LANG=' pt-BR '>", "pt-BR"),
        (b"<html lang=&#102;r>", "fr"),
        (b"<html><body lang=fr>", ""),
    ],
)
def test_the_language_of_the_page_is_told(page: bytes, lang: str) -> None:
    scanner, pieces = scan(page)
    assert scanner.lang == lang
    assert [p.text for p in pieces if isinstance(p, Mark) and p.place is LANG] == [lang] * bool(
        lang
    )


def test_the_place_of_comments_is_given_with_its_tag() -> None:
    _, pieces = scan(b'<body><p><Section id=c data-bandeau="comments"></section>')
    assert Mark(Place.COMMENTS, b'<Section id=c data-bandeau="comments">', "section") in pieces


def test_comments_on_a_gated_tag_are_a_place_behind_it() -> None:
    _, pieces = scan(b"<form action=//evil.test data-bandeau=comments>")
    assert isinstance(pieces[0], Gated)
    assert pieces[1] == Mark(Place.COMMENTS, b"", "form")


def test_other_parts_of_ours_are_no_marks() -> None:
    assert not [
        p for p in scan(b"<p data-bandeau=notice><p data-bandeau-x>")[1] if isinstance(p, Mark)
    ]


@pytest.mark.parametrize("before", [b"<head>", b"<body><p>"])
def test_a_policy_in_a_meta_element_is_given_decoded(before: bytes) -> None:
    tag = b"<meta http-equiv=Content-Security-Policy content='img-src &#39;self&#39;'>"
    _, pieces = scan(before + tag)
    assert Mark(Place.META_CSP, tag, "img-src 'self'") in pieces


def gates(pieces: list[Piece]) -> list[bytes]:
    return [piece.original for piece in pieces if isinstance(piece, Gated)]


@pytest.mark.parametrize("size", [1_000, 1 << 30])
@pytest.mark.parametrize(
    "middle",
    [b"<a title='%b'>", b"<a %b>", b"<a %b=1 c='>'>", b"<a b=%b>", b'</a b="%b">', b"<b%b>"],
)
def test_a_tag_too_long_passes_and_the_scan_goes_on(middle: bytes, size: int) -> None:
    long = middle.replace(b"%b", b"x" * (limits.HTML_TOKEN_BYTES + 5_000))
    scanner, pieces = scan(b"<body>" + long + IMG, size)
    assert gates(pieces) == [IMG]
    assert scanner.overflowed or size > 1_000


@pytest.mark.parametrize("size", [1_000, 1 << 30])
def test_a_long_tag_is_not_read_but_its_name_counts(size: int) -> None:
    long = b"<script src=//evil.test x='" + b"x" * limits.HTML_TOKEN_BYTES + b"'>"
    scanner, pieces = scan(b"<body>" + long + IMG + b"</script>" + IMG, size)
    assert gates(pieces) == [IMG]
    assert scanner.overflowed


HOSTILE = {
    "unended tags": b"<img " * 25_000,
    "unended calm tags": b"<a b " * 25_000,
    "less-than signs": b"<" * 100_000,
    "end tags without end": b"</a " * 25_000,
    "unclosed quote": b"<img alt='" + b"x>" * 60_000,
    "many unclosed quotes": b"<p a=\"'" * 15_000,
    "unclosed script": b"<script>" + b"a<!--b-->c" * 100_000,
    "doubly escaped scripts": b"<script><!--" + b"<script></script>" * 50_000,
    "unclosed comment": b"<!--" + b"- " * 500_000,
    "comment dashes": b"<!--" + b"-" * 900_000,
    "comment starts": b"<!--" * 50_000,
    "comments": b"<!--a-->" * 50_000,
    "unclosed style": b"<style>" + b"</styl " * 100_000,
    "script starts": b"<script>" * 50_000,
    "unclosed noscript": b"<noscript>" + b"</noscrip <!-- " * 20_000,
    "nested svg": b"<svg>" * 40_000 + b"</x>" * 40_000,
    "svg in desc": b"<svg><desc>" + b"<b>" * 40_000 + b"</i>" * 40_000,
    "unclosed svg": b"<svg " * 20_000 + b"<svg><path/>" * 20_000,
    "unclosed math": b"<math><mi>" * 30_000,
    "cdata": b"<svg><![CDATA[" + b"]] >" * 100_000,
    "templates": b"<head>" + b"<template>" * 40_000,
    "bogus": b"<!" * 50_000,
    "spaces": b"<a" + b" " * 200_000,
    "equals": b"<a" + b" =" * 60_000,
    "srcset": b"<img srcset='" + b"a," * 60_000 + b"//evil.test'>",
    "srcset parens": b"<img srcset='a " + b"(" * 100_000 + b", //evil.test'>",
    "style": b"<p style='" + b"url(//x" * 15_000 + b"'>",
    "style comments": b"<p style='(//" + b"/*" * 60_000 + b"'>",
    "ampersands": b"<img src='//" + b"&" * 100_000 + b"'>",
    "refresh": b"<meta http-equiv=refresh content='0;//" + b" " * 100_000 + b"'>",
    "slashes": b"<img src='" + b"/\t" * 60_000 + b"'>",
    "nested srcdoc": b"<iframe srcdoc='" + b"<iframe srcdoc=" * 15_000 + b"'>",
    "half noscript": b"<noscript>" + b"<img alt='</noscript><noscript>" * 5_000,
}


@pytest.mark.slow
@pytest.mark.parametrize("size", [1_000, 1 << 30])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_input_is_read_in_linear_time(name: str, size: int) -> None:
    # Quadratic work on these takes minutes: the global timeout is the assertion.
    scan(HOSTILE[name], size)


@pytest.mark.slow
def test_one_endless_line_streams_with_flat_memory() -> None:
    scanner, chunk, seen = Scanner(third_party), b"all on one line < " * 3_640, 0
    tracemalloc.start()
    for _ in range(50_000_000 // len(chunk)):
        seen += sum(len(piece.original) for piece in scanner.feed(chunk))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
    assert seen > 49_000_000


@pytest.mark.parametrize("start", [b"<script>", b"<!--", b"<textarea>", b"<svg><![CDATA[", b"<!x"])
def test_text_without_end_is_not_held_back(start: bytes) -> None:
    scanner = Scanner(third_party)
    held = len(start) + 40_000 - sum(len(p.original) for p in scanner.feed(start + b"x" * 40_000))
    assert held <= 16
