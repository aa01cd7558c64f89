"""Headers between two hops: what a proxy passes on, adds and keeps to itself (RFC 9110, 7.6).

Pure functions on ASGI header lists (lower-case names, bytes).
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

Headers = list[tuple[bytes, bytes]]

ERROR_HEADER = b"bandeau-error"
"""Set on answers that the gateway gives in the upstream's place; never believed from upstream."""

_HOP_BY_HOP = frozenset(
    (
        ERROR_HEADER,
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
_IN_NAMES = bytes(byte for byte in range(256) if _NAME.fullmatch(bytes([byte]))) + b"\n"
_IN_VALUES = bytes({*range(256)} - {*range(9), *range(11, 32), 127})
_TARGET = re.compile(rb"[\x21-\x7e]+")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_BODILESS = frozenset((204, 304))


class BadResponse(Exception):
    """A response head that no proxy may pass on (RFC 9112, 6.3 and 11)."""


def target(scope: Mapping[str, Any]) -> bytes | None:
    """Path and query as they came, or None when they hold a byte that no target may hold."""
    path: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    query: bytes = scope.get("query_string", b"")
    whole = path + b"?" + query if query else path
    if not whole.startswith(b"/") or not _TARGET.fullmatch(whole):
        return None
    return whole


def has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request announces a body (RFC 9112, 6.3)."""
    for name, value in headers:
        if name == b"transfer-encoding" or (name == b"content-length" and value != b"0"):
            return True
    return False


def is_chunked(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request's body comes without its length."""
    return not any(name == b"content-length" for name, _ in headers)


def request_head(scope: Mapping[str, Any], path: bytes) -> bytes:
    """The head of the request for the upstream. Raises ValueError for one that no head can hold."""
    headers = to_upstream(scope)
    if has_body(scope["headers"]) and is_chunked(scope["headers"]):
        headers.append((b"transfer-encoding", b"chunked"))
    method = scope["method"].encode("ascii")
    lines = [b"%b %b HTTP/1.1" % (method, path), *(b"%b: %b" % header for header in headers)]
    head = b"\r\n".join(lines) + b"\r\n\r\n"
    ends = len(lines) + 1
    if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
        raise ValueError("a line end within a header")
    if not _NAME.fullmatch(method):
        raise ValueError("not a method")
    return head


def to_upstream(scope: Mapping[str, Any]) -> Headers:
    """Request headers for the upstream: hop-by-hop ones gone, forwarding ones set."""
    headers: Headers = scope["headers"]
    dropped = _hop_by_hop(headers, _REPLACED)
    # CGI-like upstreams read `x_forwarded_for` as the header that only we may set.
    kept = [header for header in headers if header[0].replace(b"_", b"-") not in dropped]
    return kept + _forwarding(scope, headers)


def to_visitor(status: int, headers: Headers) -> Headers:
    """Response headers for the visitor, order and repetition kept. Raises BadResponse."""
    _refuse_bad(status, headers)
    dropped = _hop_by_hop(headers)
    if status in _BODILESS:
        dropped = dropped | {b"content-length"}
    return [header for header in headers if header[0] not in dropped]


def value_of(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    """The first value under a lower-case name."""
    for name, value in headers:
        if name == wanted:
            return value
    return None


def _hop_by_hop(headers: Headers, more: frozenset[bytes] = frozenset()) -> frozenset[bytes]:
    """What stays behind, the names that ``Connection`` lists among it, and ``more``."""
    stated = [value for name, value in headers if name == b"connection"]
    return _named(b",".join(stated), more)


@lru_cache(256)
def _named(connection: bytes, more: frozenset[bytes]) -> frozenset[bytes]:
    named = {token.strip().lower() for token in connection.split(b",")}
    return _HOP_BY_HOP | (named - _NEVER_NAMED) | more


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


def _refuse_bad(status: int, headers: Headers) -> None:
    if not 200 <= status <= 599:
        raise BadResponse(f"status {status}")
    # One look at all of them: a line end is what parts them, so none may hold one itself.
    listed = [name for name, _ in headers]
    names = b"\n".join([*listed, b""])
    values = b"\n".join([*[value for _, value in headers], b""])
    parted = names.count(b"\n") == values.count(b"\n") == len(headers)
    odd = names.translate(None, _IN_NAMES) or values.translate(None, _IN_VALUES)
    if not parted or odd or b"" in listed:
        raise BadResponse("a header with a control character")
    _refuse_bad_framing(headers, listed)


def _refuse_bad_framing(headers: Headers, names: list[bytes]) -> None:
    lengths = names.count(b"content-length")
    if lengths > 1 or (
        lengths and not _LENGTH.fullmatch(value_of(headers, b"content-length") or b"")
    ):
        raise BadResponse("a content length that is not one number")
    if b"transfer-encoding" not in names:
        return
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if codings != [b"chunked"] or lengths:
        raise BadResponse("a transfer coding other than chunked, or one beside a length")
