"""Third parties' items as pages embed them: frames, and posts that a vendor's script would fill.

A post is quoted by the publisher (``blockquote``) or named by an attribute; either way the item is
a frame of the same vendor's that needs no script in the page (rule R4).
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import quote

from bandeau.enforcement.markup import Tag, read_tag
from bandeau.enforcement.urls import Reach, decode_attribute, target_of
from bandeau.enforcement.vendors import Kind, recognise

DIGEST_CHARACTERS = 16

_OBJECTS = frozenset({b"embed", b"object", b"applet", b"portal"})
_BOX = (b"class", b"style", b"width", b"height")
_UNSEEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:^|[;\s])(?:width|height)\s*:\s*[012]?(?:px)?\s*(?:;|$)",
    re.IGNORECASE,
)
_UNSEEN_LENGTH = re.compile(r"\s*[012](?:px)?\s*", re.IGNORECASE)
_LINK = re.compile(
    rb"<a\s[^<>]*?\bhref\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+))", re.IGNORECASE
)


class Embed(NamedTuple):
    """One item. ``url`` is the frame that shows it, ``link`` the same for people.

    ``vendor`` is the product's name, empty where it is not known. ``seat`` has the attributes of a
    blank frame as large as an item that is no ``iframe`` itself; ``anchor`` is the element's own
    id. ``quoted`` items have no size before they are loaded.
    """

    url: str
    vendor: str
    kind: Kind
    link: str
    seat: str = ""
    anchor: str = ""
    quoted: bool = False


class _Post(NamedTuple):
    """``pattern`` finds the post in one of ``attributes`` or in a link, and fills ``frame``.

    ``{url}`` is the whole of what was found, quoted.
    """

    attributes: tuple[bytes, ...]
    pattern: re.Pattern[str]
    frame: str


def _post(attributes: str, pattern: str, frame: str) -> _Post:
    return _Post(tuple(attributes.encode().split()), re.compile(pattern, re.ASCII), frame)


_TWEET = _post(
    "cite",
    r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/\w+/status(?:es)?/(?P<id>\d+)",
    "https://platform.twitter.com/embed/Tweet.html?id={id}",
)
_REDDIT = _post(
    "cite",
    r"https?://(?:\w+\.)?reddit\.com/(?P<rest>r/\w+/comments/[\w/-]+)",
    "https://embed.reddit.com/{rest}",
)
_ON_FACEBOOK = r"https?://(?:[\w-]+\.)?facebook\.com/.*"
_POSTS: dict[str, _Post] = {
    "twitter-tweet": _TWEET,
    "twitter-video": _TWEET,
    "instagram-media": _post(
        "data-instgrm-permalink cite",
        r"https?://(?:www\.)?instagram\.com/(?:[\w.]+/)?(?P<type>p|reel|tv)/(?P<id>[\w-]+)",
        "https://www.instagram.com/{type}/{id}/embed/",
    ),
    "tiktok-embed": _post(
        "cite",
        r"https?://(?:www\.|m\.)?tiktok\.com/@[\w.-]*/video/(?P<id>\d+)",
        "https://www.tiktok.com/embed/v2/{id}",
    ),
    "reddit-embed-bq": _REDDIT,
    "reddit-card": _REDDIT,
    "bluesky-embed": _post(
        "data-bluesky-uri",
        r"at://(?P<did>did:[\w:.%-]+)/app\.bsky\.feed\.post/(?P<id>\w+)",
        "https://embed.bsky.app/embed/{did}/app.bsky.feed.post/{id}",
    ),
    "text-post-media": _post(
        "data-text-post-permalink",
        r"https?://(?:www\.)?threads\.(?:net|com)/(?P<rest>@[\w.]+/post/[\w-]+)",
        "https://www.threads.com/{rest}/embed",
    ),
    "mastodon-embed": _post(
        "data-embed-url",
        r"(?P<rest>https://[\w.-]+/@[\w.@-]+/\d+)/embed",
        "{rest}/embed",
    ),
    "fb-post": _post(
        "data-href", _ON_FACEBOOK, "https://www.facebook.com/plugins/post.php?href={url}"
    ),
    "fb-video": _post(
        "data-href", _ON_FACEBOOK, "https://www.facebook.com/plugins/video.php?href={url}"
    ),
}
_TELEGRAM = re.compile(r"(?P<channel>\w+)/(?P<id>\d+)", re.ASCII)


def framed(original: bytes, element: str, url: str) -> Embed | None:
    """The item of a frame, embed or object that shows ``url``; ``None`` where it cannot be seen.

    A frame of a pixel or none is no item, nor is one whose document stands in ``srcdoc``.
    """
    tag = read_tag(original, element.encode())
    if b"srcdoc" in tag.values or _unseen(tag.values):
        return None
    readable = url.encode("utf-8", "replace").decode()
    seat = _seat(tag.values) if tag.name in _OBJECTS else ""
    anchor = _value(tag.values, b"id").encode("utf-8", "replace").decode()
    return Embed(readable, *recognise(readable), seat, anchor)


def scripted(original: bytes) -> Embed | None:
    """The post that a ``script`` with this tag would put in its place."""
    if b"data-telegram-post" not in original:
        return None
    named = _value(read_tag(original, b"script").values, b"data-telegram-post")
    found = _TELEGRAM.fullmatch(named)
    return _quoted(f"https://t.me/{found[1]}/{found[2]}?embed=1") if found else None


def is_post(tag: Tag) -> bool:
    """Whether a script would make a third party's post of this element."""
    return tag.name in (b"blockquote", b"div") and _post_of(tag.values) is not None


