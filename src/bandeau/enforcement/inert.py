"""Which hosts a start tag contacts, and the form of it that contacts none.

Only the bytes of attribute names change: a prefix makes the browser forget them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache

from bandeau.enforcement.markup import Tag
from bandeau.enforcement.pieces import Gated
from bandeau.enforcement.references import css_urls, listed_urls, refresh_url, srcset_urls
from bandeau.enforcement.urls import OWN, UNREADABLE, Reach, Target, decode_attribute, target_of

_REMEMBERED = 1_024
PREFIX = b"data-bandeau-"

_Reader = Callable[[str], Iterable[str]]


def _one(value: str) -> tuple[str, ...]:
    return (value,)


def _refresh(content: str) -> tuple[str, ...]:
    return (refresh_url(content),)


def _semicolons(value: str) -> list[str]:
    return value.split(";")


_SRC: dict[bytes, _Reader] = {b"src": _one}
_SRCSET: dict[bytes, _Reader] = {b"src": _one, b"srcset": srcset_urls}
_HREF: dict[bytes, _Reader] = {b"href": _one, b"xlink:href": _one}
_ANIMATED: dict[bytes, _Reader] = {
    b"from": _one,
    b"to": _one,
    b"by": _one,
    b"values": _semicolons,
}
_ELEMENTS: dict[bytes, dict[bytes, _Reader]] = {
    b"script": _SRC | _HREF,
    b"img": _SRCSET,
    b"image": _SRCSET | _HREF,
    b"use": _HREF,
    b"feimage": _HREF,
    b"animate": _ANIMATED,
    b"set": _ANIMATED,
    b"iframe": _SRC,
    b"frame": _SRC,
    b"portal": _SRC,
    b"fencedframe": _SRC,
    b"embed": _SRC,
    b"object": {b"data": _one, b"codebase": _one, b"archive": listed_urls},
    b"applet": {b"code": _one, b"codebase": _one, b"archive": listed_urls, b"object": _one},
    b"audio": _SRC,
    b"video": _SRC | {b"poster": _one},
    b"source": _SRCSET,
    b"track": _SRC,
    b"input": _SRC,
    b"form": {b"action": _one},
    b"base": {b"href": _one},
    b"link": {b"href": _one, b"imagesrcset": srcset_urls},
    b"meta": {b"content": _refresh},
    b"param": {b"value": _one},
}
_PRESENTATION: dict[bytes, _Reader] = dict.fromkeys(
    b"filter mask clip-path cursor fill stroke marker marker-start marker-mid marker-end".split(),
    css_urls,
)
_ANYWHERE: dict[bytes, _Reader] = _PRESENTATION | {
    b"style": css_urls,
    b"background": _one,
    b"ping": listed_urls,
    b"attributionsrc": listed_urls,
    b"formaction": _one,
}
_READERS = {element: _ANYWHERE | readers for element, readers in _ELEMENTS.items()}
_SCRIPT_SOURCES = frozenset({b"src", b"href", b"xlink:href"})
_EMBEDS = frozenset({b"iframe", b"embed", b"object", b"portal", b"applet"})
_EMBED_SOURCE = {b"object": b"data", b"applet": b"code"}
_FETCHING_RELS = frozenset(
    b"stylesheet icon apple-touch-icon apple-touch-icon-precomposed apple-touch-startup-image "
    b"mask-icon fluid-icon manifest preload modulepreload prefetch prerender preconnect "
    b"dns-prefetch next import search monetization compression-dictionary subresource".split()
)
_PARAMETERS = frozenset({b"movie", b"src", b"url", b"data", b"code", b"archive", b"filename"})


def _said(values: Mapping[bytes, bytes], name: bytes) -> bytes:
    return decode_attribute(values.get(name, b"")).lower().encode("utf-8", "replace")


_CONDITIONS: dict[bytes, Callable[[Mapping[bytes, bytes]], bool]] = {
    b"link": lambda values: not _FETCHING_RELS.isdisjoint(_said(values, b"rel").split()),
    b"meta": lambda values: _said(values, b"http-equiv") == b"refresh",
    b"param": lambda values: _said(values, b"name") in _PARAMETERS,
    b"animate": lambda values: b"href" in _said(values, b"attributename"),
    b"set": lambda values: b"href" in _said(values, b"attributename"),
}
_MAY_LEAVE = re.compile(rb"[:&\\]|/[\t\n\r]*+/")
_PLAIN = re.compile(
    rb"https?://([a-zA-Z0-9-]++(?:\.[a-zA-Z0-9-]++)*\.[a-zA-Z][a-zA-Z0-9-]*+)(?=[/?#]|\Z)"
)


class Judge:
    """Reads tags for the hosts that ``third_party`` says are not the publisher's own.

    ``hosts_within`` gives the third-party hosts of a whole document (``srcdoc``). A host is
    mostly judged once for each instance.
    """

    def __init__(
        self,
        third_party: Callable[[str], bool],
        hosts_within: Callable[[bytes, Target], tuple[str, ...]],
    ) -> None:
        self._third_party = third_party
        self._hosts_within = hosts_within
        self._plainly = lru_cache(_REMEMBERED)(self._judged)

    def gate(self, tag: Tag, base: Target = OWN) -> Gated | None:
        """The gated form of ``tag``, or None where it contacts own hosts only."""
        if base.reach is not Reach.HOST and not _MAY_LEAVE.search(tag.source):
            return None
        readers = _readers(tag.name, tag.values)
        found: dict[bytes, tuple[str, ...]] = {}
        for name, value in tag.values.items():
            reader = readers.get(name)
            if reader and (hosts := self._hosts(value, reader, base)):
                found[b"http-equiv" if reader is _refresh else name] = hosts
        if b"srcdoc" in tag.values and (hosts := self._nested(tag.values[b"srcdoc"], base)):
            found[b"srcdoc"] = hosts
        return self._gated(tag, base, found) if found else None

    def _gated(self, tag: Tag, base: Target, found: Mapping[bytes, tuple[str, ...]]) -> Gated:
        hosts = tuple(dict.fromkeys([host for names in found.values() for host in names]))
        embed = self._embed_url(tag, base) if tag.name in _EMBEDS else None
        inert = inert_form(tag, found.keys())
        return Gated(tag.source, inert, hosts, tag.name.decode("latin-1"), embed)

    def _nested(self, srcdoc: bytes, base: Target) -> tuple[str, ...]:
        document = decode_attribute(srcdoc).encode("utf-8", "surrogateescape")
        return self._hosts_within(document, base)

    def _hosts(self, value: bytes, reader: _Reader, base: Target) -> tuple[str, ...]:
        if reader is _one and (plain := _PLAIN.match(value)):
            return self._plainly(plain[1])
        if base.reach is not Reach.HOST and not _MAY_LEAVE.search(value):
            return ()
        targets = [target_of(url, base) for url in reader(decode_attribute(value)) if url]
        return self._others([t.host for t in targets if t.reach is Reach.HOST])

    def _judged(self, written: bytes) -> tuple[str, ...]:
        return self._others([written.decode("ascii").lower()])

    def _others(self, hosts: list[str]) -> tuple[str, ...]:
        others = [host for host in hosts if host == UNREADABLE or self._third_party(host)]
        return tuple(dict.fromkeys(others))

    def _embed_url(self, tag: Tag, base: Target) -> str | None:
        value = tag.values.get(_EMBED_SOURCE.get(tag.name, b"src"), b"")
        target = target_of(decode_attribute(value), base)
        known = target.reach is Reach.HOST and bool(self._others([target.host]))
        return target.url if known else None


def _readers(element: bytes, values: Mapping[bytes, bytes]) -> Mapping[bytes, _Reader]:
    condition = _CONDITIONS.get(element)
    if condition and not condition(values):
        return _ANYWHERE
    return _READERS.get(element, _ANYWHERE)


def inert_form(tag: Tag, renamed: Collection[bytes]) -> bytes:
    """``tag`` with the attributes in ``renamed`` out of the browser's sight, doubled ones too.

    A script gets a type that does not run; a frame or embed is hidden, and loses its ``src``
    where that would take over from ``srcdoc``.
    """
    names, added = renamed, b""
    if tag.name == b"script" and not _SCRIPT_SOURCES.isdisjoint(names):
        names, added = {*names, b"type"}, b' type="text/plain"'
    elif tag.name in _EMBEDS:
        names = {*names, b"src"} if b"srcdoc" in names else names
        added = b"" if b"hidden" in tag.values else b" hidden"
    previous = 1 + len(tag.name)
    parts = [tag.source[:previous], added]
    for place in tag.places(names):
        parts += (tag.source[previous:place], PREFIX)
        previous = place
    parts.append(tag.source[previous:])
    return b"".join(parts)
