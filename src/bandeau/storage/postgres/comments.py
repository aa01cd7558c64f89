"""Comments in PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from bandeau.features.comments.model import Comment
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.storage.postgres.database import Database, translated

_COLUMNS = "id, page, name, html, time, reply_to, receipt"
_ADD = (
    f"INSERT INTO comments ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING"  # noqa: S608 - constants
)
_FIND = f"SELECT {_COLUMNS} FROM comments WHERE id = $1"  # noqa: S608
_COUNT = "SELECT count(*) FROM comments WHERE page = $1"
_FIRST = f"""SELECT {_COLUMNS} FROM comments WHERE page = $1
    ORDER BY time DESC, id DESC LIMIT $2"""  # noqa: S608
_AFTER = f"""SELECT {_COLUMNS} FROM comments WHERE page = $1
    AND (time, id) < (SELECT time, id FROM comments WHERE id = $3 AND page = $1)
    ORDER BY time DESC, id DESC LIMIT $2"""  # noqa: S608

_FORGET = "UPDATE comments SET receipt = '' WHERE receipt <> '' AND receipt = ANY($1::text[])"


class PostgresComments:
    """A :class:`CommentStore` in a database whose tables are there already."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """Nothing to close: the database stays open."""

    async def add(self, comment: Comment) -> bool:
        """See the port."""
        row = (
            *(comment.id, comment.page, comment.name, comment.html),
            *(comment.time, comment.reply_to, comment.receipt),
        )
        return bool(await self._asked("execute", _ADD, *row) == "INSERT 0 1")

    async def page(self, path: str, limit: int, after: str | None = None) -> tuple[Comment, ...]:
        """See the port."""
        query, values = (_FIRST, (path, limit)) if after is None else (_AFTER, (path, limit, after))
        return tuple(Comment(*row) for row in await self._asked("fetch", query, *values))

    async def count(self, path: str) -> int:
        """See the port."""
        return int(await self._asked("fetchval", _COUNT, path))

    async def find(self, comment_id: str) -> Comment | None:
        """See the port."""
        row = await self._asked("fetchrow", _FIND, comment_id)
        return Comment(*row) if row else None

    async def forget(self, receipts: Collection[str]) -> None:
        """See the port."""
        await self._asked("execute", _FORGET, list(receipts))

    async def _asked(self, how: str, query: str, *values: object) -> Any:
        async def work() -> Any:
            async with self._database.connection() as db:
                return await getattr(db, how)(query, *values)

        with translated(CommentsUnavailable, "comments"):
            return await self._database.ask(work())
