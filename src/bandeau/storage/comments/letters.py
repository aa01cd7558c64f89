"""Letters of one site in tables, and who wants which."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

from bandeau.features.comments.letters import Concerned, Letter, News, Watch
from bandeau.storage.comments.decisions import decisions_of, decisions_read
from bandeau.storage.comments.reports import CLOSED, reports_of
from bandeau.storage.comments.watching import erased
from bandeau.storage.tables import Rows, Statement, Steps, Tables

_LETTER = "id, receipt, box, made, ends, due, watch, attempts"
_WATCH = "watch.id, watch.subject, watch.receipt, watch.address, watch.box, watch.lang, watch.base"
_WATCH += ", watch.made, watch.confirmed"
_POST = (
    f"INSERT INTO letter ({_LETTER})"  # noqa: S608 - constants
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
    " ON CONFLICT (id) DO NOTHING"
)
_DUE = f"SELECT {_LETTER} FROM letter WHERE due <= $1 ORDER BY due, id LIMIT $2"  # noqa: S608
_CLAIM = (
    "UPDATE letter SET due = $2, attempts = attempts + 1 WHERE id = $1 AND due = $3 RETURNING id"
)
_ADD = (
    "INSERT INTO watch VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)"
    " ON CONFLICT (subject, address) DO UPDATE SET receipt = $3, lang = $6, base = $7"
)
_SAME = f"SELECT {_WATCH} FROM watch WHERE subject = $1 AND address = $2"  # noqa: S608
_FIND = f"SELECT {_WATCH} FROM watch WHERE id = $1"  # noqa: S608
_PAGE = f"SELECT {_WATCH} FROM watch WHERE id > $1 ORDER BY id LIMIT $2"  # noqa: S608
_LINK = "INSERT INTO watched VALUES ($1, $2) ON CONFLICT (comment) DO UPDATE SET watch = $2"
_CONFIRM = "UPDATE watch SET confirmed = 1 WHERE id = $1 RETURNING id"
_UNTOLD = "SELECT reply FROM news WHERE told = 0 ORDER BY time, reply LIMIT $1"
_NEWS = (
    f"SELECT c.page, c.name, {_WATCH} FROM comment c"  # noqa: S608
    " JOIN comment p ON p.id = c.reply_to JOIN watched ON watched.comment = c.reply_to"
    " JOIN watch ON watch.id = watched.watch WHERE c.id = $1 AND c.state = 'published'"
    " AND watch.confirmed = 1 AND (c.author <> p.author OR c.author = '')"
)
_OF_COMMENT = (
    f"SELECT {_WATCH} FROM watched JOIN watch ON watch.id = watched.watch"  # noqa: S608
    " WHERE watched.comment = $1 AND watch.confirmed = 1"
)
_OF_AUTHOR = (
    f"SELECT DISTINCT {_WATCH} FROM comment"  # noqa: S608
    " JOIN watched ON watched.comment = comment.id JOIN watch ON watch.id = watched.watch"
    " WHERE comment.author = $1 AND watch.confirmed = 1 ORDER BY watch.id"
)
# A reply is as old as it was written, however late it is published: only decisions go unsent.
_STALE = "DELETE FROM news WHERE told = 0 AND time < $1 AND reply IN (SELECT id FROM decision)"
_MADE: Callable[..., Watch] = Watch
_OLD = "SELECT id FROM watch WHERE confirmed = 0 AND made < $1"


class StoredLetters:
    """A :class:`bandeau.features.comments.letters.LetterStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def post(self, letter: Letter, most: int) -> bool:
        """See the port."""
        return await self._tables.write(_posting(letter, most))

    async def claim(self, now: int, until: int, count: int) -> Sequence[Letter]:
        """See the port."""
        return await self._tables.write(_claiming(now, until, count))

    async def later(self, letter_id: str, due: int) -> None:
        """See the port."""
        change = Statement("UPDATE letter SET due = $2 WHERE id = $1", (letter_id, due))
        await self._tables.write(_all([change]))

    async def drop(self, letter_ids: Collection[str]) -> None:
        """See the port."""
        gone = [Statement("DELETE FROM letter WHERE id = $1", (each,)) for each in letter_ids]
        await self._tables.write(_all(gone), erasing=True)

    async def watch(self, watch: Watch, comment: str) -> Watch:
        """See the port."""
        return await self._tables.write(_watching(watch, comment))

    async def watched(self, watch_id: str) -> Watch | None:
        """See the port."""
        return next(iter(_watches(await self._tables.read(_FIND, watch_id))), None)

    async def watches(self, after: str, count: int) -> Sequence[Watch]:
        """See the port."""
        return _watches(await self._tables.read(_PAGE, after, count))

    async def confirm(self, watch_id: str) -> bool:
        """See the port."""
        return bool(await self._tables.write(_all([Statement(_CONFIRM, (watch_id,))])))

    async def unwatch(self, watch_ids: Collection[str]) -> None:
        """See the port."""
        await self._tables.write(_unwatching(list(watch_ids)), erasing=True)

    async def withdrawn(self, subjects: Collection[str]) -> None:
        """See the port."""
        if subjects:
            await self._tables.write(_withdrawing(list(subjects)), erasing=True)

    async def news(self, count: int) -> Sequence[str]:
        """See the port."""
        return [reply for (reply,) in await self._tables.read(_UNTOLD, count)]

    async def of(self, reply: str) -> Sequence[News]:
        """See the port."""
        rows = await self._tables.read(_NEWS, reply)
        return [News(reply, page, name, _watch(watch)) for page, name, *watch in rows]

    async def concerned(self, decision: str) -> Concerned | None:
        """See the port."""
        found = decisions_of(await self._tables.read(decisions_read(1), decision))
        if not found:
            return None
        by_author = bool(found[0].author)
        on = found[0].author or found[0].comment
        rows = await self._tables.read(_OF_AUTHOR if by_author else _OF_COMMENT, on)
        filed = reports_of(await self._tables.read(CLOSED, decision))
        return Concerned(found[0], _watches(rows), filed)

    async def tell(self, reply: str, letters: Sequence[Letter], now: int) -> None:
        """See the port."""
        kept = [Statement(_POST, _row(letter)) for letter in letters]
        told = Statement("UPDATE news SET told = $2 WHERE reply = $1", (reply, now))
        await self._tables.write(_all([*kept, told]))

    async def tidy(self, unconfirmed: int, told: int) -> None:
        """See the port."""
        await self._tables.write(_tidying(unconfirmed, told), erasing=True)


def _watches(rows: Rows) -> list[Watch]:
    return [_watch(row) for row in rows]


def _watch(row: Sequence[Any]) -> Watch:
    *told, confirmed = row
    return replace(_MADE(*told), confirmed=bool(confirmed))


def _row(letter: Letter) -> tuple[str | int, ...]:
    kept = (letter.id, letter.receipt, letter.box, letter.made, letter.ends, letter.due)
    return *kept, letter.watch, letter.attempts


def _all(statements: Sequence[Statement]) -> Steps[Rows]:
    rows: Rows = ()
    for statement in statements:
        rows = yield statement
    return rows


def _posting(letter: Letter, most: int) -> Steps[bool]:
    if len((yield Statement("SELECT id FROM letter LIMIT $1", (most,)))) >= most:
        return False
    yield Statement(_POST, _row(letter))
    return True


def _claiming(now: int, until: int, count: int) -> Steps[list[Letter]]:
    claimed = []
    for row in (yield Statement(_DUE, (now, count))):
        letter = Letter(*row)
        if (yield Statement(_CLAIM, (letter.id, until, letter.due))):
            claimed.append(replace(letter, attempts=letter.attempts + 1))
    return claimed


def _watching(watch: Watch, comment: str) -> Steps[Watch]:
    kept = (watch.id, watch.subject, watch.receipt, watch.address, watch.box, watch.lang)
    yield Statement(_ADD, (*kept, watch.base, watch.made))
    (found,) = _watches((yield Statement(_SAME, (watch.subject, watch.address))))
    yield Statement(_LINK, (comment, found.id))
    return found


def _unwatching(watches: list[str]) -> Steps[None]:
    for watch in watches:
        yield from erased(watch)


def _withdrawing(subjects: list[str]) -> Steps[None]:
    for subject in subjects:
        found = yield Statement("SELECT id FROM watch WHERE subject = $1", (subject,))
        yield from _unwatching([watch for (watch,) in found])


def _tidying(unconfirmed: int, told: int) -> Steps[None]:
    yield from _unwatching([watch for (watch,) in (yield Statement(_OLD, (unconfirmed,)))])
    yield Statement("DELETE FROM news WHERE told > 0 AND told < $1", (told,))
    yield Statement(_STALE, (told * 1000,))
