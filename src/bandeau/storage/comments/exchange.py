"""All comments of one site, out of the tables and into them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from bandeau.features.comments.exchange import Kept, Page, Profile
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import Act, Deed
from bandeau.storage.comments.store import COLUMNS, adding, comments_of, counting
from bandeau.storage.tables import Statement, Steps, Tables, listed

_PAGES = "SELECT path, opened FROM page WHERE path > $1 ORDER BY path LIMIT $2"
_AUTHORS = (
    "SELECT id, tag, made, approved, conduct, until FROM author WHERE id > $1 ORDER BY id LIMIT $2"
)
_COMMENTS = f"SELECT {COLUMNS} FROM comment WHERE id > $1 ORDER BY id LIMIT $2"  # noqa: S608
_ACTS = (
    "SELECT id, time, staff, act, object, was, became FROM act WHERE id > $1 ORDER BY id LIMIT $2"
)
_PAGE = "INSERT INTO page (path, shown, opened) VALUES ($1, 0, $2) ON CONFLICT (path) DO NOTHING"
_OPENED = "UPDATE page SET opened = $2 WHERE path = $1 AND opened > $2"
_AUTHOR = (
    "INSERT INTO author (id, tag, made, approved, conduct, until)"
    " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
)
_ACT = "INSERT INTO act VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING"
_THERE = "SELECT id FROM comment WHERE id = $1"
_PLACE = (
    "UPDATE comment SET last = CASE WHEN last < $2 THEN $2 ELSE last + 1 END"
    " WHERE id = $1 AND page = $3 RETURNING last"
)


class StoredExchange:
    """A :class:`bandeau.features.comments.exchange.ExchangeStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def pages(self, after: str, limit: int) -> Sequence[Page]:
        """See the port."""
        return [Page(*row) for row in await self._tables.read(_PAGES, after, limit)]

    async def authors(self, after: str, limit: int) -> Sequence[Profile]:
        """See the port."""
        rows = await self._tables.read(_AUTHORS, after, limit)
        return [
            Profile(author, tag, made, approved, Conduct(conduct), until)
            for author, tag, made, approved, conduct, until in rows
        ]

    async def comments(self, after: str, limit: int) -> Sequence[Comment]:
        """See the port."""
        return comments_of(await self._tables.read(_COMMENTS, after, limit))

    async def acts(self, after: str, limit: int) -> Sequence[Act]:
        """See the port."""
        rows = await self._tables.read(_ACTS, after, limit)
        return [
            Act(act_id, time, staff, Deed(deed), on, was, became)
            for act_id, time, staff, deed, on, was, became in rows
        ]

    async def known(self, ids: Collection[str]) -> int:
        """See the port."""
        names = listed(1, len(ids))
        query = f"SELECT id FROM comment WHERE id IN ({names})"  # noqa: S608
        return len(await self._tables.read(query, *ids)) if ids else 0

    async def take(self, kept: Sequence[Kept]) -> int:
        """See the port."""
        return await self._tables.write(_taking(kept))


def _taking(kept: Sequence[Kept]) -> Steps[int]:
    count = 0
    for each in kept:
        match each:
            case Comment():
                count += yield from _coming(each)
            case Page(path, opened):
                yield Statement(_PAGE, (path, opened))
                yield Statement(_OPENED, (path, opened))
            case Profile():
                known = (each.id, each.tag, each.made, each.approved)
                yield Statement(_AUTHOR, (*known, each.conduct.value, each.until))
            case Act():
                who = (each.id, each.time, each.staff, each.deed.value, each.object)
                yield Statement(_ACT, (*who, each.was, each.became))
    return count


def _coming(comment: Comment) -> Steps[int]:
    if (yield Statement(_THERE, (comment.id,))):
        return 0
    place = 0
    if not comment.first:
        known = (comment.root, comment.place, comment.page)
        placed = yield Statement(_PLACE, known)
        if not placed:
            return 0  # its thread is on another page here
        place = placed[0][0]
    kept = replace(comment, place=place, replies=0)
    if not (yield adding(kept)):
        return 0  # another process was faster
    if kept.state is State.PUBLISHED:
        yield from counting(kept, 1)
    return 1
