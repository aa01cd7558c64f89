"""The right edge of the tree in memory, trusted only while the database agrees."""

from __future__ import annotations

from collections.abc import Sequence

from bandeau.ledger.checkpoint import CheckpointError, Signer, Verifier
from bandeau.ledger.commitment import HASH_BYTES, leaf_hashes
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.sequence import Batch, receipts
from bandeau.ledger.store import LedgerUnavailable
from bandeau.ledger.tiles import Head, TileNodes, Written, extend, inclusion_tiles
from bandeau.ledger.tree import Frontier, Prover
from bandeau.storage.postgres import ledger_rows as rows
from bandeau.storage.postgres.database import Connection


class Tree:
    """Grows by batches. ``seen`` is the largest size that was ever committed or read."""

    def __init__(self, log: int, signer: Signer) -> None:
        self._log = log
        self._signer = signer
        self._verifier = Verifier(signer.vkey)
        self._head = Head()
        self._frontier = Frontier()
        self.seen = 0

    @property
    def size(self) -> int:
        """How many records it has, those included that are not committed yet."""
        return self._head.size

    async def load(self, db: Connection) -> None:
        """Read it anew, and check that its last checkpoint is ours.

        Raises :class:`LedgerUnavailable` with a clear text.
        """
        size, note = await rows.last_checkpoint(db, self._log)
        if size < self.seen:
            raise LedgerUnavailable(
                f"the ledger went back from {self.seen} records to {size};"
                " signing on would fork the log"
            )
        self._head = await rows.load_head(db, self._log, size)
        self._frontier = Frontier.of(size, TileNodes(self._edge))
        self._check(note)
        self.seen = size

    def grow(self, batch: Batch) -> tuple[list[Written], bytes, dict[str, Receipt]]:
        """Append a batch: the tiles that changed, the signed checkpoint, and receipts by id."""
        leaves = leaf_hashes(entry.commitment for entry in batch.entries)
        self._head, tiles = extend(self._head, leaves)
        proofs = self._frontier.extend(leaves)
        note = self._signer.sign(self.size, self._frontier.root())
        return tiles, note, receipts(batch, proofs, note, self._signer.vkey)

    def _check(self, note: bytes) -> None:
        try:
            signed = self._verifier.open(note)
        except CheckpointError as error:
            raise LedgerUnavailable(
                f"the ledger's last checkpoint is not by this log's key: {error}"
            ) from error
        if signed.size != self.size or signed.root != self._frontier.root():
            raise LedgerUnavailable("tiles and last checkpoint differ; run bandeau ledger verify")

    def _edge(self, level: int, index: int) -> bytes:
        """The last tile of a level, which has every complete subtree that no larger one has."""
        return self._head.edges[level]


async def replayed(
    db: Connection, log: int, key: str, ids: Sequence[str]
) -> dict[str, Receipt | None]:
    """The receipts that were given when the records were new; ``None`` for those erased.

    Ids that the ledger does not know are left out.
    """
    answers: dict[str, Receipt | None] = {}
    tiles = _Tiles(db, log)
    for record_id in dict.fromkeys(ids):
        stored = await rows.find(db, log, record_id)
        if stored is None:
            continue
        if stored.body is None or stored.salt is None:
            answers[record_id] = None
            continue
        size, note = await rows.covering_checkpoint(db, log, stored.index)
        proof = await tiles.inclusion(stored.index, size)
        answers[record_id] = Receipt(
            id=record_id,
            record=stored.body,
            salt=stored.salt,
            index=stored.index,
            proof=proof,
            checkpoint=note,
            key=key,
        )
    return answers


async def proof_in(db: Connection, log: int, size: int, index: int) -> bytes | None:
    """The hashes, one after the other, that prove ``index`` in the first ``size`` records.

    ``None`` where there are not so many. Raises :class:`LedgerUnavailable`.
    """
    latest, _ = await rows.last_checkpoint(db, log)
    if not 0 <= index < size <= latest:
        return None
    return b"".join(await _Tiles(db, log).inclusion(index, size))


class _Tiles:
    """Tiles of a log, each read once. One may be read fuller than a tree had it: it begins so."""

    def __init__(self, db: Connection, log: int) -> None:
        self._db = db
        self._log = log
        self._known: dict[tuple[int, int], bytes] = {}
        self._provers: dict[int, Prover] = {}

    async def inclusion(self, index: int, size: int) -> tuple[bytes, ...]:
        """The proof of one record in the tree of ``size``."""
        for tile in inclusion_tiles(index, size):
            at = (tile.level, tile.index)
            if at not in self._known:
                found = await rows.read_tile(self._db, self._log, *at)
                if found is None or len(found) < tile.width * HASH_BYTES:
                    raise LedgerUnavailable(f"the ledger lacks {tile.path}")
                self._known[at] = found
        nodes = TileNodes(lambda level, at: self._known[level, at])
        prover = self._provers.setdefault(size, nodes.prover(size))
        return prover.inclusion(index)
