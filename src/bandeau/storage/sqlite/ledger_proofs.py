"""Proofs of any record, from the ledger's file beside its writer."""

from __future__ import annotations

import threading

import apsw

from bandeau.ledger.commitment import HASH_BYTES
from bandeau.ledger.store import LedgerUnavailable
from bandeau.ledger.tiles import BETWEEN_BYTES, HEIGHT, WIDTH, TileNodes
from bandeau.storage.sqlite import ledger_file as file


class Proofs:
    """Inclusion proofs for any tree that the log has been; remembers the tiles of the last ones."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._gate = threading.Lock()
        self._nodes = TileNodes(self._tile, between=self._between)
        self._prover = self._nodes.prover(0)
        self._size = 0
        self._edges: dict[tuple[int, int], bytes] = {}

    def inclusion(self, size: int, index: int) -> bytes | None:
        """The hashes, one after the other, that prove ``index`` in the first ``size`` records.

        ``None`` where there are not so many. Raises :class:`LedgerUnavailable`, ``apsw.Error``.
        """
        latest, _ = file.last_checkpoint(self._db)
        if not 0 <= index < size <= latest:
            return None
        with self._gate:
            if latest != self._size:
                self._size = latest
                self._edges.clear()
            if size != self._prover.size:
                self._prover = self._nodes.prover(size)
            return b"".join(self._prover.inclusion(index))

    def _tile(self, level: int, index: int) -> bytes:
        """A tile; one that still grows is read once for each size of the log."""
        tile = self._edges.get((level, index)) or file.read_tile(self._db, level, index) or b""
        width = min(WIDTH, (self._size >> HEIGHT * level) - index * WIDTH)
        if len(tile) < width * HASH_BYTES:
            raise LedgerUnavailable(
                f"tile {level}/{index} does not fit the tree; run bandeau ledger verify"
            )
        if width < WIDTH:
            self._edges[level, index] = tile
        return tile

    def _between(self, level: int, index: int) -> bytes:
        nodes = file.read_between(self._db, level, index)
        return nodes if len(nodes) == BETWEEN_BYTES else b""
