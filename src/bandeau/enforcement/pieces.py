"""What a scan gives: pieces that are the same whatever the visitor chose."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Place(StrEnum):
    """What a :class:`Mark` marks."""

    HEAD_START = "head-start"
    BODY_START = "body-start"
    LANG = "lang"
    COMMENTS = "comments"
    META_CSP = "meta-csp"


class Literal(NamedTuple):
    """Bytes that leave as they came."""

    original: bytes


class Gated(NamedTuple):
    """A start tag that contacts ``hosts``; ``inert`` replaces it where any of them is denied.

    ``element`` is its lowercase name, ``embed_url`` the absolute URL of a frame, embed or
    object that deserves a placeholder.
    """

    original: bytes
    inert: bytes
    hosts: tuple[str, ...]
    element: str
    embed_url: str | None = None


class Mark(NamedTuple):
    """A place in the page. ``original`` is the marked tag, empty at a point between bytes.

    ``text`` is the language, the policy of a ``meta`` element, or the element's name.
    """

    place: Place
    original: bytes = b""
    text: str = ""


Piece = Literal | Gated | Mark
