"""What a start tag is judged by, and the form of it that contacts nobody and runs nothing.

Only the bytes of attribute names change: a prefix makes the browser forget them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache

from bandeau.enforcement.markup import Tag
from bandeau.enforcement.paths import OwnPaths
from bandeau.enforcement.pieces import Gated, Subjects, joined
from bandeau.enforcement.references import css_urls, listed_urls, refresh_url, srcset_urls
from bandeau.enforcement.urls import OWN, UNREADABLE, Reach, Target, decode_attribute, target_of

_REMEMBERED = 1_024
PREFIX = b"data-bandeau-"
NOTHING = Subjects()

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
_SCRIPT_SOURCES = frozenset({b"src", b"href", b"xlink:href", b"type"})
_EMBEDS = frozenset({b"iframe", b"embed", b"object", b"portal", b"applet"})
_EMBED_SOURCE = {b"object": b"data", b"applet": b"code"}
FETCHING_RELS = (
    "stylesheet icon apple-touch-icon apple-touch-icon-precomposed apple-touch-startup-image "
    "mask-icon fluid-icon manifest preload modulepreload prefetch prerender preconnect "
    "dns-prefetch next import search monetization compression-dictionary subresource"
)
"""The ``rel`` values of a ``link`` that makes a browser fetch or connect."""
_FETCHING = frozenset(FETCHING_RELS.encode().split())
_PARAMETERS = frozenset({b"movie", b"src", b"url", b"data", b"code", b"archive", b"filename"})


def _said(values: Mapping[bytes, bytes], name: bytes) -> bytes:
    value = values.get(name, b"")
    if value.isascii() and b"&" not in value:
        return value.lower()
    return decode_attribute(value).lower().encode("utf-8", "replace")


_CONDITIONS: dict[bytes, Callable[[Mapping[bytes, bytes]], bool]] = {
    b"link": lambda values: not _FETCHING.isdisjoint(_said(values, b"rel").split()),
    b"meta": lambda values: _said(values, b"http-equiv") == b"refresh",
    b"param": lambda values: _said(values, b"name") in _PARAMETERS,
    b"animate": lambda values: b"href" in _said(values, b"attributename"),
    b"set": lambda values: b"href" in _said(values, b"attributename"),
}
_MAY_LEAVE = re.compile(rb"[:&\\]|/[\t\n\r]*+/")
_PLAIN_START = rb"(?:https?:)?//([a-zA-Z0-9-]++(?:\.[a-zA-Z0-9-]++)*\.[a-zA-Z][a-zA-Z0-9-]*+)"
_PLAIN = re.compile(_PLAIN_START + rb"(?=[/?#]|\Z)")
_PLAIN_CANDIDATE = re.compile(
    rb"[ \t\n\f\r]*+" + _PLAIN_START + rb"[/?#][^ \t\n\f\r&]*+(?:[ \t\n\f\r]++[0-9.]++[wxh])?+"
    rb"[ \t\n\f\r]*+"
)


class Judge:
    """Reads tags for the hosts that ``third_party`` says are not the publisher's own.

    ``paths`` knows which of the publisher's own paths trackers declare; ``within`` gives the
    subjects of a whole document (``srcdoc``). A host is mostly judged once for each instance.
    """

    def __init__(
        self,
        third_party: Callable[[str], bool],
        within: Callable[[bytes, Target], Subjects],
        paths: OwnPaths | None = None,
    ) -> None:
        self._within = within
        self._paths = paths
        self._plainly = lru_cache(_REMEMBERED)(self._judged)
        self._other = lru_cache(_REMEMBERED)(third_party)

    def gate(self, tag: Tag, base: Target = OWN, script: Subjects = NOTHING) -> Gated | None:
        """The gated form of ``tag``, or None where nothing of it is to be judged.

        ``script`` are the subjects of the text that follows it. Speculation rules are read by the
        browser alone: they may name any host that a link leads to, and bring pages of the site's
        own that were made for an earlier choice.
        """
        if tag.name == b"script" and _said(tag.values, b"type").strip() == b"speculationrules":
            script = Subjects(hosts=(UNREADABLE,))
        if base.reach is Reach.OWN and self._paths and not self._paths.mentioned(tag.source, base):
            base = OWN
        nested = b"srcdoc" in tag.values
        if not (base.url or nested or script != NOTHING or _MAY_LEAVE.search(tag.source)):
            return None
        readers = _readers(tag.name, tag.values)
        found: dict[bytes, Subjects] = {b"type": script} if script != NOTHING else {}
        for name, value in tag.values.items():
            reader = readers.get(name)
            if reader and (subjects := self._subjects(value, reader, base)) != NOTHING:
                found[b"http-equiv" if reader is _refresh else name] = subjects
        if nested and (inner := self._nested(tag.values[b"srcdoc"], base)) != NOTHING:
            found[b"srcdoc"] = inner
        return self._gated(tag, base, found) if found else None

    def base(self, tag: Tag, before: Target) -> Target:
        """What the ``href`` of a ``base`` element makes relative URLs lead to."""
        target = target_of(decode_attribute(tag.values[b"href"]), before)
        if target.reach is Reach.HOST:
            own = not self._is_other(target.host)
            return target if not own else self._paths.rebased(target) if self._paths else OWN
        return target if target.url else before

    def _gated(self, tag: Tag, base: Target, found: Mapping[bytes, Subjects]) -> Gated:
        embed = self._embed_url(tag, base) if tag.name in _EMBEDS else None
        inert = inert_form(tag, found.keys())
        name = tag.name.decode("latin-1")
        return Gated(tag.source, inert, joined(found.values()), name, embed)

    def _nested(self, srcdoc: bytes, base: Target) -> Subjects:
        document = decode_attribute(srcdoc).encode("utf-8", "surrogateescape")
        return self._within(document, base)

    def _subjects(self, value: bytes, reader: _Reader, base: Target) -> Subjects:
        if reader is _one and (plain := _PLAIN.match(value)):
            subjects = self._plainly(plain[1])
            if subjects != NOTHING or not base.url:
                return subjects
        elif reader is srcset_urls and not base.url:
            candidates = [*map(_PLAIN_CANDIDATE.fullmatch, value.split(b","))]
            if all(candidates):
                return joined(
                    dict.fromkeys([self._plainly(each[1]) for each in candidates if each])
                )
        if not base.url and not _MAY_LEAVE.search(value):
            return NOTHING
        targets = [target_of(url, base) for url in reader(decode_attribute(value)) if url]
        return joined(map(self._reached, targets)) if targets else NOTHING

    def _judged(self, written: bytes) -> Subjects:
        return self._reached(Target(Reach.HOST, written.decode("ascii").lower()))

    def _reached(self, target: Target) -> Subjects:
        if target.reach is Reach.HOST and self._is_other(target.host):
            return Subjects(hosts=(target.host,))
        if self._paths and target.url and target.reach in (Reach.HOST, Reach.OWN):
            return Subjects(paths=self._paths.declared(target))
        return NOTHING

    def _is_other(self, host: str) -> bool:
        return host == UNREADABLE or self._other(host)

    def _embed_url(self, tag: Tag, base: Target) -> str | None:
        value = tag.values.get(_EMBED_SOURCE.get(tag.name, b"src"), b"")
        target = target_of(decode_attribute(value), base)
        return target.url if any(self._reached(target)) else None


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
    for place in tag.places(frozenset(names)):
        parts += (tag.source[previous:place], PREFIX)
        previous = place
    parts.append(tag.source[previous:])
    return b"".join(parts)
