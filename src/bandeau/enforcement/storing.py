"""Which answers of the site may be kept for other visitors, and how long (RFC 9111, as a shared
cache).

Stricter than it must be where a slip would show one visitor's page to another: nothing that sets
a cookie, holds a nonce or speaks to one cache alone is kept, and none is served stale.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from email.utils import parsedate_to_datetime

from bandeau.enforcement.fields import joined, members

Headers = Sequence[tuple[bytes, bytes]]

_FORBIDDING = frozenset({b"no-store", b"private", b"no-cache", b"must-understand"})
_UNDERSTOOD = frozenset({b"accept-encoding", b"bandeau-choice"})
_ADDRESS_ALONE = frozenset({b"accept-encoding"})
_ALONE = frozenset({b"set-cookie", b"surrogate-control", b"edge-control", b"x-accel-expires"})
_SECONDS = re.compile(rb'"?([0-9]{1,9})"?')
_LONGEST = 31_536_000


def directives(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, list[bytes]]:
    """Members of ``Cache-Control`` by name in lower case, each with every value stated."""
    found: dict[bytes, list[bytes]] = {}
    for member in members(joined(headers, b"cache-control")):
        name, _, value = member.partition(b"=")
        found.setdefault(name.strip(b" \t").lower(), []).append(value.strip(b" \t"))
    return found


def seconds_kept(
    status: int, headers: Headers, *, cookies: bool, varies: Collection[bytes] | None = None
) -> int:
    """For how many seconds an answer to GET is fresh for other visitors; 0 where it is not.

    ``cookies`` tells whether the request reached the site with cookies: then the site must say
    ``public`` or ``s-maxage``, since many a site forgets ``Vary: Cookie``. ``varies`` are the
    request fields that tell kept answers apart; by default those of our own memory.
    """
    if varies is None:
        varies = _UNDERSTOOD if cookies else _UNDERSTOOD | {b"cookie"}
    if status != 200 or any(_speaks_to_one(name) for name, _ in headers):
        return 0
    said = directives(headers)
    if not _FORBIDDING.isdisjoint(said) or not _is_understood(headers, varies):
        return 0
    if cookies and not (b"public" in said or b"s-maxage" in said):
        return 0
    if b"'nonce-" in joined(headers, b"content-security-policy").lower():
        return 0
    return max(0, _lifetime(said, headers) - age_of(headers))


def is_shareable(headers: Headers) -> bool:
    """Whether any cache may give the site's answer to everyone who asks for its address."""
    return seconds_kept(200, headers, cookies=False, varies=_ADDRESS_ALONE) > 0


def may_ask(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a GET or HEAD may be answered with what was kept, by its headers."""
    for name, value in headers:
        if name in (b"authorization", b"range"):
            return False
        if name in (b"cache-control", b"pragma") and b"no-" in value.lower():
            return False
    return True


def age_of(headers: Iterable[tuple[bytes, bytes]]) -> int:
    """Seconds that an answer says to have spent in caches; all there are, where it cannot be read.

    Of several the oldest counts.
    """
    stated = [_seconds(value, _LONGEST) for value in members(joined(headers, b"age"))]
    return max(stated, default=0)


def _speaks_to_one(name: bytes) -> bool:
    return name in _ALONE or name.endswith(b"cdn-cache-control")


def _is_understood(headers: Headers, varies: Collection[bytes]) -> bool:
    """Whether ``Vary`` names only what tells kept pages apart, or what was not sent."""
    return all(name.lower() in varies for name in members(joined(headers, b"vary")))


def _lifetime(said: Mapping[bytes, Sequence[bytes]], headers: Headers) -> int:
    for name in (b"s-maxage", b"max-age"):
        if name in said:
            return min(_seconds(value, 0) for value in said[name])
    if b"no-cache" in joined(headers, b"pragma").lower():
        return 0
    return _until_expiry(joined(headers, b"expires"), joined(headers, b"date"))


def _until_expiry(expires: bytes, date: bytes) -> int:
    try:
        end, start = (parsedate_to_datetime(value.decode("ascii")) for value in (expires, date))
        return int(min(_LONGEST, (end - start).total_seconds()))
    except (ValueError, TypeError):
        return 0


def _seconds(value: bytes, unreadable: int) -> int:
    found = _SECONDS.fullmatch(value)
    return min(int(found[1]), _LONGEST) if found else unreadable
