"""Which host a browser contacts for the value of an attribute (WHATWG URL, HTML 13.2.5.72).

Doubt is settled towards a host: a value that might be read as another origin is given as one.
"""

from __future__ import annotations

import ipaddress
import re
from enum import StrEnum
from html import unescape
from html.entities import html5
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urljoin

import idna

UNREADABLE = "invalid"
"""Stands for a host that could not be read: the reserved name, so that no policy declares it."""


class Reach(StrEnum):
    """Where following a URL leads."""

    OWN = "own"
    HOST = "host"
    SCRIPT = "script"
    INLINE = "inline"
    NOWHERE = "nowhere"


class Target(NamedTuple):
    """What a URL reaches. ``host`` and the absolute ``url`` are set for ``Reach.HOST``.

    For ``Reach.OWN`` ``url`` is a path with its query, where that of the base is known.
    """

    reach: Reach
    host: str = ""
    url: str = ""


OWN = Target(Reach.OWN)
NOWHERE = Target(Reach.NOWHERE)

_EDGE = "".join(map(chr, range(0x21)))
_DROPPED = dict.fromkeys(map(ord, "\t\n\r"))
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_AUTHORITY = re.compile(r"[^/\\?#]*")
_SPECIAL = frozenset({"http", "https", "ws", "wss", "ftp"})
_INLINE = frozenset({"data", "blob", "about", "filesystem"})
_PLAIN_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_FORBIDDEN = re.compile(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")
_NUMBER = re.compile(r"(?:0[xX][0-9a-fA-F]*|[0-9]+)\Z")
_REFERENCE = re.compile(r"&(?:#[xX][0-9a-fA-F]+;?|#[0-9]+;?|[A-Za-z][A-Za-z0-9]*;?=?)")


def target_of(value: str, base: Target = OWN) -> Target:
    """What a browser reaches for ``value``, an attribute value with references decoded.

    ``base`` is what the document's base URL reaches (:data:`OWN` without a ``base`` element).
    A scheme without slashes counts as a host whatever the page's own scheme is.
    """
    text = value.strip(_EDGE).translate(_DROPPED)
    found = _SCHEME.match(text)
    if found:
        return _with_scheme(found[1].lower(), text[found.end() :])
    if len(text) > 1 and text[0] in "/\\" and text[1] in "/\\":
        return _authority("https", text.lstrip("/\\"))
    if base.reach is Reach.HOST:
        return Target(Reach.HOST, base.host, _joined(base.url, text))
    return Target(Reach.OWN, url=_joined(base.url, text)) if base.url else OWN


def decode_attribute(raw: bytes) -> str:
    """The value of an attribute as written: UTF-8 and character references decoded.

    Bytes that are not UTF-8 become surrogates, which :func:`target_of` takes as unreadable
    where they stand in a host.
    """
    text = raw.decode("utf-8", "surrogateescape")
    return _REFERENCE.sub(_character, text) if "&" in text else text


def _character(found: re.Match[str]) -> str:
    name = found[0]
    if name[1] == "#":
        return unescape(name)
    if name[-1] == "=":
        # `&copy=` in a query is text: only a reference closed by `;` stands before `=`.
        semicolon = name[-2] == ";"
        return html5.get(name[1:-1], name[:-1]) + "=" if semicolon else name
    return html5.get(name[1:], name)


def _with_scheme(scheme: str, rest: str) -> Target:
    if scheme in _SPECIAL:
        return _authority(scheme, rest.lstrip("/\\"))
    if scheme == "javascript":
        return Target(Reach.SCRIPT)
    return Target(Reach.INLINE) if scheme in _INLINE else NOWHERE


def _authority(scheme: str, rest: str) -> Target:
    found = _AUTHORITY.match(rest)
    authority = found[0] if found else ""
    address = authority.rpartition("@")[2]
    bracket = address.find("]")
    if address.startswith("[") and bracket > 0:
        name, port = _ipv6(address[1:bracket]), address[bracket + 1 :]
    else:
        name, colon, digits = address.partition(":")
        name, port = host_name(name), colon + digits
    if not name:
        return NOWHERE
    return Target(Reach.HOST, name, f"{scheme}://{name}{port}{rest[len(authority) :]}")


def host_name(written: str) -> str:
    """The host that ``written`` names, as a browser resolves it; empty where it names none.

    Percent decoding, UTS 46 mapping, Punycode, the number forms of IPv4 and trailing dots are
    settled. :data:`UNREADABLE` where the mapping refuses what another browser might take.
    """
    lowered = written.lower()
    if not (_PLAIN_HOST.fullmatch(lowered) and lowered.isascii()):
        lowered = _mapped(written)
    name = lowered.rstrip(".")
    if _FORBIDDEN.search(name):
        return ""
    return _ipv4(name) if _NUMBER.match(name.rpartition(".")[2]) else name


def _mapped(written: str) -> str:
    try:
        decoded = unquote_to_bytes(written).decode("utf-8")
        mapped = idna.uts46_remap(decoded, False, False) if decoded else ""
        return ".".join(_ascii_label(label) for label in mapped.split("."))
    except (UnicodeError, idna.IDNAError):
        return UNREADABLE


def _ascii_label(label: str) -> str:
    return label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii")


def _ipv4(name: str) -> str:
    """WHATWG IPv4 parser: up to four numbers, decimal, octal or hexadecimal."""
    parts = name.split(".")
    if len(parts) > 4 or not all(_NUMBER.match(part) for part in parts):
        return ""
    try:
        *first, last = (_ipv4_number(part) for part in parts)
    except ValueError:
        return ""
    if any(number > 255 for number in first) or last >= 256 ** (5 - len(parts)):
        return ""
    whole = last + sum(number << (24 - 8 * index) for index, number in enumerate(first))
    return str(ipaddress.IPv4Address(whole))


def _ipv4_number(part: str) -> int:
    if part[:2] in ("0x", "0X"):
        return int(part[2:] or "0", 16)
    return int(part, 8) if len(part) > 1 and part[0] == "0" else int(part)


def _ipv6(written: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(written).compressed}]"
    except ValueError:
        return ""


def _joined(base: str, relative: str) -> str:
    try:
        return urljoin(base, relative.replace("\\", "/"))
    except ValueError:
        return base
