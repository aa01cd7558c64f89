"""Recommendations of comments: one of each visitor, which they take back whenever they like."""

from __future__ import annotations

import hmac
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol


def voter_of(key: bytes, subject: str) -> str:
    """What is kept of a consent subject that recommends; ``key`` is the site's subject key."""
    return hmac.digest(key, b"voter" + subject.encode(), "sha256").hex()


class VoteStore(Protocol):
    """Who recommends which comments of one site.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer. A vote ends with
    its comment, and with the ledger record that allowed it (:meth:`CommentStore.forget`).
    """

    async def cast(self, comment_id: str, voter: str, receipt: str, time: int) -> bool | None:
        """Recommend a comment, by the record ``receipt``; ``time`` in Unix milliseconds.

        False where ``voter`` does already, ``None`` where no such comment is published.
        """
        ...

    async def withdraw(self, comment_id: str, voter: str) -> bool:
        """Take a recommendation back, for good; false where there is none."""
        ...

    async def votes(self, comment_ids: Collection[str]) -> Mapping[str, int]:
        """How many recommend these comments; none of one that nobody does."""
        ...

    async def recommended(self, voter: str) -> Sequence[str]:
        """The ids of the comments that ``voter`` recommends, the last first.

        At most ``limits.COMMENTS_MINE``.
        """
        ...
