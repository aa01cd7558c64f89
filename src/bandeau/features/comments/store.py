"""The port that comments are kept behind. One contract suite runs over every store."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from bandeau.features.comments.model import Comment


class CommentsUnavailable(Exception):
    """Comments can be neither read nor written now. Nothing half-written is left behind."""


class CommentStore(Protocol):
    """Published comments, newest first by ``(time, id)`` on each page.

    Newest first, so that whoever posts finds the comment on the first page.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def add(self, comment: Comment) -> bool:
        """Keep ``comment``, durably before this returns.

        Idempotent by ``id``: a second comment of the same id changes nothing and gives
        ``False``. The caller has checked that ``reply_to`` is on the same page.
        """
        ...

    async def page(self, path: str, limit: int, after: str | None = None) -> tuple[Comment, ...]:
        """At most ``limit`` comments of the page ``path``, newest first.

        ``after`` is the id of a comment of that page: only those that follow it in this order
        (older ones) are given, and none where that comment is not on the page.
        """
        ...

    async def count(self, path: str) -> int:
        """How many comments the page ``path`` has."""
        ...

    async def find(self, comment_id: str) -> Comment | None:
        """The comment of that id, or ``None``."""
        ...

    async def forget(self, receipts: Collection[str]) -> None:
        """Take these ids of ledger records off the comments that they allowed, for good."""
        ...
