"""The port that comments are kept behind. One contract suite runs over every store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from bandeau.features.comments.model import Comment, Listing, Order, State


class CommentsUnavailable(Exception):
    """Comments can be neither read nor written now. Nothing half-written is left behind."""


class CommentStore(Protocol):
    """Comments in flat threads: a first one, and what answers it, or answers an answer.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer. What a method
    changes is durable before it returns.
    """

    async def add(self, comment: Comment, mark: str = "") -> Comment | None:
        """Keep ``comment`` in its thread, and give it as it is kept.

        By ``mark``, :func:`moderate.mark`, its text is known again for
        ``limits.COMMENT_REPEAT_HOURS``.

        Idempotent by ``id``: where one of that id is there already, nothing changes and that one
        is given. ``None`` where what ``reply_to`` names is not published on the same page.
        ``root``, ``place`` and ``replies`` are the store's to say.
        """
        ...

    async def version(self, page: str) -> int:
        """How often what readers see of the page changed; 0 for never."""
        ...

    async def threads(
        self, page: str, limit: int, order: Order = Order.NEWEST, after: str | None = None
    ) -> Listing:
        """Whole threads of the page, at least one and else no more than ``limit`` comments.

        Of a thread at most ``limits.COMMENT_REPLIES_SHOWN`` replies are given. ``after`` is the
        root of a thread of that page: only those that follow it are given, and none where it is
        not there.
        """
        ...

    async def thread(self, root: str, limit: int, after: int = 0) -> Listing:
        """One thread of at most ``limit`` replies, those behind the place ``after``.

        No threads where there is none that shows anything. ``count`` is that of the replies.
        """
        ...

    async def find(self, comment_id: str) -> Comment | None:
        """The comment of that id, whatever its state, or ``None``."""
        ...

    async def counts(self, pages: Collection[str]) -> Mapping[str, int]:
        """How many comments readers see on these pages; none for one that never had any."""
        ...

    async def latest(self, limit: int, page: str | None = None) -> Sequence[Comment]:
        """What was published last, on the site or on one ``page``, newest first."""
        ...

    async def mine(
        self, receipts: Collection[str], before: Comment | None = None
    ) -> tuple[Comment, ...]:
        """What these ledger records allowed and is not gone, newest first.

        At most ``limits.COMMENTS_MINE``; with ``before`` those that are older than it, which
        itself may be anyone's by now.
        """
        ...

    async def move(
        self,
        comment_id: str,
        state: State,
        reasons: Collection[str] = (),
        known: Comment | None = None,
    ) -> Comment | None:
        """Put a comment into ``state``; give it as it was before, ``None`` where there is none.

        With ``known`` only if its state and reasons are still those, and else ``None``.
        What is :attr:`State.GONE` loses name, author, text and receipt for good, and goes nowhere
        from there.
        """
        ...

    async def rewrite(self, comment: Comment, known: Comment | None = None) -> bool:
        """Keep name, text, edit time, state and reasons of ``comment`` under its id.

        False where there is none that could be edited; with ``known`` also where its state and
        reasons are no longer those.
        """
        ...

    async def disown(self, comment_id: str) -> bool:
        """Take name, author, receipt and source off a comment for good; what is shown stays.

        False where there is none that still had any of them.
        """
        ...

    async def forget(self, receipts: Collection[str]) -> None:
        """Take these ids of ledger records off the comments that they allowed, for good.

        Votes that they allowed are erased.
        """
        ...
