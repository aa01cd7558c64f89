"""One hand-made page per trick: which tags are gated, and what their inert form looks like."""

from __future__ import annotations

import pytest

from bandeau.enforcement.html import Scanner
from bandeau.enforcement.pieces import Gated
from bandeau.enforcement.urls import UNREADABLE

E = "evil.test"
IMG = b'<img src="https://evil.test/p">'

CASES: list[tuple[bytes, list[str]]] = [
    # How a tag may be written.
    (b'<img src="https://evil.test/p">', [E]),
    (b"<img src='https://evil.test/p'>", [E]),
    (b"<img src=https://evil.test/p>", [E]),
    (b"<IMG SRC=HTTPS://EVIL.TEST/P>", [E]),
    (b"<img\nsrc\t=\n'//evil.test'>", [E]),
    (b"<img/src=//evil.test/>", [E]),
    (b"<img alt=\">\" src='//evil.test'>", [E]),
    (b'<img alt=a"b src=//evil.test>', [E]),
    (b"<img =x src=//evil.test>", [E]),
    (b"<img a='b'src=//evil.test>", [E]),
    (b"<img src=//evil.test src=/own>", [E]),
    (b"<img src=/own src=//evil.test>", []),
    (b"<img src src=//evil.test>", []),
    (b"<img data-src=//evil.test title='//evil.test'>", []),
    (b"<img src=//own.test/a.jpg srcset='https://www.own.test/b 2x'>", []),
    (b"<im\0g src=//evil.test>", []),
    (b"<img sr\0c=//evil.test>", []),
    (b"<imgx src=//evil.test>", []),
    (b"< img src=//evil.test>", []),
    (b"<img\x0bsrc=//evil.test>", []),
    (b"\0<img src=//evil.test>", [E]),
    (b"<<img src=//evil.test>", [E]),
    (b"<b <img src=//evil.test>", []),
    (b"<a title='<img src=//evil.test>'>", []),
    (b"</p <img src=//evil.test>" + IMG, [E]),
    (b"</p a='>" + IMG + b"'>", []),
    # How a URL may be written.
    (b"<img src='&#104;ttps&colon;&sol;&sol;evil.test'>", [E]),
    (b"<img src='https://own.test@evil.test:80/'>", [E]),
    (b"<img src='https://evil.test./'>", [E]),
    (b"<img src='/\t/evil.test'>", [E]),
    (b"<img src='\\\\evil.test'>", [E]),
    ("<img src='//ｅｖｉｌ。ｔｅｓｔ'>".encode(), [E]),
    (b"<img src='//%65vil.test'>", [E]),
    (b"<img src='//ev\xffil.test'>", [UNREADABLE]),
    (b"<img src='data:image/png;base64,//evil.test'>", []),
    (b"<iframe src='javascript:void(0)'></iframe>", []),
    (b"<img src='blob:https://evil.test'>", []),
    # What fetches.
    (b"<script src=//evil.test></script>", [E]),
    (b"<script type=module src=//evil.test></script>", [E]),
    (b"<script type=speculationrules>{}</script>", [UNREADABLE]),
    (b"<script async type=' SpeculationRules\n'>{}</script>", [UNREADABLE]),
    (b"<script type='&#115;peculationrules'>{}</script>", [UNREADABLE]),
    (b"<script type=text/speculationrules>{}</script>", []),
    (b'<script type=importmap>{"imports":{"a":"https://evil.test"}}</script>', []),
    (b"<link rel=stylesheet href=//evil.test>", [E]),
    (b"<link rel='shortcut ICON' href=//evil.test>", [E]),
    (b"<link rel=preload imagesrcset='//evil.test 1x' as=image>", [E]),
    (b"<link rel=modulepreload href=//evil.test><link rel=prefetch href=//b.test>", [E, "b.test"]),
    (b"<link rel=preconnect href=//evil.test><link rel=dns-prefetch href=//b.test>", [E, "b.test"]),
    (b"<link rel=manifest href=//evil.test>", [E]),
    (b"<link rel=canonical href=//evil.test><link rel=alternate href=//evil.test>", []),
    (b"<link href=//evil.test>", []),
    (b"<img srcset='/a 1x, //evil.test/b 2x'>", [E]),
    (b"<picture><source srcset='//evil.test/b 2x'><img></picture>", [E]),
    (
        b"<video poster=//evil.test><source src=//b.test><track src=//c.test>",
        [E, "b.test", "c.test"],
    ),
    (b"<audio src=//evil.test></audio>", [E]),
    (b"<embed src=//evil.test><object data=//b.test></object>", [E, "b.test"]),
    (b"<iframe src=//evil.test></iframe><frame src=//b.test>", [E, "b.test"]),
    (b"<applet code=//evil.test></applet>", [E]),
    (b"<param name=movie value=//evil.test><param name=note value=//evil.test>", [E]),
    (b"<input type=image src=//evil.test>", [E]),
    (b"<form action=//evil.test><button formaction=//b.test>", [E, "b.test"]),
    (b"<a href=//evil.test ping='/own //b.test'>", ["b.test"]),
    (b"<area href=//evil.test>", []),
    (b"<body background=//evil.test><td background=//b.test>", [E, "b.test"]),
    (b"<p style='background:url(//evil.test)'>", [E]),
    (b"<p style='background:u&#114;l(//evil.test)'>", [E]),
    (b"<p style=background:url(//evil.test)>", [E]),
    (b"<p style='color: red'><p style=\"background:url(/own)\">", []),
    (b"<meta http-equiv=refresh content='0;url=//evil.test'>", [E]),
    (b"<meta HTTP-EQUIV='Refresh' content='0;url=/own'>", []),
    (b"<meta property=og:image content=https://evil.test>", []),
    (b"<image src=//evil.test>", [E]),
    (b"<svg><image href=//evil.test /><use xlink:href='//b.test#a'/></svg>", [E, "b.test"]),
    (b"<svg><use href='#a'/><use xlink:href=\"#b\" /></svg>", []),
    (b"<svg><feImage href=//evil.test /></svg>", [E]),
    (b"<svg><rect fill='url(//evil.test#a)'/><rect fill='url(#b)'/></svg>", [E]),
    (
        b"<svg><rect mask=\"URL(//evil.test)\"/><g style='fill:url(//b.test)'></g></svg>",
        [E, "b.test"],
    ),
    (
        b"<svg><set attributeName=href to=//evil.test /><set attributeName=x to=//b.test /></svg>",
        [E],
    ),
    # Text that is not markup.
    (b"<!--" + IMG + b"-->", []),
    (b"<!-->" + IMG + b"-->", [E]),
    (b"<!--->" + IMG + b"-->", [E]),
    (b"<!-- a --!>" + IMG, [E]),
    (b"<!--!>" + IMG + b"-->", []),
    (b"<!---!>" + IMG + b"-->", []),
    (b"<!-- <!-- -->" + IMG, [E]),
    (b"<!x '>" + IMG, [E]),
    (b"<?x " + IMG + IMG, [E]),
    (b"</3 " + IMG + IMG, [E]),
    (b"</>" + IMG, [E]),
    (b"<script>'" + IMG + b"'</script>", []),
    (b"<script>'</script x='>'>" + IMG, [E]),
    (b"<script><!--</script>" + IMG, [E]),
    (b"<script><!--<script></script>" + IMG + b"</script>" + IMG, [E]),
    (b"<script><!--<script>--></script>" + IMG, [E]),
    (b"<script><!--><script></script>" + IMG, [E]),
    (b"<script>x</scriptx>" + IMG + b"</script/>", []),
    (b"<style>" + IMG + b"</STYLE >" + IMG, [E]),
    (b"<textarea>" + IMG + b"</textarea>" + IMG, [E]),
    (b"<title>" + IMG + b"</title>" + IMG, [E]),
    (b"<xmp>" + IMG + b"</xmp><noembed>" + IMG + b"</noembed>", []),
    (b"<iframe>" + IMG + b"</iframe><noframes>" + IMG + b"</noframes>", []),
    # Noscript is both text and markup.
    (b"<noscript>" + IMG + b"</noscript>", [E]),
    (b"<head><noscript>" + IMG + b"</noscript>", [E]),
    (b"<noscript><!-- </noscript>" + IMG + b"-->", [E]),
    (b"<noscript><style></noscript>" + IMG + b"</style>", [E]),
    (b"<noscript><iframe src=//b.test></iframe></noscript>" + IMG, ["b.test", E]),
    (b"<noscript><p title='</noscript>" + IMG + b"'>", [E]),
    (b"<noscript><img src='//b.test' alt='</noscript>" + IMG + b"'>", ["b.test", E]),
    (b"<noscript><img alt='</noscript>' src=//b.test>", ["b.test"]),
    (b"<noscript><img src='//b.test </noscript>" + IMG + b"' alt>", [E]),
    # Templates, foreign content, frames, selects.
    (b"<template>" + IMG + b"</template>", [E]),
    (b"<template><template>" + IMG + b"</template></template>", [E]),
    (b"<div><template shadowrootmode=open>" + IMG + b"</template></div>", [E]),
    (b"<svg><title>" + IMG + b"</title></svg>", [E]),
    (b"<svg><style>" + IMG + b"</style></svg>", [E]),
    (b"<svg><script>" + IMG + b"</script></svg>", [E]),
    (b"<svg><desc><style>" + IMG + b"</style></desc></svg>", []),
    (b"<svg></svg><style>" + IMG + b"</style>", []),
    (b"<svg/><style>" + IMG + b"</style>", []),
    (b"<svg><p><style>" + IMG + b"</style>", []),
    (b"<math><mi><style>" + IMG + b"</style></mi></math>", []),
    (b"<math><style>" + IMG + b"</style></math>", [E]),
    (b"<svg><![CDATA[" + IMG + b"]]></svg>" + IMG, [E]),
    (b"<![CDATA[ > " + IMG + b"]]>", [E]),
    (b"<frameset><frame src=//evil.test></frameset>", [E]),
    (b"<frameset><style><frame src=//evil.test></style></frameset>", [E]),
    (b"<select><option>" + IMG + b"</select>", [E]),
    (b"<select><plaintext></select>" + IMG, [E]),
    (b"<plaintext>" + IMG, [E]),
    # Documents within, and the base.
    (b"<iframe srcdoc=\"<img src='//evil.test'>\"></iframe>", [E]),
    (b"<iframe srcdoc='&lt;img src=&quot;//evil.test&quot;&gt;'></iframe>", [E]),
    (b"<iframe srcdoc='<p>own</p>'></iframe>", []),
    (b"<iframe srcdoc=\"<iframe srcdoc='<img src=//evil.test>'>\"></iframe>", [E]),
    (b"<base href=//evil.test/x/><img src=a.jpg>", [E, E]),
    (b"<base href=//evil.test/x/><base href=/><img src=a.jpg>", [E, E]),
    (b"<base target=_top><base href=//evil.test/><a href=b><img src=a>", [E, E]),
    (b"<base href=/sub/><base href=//evil.test/><img src=a.jpg>", [E]),
    (b"<base href=//own.test/><img src=a.jpg>", []),
    (b"<base href=//evil.test/><svg>text <image href=a /></svg><p ping=b>", [E, E, E]),
    (b"<base href=data:,x><img src=a.jpg>", []),
]


