"""Recommendations of the comments of one site in tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bandeau import limits
from bandeau.storage.tables import Statement, Steps, Tables, listed

_SHOWN = "SELECT id FROM comment WHERE id = $1 AND state = 'published'"
_CAST = (
    "INSERT INTO vote VALUES ($1, $2, $3, $4) ON CONFLICT (comment, voter) DO NOTHING"
    " RETURNING comment"
)
_WITHDRAW = "DELETE FROM vote WHERE comment = $1 AND voter = $2 RETURNING comment"
_FORGET = "DELETE FROM vote WHERE receipt = $1 RETURNING comment"
_MINE = "SELECT comment FROM vote WHERE voter = $1 ORDER BY time DESC, comment DESC LIMIT $2"
_CHANGED = (
    "UPDATE page SET changes = changes + 1 WHERE path = (SELECT page FROM comment WHERE id = $1)"
)


class StoredVotes:
    """A :class:`bandeau.features.comments.votes.VoteStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def cast(self, comment_id: str, voter: str, receipt: str, time: int) -> bool | None:
        """See the port."""
        return await self._tables.write(_casting(comment_id, voter, receipt, time))

    async def withdraw(self, comment_id: str, voter: str) -> bool:
        """See the port."""
        steps = _ending(Statement(_WITHDRAW, (comment_id, voter)))
        return bool(await self._tables.write(steps, erasing=True))

    async def votes(self, comment_ids: Collection[str]) -> Mapping[str, int]:
        """See the port."""
        if not comment_ids:
            return {}
        names = listed(1, len(comment_ids))
        rows = await self._tables.read(
            f"SELECT comment, COUNT(*) FROM vote WHERE comment IN ({names})"  # noqa: S608
            " GROUP BY comment",
            *comment_ids,
        )
        return dict(rows)

    async def recommended(self, voter: str) -> Sequence[str]:
        """See the port."""
        rows = await self._tables.read(_MINE, voter, limits.COMMENTS_MINE)
        return [comment_id for (comment_id,) in rows]


def forgetting(receipt: str) -> Steps[int]:
    """Erase what the record ``receipt`` allowed; how many they were."""
    return (yield from _ending(Statement(_FORGET, (receipt,))))


def _casting(comment_id: str, voter: str, receipt: str, time: int) -> Steps[bool | None]:
    if not (yield Statement(_SHOWN, (comment_id,))):
        return None
    if not (yield Statement(_CAST, (comment_id, voter, receipt, time))):
        return False
    yield Statement(_CHANGED, (comment_id,))
    return True


def _ending(statement: Statement) -> Steps[int]:
    ended = yield statement
    for (comment_id,) in ended:
        yield Statement(_CHANGED, (comment_id,))
    return len(ended)
