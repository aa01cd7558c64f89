"""All comments of one site, out of the tables and into them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bandeau.features.comments.appeals import Appeal
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.exchange import Kept, Page, Profile, Vote
from bandeau.features.comments.exchange_beside import Account
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.readers import name_key
from bandeau.features.comments.reports import Report
from bandeau.storage.comments import appeals, decisions, reports
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
_VOTES = (
    "SELECT comment, voter, receipt, time FROM vote WHERE comment > $1"
    " OR (comment = $1 AND voter > $2) ORDER BY comment, voter LIMIT $3"
)
_VOTE = (
    "INSERT INTO vote SELECT id, $2, $3, $4 FROM comment WHERE id = $1 AND state = 'published'"
    " ON CONFLICT (comment, voter) DO NOTHING RETURNING comment"
)
_READERS = "SELECT id, who, name FROM reader WHERE id > $1 ORDER BY id LIMIT $2"
_READER = "INSERT INTO reader VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING RETURNING id"
_BOND = "INSERT INTO bond VALUES ($1, $2) ON CONFLICT DO NOTHING"
_CHANGED = (
    "UPDATE page SET changes = changes + 1 WHERE path = (SELECT page FROM comment WHERE id = $1)"
)
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

    async def votes(self, after: str, limit: int) -> Sequence[Vote]:
        """See the port."""
        comment, _, voter = after.partition(" ")
        rows = await self._tables.read(_VOTES, comment, voter, limit)
        return [Vote(*row) for row in rows]

    async def accounts(self, after: str, limit: int) -> Sequence[Account]:
        """See the port."""
        rows = await self._tables.read(_READERS, after, limit)
        if not rows:
            return ()
        names = listed(1, len(rows))
        bonds = await self._tables.read(
            f"SELECT reader, subject FROM bond WHERE reader IN ({names})"  # noqa: S608
            " ORDER BY reader, subject",
            *(reader for reader, _, _ in rows),
        )
        subjects: dict[str, tuple[str, ...]] = {}
        for reader, subject in bonds:
            subjects[reader] = (*subjects.get(reader, ()), subject)
        return [Account(reader, who, name, subjects.get(reader, ())) for reader, who, name in rows]

    async def decisions(self, after: str, limit: int) -> Sequence[Decision]:
        """See the port."""
        return decisions.decisions_of(await self._tables.read(decisions.DECISIONS, after, limit))

    async def reports(self, after: str, limit: int) -> Sequence[Report]:
        """See the port."""
        return reports.reports_of(await self._tables.read(reports.REPORTS, after, limit))

    async def appeals(self, after: str, limit: int) -> Sequence[Appeal]:
        """See the port."""
        return appeals.appeals_of(await self._tables.read(appeals.APPEALS, after, limit))

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
        if isinstance(each, Comment):
            count += yield from _coming(each)
        else:
            yield from _BESIDE[type(each)](each)
    return count


def _opening(page: Page) -> Steps[None]:
    yield Statement(_PAGE, (page.path, page.opened))
    yield Statement(_OPENED, (page.path, page.opened))


def _knowing(author: Profile) -> Steps[None]:
    known = (author.id, author.tag, author.made, author.approved)
    yield Statement(_AUTHOR, (*known, author.conduct.value, author.until))


def _logging(act: Act) -> Steps[None]:
    who = (act.id, act.time, act.staff, act.deed.value, act.object)
    yield Statement(_ACT, (*who, act.was, act.became))


def _accounting(account: Account) -> Steps[None]:
    """Know a reader of elsewhere again, unless the name is another's here."""
    values = (account.id, account.who, account.name, name_key(account.name))
    if (yield Statement(_READER, values)):
        for subject in account.subjects:
            yield Statement(_BOND, (account.id, subject))


def _recommending(vote: Vote) -> Steps[None]:
    values = (vote.comment, vote.voter, vote.receipt, vote.time)
    for (voted,) in (yield Statement(_VOTE, values)):
        yield Statement(_CHANGED, (voted,))


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


_BESIDE: Mapping[type[Kept], Callable[[Any], Steps[None]]] = {
    Page: _opening,
    Profile: _knowing,
    Act: _logging,
    Account: _accounting,
    Vote: _recommending,
    Decision: decisions.taking,
    Report: reports.taking,
    Appeal: appeals.taking,
}
