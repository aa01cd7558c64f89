"""Who may keep an answer that was made for one visitor: no cache but that visitor's (rule C10)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bandeau.enforcement.fields import joined, members

Headers = list[tuple[bytes, bytes]]

PAGE_KEY = (b"Cookie", b"Sec-GPC", b"Sec-Fetch-Dest", b"Accept-Language", b"Accept-Encoding")
"""What a page of ours depends on, besides its URL."""
CHOICE_KEY = (b"Cookie", b"Sec-GPC", b"Sec-Fetch-Dest")
DESTINATION_KEY = (b"Sec-Fetch-Dest",)
SHARED_KEY = (b"Accept-Encoding",)

_SHARING = (b"public", b"private", b"s-maxage", b"must-understand", b"immutable")
# Caches of one maker or one tier obey these before Cache-Control (RFC 9213).
_TARGETED = frozenset({b"surrogate-control", b"edge-control", b"x-accel-expires"})


def kept_private(headers: Iterable[tuple[bytes, bytes]], key: Sequence[bytes]) -> Headers:
    """``headers`` for the visitor's own cache only, under a key of the request fields ``key``."""
    given = list(headers)
    replaced = _TARGETED | {b"cache-control", b"expires"}
    kept = [
        (name, value)
        for name, value in given
        if name not in replaced and not name.endswith(b"cdn-cache-control")
    ]
    kept.append((b"cache-control", _private(joined(given, b"cache-control"))))
    return varied(kept, key)


def varied(headers: Iterable[tuple[bytes, bytes]], key: Sequence[bytes]) -> Headers:
    """``headers`` with the request fields ``key`` added to ``Vary``."""
    given = list(headers)
    kept = [(name, value) for name, value in given if name != b"vary"]
    merged = _merged(members(joined(given, b"vary")), key)
    return [*kept, (b"vary", merged)] if merged else kept


def _private(value: bytes) -> bytes:
    kept = [part for part in members(value) if not part.lower().startswith(_SHARING)]
    return b", ".join([b"private", *(kept or [b"no-cache"])])


def _merged(stated: Sequence[bytes], key: Sequence[bytes]) -> bytes:
    if b"*" in stated:
        return b"*"
    known = {name.lower() for name in stated}
    return b", ".join([*stated, *(name for name in key if name.lower() not in known)])
