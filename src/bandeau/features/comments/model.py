"""Comments as values: what a visitor posts, what is kept, and why a post is turned down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

from bandeau import limits


class State(StrEnum):
    """Where a comment stands; these words are part of the export."""

    PUBLISHED = "published"
    HELD = "held"
    """Waits for a moderator, seen by nobody else."""
    SPAM = "spam"
    REJECTED = "rejected"
    GONE = "gone"
    """Taken back by who wrote it: its text is erased, and its replies stay under a tombstone."""


class Order(StrEnum):
    """How the threads of a page follow each other; these words are part of the HTTP interface."""

    NEWEST = "newest"
    OLDEST = "oldest"
    BUSIEST = "replies"


@dataclass(frozen=True, slots=True)
class Draft:
    """A comment on its way in: as posted, or cleaned by :func:`write.prepare`.

    ``tell`` is the address that replies are to be told to, as typed; ``None`` for none.
    """

    page: str
    name: str
    text: str
    reply_to: str | None = None
    tell: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as it is kept.

    ``id`` is a UUIDv7, ``page`` a path as :func:`write.page_path` gives it. ``html`` was sanitised
    when it was written, from ``source``, what was typed. ``time`` and ``edited`` are Unix
    milliseconds, ``edited`` 0 for never. ``author`` is a random id of this site, empty for who can
    no longer be told apart. ``reply_to`` is the id of a comment on the same page, ``root`` that of
    the thread's first, which is its own in a first one. ``reasons`` say why it was held.
    ``receipt`` is the id of the ledger record that allowed it (rule F2), empty once that was
    erased; it is never published, ``source`` only to who quotes it. ``origin`` is the system that
    it was written in, empty for this one.
    """

    id: str
    page: str
    name: str
    html: str
    time: int
    reply_to: str | None
    receipt: str
    source: str = ""
    author: str = ""
    root: str = ""
    state: State = State.PUBLISHED
    reasons: tuple[str, ...] = ()
    edited: int = 0
    place: int = 0
    replies: int = 0
    origin: str = ""

    @property
    def first(self) -> bool:
        """Whether a thread begins with it."""
        return self.root == self.id


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment and the first of those that answer it or its answers, in the order of writing.

    ``root`` may stand for what is no longer shown, while replies are. ``more`` says whether there
    are replies after the last one.
    """

    root: Comment
    replies: tuple[Comment, ...]
    more: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """Some threads of one page. ``count`` is of all comments shown there, ``next`` is the root
    after which the following threads come, empty where there are none."""

    threads: Sequence[Thread]
    count: int
    next: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a post is turned down: a code for machines, an HTTP status, a key of ``Words``."""

    code: str
    status: int
    text_key: str
    values: Mapping[str, object] = field(default_factory=dict)


@lru_cache(limits.COMMENTS_LISTED)
def rfc3339(time: int) -> str:
    """Unix milliseconds as RFC 3339 in UTC."""
    stamp = datetime.fromtimestamp(time / 1000, UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")
