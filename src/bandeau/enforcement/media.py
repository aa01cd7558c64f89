"""What kind of thing an answer is to a browser, which its headers do not always say plainly."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from bandeau.enforcement.fields import joined, members

_ESSENCE = re.compile(rb"[\w!#$%&'*+.^`|~-]+/[\w!#$%&'*+.^`|~-]+", re.ASCII)
_DOCUMENTS = frozenset(
    {b"text/html", b"text/xml", b"application/xml", b"text/xsl", b"multipart/x-mixed-replace"}
)
_SCRIPTS = re.compile(
    rb"(?:text|application)/(?:x-)?(?:java|ecma|live|j)script[\w.]*|text/jscript", re.ASCII
)
_SNIFFED = frozenset({b"unknown/unknown", b"application/unknown", b"*/*"})
_ANY = b"*/*"
_KEPT = 256


def content_type(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The value that decides, with its parameters: the last that is one (Fetch, 3.1); or empty."""
    return _deciding(joined(headers, b"content-type"))


@lru_cache(_KEPT)
def _deciding(line: bytes) -> bytes:
    stated = [value for value in members(line) if _essence(value)]
    return next((value for value in reversed(stated) if _essence(value) != _ANY), b"")


def media_type(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """The media type in lower case without parameters; empty where none is stated."""
    return _essence(content_type(headers))


def is_governed(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a Content-Security-Policy may have an effect: documents and workers.

    Types that browsers look into the body for count, and so does any of several that are stated.
    """
    return _may_be_active(joined(headers, b"content-type"))


@lru_cache(_KEPT)
def _may_be_active(line: bytes) -> bool:
    stated = [_essence(value) for value in members(line)]
    known = [kind for kind in stated if kind and kind not in _SNIFFED]
    return len(known) < max(1, len(stated)) or any(map(_is_active, known))


def is_markup(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether the answer is a document of elements: HTML, XHTML, SVG or other XML."""
    kind = media_type(headers)
    return (kind in _DOCUMENTS and not kind.startswith(b"multipart/")) or kind.endswith(b"+xml")


def _is_active(kind: bytes) -> bool:
    document = kind in _DOCUMENTS or kind.endswith(b"+xml")
    return document or _SCRIPTS.fullmatch(kind) is not None


@lru_cache(_KEPT)
def _essence(value: bytes) -> bytes:
    """As browsers cut it: up to a semicolon, a blank or a comment."""
    kind = re.split(rb"[; \t(]", value.strip(), maxsplit=1)[0].lower()
    return kind if _ESSENCE.fullmatch(kind) else b""
