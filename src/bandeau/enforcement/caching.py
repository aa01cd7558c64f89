"""Who may keep an answer that was made for one visitor: no cache but that visitor's (rule C10)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from bandeau.enforcement.fields import members

Headers = list[tuple[bytes, bytes]]

PAGE_KEY = (b"Cookie", b"Sec-GPC", b"Sec-Fetch-Dest", b"Accept-Language", b"Accept-Encoding")
"""What a page of ours depends on, besides its URL."""
CHOICE_KEY = (b"Cookie", b"Sec-GPC", b"Sec-Fetch-Dest")
DESTINATION_KEY = (b"Sec-Fetch-Dest",)
SHARED_KEY = (b"Accept-Encoding",)

_SHARING = (b"public", b"private", b"s-maxage", b"must-understand", b"immutable")
# Caches of one maker or one tier obey these before Cache-Control (RFC 9213).
_TARGETED = frozenset({b"surrogate-control", b"edge-control", b"x-accel-expires"})
_KEPT_LINES = 256


def kept_private(headers: Iterable[tuple[bytes, bytes]], key: tuple[bytes, ...]) -> Headers:
    """``headers`` for the visitor's own cache only, under a key of the request fields ``key``."""
    kept: Headers = []
    said: list[bytes] = []
    for header in headers:
        name, value = header
        if name == b"cache-control":
            said.append(value)
        elif not (name == b"expires" or name in _TARGETED or name.endswith(b"cdn-cache-control")):
            kept.append(header)
    kept.append((b"cache-control", _private(b", ".join(said))))
    return varied(kept, key)


def varied(headers: Iterable[tuple[bytes, bytes]], key: tuple[bytes, ...]) -> Headers:
    """``headers`` with the request fields ``key`` added to ``Vary``."""
    kept: Headers = []
    stated: list[bytes] = []
    for header in headers:
        if header[0] == b"vary":
            stated.append(header[1])
        else:
            kept.append(header)
    if merged := _merged(b", ".join(stated), key):
        kept.append((b"vary", merged))
    return kept


@lru_cache(_KEPT_LINES)
def _private(value: bytes) -> bytes:
    kept = [part for part in members(value) if not part.lower().startswith(_SHARING)]
    return b", ".join([b"private", *(kept or [b"no-cache"])])


@lru_cache(_KEPT_LINES)
def _merged(line: bytes, key: tuple[bytes, ...]) -> bytes:
    stated = members(line)
    if b"*" in stated:
        return b"*"
    known = {name.lower() for name in stated}
    return b", ".join([*stated, *(name for name in key if name.lower() not in known)])
