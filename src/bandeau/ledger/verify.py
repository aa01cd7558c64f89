"""Re-derive the whole log from what is stored, and say exactly what does not hold, and where.

Every body is hashed again; rows, tiles and signed checkpoints are three witnesses of one history,
so that when one was edited the other two tell which (reference: ledger, section 3.3).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from bandeau.ledger.alike import Shapes
from bandeau.ledger.checkpoint import Checkpoint, Verifier
from bandeau.ledger.commitment import (
    HASH_BYTES,
    SALT_BYTES,
    commit,
    commits,
    leaf_hash,
    leaf_hashes,
)
from bandeau.ledger.record import Kind, Record, RecordError, artefact_hash, parse_record
from bandeau.ledger.retrace import Retrace, Signed
from bandeau.ledger.since import UNSOUND, Moments


class Row(NamedTuple):
    """A stored record, each field as the store holds it."""

    index: int  # type: ignore[assignment]  # In place of tuple's method, which nobody asks here.
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
    in the order of their sizes, ``artefacts`` (hash, content); ``damage`` is what the store itself
    found wrong with its files. ``between`` reads the nodes beside a full tile, where any are kept.
    """

    rows: Iterable[Row]
    tiles: Iterable[tuple[int, int]]
    tile: Callable[[int, int], bytes | None]
    checkpoints: Iterable[tuple[int, bytes]]
    artefacts: Iterable[tuple[str, bytes]] = ()
    damage: tuple[str, ...] = ()
    between: Callable[[int, int], bytes | None] = lambda *_: None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. ``index`` is the first record concerned, where one is.

    ``after`` and ``before`` are the times of the nearest sound records around it, in Unix
    milliseconds, where there are any.
    """

    fault: str
    index: int | None
    detail: str
    after: int | None = None
    before: int | None = None

    def __str__(self) -> str:
        where = "" if self.index is None else f" at index {self.index}"
        return f"{self.fault}{where}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Holds:
    """The last signed checkpoint before all that is wrong: its records are as they were signed.

    ``time`` is that of its last record in Unix milliseconds, where one is readable.
    """

    size: int
    time: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How much was checked, and all that is wrong with it. No finding means that it holds.

    ``hashed`` counts the bytes of records and artefacts that were hashed again.
    """

    records: int
    checkpoints: int
    erased: int
    findings: tuple[Finding, ...]
    holds: Holds | None = None
    artefacts: int = 0
    hashed: int = 0


def verify(evidence: Evidence, vkey: str, known: Iterable[bytes] = ()) -> Outcome:
    """Check everything that ``evidence`` holds against the log's public key.

    ``known`` are signed checkpoints from outside (an export, a witness, a receipt): each must be
    part of this history, which shows a rollback or a second history that nothing inside can show.
    Raises ``CheckpointError`` where ``vkey`` or a known checkpoint is not to be trusted itself.
    """
    verifier = Verifier(vkey)
    return _Audit(evidence, verifier, [verifier.open(note) for note in known]).run()


