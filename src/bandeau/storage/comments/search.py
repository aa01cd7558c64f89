"""Looking through the comments of one site."""

from __future__ import annotations

from bandeau import limits
from bandeau.features.comments.search import Found, Query, Wanted
from bandeau.storage.comments.store import COLUMNS, comments_of
from bandeau.storage.tables import Rows, Tables, Value, listed

_PLACE = "SELECT time, id FROM comment WHERE id = $1"
_LAST = (2**62, "")


class StoredSearch:
    """A :class:`bandeau.features.comments.search.SearchStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def search(self, query: Query, limit: int, after: str = "") -> Found:
        """See the port."""
        wanted, matching, read = Wanted(query), [], 0
        place = await self._place(after)
        while place and read < limits.SEARCH_READ:
            rows = await self._step(query, place)
            for comment_id, time, name, source in rows:
                read, place = read + 1, (time, comment_id)
                if wanted.matches(name, source):
                    matching.append(comment_id)
                if len(matching) == limit:
                    return await self._found(matching, place)
            if len(rows) < limits.SEARCH_STEP:
                place = None
        return await self._found(matching, place)

    async def _place(self, after: str) -> tuple[int, str] | None:
        if not after:
            return _LAST
        rows = await self._tables.read(_PLACE, after)
        return (rows[0][0], rows[0][1]) if rows else None

    async def _step(self, query: Query, place: tuple[int, str]) -> Rows:
        states = (query.state.value,) if query.state else ()
        pages = (query.page,) if query.page else ()
        text = stepping(stated=bool(states), paged=bool(pages))
        values: tuple[Value, ...] = (limits.SEARCH_STEP, query.since, query.until, *place)
        return await self._tables.read(text, *values, *states, *pages)

    async def _found(self, ids: list[str], place: tuple[int, str] | None) -> Found:
        names = listed(1, len(ids))
        rows = (
            await self._tables.read(
                f"SELECT {COLUMNS} FROM comment WHERE id IN ({names})"  # noqa: S608
                " ORDER BY time DESC, id DESC",
                *ids,
            )
            if ids
            else []
        )
        reached, after = place or (0, "")
        return Found(comments_of(rows), after, reached)


def stepping(*, stated: bool, paged: bool) -> str:
    """The statement that reads the next comments, of one state or of one page where that is said.

    Those that are gone have nothing to find.
    """
    where = " AND state <> 'gone'"
    if stated:
        where += " AND state = $6"
    if paged:
        where += " AND page = $7" if stated else " AND page = $6"
    return (
        "SELECT id, time, name, source FROM comment"  # noqa: S608 - constants
        f" WHERE time >= $2 AND time < $3 AND (time, id) < ($4, $5){where}"
        " ORDER BY time DESC, id DESC LIMIT $1"
    )