def third_party(host: str) -> bool:
    return not (host == "own.test" or host.endswith(".own.test"))


def gated(page: bytes) -> list[Gated]:
    scanner = Scanner(third_party)
    pieces = scanner.feed(page) + scanner.close()
    assert b"".join(piece.original for piece in pieces) == page
    return [piece for piece in pieces if isinstance(piece, Gated)]


UNENDED = [
    b"<img src='//evil.test",
    b"<img src=//evil.test",
    b"<img src=//evil.test alt='>",
    b"<noscript><img src='//evil.test </noscript>",
    b"<script>" + IMG,
    b"<!--" + IMG,
    b"<svg><![CDATA[" + IMG,
    b"<script><!--<script></script>" + IMG,
]


@pytest.mark.parametrize("around", [b"%b", b"<!doctype html><html><head></head><body>%b<p>end"])
@pytest.mark.parametrize(("markup", "hosts"), CASES)
def test_tags_that_reach_third_parties_are_gated(
    markup: bytes, hosts: list[str], around: bytes
) -> None:
    if around != b"%b" and b"frameset" in markup:
        pytest.skip("a frameset stands instead of a body")
    found = gated(around.replace(b"%b", markup))
    assert [host for piece in found for host in piece.subjects.hosts] == hosts
    assert all(not gated(piece.inert) for piece in found)


