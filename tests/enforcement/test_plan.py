"""Edit plans of whole pages, and what an engine promises."""

from __future__ import annotations

import tracemalloc
from itertools import pairwise, permutations

import pytest

from bandeau.enforcement.engine import Engine, PythonEngine
from bandeau.enforcement.pieces import Gated, Literal, Mark, Piece, Place
from bandeau.enforcement.rules import Rules
from bandeau.policy.check import load
from bandeau.storage.files import read_words

POLICY = b"""
[site]
name = "Paper"
controller = "Paper SAS"
hosts = ["paper.test"]
privacy_policy = "/p"
languages = ["en"]
[purposes.advertising]
[[trackers]]
vendor = "Ads"
purpose = "advertising"
hosts = ["ads.test"]
"""
PAGE = (
    b"<!doctype html><html lang=fr><head><title>t</title></head><body>"
    b"<img src=https://ads.test/1><p>text</p><a href=https://far.test/>far</a>"
    b"<img src=https://cdn.paper.test/2><iframe src=https://ads.test/f></iframe></body></html>"
)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return PythonEngine(Rules(load(POLICY, read_words())[0]))


def joined(pieces: tuple[Piece, ...]) -> bytes:
    return b"".join(piece.original for piece in pieces)


def test_a_plan_is_the_page_in_as_few_pieces_as_can_be(engine: Engine) -> None:
    plan = engine.plan(PAGE, "paper.test")
    assert joined(plan.pieces) == PAGE
    literal = [isinstance(piece, Literal) for piece in plan.pieces]
    assert (True, True) not in list(pairwise(literal))
    assert [p.original for p in plan.pieces if isinstance(p, Gated)] == [
        b"<img src=https://ads.test/1>",
        b"<iframe src=https://ads.test/f>",
    ]
    assert (plan.lang, plan.is_document, plan.rebased) == ("fr", True, False)
    assert plan.links() == ('"*://far.test:*"',)


def test_what_can_be_settled_is_one_literal(engine: Engine) -> None:
    plan = engine.plan(PAGE, "paper.test")

    def settle(gated: Gated) -> bytes | None:
        return gated.inert if gated.element == "img" else None

    form = plan.held("refused", settle)
    left = [p for p in form if not isinstance(p, Literal)]
    assert [p.place for p in left if isinstance(p, Mark)] == [Place.HEAD_START, Place.BODY_START]
    assert [p.element for p in left if isinstance(p, Gated)] == ["iframe"]
    assert b"<img data-bandeau-src=https://ads.test/1>" in joined(form)


def test_a_form_is_worked_out_once_for_each_choice_and_few_are_kept(engine: Engine) -> None:
    plan, asked = engine.plan(PAGE, "paper.test"), []

    def settle(gated: Gated) -> bytes | None:
        asked.append(gated.element)
        return gated.original

    first = plan.held("a", settle)
    assert plan.held("a", settle) is first
    assert asked == ["img", "iframe"]
    for choice in "bcdefgh":
        plan.held(choice, settle)
    assert plan.held("a", settle) is not first
    assert joined(plan.held("a", settle)) == PAGE


def test_a_plan_and_its_forms_share_one_copy_of_the_page(engine: Engine) -> None:
    page = PAGE.replace(b"text", b"text" * 10_000)
    plan = engine.plan(page, "paper.test")
    plan.held("refused", lambda gated: gated.inert)
    plan.held("accepted", lambda gated: gated.original)
    tracemalloc.start()
    for choice in range(4):
        plan.held(choice, lambda gated: gated.inert)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < len(page) / 2
    assert len(page) < plan.bytes_kept < 2 * len(page)


def test_a_form_is_the_page_with_its_changes_however_long_its_parts(engine: Engine) -> None:
    parts = [b"<p>" + b"a" * 6_000, b"<img src=https://ads.test/1>", b"<p>b", b"<b>" * 1_800]
    for order in permutations(parts + parts[1:2]):
        page = b"<!doctype html><html lang=fr><body>" + b"".join(order)
        form = engine.plan(page, "paper.test").held("refused", lambda gated: gated.inert)
        assert joined(form) == page.replace(b" src=", b" data-bandeau-src=")


