"""The outbox in PostgreSQL, for several processes at once."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from bandeau.ledger.outbox import Event, Message, OutboxUnavailable, State, Withdrawal
from bandeau.storage.postgres.database import Connection, Database, translated

COLUMNS = "id, vendor, url, body, created, state, attempts, due, status, answered"
_PUT = "INSERT INTO message VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING"
_ALL = f"SELECT {COLUMNS} FROM message ORDER BY created, id"  # noqa: S608 - constants
_CLAIM = f"""UPDATE message SET due = $2, attempts = attempts + 1 WHERE id IN (
    SELECT id FROM message WHERE state = 'pending' AND due <= $1 ORDER BY due LIMIT $3
    FOR UPDATE SKIP LOCKED
) RETURNING {COLUMNS}"""  # noqa: S608
_SETTLE = (
    "UPDATE message SET state = $1, due = $2, status = $3, answered = $4"
    " WHERE id = $5 AND state = 'pending'"
)
_RETRY = (
    "UPDATE message SET state = 'pending', attempts = 0, due = $1"
    " WHERE id = ANY($2::text[]) AND state <> 'delivered'"
)
_FORGET = "DELETE FROM message WHERE state <> 'pending' AND answered < $1"
_ANNOUNCE = "INSERT INTO announced VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING"
_ANNOUNCED = "SELECT event, pseudonym, site, time, purposes, vendor FROM announced"
_DONE = "DELETE FROM announced WHERE event = $1 AND pseudonym = $2 AND vendor = $3"
_POSITION = "SELECT position FROM reading WHERE name = 'outbox'"
_READ_ON = "UPDATE reading SET position = greatest(position, $1) WHERE name = 'outbox'"


class PostgresOutbox:
    """An :class:`bandeau.ledger.outbox.Outbox` in a database whose tables are there already."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def close(self) -> None:
        """Nothing to close: the database stays open."""

    def announce(self, withdrawals: Sequence[Withdrawal]) -> None:
        """See the port."""
        rows = list(map(announced_row, withdrawals))
        self._asked(lambda db: db.executemany(_ANNOUNCE, rows))

    def announced(self) -> tuple[Withdrawal, ...]:
        """See the port."""
        return tuple(
            Withdrawal(Event(event), name, site, time, tuple(json.loads(purposes)), vendor)
            for event, name, site, time, purposes, vendor in self._asked(
                lambda db: db.fetch(_ANNOUNCED)
            )
        )

    def position(self) -> int:
        """See the port."""
        return int(self._asked(lambda db: db.fetchval(_POSITION)))

    def queue(
        self, messages: Sequence[Message], position: int, done: Sequence[Withdrawal] = ()
    ) -> None:
        """See the port."""

        async def work(db: Connection) -> None:
            async with db.transaction():
                await db.executemany(_PUT, [row_of(message) for message in messages])
                gone = [(w.event.value, w.pseudonym, w.vendor) for w in done]
                await db.executemany(_DONE, gone)
                await db.execute(_READ_ON, position)

        self._asked(work)

    def claim(self, now: int, until: int, count: int) -> tuple[Message, ...]:
        """See the port."""
        return tuple(map(_message, self._asked(lambda db: db.fetch(_CLAIM, now, until, count))))

    def settle(self, messages: Sequence[Message]) -> None:
        """See the port."""
        rows = [(m.state.value, m.due, m.status, m.answered, m.id) for m in messages]
        self._asked(lambda db: db.executemany(_SETTLE, rows))

    def all(self) -> tuple[Message, ...]:
        """See the port."""
        return tuple(map(_message, self._asked(lambda db: db.fetch(_ALL))))

    def forget(self, before: int) -> None:
        """See the port."""
        self._asked(lambda db: db.execute(_FORGET, before))

    def retry(self, ids: Sequence[str], now: int) -> int:
        """See the port."""
        said = self._asked(lambda db: db.execute(_RETRY, now, list(ids)))
        return int(str(said).rpartition(" ")[2])

    def _asked(self, work: Callable[[Connection], Awaitable[Any]]) -> Any:
        async def asked() -> Any:
            async with self._database.connection() as db:
                return await work(db)

        with translated(OutboxUnavailable, "outbox"):
            return self._database.run(asked())


def row_of(m: Message) -> tuple[object, ...]:
    """A message as the table has it."""
    made = (m.id, m.vendor, m.url, m.body, m.created)
    return *made, m.state.value, m.attempts, m.due, m.status, m.answered


def announced_row(w: Withdrawal) -> tuple[object, ...]:
    """A withdrawal as the table has it."""
    return w.event.value, w.pseudonym, w.site, w.time, json.dumps(w.purposes), w.vendor


def _message(row: tuple[Any, ...]) -> Message:
    name, vendor, url, body, created, state, attempts, due, status, answered = row
    stands = State(state), attempts, due, status, answered
    return Message(name, vendor, url, bytes(body), created, *stands)
