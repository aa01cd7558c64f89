"""Own paths and inline snippets that trackers declare, as a page is scanned."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.enforcement.declared import Declared
from bandeau.enforcement.html import Scanner
from bandeau.enforcement.pieces import Gated, Piece, Subjects
from bandeau.policy.match import Matcher
from bandeau.policy.model import Policy

WHOLE = 1 << 30


def policy_of(paths: list[str], snippets: list[str]) -> Policy:
    site = {"name": "s", "controller": "c", "hosts": ["own.test"], "privacy_policy": "/privacy"}
    tracker = {"vendor": "V", "purpose": "ads", "paths": paths, "snippets": snippets}
    return Policy.model_validate(
        {"site": site, "purposes": [{"key": "ads"}], "trackers": [tracker]}
    )


POLICY = policy_of(["/gtm/*", "/metrics/collect"], ["fbq('init'", "*.gtm.test/gtm.js*id=*"])
MATCHER = Matcher(POLICY)
DECLARED = Declared.of(POLICY, MATCHER)
assert DECLARED is not None


def scan(page: bytes, at: str = "/news/1", size: int = WHOLE) -> list[Piece]:
    assert DECLARED is not None
    scanner = Scanner(lambda host: not MATCHER.owns(host), DECLARED.base(at), declared=DECLARED)
    pieces: list[Piece] = []
    for start in range(0, len(page), size):
        pieces += scanner.feed(page[start : start + size])
    pieces += scanner.close()
    assert b"".join(piece.original for piece in pieces) == page
    return pieces


def gated(page: bytes, at: str = "/news/1", size: int = WHOLE) -> list[Gated]:
    return [piece for piece in scan(page, at, size) if isinstance(piece, Gated)]


def inert(page: bytes, at: str = "/news/1", size: int = WHOLE) -> bytes:
    return b"".join(
        piece.inert if isinstance(piece, Gated) else piece.original
        for piece in scan(page, at, size)
    )


def test_a_policy_that_declares_nothing_of_its_own_has_nothing_to_look_for() -> None:
    policy = policy_of([], [])
    assert Declared.of(policy, Matcher(policy)) is None


@pytest.mark.parametrize(
    ("tag", "at"),
    [
        (b'<script src="/gtm/a.js"></script>', "/"),
        (b'<script src="gtm/a.js"></script>', "/news"),
        (b'<script src="a.js"></script>', "/gtm/page"),
        (b'<script src="../gtm/a.js?x=1"></script>', "/news/1"),
        (b'<script src="./../GTM//a.js"></script>', "/news/1"),
        (b'<script src="/%67tm/a.js"></script>', "/"),
        (b'<script src="/&#103;tm/a.js"></script>', "/"),
        (b'<script src="\\gtm\\a.js"></script>', "/"),
        (b'<script src="https://www.own.test/gtm/a.js"></script>', "/"),
        (b'<script src="//own.test:8443/gtm/a.js"></script>', "/"),
        (b'<img src="/metrics/collect?a=b">', "/"),
        (b'<img src="/metrics/collect/more">', "/"),
        (b"<img src=collect>", "/metrics/page"),
        (b'<img srcset="/a.png 1x, /gtm/b.png 2x">', "/"),
        (b'<iframe src="/gtm/frame"></iframe>', "/"),
        (b'<iframe srcdoc="<script src=/gtm/a.js></script>"></iframe>', "/"),
        (b'<link rel="preload" href="/gtm/a.js" as="script">', "/"),
        (b'<form action="/metrics/collect"></form>', "/"),
        (b'<a href="/" ping="/metrics/collect">x</a>', "/"),
        (b'<p style="background:url(/gtm/p.gif)">', "/"),
        (b'<svg><image href="/gtm/p.gif"/></svg>', "/"),
        (b"<svg><script href=/gtm/a.js></script></svg>", "/"),
        (b'<noscript><img src="/gtm/p.gif"></noscript>', "/"),
        (b'<meta http-equiv="refresh" content="0;url=/gtm/">', "/"),
    ],
)
@pytest.mark.parametrize("before", [b"<html><head>", b"<html><body><p>text</p>"])
def test_a_tag_that_leads_to_a_declared_own_path_is_gated(
    tag: bytes, at: str, before: bytes
) -> None:
    for size in (1, 7, WHOLE):
        (found,) = gated(before + tag, at, size)
        assert found.subjects.paths
        assert found.subjects.hosts == found.subjects.snippets == ()
        assert found.inert != found.original


@pytest.mark.parametrize(
    "tag",
    [
        b'<script src="/gtmx/a.js"></script>',
        b'<script src="/gtm"></script>',
        b'<img src="/metrics/collection">',
        b'<img src="/metrics/">',
        b'<img src="/x?u=/gtm/a.js">',
        b'<a href="/gtm/page">x</a>',
        b'<link rel="canonical" href="/gtm/a">',
        b"<p>/gtm/a.js</p>",
        b"<!-- <script src=/gtm/a.js></script> -->",
        b"<textarea><script src=/gtm/a.js></script></textarea>",
    ],
)
def test_what_leads_elsewhere_stays(tag: bytes) -> None:
    assert gated(b"<html><body>" + tag) == []


def test_the_base_of_the_page_counts() -> None:
    page = b'<html><head><base href="%b"><script src="a.js"></script>'
    for base in (b"/gtm/", b"https://own.test/gtm/x", b"../gtm/"):
        assert gated(page % base)[-1].subjects.paths == ("/gtm/a.js",)
    assert gated(page % b"/other/", "/gtm/page") == []
    assert gated(page % b"https://elsewhere.test/gtm/")[-1].subjects == Subjects(
        hosts=("elsewhere.test",)
    )


def test_a_frame_of_an_own_path_has_the_url_for_its_placeholder() -> None:
    (found,) = gated(b'<html><body><iframe src="/gtm/frame?a=1"></iframe>')
    assert found.embed_url == "/gtm/frame?a=1"


FBQ = b"!function(){}(); fbq('init', '1'); fbq('track')"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (b"<script>%s</script>", b'<script type="text/plain">%s</script>'),
        (b"<SCRIPT >%s</SCRIPT >", b'<SCRIPT type="text/plain" >%s</SCRIPT >'),
        (
            b"<script type=module nonce=n>%s</script>",
            b'<script type="text/plain" data-bandeau-type=module nonce=n>%s</script>',
        ),
        (
            b"<script id='a' TYPE=' text/javascript '>%s</script>",
            b"<script type=\"text/plain\" id='a' data-bandeau-TYPE=' text/javascript '>%s</script>",
        ),
        (
            b"<script type=''>%s</script>",
            b"<script type=\"text/plain\" data-bandeau-type=''>%s</script>",
        ),
        (b"<svg><script>%s</script></svg>", b'<svg><script type="text/plain">%s</script></svg>'),
        (
            b"<svg><script><![CDATA[%s]]></script></svg>",
            b'<svg><script type="text/plain"><![CDATA[%s]]></script></svg>',
        ),
        (
            b"<script><!--\n<script>%s</script>\n--></script>",
            b'<script type="text/plain"><!--\n<script>%s</script>\n--></script>',
        ),
        (
            b"<template><script>%s</script></template>",
            b'<template><script type="text/plain">%s</script></template>',
        ),
    ],
)
@pytest.mark.parametrize("before", [b"<html><head>", b"<html><body><p>text</p>", b""])
def test_an_inline_script_with_a_declared_snippet_is_gated(
    page: bytes, expected: bytes, before: bytes
) -> None:
    after = b"<p>x</p><script>own()</script>"
    for size in (1, 5, 64, WHOLE):
        whole = before + page % FBQ + after
        assert inert(whole, size=size) == before + expected % FBQ + after
        (found,) = gated(whole, size=size)
        assert found.subjects == Subjects(snippets=("fbq('init'",))
        assert found.element == "script"


def test_references_in_an_svg_script_are_read() -> None:
    page = b"<body><svg><script>fbq(&#39;init&apos;, 1)</script></svg>"
    assert [g.subjects.snippets for g in gated(page)] == [("fbq('init'",)]


@pytest.mark.parametrize(
    "page",
    [
        b"<script>fbq('track')</script>",
        b"<script>.gtm.test/gtm.js</script><script>id=</script>",
        b"<script>id= .gtm.test/gtm.js</script>",
        b'<script type="application/ld+json">%s</script>',
        b'<script type="text/template">%s</script>',
        b'<script type="importmap">%s</script>',
        b'<script src="/own.js">%s</script>',
        b"<noscript><script>%s</script></noscript>",
        b"<p>%s</p>",
        b"<!-- <script>%s</script> -->",
        b"<style>%s</style>",
        b"<textarea><script>%s</script></textarea>",
        b'<button onclick="%s">',
        b"<svg><script/>%s</svg>",
        b"<script>%s",
    ],
)
def test_other_texts_stay(page: bytes) -> None:
    page = b"<html><body>" + page.replace(b"%s", FBQ)
    for size in (3, WHOLE):
        assert gated(page, size=size) == []


def test_a_star_stands_for_anything_in_between() -> None:
    page = b"<head><script>j.src='https://www.gtm.test/gtm.js?x=1&amp;id='+i</script>"
    assert [g.subjects.snippets for g in gated(page)] == [("*.gtm.test/gtm.js*id=*",)]


def test_every_snippet_of_a_script_counts() -> None:
    page = b"<head><script>%s; load('//w.gtm.test/gtm.js?id=')</script>" % FBQ
    assert gated(page)[0].subjects.snippets == ("fbq('init'", "*.gtm.test/gtm.js*id=*")


def test_a_frame_whose_document_runs_a_snippet_is_gated() -> None:
    page = b"<body><iframe srcdoc=\"<script>fbq('init')</script>\"></iframe>"
    (found,) = gated(page)
    alone = policy_of([], ["fbq('init'"])
    scanner = Scanner(lambda host: True, declared=Declared.of(alone, Matcher(alone)))
    assert found in scanner.feed(page)
    assert found.subjects == Subjects(snippets=("fbq('init'",))
    assert b"data-bandeau-srcdoc" in found.inert


@pytest.mark.parametrize("size", [10_000, WHOLE])
def test_a_snippet_is_looked_for_as_far_as_a_tag_may_be_long(size: int) -> None:
    far = b"x" * limits.HTML_TOKEN_BYTES
    late = b"<body><script>" + far + FBQ + b"</script>"
    early = b"<body><script>" + FBQ + far + b"</script><script>" + FBQ + b"</script>"
    assert gated(late, size=size) == []
    assert len(gated(early, size=size)) == 2


def test_what_is_held_back_of_a_long_script_is_limited() -> None:
    assert DECLARED is not None
    scanner = Scanner(lambda host: True, declared=DECLARED)
    given = handed = 0
    for _ in range(200):
        given += 8_192
        pieces = scanner.feed((b"" if given > 8_192 else b"<body><script>") + b"x" * 8_192)
        handed += sum(len(piece.original) for piece in pieces)
        assert given - handed <= limits.HTML_TOKEN_BYTES + 8_192


PARTS = st.sampled_from(
    [
        b"<script>", b"</script>", b"fbq('init'", b"<script src=/gtm/a.js>", b"<!--", b"-->",
        b"<svg>", b"</svg>", b"<img src=/metrics/collect>", b"<p class=x>", b"text", b"<style>",
        b"</style>", b"<noscript>", b"</noscript>", b"<head>", b"<body>", b"<base href=/gtm/>",
        b"<script type=module>", b"<a href='/x'>", b"<img src=a.png>", b"'", b"<textarea>",
        b"</textarea>", b"<iframe srcdoc=\"<script>fbq('init'</script>\">", b"//w.gtm.test/gtm.js",
    ]
)  # fmt: skip


@given(parts=st.lists(PARTS, max_size=24), cuts=st.lists(st.integers(1, 40), max_size=60))
def test_however_a_page_is_cut_its_bytes_are_the_same(parts: list[bytes], cuts: list[int]) -> None:
    page = b"".join(parts)
    assert DECLARED is not None
    scanner = Scanner(lambda host: True, DECLARED.base("/a/b"), declared=DECLARED)
    pieces: list[Piece] = []
    start = 0
    for cut in (*cuts, len(page) + 1):
        pieces += scanner.feed(page[start : start + cut])
        start += cut
    pieces += scanner.close()
    rendered = b"".join(p.inert if isinstance(p, Gated) else p.original for p in pieces)
    whole = Scanner(lambda host: True, DECLARED.base("/a/b"), declared=DECLARED)
    at_once = whole.feed(page) + whole.close()
    assert rendered == b"".join(p.inert if isinstance(p, Gated) else p.original for p in at_once)
    assert b"".join(piece.original for piece in pieces) == page
