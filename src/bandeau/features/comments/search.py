"""Finding comments by what is in them, for staff: bounded, newest first, without an index of words.

Place, state and time are the store's to look up; words are compared here, as lists of words are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bandeau import limits
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.words import fold

NEVER = 2**62


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for; what is empty does not matter. ``since`` and ``until`` are Unix
    milliseconds, the second is no longer in."""

    text: str = ""
    name: str = ""
    page: str = ""
    state: State | None = None
    since: int = 0
    until: int = NEVER


@dataclass(frozen=True, slots=True)
class Found:
    """Some of what matches. ``after`` is the id of the comment after which to go on, empty where
    nothing is left; ``reached`` is its time."""

    comments: Sequence[Comment]
    after: str = ""
    reached: int = 0


class Wanted:
    """Whether a comment has the words that a query asks for."""

    def __init__(self, query: Query) -> None:
        self._text = fold(query.text).split()
        self._name = fold(query.name).split()

    def matches(self, name: str, source: str) -> bool:
        """Whether every word begins a word of the text, or of the name."""
        return _has(self._text, source) and _has(self._name, name)


def day(written: str) -> int | None:
    """The beginning of a day ``2026-11-27``, in Unix milliseconds; ``None`` where it is none."""
    try:
        parsed = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(parsed.timestamp() * 1000)


def day_after(start: int) -> int:
    """The beginning of the next day, both in Unix milliseconds."""
    return start + int(timedelta(days=1).total_seconds() * 1000)


def _has(words: Sequence[str], text: str) -> bool:
    if not words:
        return True
    plain = f" {fold(text)}"
    return all(f" {word}" in plain for word in words)


class SearchStore(Protocol):
    """Comments of one site, to look through."""

    async def search(self, query: Query, limit: int, after: str = "") -> Found:
        """At most ``limit`` of what matches, of ``limits.SEARCH_READ`` comments that are read.

        ``after`` is the id of a comment: those behind it. Raises :class:`CommentsUnavailable`.
        """
        ...


def clean(query: str) -> str:
    """What was typed, cut to what is looked for."""
    return query.strip()[: limits.SEARCH_CHARACTERS]
