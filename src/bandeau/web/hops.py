"""Headers between two hops: what a proxy passes on, adds and keeps to itself (RFC 9110, 7.6).

Pure functions on ASGI header lists (lower-case names, bytes).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

Headers = list[tuple[bytes, bytes]]

ERROR_HEADER = b"bandeau-error"
"""Set on answers that the gateway gives in the upstream's place; never believed from upstream."""

_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
# Expect is answered at our own door: the body is asked for when upstream is ready to take it.
_REPLACED = frozenset(
    (b"expect", b"host", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto")
)
_NEVER_NAMED = frozenset((b"host", b"content-length", b"cookie", b"set-cookie"))
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_TARGET = re.compile(rb"[\x21-\x7e]+")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_BODILESS = frozenset((204, 304))


class BadResponse(Exception):
    """A response head that no proxy may pass on (RFC 9112, 6.3 and 11)."""


def target(scope: Mapping[str, Any]) -> str | None:
    """Path and query as they came, or None when they hold a byte that no target may hold."""
    path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope.get("query_string", b"")
    whole = path + b"?" + query if query else path
    if not whole.startswith(b"/") or not _TARGET.fullmatch(whole):
        return None
    return whole.decode("ascii")


def has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request announces a body (RFC 9112, 6.3)."""
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in headers
    )


def to_upstream(scope: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Request headers for the upstream: hop-by-hop ones gone, forwarding ones set."""
    headers: Headers = scope["headers"]
    dropped = _hop_by_hop(headers) | _REPLACED
    # CGI-like upstreams read `x_forwarded_for` as the header that only we may set.
    kept = [(name, value) for name, value in headers if name.replace(b"_", b"-") not in dropped]
    return [
        (name.decode("latin-1"), _text(value)) for name, value in kept + _forwarding(scope, headers)
    ]


def to_visitor(status: int, headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Response headers for the visitor, order and repetition kept. Raises BadResponse."""
    lowered = [(name.lower(), value) for name, value in headers]
    _refuse_bad(status, lowered)
    dropped = _hop_by_hop(lowered) | {ERROR_HEADER}
    if status in _BODILESS:
        dropped = dropped | {b"content-length"}
    return [(name, value) for name, value in lowered if name not in dropped]


def value_of(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    """The first value under a lower-case name."""
    return next((value for name, value in headers if name == wanted), None)


def _hop_by_hop(headers: Headers) -> frozenset[bytes]:
    values = [value for name, value in headers if name == b"connection"]
    if not values:
        return _HOP_BY_HOP
    named = {token.strip().lower() for value in values for token in value.split(b",")}
    return _HOP_BY_HOP | (named - _NEVER_NAMED)


def _forwarding(scope: Mapping[str, Any], headers: Headers) -> Headers:
    host = value_of(headers, b"host") or b""
    secure = scope.get("scheme") in ("https", "wss")
    added = [(b"x-forwarded-proto", b"https" if secure else b"http")]
    if host:
        added += [(b"host", host), (b"x-forwarded-host", host)]
    if chain := _chain(scope, headers):
        added.append((b"x-forwarded-for", chain))
    return added


def _chain(scope: Mapping[str, Any], headers: Headers) -> bytes:
    hops = [value.strip() for name, value in headers if name == b"x-forwarded-for"]
    earlier = b", ".join(hop for hop in hops if hop)
    client = scope.get("client")
    address = client[0].encode("ascii", "replace") if client else b""
    # A trusted proxy in front has already named this client: the server read it from there.
    if not address or earlier.rpartition(b",")[2].strip() == address:
        return earlier
    return earlier + b", " + address if earlier else address


def _text(value: bytes) -> str:
    # The client library writes UTF-8. Bytes that are not UTF-8 cannot pass it unchanged; read as
    # Latin-1 they arrive re-encoded, which loses less than dropping the header.
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _refuse_bad(status: int, headers: Headers) -> None:
    if not 200 <= status <= 599:
        raise BadResponse(f"status {status}")
    for name, value in headers:
        if not _NAME.fullmatch(name) or _CONTROL.search(value):
            raise BadResponse("a header with a control character")
    _refuse_bad_framing(headers)


def _refuse_bad_framing(headers: Headers) -> None:
    lengths = [value for name, value in headers if name == b"content-length"]
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if len(lengths) > 1 or (lengths and not _LENGTH.fullmatch(lengths[0])):
        raise BadResponse("a content length that is not one number")
    if codings not in ([], [b"chunked"]) or (codings and lengths):
        raise BadResponse("a transfer coding other than chunked, or one beside a length")
