"""What a scan gives: pieces that are the same whatever the visitor chose."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from itertools import chain
from typing import NamedTuple


class Place(StrEnum):
    """What a :class:`Mark` marks."""

    HEAD_START = "head-start"
    BODY_START = "body-start"
    LANG = "lang"
    COMMENTS = "comments"
    COUNT = "count"
    POST = "post"
    META_CSP = "meta-csp"


class Literal(NamedTuple):
    """Bytes that leave as they came, or a view of them in the page."""

    original: bytes | memoryview


class Subjects(NamedTuple):
    """What a tag is judged by: ``hosts`` that are not the publisher's own, and what trackers
    declare of the publisher's own, ``paths`` that a URL leads to and ``snippets`` that a script
    holds.
    """

    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    snippets: tuple[str, ...] = ()


def joined(subjects: Iterable[Subjects]) -> Subjects:
    """All of ``subjects``, each name once."""
    several = list(subjects)
    if len(several) == 1:
        return several[0]
    together = zip(*several, strict=True)
    return Subjects(*(tuple(dict.fromkeys(chain.from_iterable(names))) for names in together))


class Gated(NamedTuple):
    """A start tag that ``inert`` replaces where any of its ``subjects`` is denied.

    ``element`` is its lowercase name, ``embed_url`` the absolute URL of a frame, embed or
    object that deserves a placeholder.
    """

    original: bytes
    inert: bytes
    subjects: Subjects
    element: str
    embed_url: str | None = None


class Mark(NamedTuple):
    """A place in the page. ``original`` is the marked tag, empty at a point between bytes.

    ``text`` is the language, the policy of a ``meta`` element, the page whose comments are to be
    counted, or the element's name: of comments, and of what a third party's script would make a
    post.
    """

    place: Place
    original: bytes = b""
    text: str = ""


Piece = Literal | Gated | Mark