def posted(original: bytes, element: str, inside: bytes = b"") -> Embed | None:
    """The post of an element that :func:`is_post`, whose content begins with ``inside``."""
    values = read_tag(original, element.encode()).values
    post = _post_of(values)
    if post is None:
        return None
    for url in _mentioned(values, post, inside):
        found = post.pattern.match(url)
        if found:
            frame = post.frame.format(url=quote(url, safe=""), **found.groupdict())
            link = url.partition("?")[0]
            known = link == frame or not link.startswith("http") or "{url}" in post.frame
            embed = _quoted(frame)
            return embed if known else embed._replace(link=link)
    return None


def item_digest(vendor: str, purpose: str, url: str) -> str:
    """The short name of an item, as the visitor's cookie has it."""
    named = "\0".join((vendor, purpose, url)).encode("utf-8", "surrogateescape")
    return hashlib.sha256(b"bandeau/item/v1\0" + named).hexdigest()[:DIGEST_CHARACTERS]


def _quoted(frame: str) -> Embed:
    vendor, kind, link = recognise(frame)
    return Embed(frame, vendor, kind, link, quoted=True)


def _post_of(values: Mapping[bytes, bytes]) -> _Post | None:
    classes = _value(values, b"class").split() if b"class" in values else ()
    return next((_POSTS[name] for name in classes if name in _POSTS), None)


def _mentioned(values: Mapping[bytes, bytes], post: _Post, inside: bytes) -> Iterator[str]:
    """URLs that may be the post's: named by attributes, then linked, the last link first."""
    for name in post.attributes:
        if name in values:
            yield _value(values, name)
    for double, single, bare in reversed(_LINK.findall(inside)):
        target = target_of(decode_attribute(double or single or bare))
        if target.reach is Reach.HOST:
            yield target.url


def _unseen(values: Mapping[bytes, bytes]) -> bool:
    lengths = (_value(values, name) for name in (b"width", b"height") if name in values)
    return (
        b"hidden" in values
        or any(_UNSEEN_LENGTH.fullmatch(length) for length in lengths)
        or _UNSEEN_STYLE.search(_value(values, b"style")) is not None
    )


def _seat(values: Mapping[bytes, bytes]) -> str:
    """Attributes of a blank frame that takes the room which the site gives the element."""
    told = ((name.decode(), _value(values, name)) for name in _BOX if name in values)
    written = "".join(f' {name}="{html.escape(value)}"' for name, value in told)
    return written.encode("utf-8", "replace").decode() or " "


def _value(values: Mapping[bytes, bytes], name: bytes) -> str:
    return decode_attribute(values.get(name, b"")).strip()
