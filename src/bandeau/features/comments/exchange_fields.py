"""The fields of an export's line, read back: each raises ``ValueError`` where it does not hold."""

from __future__ import annotations

import re
from datetime import datetime

from bandeau.features.comments.write import page_path, unspeakable

_ID = re.compile(r"[!-~]{1,100}")
_WORD = re.compile(r"[a-z0-9-]{1,60}")


def text(value: object, most: int) -> str:
    """A text of at most so many characters."""
    if not isinstance(value, str) or len(value) > most or unspeakable(value):
        raise ValueError(f"not a text of at most {most} characters")
    return value


def ident(value: object) -> str:
    """An id."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(f"{str(value)[:40]!r} is no id")
    return value


def optional(value: object) -> str:
    """An id, or nothing."""
    return "" if value == "" else ident(value)


def word(value: object) -> str:
    """A word in lower case."""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise ValueError(f"{str(value)[:40]!r} is not a word in lower case")
    return value


def reasons(value: object) -> tuple[str, ...]:
    """Codes of reasons."""
    if not isinstance(value, list) or len(value) > 100:
        raise ValueError("reasons are a list of words")
    return tuple(word(each) for each in value)


def path(value: object) -> str:
    """A page as :func:`write.page_path` gives it."""
    if not isinstance(value, str) or page_path(value) != value:
        raise ValueError(f"{str(value)[:40]!r} is no page as this program writes it")
    return value


def time(value: object) -> int:
    """RFC 3339 as Unix milliseconds."""
    if not isinstance(value, str):
        raise ValueError(f"{str(value)[:40]!r} is no time")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value[:40]!r} says no time zone")
    found = round(moment.timestamp() * 1000)
    if found < 0:
        raise ValueError(f"{value[:40]!r} is before 1970")
    return found


def count(value: object) -> int:
    """A number from 0."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError(f"{str(value)[:40]!r} is no count")
    return value
