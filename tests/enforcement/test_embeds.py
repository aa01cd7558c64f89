"""Items that pages embed: which are seen, posts of scripts, and what opens one alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
from embedding_site import POLICY

from bandeau import limits
from bandeau.choice.decide import stand_without_choice
from bandeau.enforcement.csp import Opened, item_source, opening, own_policy
from bandeau.enforcement.embeds import Embed, framed, item_digest, posted, scripted
from bandeau.enforcement.html import Scanner
from bandeau.enforcement.pieces import Mark, Place
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.vendors import Kind
from bandeau.policy.parse import parse

VIDEO = "https://www.youtube.com/embed/abc"


@pytest.mark.parametrize(
    "attributes",
    [
        b"width=1 height=1",
        b"width=0",
        b'height="0px"',
        b"hidden",
        b'style="display: none"',
        b'style="border:0;visibility:hidden"',
        b'style="width:1px;height:1px"',
        b'srcdoc="&lt;p&gt;"',
    ],
)
def test_what_nobody_sees_is_no_item(attributes: bytes) -> None:
    assert framed(b"<iframe src=x " + attributes + b">", "iframe", VIDEO) is None


@pytest.mark.parametrize(
    "attributes",
    [b"", b"width=100%", b"width=10", b'style="width:100%;max-width:1px"', b'style="height:10px"'],
)
def test_what_is_seen_is_one(attributes: bytes) -> None:
    embed = framed(b"<iframe src=x " + attributes + b">", "iframe", VIDEO)
    assert embed == Embed(VIDEO, "YouTube", Kind.VIDEO, "https://www.youtube.com/watch?v=abc")


def test_an_objects_room_is_kept_by_a_frame_with_its_box() -> None:
    tag = b'<object data=x class="a &quot;b&quot;" width=400 onload="x()" id=o>'
    embed = framed(tag, "object", VIDEO)
    assert embed
    assert embed.seat == ' class="a &quot;b&quot;" width="400"'
    assert embed.anchor == "o"


def test_bytes_that_are_no_text_do_not_break_an_item() -> None:
    embed = framed(b"<iframe src=x>", "iframe", VIDEO + "?\udcff")
    assert embed
    assert embed.url.encode()
    assert item_digest("v", "p", embed.url)


def test_a_telegram_script_is_a_post() -> None:
    tag = b'<script async src="https://telegram.org/js/w.js" data-telegram-post="durov/12">'
    assert scripted(tag) == Embed(
        "https://t.me/durov/12?embed=1",
        "Telegram",
        Kind.POST,
        "https://t.me/durov/12",
        quoted=True,
    )
    assert scripted(b'<script src=x data-telegram-post="../evil">') is None
    assert scripted(b"<script src=x>") is None


POSTS = [
    (
        b'<blockquote class="twitter-tweet" data-lang=fr>',
        b'<p>a <a href="https://t.co/x">y</a></p>'
        b'<a href="https://twitter.com/jack/status/20?ref_src=t&amp;s">d</a>',
        "X",
        "https://platform.twitter.com/embed/Tweet.html?id=20",
        "https://twitter.com/jack/status/20",
    ),
    (
        b'<blockquote class="instagram-media" '
        b'data-instgrm-permalink="https://www.instagram.com/p/Ab1/?utm=x">',
        b"",
        "Instagram",
        "https://www.instagram.com/p/Ab1/embed/",
        "https://www.instagram.com/p/Ab1/",
    ),
    (
        b'<blockquote class=tiktok-embed cite="https://www.tiktok.com/@a.b/video/71" '
        b"data-video-id=71>",
        b"",
        "TikTok",
        "https://www.tiktok.com/embed/v2/71",
        "https://www.tiktok.com/@a.b/video/71",
    ),
    (
        b'<blockquote class="reddit-embed-bq">',
        b"<a href='https://www.reddit.com/r/france/comments/1a/t/'>t</a>",
        "Reddit",
        "https://embed.reddit.com/r/france/comments/1a/t/",
        "https://www.reddit.com/r/france/comments/1a/t/",
    ),
    (
        b'<blockquote class="bluesky-embed" '
        b'data-bluesky-uri="at://did:plc:abc/app.bsky.feed.post/3k">',
        b"",
        "Bluesky",
        "https://embed.bsky.app/embed/did:plc:abc/app.bsky.feed.post/3k",
        "https://bsky.app/profile/did:plc:abc/post/3k",
    ),
    (
        b'<blockquote class="mastodon-embed" data-embed-url="https://m.example/@a/1/embed">',
        b"",
        "Mastodon",
        "https://m.example/@a/1/embed",
        "https://m.example/@a/1",
    ),
    (
        b'<div class="fb-post" data-href="https://www.facebook.com/a/posts/1?x=1" data-width=500>',
        b"",
        "Facebook",
        "https://www.facebook.com/plugins/post.php?"
        "href=https%3A%2F%2Fwww.facebook.com%2Fa%2Fposts%2F1%3Fx%3D1",
        "https://www.facebook.com/a/posts/1?x=1",
    ),
]


@pytest.mark.parametrize(
    ("tag", "inside", "vendor", "frame", "link"), POSTS, ids=[post[2] for post in POSTS]
)
def test_a_quoted_post_has_a_frame_without_script(
    tag: bytes, inside: bytes, vendor: str, frame: str, link: str
) -> None:
    element = tag[1:].split()[0].decode()
    embed = posted(tag, element, inside)
    assert embed
    assert (embed.vendor, embed.url, embed.link, embed.quoted) == (vendor, frame, link, True)
    scanner = Scanner(lambda host: True)
    pieces = scanner.feed(b"<body><p>x</p>" + tag + inside + b"</blockquote>") + scanner.close()
    marks = [piece for piece in pieces if isinstance(piece, Mark)]
    assert [(m.original, m.text) for m in marks if m.place is Place.POST] == [(tag, element)]


@pytest.mark.parametrize(
    "tag",
    [
        b"<blockquote>",
        b'<blockquote class="quote">',
        b'<div data-href="/x">',
        b'<p class="twitter-tweet">',
    ],
)
def test_other_quotations_are_not_marked(tag: bytes) -> None:
    scanner = Scanner(lambda host: True)
    pieces = scanner.feed(b"<body>" + tag) + scanner.close()
    assert not [p for p in pieces if isinstance(p, Mark) and p.place is Place.POST]


def test_a_post_that_names_none_is_none() -> None:
    tag = b'<blockquote class="twitter-tweet">'
    for inside in (b"", b"<a href=/own>x</a>", b"<a href='https://twitter.com/jack'>x</a>"):
        assert posted(tag, "blockquote", inside) is None


def test_hostile_quotations_are_read_in_linear_time() -> None:
    inside = (b"<a <a href=" * limits.POST_BYTES)[: limits.POST_BYTES]
    assert posted(b'<blockquote class="twitter-tweet">', "blockquote", inside) is None


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://a.test/embed/1?x=1#y", "a.test/embed/1"),
        ("https://a.test:8443/e", "a.test:8443/e"),
        ("https://a.test", "a.test/"),
        ("http://a.test/a;b,c d'\u00e9", "a.test/a%3Bb%2Cc%20d'%C3%A9"),
        ("ftp://a.test/", ""),
        ("https://[::1]/", ""),
        ("https://a.test:x/", ""),
    ],
)
def test_an_items_source_is_its_path_and_cannot_break_the_policy(url: str, source: str) -> None:
    assert item_source(url) == source


def test_what_opens_is_one_path_for_frames_alone() -> None:
    policy = own_policy(["own.test"], ["ok.test"])
    opened = Opened()
    assert opening(policy, opened) == policy
    opened.add("https://a.test/embed/1?x=1")
    wider = opening(policy, opened)
    assert wider.startswith(policy + b"; frame-src 'self' own.test:* *.own.test:* ")
    assert wider.endswith(b" a.test/embed/1")
    assert b"a.test" not in policy
    assert wider.count(b"a.test") == 1
    assert b"unsafe" not in wider.removeprefix(policy)
    opened.add("https://a.test/embed/2", plugin=True)
    assert opening(policy, opened).count(b"a.test/embed/1") == 1
    assert b"object-src" in opening(policy, opened)


def test_who_has_loaded_items_shares_a_judge_with_nobody() -> None:
    rules = Rules(parse(POLICY.encode()))
    alike = stand_without_choice(rules.policy, signal=False)
    loaded = replace(alike, items=frozenset({"0" * 16}))
    assert rules.judge(alike) is rules.judge(alike)
    assert rules.judge(loaded) is not rules.judge(alike)
    assert rules.judge(loaded) is not rules.judge(loaded)
