"""The ledger in PostgreSQL: any number of processes accept, one of them sequences."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, TypeVar

from bandeau.ledger.checkpoint import Signer
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import Leaf, LedgerUnavailable, Stored
from bandeau.ledger.tiles import parse_path, parse_proof
from bandeau.ledger.verify import Row
from bandeau.storage.postgres import ledger_rows as rows
from bandeau.storage.postgres.database import Connection, Database, translated
from bandeau.storage.postgres.ledger_desk import Desk
from bandeau.storage.postgres.ledger_sequencer import Sequencer
from bandeau.storage.postgres.ledger_tree import proof_in
from bandeau.storage.postgres.schema import SchemaError, prepare

LOG = 0
_PAGE = 500
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_SUBJECT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CHECKPOINT = re.compile(r"checkpoint/(0|[1-9][0-9]{0,17})", re.ASCII)
_ARTEFACT = re.compile(r"artefact/([0-9a-f]{64})", re.ASCII)
_WHAT = "the ledger cannot be read"
Found = TypeVar("Found")


class PostgresLedger:
    """A log in a database (see :class:`bandeau.ledger.store.LedgerStore`).

    Makes or migrates its tables; raises :class:`LedgerUnavailable` where the schema is newer, the
    log of another key, or the database cannot be reached. ``close`` keeps what waits; the database
    stays open.
    """

    def __init__(
        self,
        database: Database,
        signer: Signer,
        random: Callable[[int], bytes] = os.urandom,
        log: int = LOG,
    ) -> None:
        self._database = database
        self._vkey = signer.vkey
        self._log = log
        holder = os.urandom(8).hex()
        self._sequencer = Sequencer(database, log, signer, random, holder)
        open_schema(database)
        with translated(LedgerUnavailable, "the ledger cannot be opened"):
            database.run(self._sequencer.prepare())
        self._desk = Desk(database, self._sequencer)

    def close(self) -> None:
        """Keep what waits; appends after this are refused."""
        self._desk.close()

    async def append(self, draft: Draft) -> Receipt:
        """See :class:`LedgerStore`.

        A record is durable before this returns, and may be so when it raises: where its place in
        the log takes longer than ``limits.LEDGER_SEQUENCE_SECONDS``, the same draft gets its
        receipt later.
        """
        return await self._desk.submit(draft)

    async def find(self, record_id: str) -> Stored | None:
        """See :class:`LedgerStore`."""
        # A caller that cannot wait gives up here, before anything is asked.
        await asyncio.sleep(0)
        if not _ID.fullmatch(record_id):
            return None
        return await self._read(lambda db: rows.find(db, self._log, record_id))

    async def history(self, subject: str, count: int = 1) -> Sequence[Stored]:
        """See :class:`LedgerStore`."""
        if not _SUBJECT.fullmatch(subject):
            return []
        key = bytes.fromhex(subject)
        return await self._read(lambda db: rows.history(db, self._log, key, count))

    async def published(self, path: str) -> bytes | None:
        """See :class:`LedgerStore`."""
        if path == "key":
            return self._vkey.encode()
        return await self._read(lambda db: self._published(db, path))

    async def scan(self, start: int = 0) -> AsyncIterator[Leaf]:
        """See :class:`LedgerStore`."""
        end, _ = await self._read(lambda db: rows.last_checkpoint(db, self._log))
        while start < end:
            page = await self._page(start, min(end - start, _PAGE))
            if not page:
                raise LedgerUnavailable(f"records from {start} on are missing")
            for row in page:
                yield leaf_of(row)
            start = page[-1].index + 1

    async def _page(self, start: int, count: int) -> list[Row]:
        return await self._read(lambda db: rows.rows(db, self._log, start - 1, count))

    async def _published(self, db: Connection, path: str) -> bytes | None:
        if path == "checkpoint":
            return (await rows.last_checkpoint(db, self._log))[1]
        if found := _CHECKPOINT.fullmatch(path):
            return await rows.checkpoint_of(db, self._log, int(found[1]))
        if found := _ARTEFACT.fullmatch(path):
            return await rows.artefact(db, bytes.fromhex(found[1]))
        if proof := parse_proof(path):
            return await proof_in(db, self._log, *proof)
        tile = parse_path(path)
        return await rows.served_tile(db, self._log, tile) if tile else None

    async def _read(self, query: Callable[[Connection], Coroutine[Any, Any, Found]]) -> Found:
        async def work() -> Found:
            async with self._database.connection() as db:
                return await query(db)

        with translated(LedgerUnavailable, _WHAT):
            return await self._database.ask(work())


def open_schema(database: Database) -> None:
    """Make or migrate the tables; raises :class:`LedgerUnavailable` for a newer schema."""

    async def work() -> None:
        async with database.connection() as db:
            await prepare(db)

    try:
        with translated(LedgerUnavailable, "the ledger cannot be opened"):
            database.run(work())
    except SchemaError as error:
        raise LedgerUnavailable(f"the database was {error}") from error


def leaf_of(row: Row) -> Leaf:
    """A stored row as an export shows it."""
    text = row.id.hex()
    name = "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))
    return Leaf(row.index, None if row.body is None else name, row.body, row.salt, row.commitment)
