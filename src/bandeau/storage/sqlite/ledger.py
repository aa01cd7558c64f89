"""The ledger in one SQLite file: one writer thread with group commit, short reads beside it."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import apsw

from bandeau.ledger.checkpoint import Signer
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import Leaf, LedgerUnavailable, Stored
from bandeau.ledger.tiles import parse_path, parse_proof
from bandeau.ledger.verify import Evidence, Finding, Outcome, Row, verify
from bandeau.storage.sqlite import ledger_file as file
from bandeau.storage.sqlite import ledger_kept
from bandeau.storage.sqlite.ledger_proofs import Proofs
from bandeau.storage.sqlite.ledger_sequencer import Open, Sequencer
from bandeau.storage.sqlite.ledger_writer import Writer

_PAGE = 500
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_SUBJECT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CHECKPOINT = re.compile(r"checkpoint/(0|[1-9][0-9]{0,18})", re.ASCII)
_ARTEFACT = re.compile(r"artefact/([0-9a-f]{64})", re.ASCII)
_DAMAGE_LINES = 20
_AUDIT_KIBIBYTES = 65_536
_REMEMBERED = 4_096
_REMEMBERED_BYTES = 8_192


class SqliteLedger:
    """The ledger of ``directory`` (see :class:`bandeau.ledger.store.LedgerStore`).

    Opens or makes ``ledger.sqlite``; raises :class:`LedgerUnavailable` where the file is of a newer
    schema, of another key, damaged at its head, or no ledger, or older than the checkpoint that is
    kept beside it, unless it was ``restored`` on purpose. ``close`` commits what waits.
    """

    def __init__(
        self,
        directory: Path,
        signer: Signer,
        random: Callable[[int], bytes] = os.urandom,
        connect: Open = file.open_writer,
        *,
        restored: bool = False,
    ) -> None:
        path = directory / file.NAME
        self._vkey = signer.vkey
        self._sequencer = Sequencer(path, signer, random, connect)
        self._sequencer.prepare(restored=restored)
        self._reader = file.open_reader(path)
        self._memory = _Memory(self._reader)
        self._proofs = Proofs(self._reader)
        self._writer = Writer(self._sequencer.commit)

    def close(self) -> None:
        """Commit what waits and close the file; appends after this are refused."""
        self._writer.close()
        self._sequencer.keep()
        # The last connection to close folds the write-ahead log in, which a reader cannot.
        self._reader.close(True)
        self._sequencer.close()

    async def append(self, draft: Draft) -> Receipt:
        """See :class:`LedgerStore`."""
        return await self._writer.submit(draft)

    async def find(self, record_id: str) -> Stored | None:
        """See :class:`LedgerStore`."""
        try:
            return self._memory.find(record_id)
        except apsw.Error as error:
            raise _unreadable(error) from error

    async def history(self, subject: str, count: int = 1) -> Sequence[Stored]:
        """See :class:`LedgerStore`."""
        if not _SUBJECT.fullmatch(subject):
            return []
        with _reading():
            return file.history(self._reader, bytes.fromhex(subject), count)

    async def published(self, path: str) -> bytes | None:
        """See :class:`LedgerStore`."""
        if path == "key":
            return self._vkey.encode()
        with _reading():
            if path == "checkpoint":
                return file.last_checkpoint(self._reader)[1]
            if found := _CHECKPOINT.fullmatch(path):
                return file.checkpoint_of(self._reader, int(found[1]))
            if found := _ARTEFACT.fullmatch(path):
                return file.artefact(self._reader, bytes.fromhex(found[1]))
            if proof := parse_proof(path):
                return self._proofs.inclusion(*proof)
            tile = parse_path(path)
            return file.served_tile(self._reader, tile) if tile else None

    async def scan(self, start: int = 0) -> AsyncIterator[Leaf]:
        """See :class:`LedgerStore`."""
        with _reading():
            end = file.last_checkpoint(self._reader)[0]
        while start < end:
            with _reading():
                page = list(file.rows(self._reader, start, min(end, start + _PAGE)))
            if not page:
                raise LedgerUnavailable(f"records from {start} on are missing")
            for row in page:
                yield leaf_of(row)
            start = page[-1].index + 1
            await asyncio.sleep(0)


def leaf_of(row: Row) -> Leaf:
    """A stored row as an export shows it."""
    record_id = None if row.body is None else file.text_id(row.id)
    return Leaf(row.index, record_id, row.body, row.salt, row.commitment)


@contextmanager
def open_evidence(directory: Path) -> Iterator[Evidence]:
    """All that the ledger of ``directory`` holds, at one moment, beside a running server.

    Raises :class:`LedgerUnavailable`.
    """
    path = directory / file.NAME
    if not path.exists():
        raise LedgerUnavailable(f"{path}: no such file")
    with _reading():
        db = file.open_reader(path)
        try:
            # SQLite looks every index entry up, which costs half as much with room for them.
            db.pragma("cache_size", -_AUDIT_KIBIBYTES)
            db.execute("BEGIN")
            yield _evidence(db)
        finally:
            db.close(True)


def verify_file(directory: Path, vkey: str, known: Iterable[bytes] = ()) -> Outcome:
    """What :func:`bandeau.ledger.verify.verify` says of the ledger of ``directory``.

    The checkpoint that is kept beside it is one of the ``known``. Raises
    :class:`LedgerUnavailable` where there is none that can be opened, ``CheckpointError`` where the
    key or a known checkpoint is not usable.
    """
    # Read first, since a server may go on: what it kept is then in what is opened after.
    kept = ledger_kept.read(directory / ledger_kept.NAME)
    with open_evidence(directory) as evidence:
        try:
            return verify(evidence, vkey, known if kept is None else (*known, kept))
        except (apsw.CorruptError, apsw.FormatError, UnicodeDecodeError) as error:
            return Outcome(0, 0, 0, (Finding("file damaged", None, str(error)),))


def _evidence(db: apsw.Connection) -> Evidence:
    found = [str(line) for (line,) in db.execute(f"PRAGMA integrity_check({_DAMAGE_LINES})")]
    return Evidence(
        rows=file.rows(db, -(1 << 63), (1 << 63) - 1),
        tiles=(
            (file.number(level), file.number(at))
            for level, at in db.execute("SELECT level, idx FROM tile")
        ),
        tile=lambda level, index: file.read_tile(db, level, index),
        checkpoints=(
            (size, file.blob(note))
            for size, note in db.execute("SELECT size, note FROM checkpoint ORDER BY size")
        ),
        artefacts=(
            (file.blob(key).hex(), file.blob(data))
            for key, data in db.execute("SELECT hash, data FROM artefact")
        ),
        damage=(*(() if found == ["ok"] else found), *file.beside_nothing(db)),
        between=lambda level, index: file.read_between(db, level, index),
    )


class _Memory:
    """Records as they were last read, until anything at all is committed to the file.

    Every request asks for its visitor's record. SQLite counts the commits of all other connections,
    other processes included, so what was superseded or erased is never told from here.
    """

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._commits = db.cursor()
        self._version = 0
        self._records: dict[str, Stored] = {}

    def find(self, record_id: str) -> Stored | None:
        """See :class:`LedgerStore`; raises ``apsw.Error``."""
        for (version,) in self._commits.execute("PRAGMA data_version"):
            if version != self._version:
                self._records.clear()
                self._version = version
        found = self._records.get(record_id)
        if found is not None or not _ID.fullmatch(record_id):
            return found
        found = file.find(self._db, record_id)
        if found is not None and len(found.body or b"") <= _REMEMBERED_BYTES:
            if len(self._records) >= _REMEMBERED:
                self._records.clear()
            self._records[record_id] = found
        return found


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise _unreadable(error) from error


def _unreadable(error: apsw.Error) -> LedgerUnavailable:
    return LedgerUnavailable(f"the ledger cannot be read: {error}")
