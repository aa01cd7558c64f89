"""Commits batches to the ledger's file: rows, tiles and signed checkpoint in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import apsw

from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Signer, Verifier
from bandeau.ledger.commitment import EMPTY_ROOT, leaf_hashes
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.sequence import Batch, admitted, receipts, sequence
from bandeau.ledger.store import LedgerRefused, LedgerUnavailable
from bandeau.ledger.tiles import BETWEEN_BYTES, HEIGHT, Head, TileNodes, extend
from bandeau.ledger.tree import Frontier, Prover
from bandeau.storage.sqlite import ledger_file as file
from bandeau.storage.sqlite.ledger_kept import Kept

Open = Callable[[Path], apsw.Connection]


class Sequencer:
    """The only place that writes to one ledger in this process. Not for several threads at once.

    It trusts its memory of the tree only while the file agrees: another process may append, and
    after any error everything is opened and read again.
    """

    def __init__(
        self, path: Path, signer: Signer, random: Callable[[int], bytes], connect: Open
    ) -> None:
        self._path = path
        self._signer = signer
        self._random = random
        self._connect = connect
        self._verifier = Verifier(signer.vkey)
        self._kept = Kept(path.parent, self._verifier)
        self._db: apsw.Connection | None = None
        self._head = Head()
        self._note = b""
        self._seen = 0
        self._inode = 0
        self._nodes = self._tree()
        self._frontier = Frontier()
        self._unscrubbed = False

    def prepare(self, *, restored: bool = False) -> None:
        """Create or open the file and check that its head is ours and no older than it was.

        Where it was ``restored`` on purpose it may be older. Raises :class:`LedgerUnavailable` with
        a clear text.
        """
        try:
            db = self._connected()
            db.execute("BEGIN")
            self._ready(db)
            if not restored:
                self._check_kept()
            db.execute("COMMIT")
        except apsw.Error as error:
            self.close()
            raise LedgerUnavailable(f"{self._path}: {error}") from error
        except LedgerUnavailable:
            self.close()
            raise

    def commit(self, drafts: Sequence[Draft]) -> list[Receipt | LedgerRefused]:
        """One durable step for all ``drafts``; raises whatever keeps it from being one."""
        try:
            db = self._connected()
            db.execute("BEGIN IMMEDIATE")
            self._ready(db)
            answers, batch = self._place(db, drafts)
            db.execute("COMMIT")
            self._seen = self._head.size
            self._kept.keep(self._note)
            self._scrub(db, batch)
            return [answers.get(d.id) or self._replayed(db, d.id) for d in drafts]
        except BaseException:
            self.close()
            raise

    def keep(self) -> None:
        """Keep the last checkpoint beside the file, however short a time ago one was kept."""
        if self._note:
            self._kept.keep(self._note, now=True)

    def close(self) -> None:
        """Drop the connection and all that is remembered of the tree."""
        db, self._db = self._db, None
        self._head, self._note = Head(), b""
        self._nodes, self._frontier = self._tree(), Frontier()
        if db is not None:
            db.close(True)

    def _connected(self) -> apsw.Connection:
        if self._db is None:
            db = self._connect(self._path)
            if not self._seen:
                file.prepare(db, self._path, self._signer.sign(0, EMPTY_ROOT))
            self._db, self._inode = db, file.inode(self._path)
        return self._db

    def _ready(self, db: apsw.Connection) -> None:
        """Bring the head up to date with the file, which another process may have written."""
        if file.inode(self._path) != self._inode:
            raise LedgerUnavailable(f"{self._path}: was removed or replaced while in use; restart")
        size, note = file.last_checkpoint(db)
        if size < self._seen:
            raise LedgerUnavailable(
                f"{self._path}: went back from {self._seen} records to {size};"
                " signing on would fork the log"
            )
        if note != self._note:
            head = file.load_head(db, size)
            self._nodes = self._tree()
            self._head = head
            self._check_signed(note)
            self._frontier = Frontier.of(size, self._nodes)
            self._note, self._seen = note, size

    def _check_kept(self) -> None:
        kept = self._kept.load()
        if kept and not self._holds(kept):
            raise LedgerUnavailable(
                f"{self._path}: holds {self._head.size} records, and {self._kept.path.name} beside"
                f" it counts {kept.size} or others; it was restored from a backup, or replaced, and"
                " signing on would fork the log. Restore a newer copy, or see bandeau ledger"
                " accept-restore"
            )

    def _holds(self, kept: Checkpoint) -> bool:
        return kept.size <= self._head.size and kept.root == self._prover(kept.size).root()

    def _check_signed(self, note: bytes) -> None:
        try:
            signed = self._verifier.open(note)
        except CheckpointError as error:
            raise LedgerUnavailable(
                f"{self._path}: the last checkpoint is not by this log's key: {error}"
            ) from error
        if signed.size != self._head.size or signed.root != self._prover(signed.size).root():
            raise LedgerUnavailable(
                f"{self._path}: tiles and last checkpoint differ; run bandeau ledger verify"
            )

    def _place(
        self, db: apsw.Connection, drafts: Sequence[Draft]
    ) -> tuple[dict[str, Receipt | LedgerRefused], Batch]:
        """Write what is new. Answers come back by draft id; a replay has none."""
        known = file.known_indexes(db, (draft.id for draft in drafts))
        targets = file.erasable(db, drafts)
        placed, refused = admitted(drafts, known, targets)
        if not placed:
            return {**refused}, Batch()
        former = file.formers(db, placed)
        batch = sequence(self._head.size, placed, former, targets, self._random)
        artefacts = [data for draft in placed for data in draft.artefacts]
        return {**refused, **self._write(db, batch, artefacts)}, batch

    def _write(
        self, db: apsw.Connection, batch: Batch, artefacts: Sequence[bytes]
    ) -> dict[str, Receipt]:
        """The receipts that hold once the transaction does."""
        leaves = leaf_hashes(entry.commitment for entry in batch.entries)
        head, tiles = extend(self._head, leaves)
        file.write(db, batch, tiles, artefacts)
        proofs = self._frontier.extend(leaves)
        note = self._signer.sign(head.size, self._frontier.root())
        db.execute("INSERT INTO checkpoint VALUES (?, ?)", (head.size, note))
        self._head, self._note = head, note
        return receipts(batch, proofs, note, self._signer.vkey)

    def _scrub(self, db: apsw.Connection, batch: Batch) -> None:
        """Take erased content out of the write-ahead log too, once no reader needs it."""
        if not batch.erased and not self._unscrubbed:
            return
        self._unscrubbed = not file.scrub(db)

    def _replayed(self, db: apsw.Connection, record_id: str) -> Receipt | LedgerRefused:
        """The receipt that was given when the record was new."""
        stored = file.find(db, record_id)
        if stored is None:
            raise LedgerUnavailable(f"{record_id} is not in the ledger")
        if stored.body is None or stored.salt is None:
            return LedgerRefused(f"{record_id} was erased")
        size, note = file.covering_checkpoint(db, stored.index)
        return Receipt(
            id=record_id,
            record=stored.body,
            salt=stored.salt,
            index=stored.index,
            proof=self._prover(size).inclusion(stored.index),
            checkpoint=note,
            key=self._signer.vkey,
        )

    def _tree(self) -> TileNodes:
        """The nodes of the tree, of which nothing is remembered yet."""
        return TileNodes(self._read_tile, between=self._read_between)

    def _prover(self, size: int) -> Prover:
        return self._nodes.prover(size)

    def _read_tile(self, level: int, index: int) -> bytes:
        head = self._head
        if level < len(head.edges) and index == head.size >> HEIGHT * (level + 1):
            return head.edges[level]
        found = file.read_tile(self._db, level, index) if self._db else None
        if found is None:
            raise LedgerUnavailable(f"tile {level}/{index} is missing; run bandeau ledger verify")
        return found

    def _read_between(self, level: int, index: int) -> bytes:
        nodes = file.read_between(self._db, level, index) if self._db else b""
        return nodes if len(nodes) == BETWEEN_BYTES else b""
