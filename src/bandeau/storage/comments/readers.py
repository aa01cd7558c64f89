"""The readers of one site in tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bandeau.features.comments.readers import Reader, Session, Ticket, name_key
from bandeau.storage.tables import Rows, Statement, Steps, Tables

_ISSUE = "INSERT INTO ticket VALUES ($1, $2, $3, $4)"
_TICKET = "SELECT subject, who FROM ticket WHERE tag = $1 AND until > $2"
_USE = "DELETE FROM ticket WHERE tag = $1 RETURNING subject"
_SPEND = "INSERT INTO spent VALUES ($1, $2) ON CONFLICT (tag) DO NOTHING RETURNING tag"
_KNOWN = "SELECT id, name FROM reader WHERE who = $1"
_NAMED = "SELECT id FROM reader WHERE folded = $1"
_ADD = "INSERT INTO reader VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
_BOND = "INSERT INTO bond VALUES ($1, $2) ON CONFLICT (reader, subject) DO NOTHING"
_BEGIN = "INSERT INTO reader_session VALUES ($1, $2, $3, $4, $5)"
_SESSION = (
    "SELECT reader.id, reader.name, s.subject, s.receipt FROM reader_session s"
    " JOIN reader ON reader.id = s.reader WHERE s.tag = $1 AND s.until > $2"
)
_FOLLOW = "UPDATE reader_session SET receipt = $2 WHERE tag = $1"
_END = "DELETE FROM reader_session WHERE tag = $1"


class StoredReaders:
    """A :class:`bandeau.features.comments.readers.ReaderStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def issue(self, tag: str, ticket: Ticket, until: int, now: int) -> None:
        """See the port."""
        await self._tables.write(_issuing(tag, ticket, until, now))

    async def ticket(self, tag: str, now: int) -> Ticket | None:
        """See the port."""
        found = await self._tables.read(_TICKET, tag, now)
        return Ticket(*found[0]) if found else None

    async def spend(self, tag: str, until: int, now: int) -> bool:
        """See the port."""
        return await self._tables.write(_spending(tag, until, now))

    async def known(self, who: str) -> Reader | None:
        """See the port."""
        return _reader(await self._tables.read(_KNOWN, who))

    async def named(self, name: str) -> bool:
        """See the port."""
        return bool(await self._tables.read(_NAMED, name_key(name)))

    async def bound(self, subject: str) -> Sequence[str]:
        """See the port."""
        rows = await self._tables.read("SELECT reader FROM bond WHERE subject = $1", subject)
        return [reader for (reader,) in rows]

    async def enter(self, ticket: str, who: str, reader: Reader) -> Reader | None:
        """See the port."""
        return await self._tables.write(_entering(ticket, who, reader))

    async def begin(self, tag: str, session: Session, until: int, now: int) -> None:
        """See the port."""
        await self._tables.write(_beginning(tag, session, until, now))

    async def session(self, tag: str, now: int) -> Session | None:
        """See the port."""
        found = await self._tables.read(_SESSION, tag, now)
        if not found:
            return None
        reader, name, subject, receipt = found[0]
        return Session(Reader(reader, name), subject, receipt)

    async def follow(self, tag: str, receipt: str) -> None:
        """See the port."""
        await self._tables.write(_one(Statement(_FOLLOW, (tag, receipt))))

    async def end(self, tag: str) -> None:
        """See the port."""
        await self._tables.write(_one(Statement(_END, (tag,))), erasing=True)

    async def withdrawn(self, subjects: Collection[str]) -> None:
        """See the port."""
        if subjects:
            await self._tables.write(_withdrawing(list(subjects)), erasing=True)

    async def forget(self, subjects: Collection[str]) -> Collection[str]:
        """See the port."""
        if not subjects:
            return ()
        return await self._tables.write(_forgetting(list(subjects)), erasing=True)


def _reader(rows: Rows) -> Reader | None:
    return Reader(*rows[0]) if rows else None


def _one(statement: Statement) -> Steps[Rows]:
    return (yield statement)


def _issuing(tag: str, ticket: Ticket, until: int, now: int) -> Steps[None]:
    yield Statement("DELETE FROM ticket WHERE until <= $1", (now,))
    yield Statement(_ISSUE, (tag, ticket.subject, ticket.who, until))


def _spending(tag: str, until: int, now: int) -> Steps[bool]:
    yield Statement("DELETE FROM spent WHERE until <= $1", (now,))
    return bool((yield Statement(_SPEND, (tag, until))))


def _entering(ticket: str, who: str, reader: Reader) -> Steps[Reader | None]:
    found = _reader((yield Statement(_KNOWN, (who,))))
    if found is None and (yield Statement(_NAMED, (name_key(reader.name),))):
        return None
    if ticket and not (yield Statement(_USE, (ticket,))):
        return None
    if found is None:
        yield Statement(_ADD, (reader.id, who, reader.name, name_key(reader.name)))
        found = _reader((yield Statement(_KNOWN, (who,))))
    return found


def _beginning(tag: str, session: Session, until: int, now: int) -> Steps[None]:
    reader, subject = session.reader.id, session.subject
    yield Statement("DELETE FROM reader_session WHERE until <= $1", (now,))
    yield Statement(_BOND, (reader, subject))
    yield Statement(_BEGIN, (tag, reader, subject, session.receipt, until))


def _withdrawing(subjects: list[str]) -> Steps[None]:
    for subject in subjects:
        yield Statement("DELETE FROM reader_session WHERE subject = $1", (subject,))
        yield Statement("DELETE FROM ticket WHERE subject = $1", (subject,))


def _forgetting(subjects: list[str]) -> Steps[list[str]]:
    gone = []
    yield from _withdrawing(subjects)
    for subject in subjects:
        found = yield Statement("SELECT reader FROM bond WHERE subject = $1", (subject,))
        yield Statement("DELETE FROM bond WHERE subject = $1", (subject,))
        for (reader,) in found:
            if not (yield Statement("SELECT reader FROM bond WHERE reader = $1", (reader,))):
                yield Statement("DELETE FROM reader_session WHERE reader = $1", (reader,))
                yield Statement("DELETE FROM reader WHERE id = $1", (reader,))
                gone.append(str(reader))
    return gone
