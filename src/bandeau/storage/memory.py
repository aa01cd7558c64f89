"""Stores that forget: for tests, and for sites that are tried out."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from bandeau.ledger.checkpoint import Signer
from bandeau.ledger.commitment import EMPTY_ROOT, HASH_BYTES, leaf_hash
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import artefact_hash, erased_tag
from bandeau.ledger.sequence import Batch, Entry, Former, sequence
from bandeau.ledger.store import Leaf, LedgerRefused, Stored
from bandeau.ledger.tiles import (
    ENTRIES,
    WIDTH,
    Head,
    Tile,
    TileNodes,
    extend,
    parse_path,
    parse_proof,
)
from bandeau.ledger.verify import Evidence, Row, id_bytes


class MemoryLedger:
    """The ledger in memory (see :class:`bandeau.ledger.store.LedgerStore`)."""

    def __init__(self, signer: Signer, random: Callable[[int], bytes] = os.urandom) -> None:
        self._signer = signer
        self._random = random
        self._entries: list[Entry] = []
        self._erased: dict[int, str] = {}
        self._ids: dict[str, int] = {}
        self._heads: dict[str, int] = {}
        self._artefacts: dict[str, bytes] = {}
        self._tiles: dict[tuple[int, int], bytes] = {}
        self._notes = {0: signer.sign(0, EMPTY_ROOT)}
        self._head = Head()
        self._nodes = TileNodes(lambda level, index: self._tiles[level, index])

    def close(self) -> None:
        """Nothing to close."""

    async def append(self, draft: Draft) -> Receipt:
        """See :class:`LedgerStore`."""
        known = self._index(draft.id)
        if known is not None:
            if known in self._erased:
                raise LedgerRefused(f"{draft.id} was erased")
            return self._receipt(self._entries[known])
        targets = {draft.erases: self._ids[draft.erases]} if draft.erases in self._ids else {}
        if draft.erases and not (targets and self._entries[targets[draft.erases]].subject):
            raise LedgerRefused(f"no choice {draft.erases} is held")
        formers = {
            subject: Former(index, self._entries[index].commitment)
            for subject, index in self._heads.items()
            if subject == draft.subject
        }
        batch = sequence(self._head.size, [draft], formers, targets, self._random)
        self._keep(batch)
        self._artefacts |= {artefact_hash(data): data for data in draft.artefacts}
        return self._receipt(self._entries[-1])

    async def find(self, record_id: str) -> Stored | None:
        """See :class:`LedgerStore`."""
        index = self._index(record_id)
        return None if index is None else self._stored(record_id, index)

    async def history(self, subject: str, count: int = 1) -> Sequence[Stored]:
        """See :class:`LedgerStore`."""
        mine = [e for e in reversed(self._entries) if subject and e.subject == subject]
        return [self._stored(entry.id, entry.index) for entry in mine[:count]]

    async def published(self, path: str) -> bytes | None:
        """See :class:`LedgerStore`."""
        if path == "key":
            return self._signer.vkey.encode()
        if path == "checkpoint":
            return self._notes[self._head.size]
        if path.startswith("checkpoint/"):
            return next((n for s, n in self._notes.items() if path == f"checkpoint/{s}"), None)
        if path.startswith("artefact/"):
            return self._artefacts.get(path.removeprefix("artefact/"))
        if found := parse_proof(path):
            size, index = found
            fits = index < size <= self._head.size
            return b"".join(self._nodes.prover(size).inclusion(index)) if fits else None
        tile = parse_path(path)
        return None if tile is None else self._tile(tile)

    def _tile(self, tile: Tile) -> bytes | None:
        if tile.level == ENTRIES:
            start = tile.index * WIDTH
            found = [entry.commitment for entry in self._entries[start : start + tile.width]]
            bundle = b"".join(len(c).to_bytes(2) + c for c in found)
            return bundle if len(found) == tile.width else None
        size = tile.width * HASH_BYTES
        hashes = self._tiles.get((tile.level, tile.index), b"")[:size]
        return hashes if len(hashes) == size else None

    async def scan(self, start: int = 0) -> AsyncIterator[Leaf]:
        """See :class:`LedgerStore`."""
        for row in [self._row(entry) for entry in self._entries[start:]]:
            record_id = None if row.body is None else self._entries[row.index].id
            yield Leaf(row.index, record_id, row.body, row.salt, row.commitment)

    def evidence(self) -> Evidence:
        """All that is held, for verification."""
        return Evidence(
            rows=[self._row(entry) for entry in self._entries],
            tiles=list(self._tiles),
            tile=lambda level, index: self._tiles.get((level, index)),
            checkpoints=list(self._notes.items()),
            artefacts=list(self._artefacts.items()),
        )

    def _keep(self, batch: Batch) -> None:
        self._entries += batch.entries
        for entry in batch.entries:
            self._ids[entry.id] = entry.index
            if entry.subject:
                self._heads[entry.subject] = entry.index
        for old, new in batch.followed.items():
            self._entries[old].next = new
        self._head, tiles = extend(self._head, [leaf_hash(e.commitment) for e in batch.entries])
        self._tiles |= {(tile.level, tile.index): tile.hashes for tile in tiles}
        root = self._nodes.prover(self._head.size).root()
        self._notes[self._head.size] = self._signer.sign(self._head.size, root)
        for index, tag in batch.erased.items():
            self._erase(index, tag)

    def _erase(self, index: int, tag: str) -> None:
        gone = self._entries[index]
        self._erased[index] = tag
        del self._ids[gone.id]
        self._ids[tag] = index
        if self._heads.get(gone.subject) == index:
            del self._heads[gone.subject]
        self._entries[index] = replace(gone, id=tag, subject="", body=b"", salt=b"")

    def _index(self, record_id: str) -> int | None:
        return self._ids.get(record_id, self._ids.get(erased_tag(record_id)))

    def _stored(self, record_id: str, index: int) -> Stored:
        row = self._row(self._entries[index])
        return Stored(record_id, index, row.body, row.salt, row.next is not None)

    def _row(self, entry: Entry) -> Row:
        gone = entry.index in self._erased
        return Row(
            index=entry.index,
            id=id_bytes(entry.id),
            subject=bytes.fromhex(entry.subject) or None,
            body=None if gone else entry.body,
            salt=None if gone else entry.salt,
            commitment=entry.commitment,
            next=entry.next,
        )

    def _receipt(self, entry: Entry) -> Receipt:
        size = min(size for size in self._notes if size > entry.index)
        return Receipt(
            id=entry.id,
            record=entry.body,
            salt=entry.salt,
            index=entry.index,
            proof=self._nodes.prover(size).inclusion(entry.index),
            checkpoint=self._notes[size],
            key=self._signer.vkey,
        )
