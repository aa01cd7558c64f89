"""remark42: a backup in JSON, a line of what it knows of users and pages, then a comment a line."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import IO, Any

from bandeau.features.comments.foreign import Drop, Foreign, Form, Unreadable
from bandeau.storage.arriving.moments import milliseconds
from bandeau.storage.arriving.opening import json_lines

_VERSIONS = (0, 1)


def remark42(file: IO[bytes]) -> Iterator[Foreign]:
    """The comments of a backup; raises :class:`Unreadable`."""
    lines = json_lines(file)
    number, first = next(lines, (0, {}))
    if first.get("version") not in _VERSIONS or "users" not in first:
        told = "is no backup of remark42, whose first line has its version (0 or 1) and users"
        raise Unreadable(told, number)
    for number, each in lines:
        yield _comment(each, number)


def _comment(each: dict[str, Any], line: int) -> Foreign:
    written, shown = _text(each, "orig"), _text(each, "text")
    return Foreign(
        key=_text(each, "id") or f"{_text(each, 'time')} {shown}",
        parent=_text(each, "pid"),
        url=_text(_inside(each, "locator"), "url"),
        # Names are kept there as they stand in HTML.
        name=html.unescape(_text(_inside(each, "user"), "name")),
        text=written or shown,
        form=Form.MARKDOWN if written else Form.HTML,
        time=milliseconds(_text(each, "time")),
        line=line,
        drop=Drop.DELETED if each.get("delete") else None,
    )


def _inside(each: dict[str, Any], key: str) -> dict[str, Any]:
    found = each.get(key)
    return found if isinstance(found, dict) else {}


def _text(each: dict[str, Any], key: str) -> str:
    found = each.get(key)
    return found if isinstance(found, str) else ""