def test_the_host_that_serves_a_page_is_its_own(engine: Engine) -> None:
    page = b"<body><img src=https://other.test/a>"
    gated = [
        [p for p in engine.plan(page, host).pieces if isinstance(p, Gated)]
        for host in ("paper.test", "other.test")
    ]
    assert [len(each) for each in gated] == [1, 0]
    assert engine.serves("www.paper.test") == engine.serves("paper.test") == ""
    assert engine.serves("other.test") == "other.test"


@pytest.mark.parametrize(
    ("tag", "leaves"),
    [
        (b'<img src="https://paper.test/a">', False),
        (b"<img src='//cdn.paper.test/a'>", False),
        (b"<script src=//paper.test?a></script>", False),
        (b'<img srcset="//paper.test/a, https://a.paper.test/b 2x">', False),
        (b'<link rel="canonical" href="https://ads.test/">', False),
        (b'<meta http-equiv="Content-Type" content="0;url=https://ads.test/">', False),
        (b"<svg><use xlink:href='https://paper.test/s.svg#a'/></svg>", False),
        (b"<noscript><img src='https://paper.test/a'></noscript>", False),
        (b'<p style="color: rgb(1,2,3); width: calc(1px)">', False),
        (b'<img src="https://paper.test@ads.test/a">', True),
        (b'<img src="https://paper.test.ads.test/a">', True),
        (b'<img src="https://xpaper.test/a">', True),
        (b'<img src="//paper.test:80@ads.test/">', True),
        (b'<img src="https://paper.test&#46;ads.test/">', True),
        (b'<img src="https://paper.test\\@ads.test/">', False),
        (b'<img src="&#47;/ads.test/a">', True),
        (b'<img src="/\t/ads.test/a">', True),
        (b'<img src="\\/ads.test/a">', True),
        (b'<img src="a:b">', False),
        (b'<img src="https:ads.test/a">', True),
        (b'<img srcset="//paper.test/a 1x, //ads.test/b 2x">', True),
        (b'<img srcset="/a,//ads.test/b">', False),
        (b'<img srcset="/a, //ads.test/b">', True),
        (b'<img srcset="/a 1x,//ads.test/b">', True),
        (b'<img srcset="/a&#32;1x,//ads.test/b">', True),
        (b'<link rel="canonical" rel="icon" href="https://ads.test/">', False),
        (b'<link rel="icon" rel="canonical" href="https://ads.test/">', True),
        (b"<link rel=\"preload\" imagesrcset='//ads.test/a'>", True),
        (b'<meta content="0;url=https://ads.test/" http-equiv="refresh">', True),
        (b'<p style="background: URL(//ads.test/a)">', True),
        (b'<p style="background: u\\72l(//ads.test/a)">', True),
        (b"<p style=\"background: image-set('//ads.test/a' 1x)\">", True),
        (b"<p style='background: url&#40;//ads.test/a)'>", True),
        (b"<svg><use xlink:href='//ads.test/s.svg#a'/></svg>", True),
        (b"<svg fill='url(//ads.test/a)'><path/></svg>", True),
        (b"<svg><title>a</title><image href='//ads.test/a'/></svg>", True),
        (b"<noscript><img alt='</noscript>' src='//ads.test/a'></noscript>", True),
        (b"<noscript><p class=a><img src='//ads.test/a'></noscript>", True),
        (b'<div async = "><img src=//ads.test/a>">', False),
        (b"<div a ='><img src=//ads.test/a>'>", False),
        (b"<iframe src='/a' srcdoc='<img src=//ads.test/a>'></iframe>", True),
        (b"<iframe src='/a'><img src=//ads.test/a></iframe>", False),
        (b"<textarea><img src=//ads.test/a></textarea>", False),
        (b"<script><!--<script></script><img src=//ads.test/a>--></script>", False),
    ],
)
@pytest.mark.parametrize("head", [b"<body>", b"<head>"])
def test_what_is_passed_quickly_leads_nowhere_else(
    engine: Engine, tag: bytes, leaves: bool, head: bytes
) -> None:
    for page in (head + tag, head + b"<p>a</p>" + tag + b"<p>"):
        pieces = engine.plan(page, "paper.test").pieces
        assert joined(pieces) == page
        assert any(isinstance(piece, Gated) for piece in pieces) == leaves, page
