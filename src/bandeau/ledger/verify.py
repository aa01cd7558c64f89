"""Re-derive the whole log from what is stored, and say exactly what does not hold, and where.

Every body is hashed again; rows, tiles and signed checkpoints are three witnesses of one history,
so that when one was edited the other two tell which (reference: ledger, section 3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Verifier
from bandeau.ledger.commitment import HASH_BYTES, SALT_BYTES, commit, leaf_hash
from bandeau.ledger.record import Kind, Record, RecordError, artefact_hash, erased_tag, parse_record
from bandeau.ledger.tiles import WIDTH, Head, extend
from bandeau.ledger.tree import Frontier


@dataclass(frozen=True, slots=True)
class Row:
    """A stored record, each field as the store holds it."""

    index: int
    id: bytes
    subject: bytes | None
    body: bytes | None
    salt: bytes | None
    commitment: bytes
    next: int | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """One consistent view of a store; rows come in the order of their indexes.

    ``tiles`` names every (level, index) that ``tile`` can read; ``checkpoints`` are (size, note),
    ``artefacts`` (hash, content); ``damage`` is what the store itself found wrong with its files.
    """

    rows: Iterable[Row]
    tiles: Iterable[tuple[int, int]]
    tile: Callable[[int, int], bytes | None]
    checkpoints: Iterable[tuple[int, bytes]]
    artefacts: Iterable[tuple[str, bytes]] = ()
    damage: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``index`` is the first record concerned, where one is."""

    fault: str
    index: int | None
    detail: str

    def __str__(self) -> str:
        where = "" if self.index is None else f" at index {self.index}"
        return f"{self.fault}{where}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """How much was checked, and all that is wrong with it. No finding means that it holds."""

    records: int
    checkpoints: int
    erased: int
    findings: tuple[Finding, ...]


def verify(evidence: Evidence, vkey: str, known: Iterable[bytes] = ()) -> Outcome:
    """Check everything that ``evidence`` holds against the log's public key.

    ``known`` are signed checkpoints from outside (an export, a witness, a receipt): each must be
    part of this history, which shows a rollback or a second history that nothing inside can show.
    Raises ``CheckpointError`` where ``vkey`` or a known checkpoint is not to be trusted itself.
    """
    verifier = Verifier(vkey)
    outside = sorted((verifier.open(note) for note in known), key=lambda c: c.size)
    return _Audit(evidence, verifier, outside).run()


class _Audit:
    def __init__(self, evidence: Evidence, verifier: Verifier, outside: list[Checkpoint]) -> None:
        self._evidence = evidence
        self._findings = [Finding("file damaged", None, text) for text in evidence.damage]
        self._verifier = verifier
        self._unmet = set(evidence.tiles)
        self._row_tile: tuple[int, bytes] = (-1, b"")
        self._signed = self._open_all(evidence.checkpoints)
        self._outside = outside
        self._vouched = max(self._signed, default=0)
        self._rows = _Rows(self._findings)
        self._by_rows, self._by_tiles = Frontier(), Frontier()
        self._doubtful: list[int] = []
        self._agreed = 0
        self._forked = False
        self._checked = 0

    def run(self) -> Outcome:
        for checkpoint in self._due(0):
            self._meet(checkpoint)
        leaves: list[bytes] = []
        head = Head()
        for row in self._evidence.rows:
            for index in range(self._by_rows.size, min(row.index, self._vouched)):
                self._find("record missing", index, "the log has no row for it")
                self._add(self._tile_hash(index) or bytes(HASH_BYTES), leaves)
            self._rows.check(row, self._by_rows.size)
            self._add(leaf_hash(self._rows.committed(row)), leaves)
            if len(leaves) >= WIDTH:
                head = self._check_tiles(head, leaves)
        self._check_tiles(head, leaves, last=True)
        self._end()
        findings = tuple(dict.fromkeys(self._findings))
        return Outcome(self._by_rows.size, self._checked, self._rows.erasures, findings)

    def _add(self, leaf: bytes, leaves: list[bytes]) -> None:
        index = self._by_rows.size
        kept = self._tile_hash(index)
        self._by_rows.append(leaf)
        self._by_tiles.append(kept or leaf)
        leaves.append(leaf)
        if kept != leaf:
            self._doubtful.append(index)
        for checkpoint in self._due(index + 1):
            self._meet(checkpoint)

    def _meet(self, checkpoint: Checkpoint) -> None:
        """A signed checkpoint decides between rows and tiles since the last one that held."""
        if self._forked:
            return
        if checkpoint.root == self._by_rows.root():
            for index in self._doubtful:
                self._find("tile edited", index, f"its hash in {_place(index)} is not the record's")
            self._by_tiles = self._by_rows.copy()
        elif checkpoint.root == self._by_tiles.root():
            for index in self._doubtful:
                self._find("record replaced", index, "it is not the one that was signed")
            self._by_rows = self._by_tiles.copy()
        else:
            self._forked = True
            span = f"{self._agreed} to {checkpoint.size - 1}"
            detail = f"records {span} do not lead to the root signed for size {checkpoint.size}"
            self._find("history does not match its checkpoint", self._agreed, detail)
        self._doubtful, self._agreed = [], checkpoint.size

    def _check_tiles(self, head: Head, leaves: list[bytes], last: bool = False) -> Head:
        """Compare the tiles that these leaves make, but for partial ones that more will fill."""
        head, written = extend(head, leaves)
        leaves.clear()
        for tile in written:
            whole = len(tile.hashes) == WIDTH * HASH_BYTES
            if whole:
                self._compare_tile(tile.level, tile.index, tile.hashes)
        if last:
            for level, edge in enumerate(head.edges):
                if edge:
                    self._compare_tile(level, head.size // WIDTH ** (level + 1), edge)
        return head

    def _compare_tile(self, level: int, index: int, hashes: bytes) -> None:
        self._unmet.discard((level, index))
        kept = self._evidence.tile(level, index)
        span = WIDTH**level
        if kept is None:
            self._find("tile missing", index * WIDTH * span, f"level {level}, tile {index}")
        elif level and kept != hashes and not self._forked:
            place = next((i for i in range(WIDTH) if _slot(kept, i) != _slot(hashes, i)), 0)
            detail = f"level {level}, tile {index}, hash {place}"
            self._find("tile edited", (index * WIDTH + place) * span, detail)
        elif not level and len(kept) != len(hashes):
            self._find("tile edited", index * WIDTH, f"level 0, tile {index}: {len(kept)} bytes")

    def _end(self) -> None:
        for level, index in sorted(self._unmet):
            self._find("tile unknown", None, f"level {level}, tile {index} is of no record")
        size = self._by_rows.size
        for checkpoint in [*self._signed.values(), *self._outside]:
            if checkpoint.size > size:
                detail = f"a signed checkpoint counts {checkpoint.size} records, {size} are here"
                self._find("records cut off", size, detail)
        if self._agreed < size and not self._forked:
            self._find("records not signed", self._agreed, "no checkpoint covers them")
        for index in self._doubtful:
            self._find("record and tile differ", index, "and no checkpoint tells which holds")
        self._rows.end()
        self._check_artefacts()

    def _check_artefacts(self) -> None:
        wanted = dict(self._rows.shown)
        for name, data in self._evidence.artefacts:
            if artefact_hash(data) != name:
                detail = f"artefact {name} is not what was shown"
                self._find("artefact edited", wanted.get(name), detail)
            elif name not in wanted:
                self._find("artefact unknown", None, f"{name} is of no record")
            wanted.pop(name, None)
        for name, index in wanted.items():
            self._find("artefact missing", index, f"{name} is named there")

    def _open_all(self, notes: Iterable[tuple[int, bytes]]) -> dict[int, Checkpoint]:
        signed: dict[int, Checkpoint] = {}
        for size, note in notes:
            try:
                checkpoint = self._verifier.open(note)
            except CheckpointError as error:
                self._find("checkpoint edited", None, f"kept for size {size}: {error}")
                continue
            if checkpoint.size != size:
                detail = f"kept for size {size}, it was signed for {checkpoint.size}"
                self._find("checkpoint edited", None, detail)
            signed[checkpoint.size] = checkpoint
        if not signed:
            self._find("checkpoint missing", None, "no signed checkpoint is kept")
        return signed

    def _due(self, size: int) -> Iterator[Checkpoint]:
        if size in self._signed:
            self._checked += 1
            yield self._signed[size]
        while self._outside and self._outside[0].size == size:
            yield self._outside.pop(0)

    def _tile_hash(self, index: int) -> bytes:
        if self._row_tile[0] != index // WIDTH:
            self._row_tile = (index // WIDTH, self._evidence.tile(0, index // WIDTH) or b"")
        return _slot(self._row_tile[1], index % WIDTH)

    def _find(self, fault: str, index: int | None, detail: str) -> None:
        self._findings.append(Finding(fault, index, detail))


class _Rows:
    """Checks of single rows, and of what one row says of another."""

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings
        self._expected: dict[int, tuple[int, bytes | None, bytes]] = {}
        self._emptied: dict[int, str] = {}
        self.erasures = 0
        self.shown: dict[str, int] = {}

    def check(self, row: Row, index: int) -> None:
        """Findings of one row that should have ``index``."""
        if row.index != index:
            self._find("record out of order", row.index, f"expected index {index}")
        if row.body is None or row.salt is None:
            self._check_erased(row)
        else:
            self._check_body(row, row.salt, row.body)
        if row.next is not None:
            if row.next <= row.index:
                self._find("successor edited", row.index, f"it names {row.next}")
            self._expected[row.next] = (row.index, row.subject, row.commitment)

    def committed(self, row: Row) -> bytes:
        """The commitment derived from the body; the stored one where the body is erased."""
        if row.body is None or row.salt is None or len(row.salt) != SALT_BYTES:
            return row.commitment
        return commit(row.salt, row.body)

    def end(self) -> None:
        """Findings that only the last row decides."""
        for index in self._emptied:
            self._find("record emptied", index, "no erasure record accounts for it")
        for index, _, _ in self._expected.values():
            self._find("successor edited", index, "it names a record that is not there")

    def _check_erased(self, row: Row) -> None:
        if row.body is not None or row.salt is not None or row.subject is not None:
            self._find("record emptied", row.index, "content, salt or subject is gone, not all")
        self._emptied[row.index] = row.id.hex()
        self._expected.pop(row.index, None)

    def _check_body(self, row: Row, salt: bytes, body: bytes) -> None:
        if len(salt) != SALT_BYTES or commit(salt, body) != row.commitment:
            detail = "content, salt or commitment is not what was recorded"
            self._find("record edited", row.index, detail)
        try:
            record = parse_record(body)
        except RecordError as error:
            self._find("record edited", row.index, str(error))
            return
        if record.id.replace("-", "") != row.id.hex():
            self._find("record edited", row.index, f"its id column does not read {record.id}")
        if bytes.fromhex(record.subject) != (row.subject or b""):
            self._find("record edited", row.index, "its subject column differs from its content")
        self._check_former(row, record)
        if record.kind is Kind.ERASURE:
            self._check_erasure(row, record)
        for digest in record.artefacts.values():
            self.shown.setdefault(digest, row.index)

    def _check_former(self, row: Row, record: Record) -> None:
        former = self._expected.pop(row.index, None)
        if former is None:
            if record.prev is not None:
                self._find("successor edited", row.index, "no former record names it")
            return
        index, subject, commitment = former
        if record.prev != commitment.hex() or subject not in (None, row.subject):
            self._find("successor edited", index, f"{row.index} is not its successor")

    def _check_erasure(self, row: Row, record: Record) -> None:
        self.erasures += 1
        tag = self._emptied.pop(record.index, None)
        if tag is None:
            detail = f"its erasure is recorded at index {row.index}, its content is here"
            self._find("erasure undone", record.index, detail)
        elif tag != record.target:
            self._find("record edited", record.index, "its erased id is not the recorded one")

    def _find(self, fault: str, index: int | None, detail: str) -> None:
        self._findings.append(Finding(fault, index, detail))


def id_bytes(record_id: str) -> bytes:
    """A record id as stores keep it: its 16 bytes."""
    return bytes.fromhex(record_id.replace("-", ""))


def erased_id_bytes(record_id: str) -> bytes:
    """What stores keep in the place of an erased id: 32 bytes."""
    return bytes.fromhex(erased_tag(record_id))


def _slot(tile: bytes, place: int) -> bytes:
    return tile[place * HASH_BYTES : (place + 1) * HASH_BYTES]


def _place(index: int) -> str:
    return f"level 0, tile {index // WIDTH}, hash {index % WIDTH}"