class _Audit:
    def __init__(self, evidence: Evidence, verifier: Verifier, outside: list[Checkpoint]) -> None:
        self._evidence = evidence
        self._findings = [Finding("file damaged", None, text) for text in evidence.damage]
        self._moments = Moments()
        self._signed = Signed(evidence.checkpoints, outside, verifier, self._find)
        self._rows = _Rows(self._find)
        self._log = Retrace(
            evidence.tiles,
            evidence.tile,
            evidence.between,
            self._signed,
            self._find,
            self._moments.settle,
        )
        self._artefacts = 0

    def run(self) -> Outcome:
        log, rows = self._log, iter(self._evidence.rows)
        log.start()
        while page := list(islice(rows, log.room())):
            checked = self._rows.check_whole(page, log.size)
            if checked:
                self._follow(*checked)
            else:
                self._one_by_one(page)
        log.end()
        self._rows.end()
        self._check_artefacts()
        found = tuple(self._dated(each) for each in dict.fromkeys(self._findings))
        return Outcome(
            records=log.size,
            checkpoints=self._signed.checked,
            erased=self._rows.erasures,
            findings=found,
            holds=self._holds() if found else None,
            artefacts=self._artefacts,
            hashed=self._rows.hashed,
        )

    def _one_by_one(self, page: Sequence[Row]) -> None:
        """Rows of which something is missing, or not as most are."""
        leaves: list[bytes] = []
        times: list[int] = []
        expected, room = self._log.size, self._log.room()
        for row in page:
            if row.index != expected:
                self._follow(leaves, times)
                expected, room = self._fill(row.index), self._log.room()
            leaf, time = self._rows.check(row, expected)
            leaves.append(leaf)
            times.append(time)
            expected += 1
            if len(leaves) == room:
                self._follow(leaves, times)
                room = self._log.room()
        self._follow(leaves, times)

    def _follow(self, leaves: list[bytes], times: list[int]) -> None:
        """Take these records into the tree, which empties the lists."""
        if leaves:
            self._moments.add(times)
            self._log.add(leaves)
            leaves.clear()
            times.clear()

    def _fill(self, index: int) -> int:
        """Rows are missing before ``index``: go by the tiles, as far as a checkpoint vouches.

        The index of the next row to come.
        """
        for missing in range(self._log.size, min(index, self._signed.most())):
            self._find("record missing", missing, "the log has no row for it")
            self._follow([self._log.kept(missing) or bytes(HASH_BYTES)], [UNSOUND])
        return self._log.size

    def _dated(self, finding: Finding) -> Finding:
        after, before = self._moments.around(finding.index)
        return replace(finding, after=after, before=before)

    def _holds(self) -> Holds | None:
        wrong = min((each.index for each in self._findings if each.index is not None), default=None)
        for size in reversed(self._log.held):
            if wrong is None or size <= wrong:
                return Holds(size, self._moments.before(size))
        return None

    def _check_artefacts(self) -> None:
        wanted = dict(self._rows.shown)
        for name, data in self._evidence.artefacts:
            self._artefacts += 1
            self._rows.hashed += len(data)
            if artefact_hash(data) != name:
                detail = f"artefact {name} is not what was shown"
                self._find("artefact edited", wanted.get(name), detail)
            elif name not in wanted:
                self._find("artefact unknown", None, f"{name} is of no record")
            wanted.pop(name, None)
        for name, index in wanted.items():
            self._find("artefact missing", index, f"{name} is named there")

    def _find(self, fault: str, index: int | None, detail: str) -> None:
        self._findings.append(Finding(fault, index, detail))
        self._moments.note(index)


Former = tuple[int, bytes | None, bytes]
"""The index, subject and commitment of the record that another one follows."""