@pytest.mark.parametrize("markup", UNENDED)
def test_what_never_ends_is_left_alone(markup: bytes) -> None:
    assert gated(markup) == []


@pytest.mark.parametrize(
    ("markup", "inert"),
    [
        (b'<img SRC="//evil.test/a" alt=x>', b'<img data-bandeau-SRC="//evil.test/a" alt=x>'),
        (
            b"<img src=//evil.test src=//b.test>",
            b"<img data-bandeau-src=//evil.test data-bandeau-src=//b.test>",
        ),
        (
            b"<script async src=//evil.test integrity=x nonce=n>",
            b'<script type="text/plain" async data-bandeau-src=//evil.test integrity=x nonce=n>',
        ),
        (
            b"<script src=//evil.test type=module>",
            b'<script type="text/plain" data-bandeau-src=//evil.test data-bandeau-type=module>',
        ),
        (b"<script/src=//evil.test>", b'<script type="text/plain"/data-bandeau-src=//evil.test>'),
        (
            b"<iframe src=//evil.test width=1>",
            b"<iframe hidden data-bandeau-src=//evil.test width=1>",
        ),
        (b"<iframe hidden src=//evil.test>", b"<iframe hidden data-bandeau-src=//evil.test>"),
        (
            b"<iframe src=/own srcdoc='<img src=//evil.test>'>",
            b"<iframe hidden data-bandeau-src=/own data-bandeau-srcdoc='<img src=//evil.test>'>",
        ),
        (
            b"<a href=//evil.test ping=//evil.test>",
            b"<a href=//evil.test data-bandeau-ping=//evil.test>",
        ),
        (
            b"<meta http-equiv=refresh content='0;//evil.test'>",
            b"<meta data-bandeau-http-equiv=refresh content='0;//evil.test'>",
        ),
        (
            b"<video src=/own poster=//evil.test>",
            b"<video src=/own data-bandeau-poster=//evil.test>",
        ),
        (
            b"<svg><image xlink:href=//evil.test />",
            b"<image data-bandeau-xlink:href=//evil.test />",
        ),
    ],
)
def test_only_names_change_in_the_inert_form(markup: bytes, inert: bytes) -> None:
    assert [piece.inert for piece in gated(markup)] == [inert]


@pytest.mark.parametrize(
    ("markup", "element", "url"),
    [
        (b"<iframe src='//evil.test/v?a=1&amp;b=2'>", "iframe", "https://evil.test/v?a=1&b=2"),
        (b"<IFRAME SRC=http://evil.test:8080/v>", "iframe", "http://evil.test:8080/v"),
        (b"<object data=https://evil.test/o>", "object", "https://evil.test/o"),
        (b"<embed src=https:\\\\evil.test\\e>", "embed", "https://evil.test\\e"),
        (b"<iframe srcdoc='<img src=//evil.test>'>", "iframe", None),
        (b"<img src=//evil.test>", "img", None),
    ],
)
def test_embeds_say_what_they_would_load(markup: bytes, element: str, url: str | None) -> None:
    (piece,) = gated(markup)
    assert (piece.element, piece.embed_url) == (element, url)
