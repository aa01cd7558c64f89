"""What is past its time, found in the tables and erased."""

from __future__ import annotations

from collections.abc import Callable

from bandeau.features.comments.model import State
from bandeau.features.comments.retention import Lapse
from bandeau.storage.comments import watching
from bandeau.storage.comments.authors import without_author
from bandeau.storage.comments.store import moving
from bandeau.storage.tables import Statement, Steps, Tables

# What a moderator decided of late is not old, whenever it was written.
_OF_STATE = (
    "SELECT id FROM comment WHERE state = $3 AND time <= $1 AND NOT EXISTS"
    " (SELECT 1 FROM act WHERE object = comment.id AND act.time > $1) ORDER BY time, id LIMIT $2"
)
_LINKED = (
    "SELECT id FROM comment WHERE time <= $1 AND (receipt <> '' OR author <> '')"
    " ORDER BY time, id LIMIT $2"
)
_AUTHORS = (
    "SELECT id FROM author WHERE made <= $1 AND until <= $1"
    " AND NOT EXISTS (SELECT 1 FROM comment WHERE author = author.id)"
    " AND NOT EXISTS (SELECT 1 FROM act WHERE object = author.id AND act.time > $1)"
    " ORDER BY made, id LIMIT $2"
)
_TOMBSTONES = (
    "SELECT id FROM comment WHERE state = 'gone' AND time <= $1 AND NOT EXISTS"
    " (SELECT 1 FROM comment AS under WHERE under.root = comment.id AND under.id <> comment.id)"
    " ORDER BY time, id LIMIT $2"
)
_ACTS = "SELECT id FROM act WHERE time <= $1 ORDER BY time, id LIMIT $2"
_UNLINK = "UPDATE comment SET receipt = '', author = '' WHERE id = $1"
_ALL = 2**31


class StoredRetention:
    """A :class:`bandeau.features.comments.retention.RetentionStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def due(self, lapse: Lapse, until: int) -> int:
        """See the port."""
        found = [await self._tables.read(each.text, *each.values) for each in _old(lapse, until)]
        return sum(map(len, found))

    async def purge(self, lapse: Lapse, until: int, most: int) -> int:
        """See the port."""
        return await self._tables.write(_purging(lapse, until, most), erasing=True)


def _old(lapse: Lapse, until: int, most: int = _ALL) -> list[Statement]:
    states = _STATES.get(lapse)
    if states:
        return [Statement(_OF_STATE, (until, most, state.value)) for state in states]
    return [Statement(_OTHERS[lapse], (until, most))]


def _purging(lapse: Lapse, until: int, most: int) -> Steps[int]:
    count = 0
    for statement in _old(lapse, until, most):
        for (found,) in (yield statement):
            if count < most:
                yield from _GOING[lapse](found)
                count += 1
    return count


def _erasing(comment_id: str) -> Steps[None]:
    yield from moving(comment_id, State.GONE, (), None)


def _unlinking(comment_id: str) -> Steps[None]:
    yield from watching.abandoned(comment_id)
    yield Statement(_UNLINK, (comment_id,))


def _without_comment(comment_id: str) -> Steps[None]:
    yield Statement("DELETE FROM comment WHERE id = $1", (comment_id,))


def _without_act(act: str) -> Steps[None]:
    yield Statement("DELETE FROM act WHERE id = $1", (act,))


_STATES = {Lapse.HELD: (State.HELD,), Lapse.REFUSED: (State.REJECTED, State.SPAM)}
_OTHERS = {
    Lapse.LINKS: _LINKED,
    Lapse.AUTHORS: _AUTHORS,
    Lapse.TOMBSTONES: _TOMBSTONES,
    Lapse.ACTS: _ACTS,
}
_GOING: dict[Lapse, Callable[[str], Steps[None]]] = {
    Lapse.HELD: _erasing,
    Lapse.REFUSED: _erasing,
    Lapse.LINKS: _unlinking,
    Lapse.AUTHORS: without_author,
    Lapse.TOMBSTONES: _without_comment,
    Lapse.ACTS: _without_act,
}