class _Rows:
    """Checks of single rows, and of what one row says of another."""

    def __init__(self, find: Callable[[str, int | None, str], None]) -> None:
        self._find = find
        self._shapes = Shapes()
        self.hashed = 0
        self._expected: dict[int, Former] = {}
        self._emptied: dict[int, str] = {}
        self.erasures = 0
        self.shown: dict[str, int] = {}

    def check_whole(self, page: Sequence[Row], start: int) -> tuple[list[bytes], list[int]] | None:
        """What :meth:`check` tells of rows from index ``start`` on, if all are as most are.

        That is: in their order, with a content that fits the commitment. Else nothing is said.
        """
        indexes, ids, subjects, bodies, salts, commitments, nexts = zip(*page, strict=True)
        if indexes != tuple(range(start, start + len(page))):
            return None
        if {*map(type, bodies), *map(type, salts)} != {bytes} or {*map(len, salts)} != {SALT_BYTES}:
            return None
        if tuple(commits(salts, bodies)) != commitments:
            return None
        formers = self._formers(page, nexts)
        if formers is None:
            return None
        self.hashed += sum(map(len, bodies))
        prevs = [former and former[2].hex() for former in formers]
        times = self._shapes.times_of(bodies, ids, [each or b"" for each in subjects], prevs)
        told = zip(page, bodies, formers, times, strict=True)
        return leaf_hashes(commitments), [
            self._parse(row, body, former, sound=True) if time is None else time
            for row, body, former, time in told
        ]

    def _formers(
        self, page: Sequence[Row], nexts: Sequence[int | None]
    ) -> list[Former | None] | None:
        """What each of these rows follows; nothing where one names a row that cannot follow it."""
        if not self._expected and nexts.count(None) == len(page):
            return [None] * len(page)
        named = {
            row.next: (row.index, row.subject, row.commitment)
            for row in page
            if row.next is not None
        }
        formers = [named.get(row.index) or self._expected.get(row.index) for row in page]
        behind = any(following <= former[0] for following, former in named.items())
        if behind or not all(map(self._follows, page, formers)):
            return None
        self._expected |= named
        for row in page:
            self._expected.pop(row.index, None)
        return formers

    def check(self, row: Row, index: int) -> tuple[bytes, int]:
        """The leaf hash of a row that should have ``index``, and its time if it is sound."""
        if row.index != index:
            self._find("record out of order", row.index, f"expected index {index}")
        commitment, time = row.commitment, UNSOUND
        if row.body is None or row.salt is None:
            self._check_erased(row)
        else:
            commitment, time = self._check_body(row, row.salt, row.body)
        if row.next is not None:
            if row.next <= row.index:
                self._find("successor edited", row.index, f"it names {row.next}")
            self._expected[row.next] = (row.index, row.subject, row.commitment)
        return leaf_hash(commitment), time

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

    def _check_body(self, row: Row, salt: bytes, body: bytes) -> tuple[bytes, int]:
        """The commitment derived from a body, and the body's time unless something is wrong."""
        self.hashed += len(body)
        made = commit(salt, body) if len(salt) == SALT_BYTES else b""
        former = self._expected.pop(row.index, None)
        if made == row.commitment and self._follows(row, former):
            prev = former[2].hex() if former else None
            time = self._shapes.time_of(body, row.id, row.subject or b"", prev)
            if time is not None:
                return made, time
        return made or row.commitment, self._parse(row, body, former, made == row.commitment)

    def _parse(self, row: Row, body: bytes, former: Former | None, sound: bool) -> int:
        """The time of a body that is read whole, with findings for all that it says amiss."""
        if not sound:
            detail = "content, salt or commitment is not what was recorded"
            self._find("record edited", row.index, detail)
        try:
            record = parse_record(body)
        except RecordError as error:
            self._find("record edited", row.index, str(error))
            return UNSOUND
        if record.id.replace("-", "") != row.id.hex():
            self._find("record edited", row.index, f"its id column does not read {record.id}")
        if bytes.fromhex(record.subject) != (row.subject or b""):
            self._find("record edited", row.index, "its subject column differs from its content")
        self._check_former(row, record, former)
        self._check_record(row, body, record)
        return record.time if sound else UNSOUND

    def _follows(self, row: Row, former: Former | None) -> bool:
        return former is None or former[1] is None or former[1] == row.subject

    def _check_former(self, row: Row, record: Record, former: Former | None) -> None:
        if former is None:
            if record.prev is not None:
                self._find("successor edited", row.index, "no former record names it")
            return
        if record.prev != former[2].hex() or not self._follows(row, former):
            self._find("successor edited", former[0], f"{row.index} is not its successor")

    def _check_record(self, row: Row, body: bytes, record: Record) -> None:
        if record.kind is Kind.CHOICE:
            self._shapes.learn(body)
        if record.kind is Kind.ERASURE:
            self._check_erasure(row, record)
        for digest in record.artefacts.values():
            self.shown.setdefault(digest, row.index)

    def _check_erasure(self, row: Row, record: Record) -> None:
        self.erasures += 1
        tag = self._emptied.pop(record.index, None)
        if tag is None:
            detail = f"its erasure is recorded at index {row.index}, its content is here"
            self._find("erasure undone", record.index, detail)
        elif tag != record.target:
            self._find("record edited", record.index, "its erased id is not the recorded one")


def id_bytes(record_id: str) -> bytes:
    """A record id as stores keep it: its 16 bytes."""
    return bytes.fromhex(record_id.replace("-", ""))
