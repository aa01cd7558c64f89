"""All that the ledger's tables hold at one moment, for verification and export."""

from __future__ import annotations

import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from bandeau import limits
from bandeau.ledger.store import LedgerUnavailable
from bandeau.ledger.verify import Evidence, Row
from bandeau.storage.postgres import ledger_content as content
from bandeau.storage.postgres import ledger_rows as rows
from bandeau.storage.postgres.database import Connection, Database, translated
from bandeau.storage.postgres.ledger import LOG
from bandeau.storage.postgres.schema import SCHEMA, SchemaError, version

_PAGE = 2_000
_FIRST = -(1 << 63)
_STRAYS = 20
_BEFORE_ALL = (b"", UUID(int=0))


@contextmanager
def open_evidence(database: Database, log: int = LOG) -> Iterator[Evidence]:
    """One snapshot, beside running servers; used by one thread that is not the database's own.

    Raises :class:`LedgerUnavailable`.
    """
    with translated(LedgerUnavailable, "the ledger cannot be read"):
        view = _View(database, log)
        try:
            yield view.evidence()
        finally:
            view.close()


class _View:
    def __init__(self, database: Database, log: int) -> None:
        self._database = database
        self._log = log
        self._db: Connection = database.run(database.connect())
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._database.run(self._db.close(timeout=5))

    def evidence(self) -> Evidence:
        return Evidence(
            rows=self._rows(),
            tiles=self._pairs("SELECT level, idx FROM tile WHERE log = $1"),
            tile=lambda level, at: self._run(rows.read_tile(self._db, self._log, level, at)),
            checkpoints=self._pairs("SELECT size, note FROM checkpoint WHERE log = $1 ORDER BY 1"),
            artefacts=self._artefacts(),
            damage=tuple(f"content of {rid}, which no leaf names" for rid in self._strays()),
        )

    def _begin(self) -> None:
        try:
            found = self._run(version(self._db))
        except SchemaError as error:
            raise LedgerUnavailable(f"the database was {error}") from error
        if found != SCHEMA:
            raise LedgerUnavailable("the database holds no ledger of this version")
        self._run(self._db.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"))

    def _rows(self) -> Iterator[Row]:
        after = _FIRST
        while page := self._run(rows.rows(self._db, self._log, after, _PAGE)):
            yield from page
            after = page[-1].index

    def _strays(self) -> list[str]:
        """Content that no leaf names.

        Shards commit it just before the log does, so what has no leaf at our moment may have one by
        now, or within one more.
        """
        found: list[content.Name] = []
        after = _BEFORE_ALL
        while len(found) < _STRAYS and (page := self._run(content.names(self._db, after, _PAGE))):
            found += self._still(self._run(rows.strays(self._db, page)))
            after = page[-1]
        if found:
            time.sleep(limits.POSTGRES_REST_SECONDS)
        return [str(rid) for _, rid in self._still(found)[:_STRAYS]]

    def _still(self, names: list[content.Name]) -> list[content.Name]:
        async def asked() -> list[content.Name]:
            async with self._database.connection() as db:
                return await rows.strays(db, names)

        return self._database.run(asked()) if names else []

    def _artefacts(self) -> Iterator[tuple[str, bytes]]:
        for (key,) in self._run(self._db.fetch("SELECT hash FROM artefact ORDER BY hash")):
            yield key.hex(), self._run(rows.artefact(self._db, key)) or b""

    def _pairs(self, query: str) -> list[tuple[int, Any]]:
        return [(one, two) for one, two in self._run(self._db.fetch(query, self._log))]

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._database.run(work)
