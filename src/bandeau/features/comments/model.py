"""Comments as values: what a visitor posts, what is kept, and why a post is turned down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Draft:
    """A comment on its way in: as posted, or cleaned by :func:`write.prepare`."""

    page: str
    name: str
    text: str
    reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Comment:
    """A published comment.

    ``id`` is a UUIDv7, ``page`` a path as :func:`write.page_path` gives it, ``html`` was
    sanitised when it was written, ``time`` is in Unix milliseconds, ``reply_to`` is the id
    of a comment on the same page, and ``receipt`` is the id of the ledger record that
    allowed it (rule F2), empty once that was erased. The receipt is never published.
    """

    id: str
    page: str
    name: str
    html: str
    time: int
    reply_to: str | None
    receipt: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a post is turned down: a code for machines, an HTTP status, a key of ``Words``."""

    code: str
    status: int
    text_key: str
    values: Mapping[str, object] = field(default_factory=dict)
