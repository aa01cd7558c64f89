"""What keeps records durably, each behind one interface: ours, ours without the tree, a raw file.

A candidate is added by a name and a function from an empty folder to something with ``append`` and
``close``; the tables of ``bench/ledger.py`` take it as one more column.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from bandeau.ledger.checkpoint import Signer
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import subject_of, uuid7
from bandeau.ledger.sequence import sequence
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.ledger import PostgresLedger
from bandeau.storage.sqlite import ledger_file
from bandeau.storage.sqlite.ledger import SqliteLedger
from bandeau.storage.sqlite.ledger_writer import Writer

ORIGIN = "www.quotidien.test"
START = 1_800_000_000_000


def signer() -> Signer:
    """The key of the measured log."""
    return Signer(ORIGIN, bytes(range(32)))


class Drafts:
    """Choices of visitors who come once, made beforehand and quickly: one form, other ids."""

    def __init__(self) -> None:
        self._form = Draft.choice(
            id=uuid7(0, bytes(10)),
            site=ORIGIN,
            subject="0" * 64,
            time=0,
            action="save",
            mechanism="notice",
            purposes={"advertising": False, "audience": True, "social": True},
            policy="0123456789abcdef",
            notice="a" * 64,
            lang="fr",
            layout="bar",
            gpc=False,
            expires=START // 1000 + 15_000_000,
        )
        self._made = 0

    def take(self, count: int) -> list[Draft]:
        """``count`` drafts that were not given out before."""
        numbers = range(self._made, self._made + count)
        self._made += count
        return [self._draft(number) for number in numbers]

    def _draft(self, number: int) -> Draft:
        form, time = self._form, START + number // 20
        name = uuid7(time, hashlib.sha256(number.to_bytes(8)).digest())
        subject = subject_of(b"key", number.to_bytes(8))
        after = form.after.replace(b'"time":0', b'"time":%d' % time)
        after = after.replace(b'"subject":"' + b"0" * 64, b'"subject":"' + subject.encode())
        before = form.before.replace(form.id.encode(), name.encode())
        return Draft(name, form.kind, time, before, after, subject=subject)


class Candidate(Protocol):
    """Something that answers once a record is durable."""

    async def append(self, draft: Draft) -> Receipt: ...

    def close(self) -> None: ...


class RawFile:
    """Bytes at the end of a file, with the product's group commit: what the disk can give."""

    def __init__(self, folder: Path) -> None:
        self._handle = os.open(folder / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._answer = Receipt("", b"", b"", 0, (), b"", "")
        self._writer = Writer(self._commit)

    async def append(self, draft: Draft) -> Receipt:
        return await self._writer.submit(draft)

    def close(self) -> None:
        self._writer.close()
        os.close(self._handle)

    def _commit(self, drafts: Sequence[Draft]) -> list[Receipt]:
        os.write(self._handle, b"\n".join(draft.body(None) for draft in drafts) + b"\n")
        os.fdatasync(self._handle)
        return [self._answer] * len(drafts)


class WithoutTree:
    """The same rows in the same file, committed in groups; no tiles, no signature, no proof."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ledger_file.NAME
        self._size = 0
        self._opened = False
        self._writer = Writer(self._commit)

    async def append(self, draft: Draft) -> Receipt:
        return await self._writer.submit(draft)

    def close(self) -> None:
        self._writer.close()
        self._db.close(True)

    def _commit(self, drafts: Sequence[Draft]) -> list[Receipt]:
        if not self._opened:
            self._db, self._opened = ledger_file.open_writer(self._path), True
            ledger_file.prepare(self._db, self._path, b"")
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        known = ledger_file.known_indexes(db, (draft.id for draft in drafts))
        fresh = [draft for draft in drafts if draft.id not in known]
        batch = sequence(self._size, fresh, ledger_file.formers(db, fresh), {}, os.urandom)
        ledger_file.write(db, batch, (), ())
        db.execute("COMMIT")
        self._size += len(fresh)
        return [Receipt(e.id, e.body, e.salt, e.index, (), b"", "") for e in batch.entries]


class Postgres:
    """Logs in one database, each candidate a new one; the database is to be thrown away after."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._logs = itertools.count(int(time.time()))

    def __call__(self, folder: Path) -> Candidate:
        return _PostgresLog(Database(self._address), next(self._logs))


class _PostgresLog(PostgresLedger):
    def __init__(self, database: Database, log: int) -> None:
        super().__init__(database, signer(), log=log)

    def close(self) -> None:
        super().close()
        self._database.close()


CANDIDATES: Mapping[str, Callable[[Path], Candidate]] = {
    "raw file": RawFile,
    "SQLite without tree": WithoutTree,
    "SQLite": lambda folder: SqliteLedger(folder, signer()),
}
