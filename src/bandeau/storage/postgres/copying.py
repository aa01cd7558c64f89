"""A whole ledger from elsewhere into an empty database, byte for byte, in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from bandeau.enforcement.sightings import Sighting
from bandeau.ledger.outbox import Message, Withdrawal
from bandeau.ledger.store import LedgerRefused, LedgerUnavailable
from bandeau.ledger.verify import Evidence, Row
from bandeau.storage.keys import Keys, format_keys
from bandeau.storage.postgres.database import Connection, Database, translated
from bandeau.storage.postgres.ledger import LOG, open_schema
from bandeau.storage.postgres.ledger_content import NO_SUBJECT
from bandeau.storage.postgres.outbox import announced_row, row_of
from bandeau.storage.postgres.schema import make_partitions
from bandeau.storage.postgres.sightings import row_of as sighting_row

_ROWS = 2_000
_LEAF = ("log", "seq", "rid", "tag", "subj", "commitment", "next")
_ID_BYTES = 16


class Copying:
    """One transaction into the database; nothing is there until it has ended."""

    def __init__(self, database: Database, log: int) -> None:
        self._database = database
        self._log = log
        self._months: set[tuple[int, int]] = set()
        self._db: Connection = database.run(database.connect())

    def ledger(self, evidence: Evidence) -> int:
        """Rows, tiles, checkpoints and artefacts of ``evidence``; how many records there are."""
        count = 0
        for page in _pages(evidence.rows, _ROWS):
            self._rows(page)
            count += len(page)
        tiles = ((self._log, level, at, evidence.tile(level, at)) for level, at in evidence.tiles)
        self._many("tile", tiles, 500)
        notes = ((self._log, size, note) for size, note in evidence.checkpoints)
        self._many("checkpoint", notes, _ROWS)
        shown = ((bytes.fromhex(key), data) for key, data in evidence.artefacts)
        self._many("artefact", shown, 1)
        query = "UPDATE lease SET size = $2 WHERE log = $1"
        self.run(self._db.execute(query, self._log, count))
        return count

    def table(self, name: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """The rows of one table that has the same name there."""
        for page in _pages(rows, _ROWS):
            self._copy(name, page, columns=columns)

    def outbox(self, messages: Iterable[Message], position: int) -> None:
        """What vendors were told, and from where the log is read on."""
        self._many("message", map(row_of, messages), _ROWS)
        query = "UPDATE reading SET position = $1 WHERE name = 'outbox'"
        self.run(self._db.execute(query, position))

    def announced(self, withdrawals: Iterable[Withdrawal]) -> None:
        """What is still to be told of erasures."""
        self._many("announced", map(announced_row, withdrawals), _ROWS)

    def sightings(self, sightings: Iterable[Sighting]) -> None:
        """What was seen on the site and is not declared."""
        self._many("sightings", map(sighting_row, sightings), _ROWS)

    def keys(self, keys: Keys) -> None:
        """The keys that the log was made with."""
        query = "INSERT INTO keyring VALUES ('bandeau', $1)"
        self.run(self._db.execute(query, format_keys(keys).decode()))

    def begin(self) -> None:
        """Raises :class:`LedgerRefused` where the database has a ledger already."""
        self.run(self._db.execute("BEGIN"))
        query = "INSERT INTO lease VALUES ($1, 0, 0, '', now()) ON CONFLICT DO NOTHING"
        begun = self.run(self._db.execute(query, self._log)) == "INSERT 0 1"
        if not begun or self.run(self._db.fetchval("SELECT count(*) FROM keyring")):
            raise LedgerRefused("the database has a ledger already: copy into a new one")

    def end(self) -> None:
        """Commit all of it."""
        self.run(self._db.execute("COMMIT"))

    def close(self) -> None:
        """Let go of the connection; what was not committed is gone."""
        self.run(self._db.close(timeout=5))

    def run(self, work: Coroutine[Any, Any, Any]) -> Any:
        """What ``work`` gives on the database's own loop."""
        return self._database.run(work)

    def _rows(self, page: list[Row]) -> None:
        for row in page:
            self._partition(row)
        leaves = [(self._log, r.index, *_key(r), r.subject, r.commitment, r.next) for r in page]
        self._copy("leaf", leaves, columns=_LEAF)
        held = [
            (r.subject or NO_SUBJECT, uuid.UUID(bytes=r.id), r.body, r.salt)
            for r in page
            if r.body is not None
        ]
        self._copy("consent", held)

    def _partition(self, row: Row) -> None:
        """A partition for the month of a record, before the first one of it is copied."""
        if len(row.id) != _ID_BYTES or row.id[6] >> 4 != 7:
            return
        milliseconds = int.from_bytes(row.id[:6])
        try:
            moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
        except (OverflowError, ValueError):
            return
        if (moment.year, moment.month) not in self._months and moment.year < 9_999:
            self._months.add((moment.year, moment.month))
            self.run(make_partitions(self._db, milliseconds))

    def _many(self, table: str, rows: Iterable[tuple[Any, ...]], count: int) -> None:
        for page in _pages(rows, count):
            self._copy(table, page)

    def _copy(self, table: str, rows: list[tuple[Any, ...]], **more: Any) -> None:
        if rows:
            self.run(self._db.copy_records_to_table(table, records=rows, **more))


@contextmanager
def copying(database: Database, log: int = LOG) -> Iterator[Copying]:
    """Copy into a new database; used by one thread that is not the database's own.

    Raises :class:`LedgerRefused` where it has a ledger already, :class:`LedgerUnavailable` where it
    cannot be written; either leaves it as it was.
    """
    open_schema(database)
    with translated(LedgerUnavailable, "the database cannot be written"):
        copy = Copying(database, log)
        try:
            copy.begin()
            yield copy
            copy.end()
        finally:
            copy.close()


def _key(row: Row) -> tuple[uuid.UUID | None, bytes | None]:
    """Where an id stands, or the tag of an erased one."""
    return (uuid.UUID(bytes=row.id), None) if len(row.id) == _ID_BYTES else (None, row.id)


def _pages(rows: Iterable[Any], count: int) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while page := list(islice(iterator, count)):
        yield page
