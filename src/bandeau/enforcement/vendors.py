"""What the frames of well-known vendors show, and where a person finds the same (rule R4).

Each row reads the address of a frame, ``host/path?query`` as written. Rows are tried in order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from bandeau import limits


class Kind(StrEnum):
    """What an embed is to a reader."""

    VIDEO = "video"
    POST = "post"
    MAP = "map"
    AUDIO = "audio"
    ROOM = "room"
    SHARE = "share"
    OTHER = "other"


class Known(NamedTuple):
    """A frame that was recognised: the vendor's product, and a page for people."""

    vendor: str
    kind: Kind
    link: str


class _Row(NamedTuple):
    """``links`` are filled with the pattern's groups and the query; the first that fills counts.

    ``=name`` is the URL in the parameter ``name``, where it leads to the host ``home`` or below.
    """

    vendor: str
    kind: Kind
    pattern: re.Pattern[str]
    links: tuple[str, ...]
    home: str


def _row(vendor: str, kind: Kind, pattern: str, *links: str, home: str = "") -> _Row:
    return _Row(vendor, kind, re.compile(pattern, re.ASCII), links, home)


_YOUTUBE = r"(?:(?:www|m)\.)?youtube(?:-nocookie)?\.com"
_FACEBOOK = r"(?:[\w-]+\.)?facebook\.com(?:/v[\d.]+)?/plugins"
_GOOGLE = r"(?:www\.|maps\.)?google\.(?:com?\.)?[a-z]{2,3}"
_PLACE = "https://www.google.com/maps/search/?api=1&query="
_NUMBER = r"-?[\d.]+"
_ROWS = (
    _row("X", Kind.POST, r"platform\.(?:twitter|x)\.com/embed/", "https://x.com/i/status/{id}"),
    _row("X", Kind.SHARE, r"platform\.(?:twitter|x)\.com/widgets/", "https://x.com/"),
    _row(
        "Telegram",
        Kind.POST,
        r"(?:t|telegram)\.me/(?P<channel>\w+)/(?P<id>\d+)",
        "https://t.me/{channel}/{id}",
    ),
    _row(
        "YouTube",
        Kind.VIDEO,
        rf"{_YOUTUBE}/embed/live_stream",
        "https://www.youtube.com/channel/{channel}/live",
    ),
    _row(
        "YouTube",
        Kind.VIDEO,
        rf"{_YOUTUBE}/(?:embed|v|shorts)/(?P<id>(?!videoseries)[\w-]+)",
        "https://www.youtube.com/watch?v={id}",
    ),
    _row(
        "YouTube",
        Kind.VIDEO,
        rf"{_YOUTUBE}/embed",
        "https://www.youtube.com/playlist?list={list}",
    ),
    _row(
        "Vimeo",
        Kind.VIDEO,
        r"player\.vimeo\.com/video/(?P<id>\d+)",
        "https://vimeo.com/{id}/{h}",
        "https://vimeo.com/{id}",
    ),
    _row(
        "Dailymotion",
        Kind.VIDEO,
        r"(?:www\.)?dailymotion\.com/embed/(?P<type>video|playlist)/(?P<id>\w+)",
        "https://www.dailymotion.com/{type}/{id}",
    ),
    _row(
        "Dailymotion",
        Kind.VIDEO,
        r"geo\.dailymotion\.com/player",
        "https://www.dailymotion.com/video/{video}",
        "https://www.dailymotion.com/playlist/{playlist}",
    ),
    _row("Facebook", Kind.VIDEO, rf"{_FACEBOOK}/video\.php", "=href", home="facebook.com"),
    _row("Facebook", Kind.POST, rf"{_FACEBOOK}/(?:post|page)\.php", "=href", home="facebook.com"),
    _row("Facebook", Kind.SHARE, rf"{_FACEBOOK}/", "https://www.facebook.com/"),
    _row(
        "Instagram",
        Kind.POST,
        r"(?:www\.)?instagram\.com/(?:[\w.]+/)?(?P<type>p|reel|tv)/(?P<id>[\w-]+)/embed",
        "https://www.instagram.com/{type}/{id}/",
    ),
    _row(
        "TikTok",
        Kind.VIDEO,
        r"(?:www\.)?tiktok\.com/(?:embed(?:/v\d)?|player/v\d)/(?P<id>\d+)",
        "https://www.tiktok.com/@/video/{id}",
    ),
    _row(
        "Spotify",
        Kind.AUDIO,
        r"open\.spotify\.com/embed(?:-podcast)?/(?P<type>\w+)/(?P<id>\w+)",
        "https://open.spotify.com/{type}/{id}",
    ),
    _row(
        "Deezer",
        Kind.AUDIO,
        r"widget\.deezer\.com/widget/\w+/(?P<type>\w+)/(?P<id>\d+)",
        "https://www.deezer.com/{type}/{id}",
    ),
    _row("SoundCloud", Kind.AUDIO, r"w\.soundcloud\.com/player", "=url", home="soundcloud.com"),
    _row(
        "Apple Podcasts",
        Kind.AUDIO,
        r"embed\.podcasts\.apple\.com/(?P<rest>[\w/-]+)",
        "https://podcasts.apple.com/{rest}?i={i}",
        "https://podcasts.apple.com/{rest}",
    ),
    _row(
        "Google Maps",
        Kind.MAP,
        rf"{_GOOGLE}/maps/d/(?:u/\d+/)?embed",
        "https://www.google.com/maps/d/viewer?mid={mid}",
    ),
    _row(
        "Google Maps",
        Kind.MAP,
        rf"{_GOOGLE}/maps/embed\?(?:.*&)?pb=.*?(?:!|%21)2d(?P<x>{_NUMBER})"
        rf"(?:!|%21)3d(?P<y>{_NUMBER})",
        _PLACE + "{y},{x}",
    ),
    _row(
        "Google Maps",
        Kind.MAP,
        rf"{_GOOGLE}/maps|maps\.google\.(?:com?\.)?[a-z]{{2,3}}/",
        _PLACE + "{q}",
        "https://www.google.com/maps",
    ),
    _row(
        "OpenStreetMap",
        Kind.MAP,
        rf"(?:www\.)?openstreetmap\.org/export/embed\.html\?(?:.*&)?"
        rf"marker=(?P<y>{_NUMBER})(?:,|%2C)(?P<x>{_NUMBER})",
        "https://www.openstreetmap.org/?mlat={y}&mlon={x}#map=15/{y}/{x}",
    ),
    _row(
        "OpenStreetMap",
        Kind.MAP,
        r"(?:www\.)?openstreetmap\.org/export/embed\.html",
        "https://www.openstreetmap.org/?bbox={bbox}",
    ),
    _row(
        "Clubhouse",
        Kind.ROOM,
        r"(?:www\.)?(?:join)?clubhouse\.com/(?:embed/)?(?P<type>room|event|house|club)/"
        r"(?P<id>[\w-]+)",
        "https://www.clubhouse.com/{type}/{id}",
    ),
    _row(
        "LinkedIn",
        Kind.POST,
        r"www\.linkedin\.com/embed/feed/update/(?P<urn>[\w:%-]+)",
        "https://www.linkedin.com/feed/update/{urn}",
    ),
    _row(
        "Reddit",
        Kind.POST,
        r"(?:embed\.reddit|(?:www\.)?redditmedia)\.com/(?P<rest>r/\w+/comments/[\w/-]+)",
        "https://www.reddit.com/{rest}",
    ),
    _row(
        "Bluesky",
        Kind.POST,
        r"embed\.bsky\.app/embed/(?P<did>did:[\w:.%-]+)/app\.bsky\.feed\.post/(?P<id>\w+)",
        "https://bsky.app/profile/{did}/post/{id}",
    ),
    _row(
        "Threads",
        Kind.POST,
        r"(?:www\.)?threads\.(?:net|com)/(?P<rest>@[\w.]+/post/[\w-]+)/embed",
        "https://www.threads.com/{rest}",
    ),
    _row(
        "Mastodon",
        Kind.POST,
        r"(?P<host>[\w.-]+)/(?P<rest>@[\w.@-]+/\d+)/embed",
        "https://{host}/{rest}",
    ),
    _row(
        "Pinterest",
        Kind.POST,
        r"assets\.pinterest\.com/ext/embed\.html",
        "https://www.pinterest.com/pin/{id}/",
    ),
    _row(
        "Twitch",
        Kind.VIDEO,
        r"(?:player|clips)\.twitch\.tv/",
        "https://clips.twitch.tv/{clip}",
        "https://www.twitch.tv/videos/{video}",
        "https://www.twitch.tv/{channel}",
    ),
    _row(
        "VK",
        Kind.VIDEO,
        r"(?:vk|vkvideo)\.(?:com|ru)/video_ext\.php",
        "https://vkvideo.ru/video{oid}_{id}",
    ),
    _row(
        "RuTube",
        Kind.VIDEO,
        r"rutube\.ru/play/embed/(?P<id>\w+)",
        "https://rutube.ru/video/{id}/",
    ),
)


