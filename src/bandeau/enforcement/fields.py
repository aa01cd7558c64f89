"""The parts of a header field that is a list: members and quoted strings (RFC 9110, 5.6)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_MEMBER = re.compile(rb'(?:[^",]|"(?:[^"\\]|\\.)*"?)+')
_STRING = re.compile(rb'"((?:[^"\\]|\\.)*)"')


def joined(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    """All values of the field ``wanted`` (in lower case) as one list; empty where it is missing."""
    return b", ".join([value for name, value in headers if name == wanted])


def members(value: bytes) -> list[bytes]:
    """Members of a list without the empty ones; a comma in a quoted string parts nothing."""
    return [part for found in _MEMBER.findall(value) if (part := found.strip(b" \t"))]


def strings(value: bytes) -> list[bytes]:
    """What the quoted strings of ``value`` say, as JSON or, failing that, as HTTP quotes."""
    return [_said(quoted) for quoted in _STRING.findall(value)]


def _said(quoted: bytes) -> bytes:
    try:
        return str(json.loads(b'"' + quoted + b'"')).encode("utf-8", "surrogatepass")
    except ValueError:
        return re.sub(rb"\\(.)", rb"\1", quoted)
