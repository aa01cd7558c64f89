"""Comments in memory, for tests and for trying things out. Nothing outlives the process."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from bandeau.features.comments.model import Comment


class MemoryComments:
    """A :class:`CommentStore` over a dictionary."""

    def __init__(self) -> None:
        self._comments: dict[str, Comment] = {}

    async def add(self, comment: Comment) -> bool:
        """See the port."""
        return self._comments.setdefault(comment.id, comment) is comment

    async def page(self, path: str, limit: int, after: str | None = None) -> tuple[Comment, ...]:
        """See the port."""
        found = sorted(self._on(path), key=lambda c: (c.time, c.id), reverse=True)
        if after is not None:
            ids = [comment.id for comment in found]
            found = found[ids.index(after) + 1 :] if after in ids else []
        return tuple(found[:limit])

    async def count(self, path: str) -> int:
        """See the port."""
        return len(self._on(path))

    async def find(self, comment_id: str) -> Comment | None:
        """See the port."""
        return self._comments.get(comment_id)

    async def forget(self, receipts: Collection[str]) -> None:
        """See the port."""
        for comment in [c for c in self._comments.values() if c.receipt in receipts]:
            self._comments[comment.id] = replace(comment, receipt="")

    def _on(self, path: str) -> list[Comment]:
        return [comment for comment in self._comments.values() if comment.page == path]