def recognise(url: str) -> Known:
    """What the frame ``url`` shows. Of one that no row knows, ``vendor`` is empty.

    ``link`` is the URL itself where no page for people can be told from it.
    """
    parts = _split(url)
    if parts is None:
        return Known("", Kind.OTHER, url)
    address, query = parts
    for row in _ROWS:
        found = row.pattern.match(address)
        if found:
            return Known(row.vendor, row.kind, _link(row, query | found.groupdict("")) or url)
    return Known("", Kind.OTHER, url)


def _split(url: str) -> tuple[str, dict[str, str]] | None:
    """``host/path?query`` and the query's first values, quoted as they can stand in a URL."""
    if len(url) > limits.URL_CHARACTERS:
        return None
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, max_num_fields=100, errors="replace")
    except ValueError:
        return None
    address = f"{parts.hostname or ''}{parts.path}?{parts.query}"
    return address, {name: quote(value, safe=",") for name, value in reversed(pairs)}


def _link(row: _Row, values: Mapping[str, str]) -> str:
    for link in row.links:
        with suppress(KeyError):
            named = link.startswith("=")
            filled = _linked(values, link[1:], row.home) if named else link.format(**values)
            if filled:
                return filled
    return ""


def _linked(values: Mapping[str, str], name: str, home: str) -> str:
    """The URL in a parameter; another site's would make a link of ours lead anywhere."""
    url = unquote(values[name])
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    host = parts.hostname or ""
    within = host in (home, f"www.{home}") or (host.endswith(f".{home}") and host[:4] != "api.")
    return url if parts.scheme in ("https", "http") and within else ""
