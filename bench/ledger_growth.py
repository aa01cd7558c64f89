"""What a log costs as it grows: appends, proofs, audit, bytes on disk."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import apsw
from ledger_candidates import Drafts, signer
from measured import best_of

from bandeau.ledger.commitment import commit, leaf_hash, node_hash
from bandeau.ledger.receipt import verify_receipt
from bandeau.ledger.tiles import HEIGHT, TileNodes
from bandeau.ledger.tree import Frontier, verify_inclusion
from bandeau.storage.sqlite import ledger_file
from bandeau.storage.sqlite.ledger import open_evidence, verify_file
from bandeau.storage.sqlite.ledger_sequencer import Sequencer

MILESTONES = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
BATCH = 64
BATCHES = 100
FILLED = 100_000
FILLING_KIBIBYTES = 700_000
PROOFS = 2_000


def grow(folder: Path, records: int) -> None:
    """Grow one log to ``records`` and print a row at each milestone."""
    path, drafts, size = folder / ledger_file.NAME, Drafts(), 0
    sequencer = Sequencer(path, signer(), os.urandom, ledger_file.open_writer)
    print(
        "| records | append µs, CPU | proof made µs: at append / any / cold"
        " | proof, receipt verified µs | hashes | bytes a record | audit / floor, records/s |"
    )
    print("|---|---|---|---|---|---|---|")
    for milestone in MILESTONES:
        if milestone > records:
            break
        _fill(path, drafts, milestone - size)
        cost = _append_microseconds(sequencer, drafts)
        size = milestone + BATCH * BATCHES
        told = _proofs(folder, size, sequencer)
        space = _bytes(folder, size, sequencer)
        audit, floor = audits(folder, size)
        print(f"| {milestone:,} | {cost:.0f} | {told} | {space:.0f}"
              f" | {audit:,.0f} / {floor:,.0f} |", flush=True)  # fmt: skip
    sequencer.close()
    print()


def _fill(path: Path, drafts: Drafts, count: int) -> None:
    """Add records as the product does, of which far more than its callers may share a commit.

    The index by pseudonym is random: of each commit most of its pages are written anew.
    """

    def roomy(path: Path) -> apsw.Connection:
        db = ledger_file.open_writer(path)
        db.pragma("cache_size", -FILLING_KIBIBYTES)
        return db

    sequencer = Sequencer(path, signer(), os.urandom, roomy)
    for start in range(0, count, FILLED):
        sequencer.commit(drafts.take(min(FILLED, count - start)))
    sequencer.close()


def _append_microseconds(sequencer: Sequencer, drafts: Drafts) -> float:
    """CPU of one record when 64 share a commit: the median batch."""
    taken = []
    for _ in range(BATCHES):
        batch = drafts.take(BATCH)
        start = time.thread_time()
        sequencer.commit(batch)
        taken.append(1e6 * (time.thread_time() - start) / BATCH)
    return statistics.median(taken)


def _proofs(folder: Path, size: int, sequencer: Sequencer) -> str:
    db = ledger_file.open_reader(folder / ledger_file.NAME)
    edges = ledger_file.load_head(db, size)

    def read(level: int, index: int) -> bytes:
        if index == size >> HEIGHT * (level + 1):
            return edges.edges[level]
        return ledger_file.read_tile(db, level, index) or b""

    def between(level: int, index: int) -> bytes:
        return ledger_file.read_between(db, level, index)

    def nodes() -> TileNodes:
        return TileNodes(read, between=between)

    prover = nodes().prover(size)
    root = prover.root()
    choose = random.Random(size)
    indexes = [choose.randrange(size) for _ in range(PROOFS)]
    node = nodes()
    latest = [node(0, index) for index in range(size - BATCH, size)]
    growing = Frontier.of(size - BATCH, node)
    start = time.thread_time_ns()
    growing.extend(latest)
    made_fresh = (time.thread_time_ns() - start) / 1_000 / BATCH
    made = _each(prover.inclusion, indexes)
    cold = _each(lambda index: nodes().prover(size).inclusion(index), indexes)
    rows = {index: next(iter(ledger_file.rows(db, index, index + 1))) for index in indexes}
    leaves = {index: leaf_hash(row.commitment) for index, row in rows.items()}
    proofs = {index: prover.inclusion(index) for index in indexes}
    verified = _each(
        lambda index: verify_inclusion(leaves[index], index, size, proofs[index], root), indexes
    )
    receipt = sequencer.commit(Drafts().take(1))[0].as_json()  # A replay: nothing is added.
    whole = _each(lambda _: verify_receipt(receipt, signer().vkey), range(300))
    assert all(commit(r.salt or b"", r.body or b"") == r.commitment for r in rows.values())
    db.close()
    length = max(map(len, proofs.values()))
    return f"{made_fresh:.1f} / {made:.1f} / {cold:.1f} | {verified:.1f}, {whole:.0f} | {length}"


def _each(work: Callable[[int], object], indexes: range | list[int]) -> float:
    """Microseconds of CPU for one: the median over the indexes."""
    taken = []
    for index in indexes:
        start = time.thread_time_ns()
        work(index)
        taken.append((time.thread_time_ns() - start) / 1_000)
    return statistics.median(taken)


def _bytes(folder: Path, size: int, sequencer: Sequencer) -> float:
    sequencer.close()  # Which folds the write-ahead log into the file.
    return (folder / ledger_file.NAME).stat().st_size / size


def audits(folder: Path, records: int, rounds: int = 3) -> tuple[float, float]:
    """Records that an audit checks in a second of CPU, and those that the floor does: by turns.

    The floor is what no audit can do without: SQLite's check of its own file, every row read, and
    of each record the hashes of its content, its leaf and one node.
    """
    tasks = {"audit": [lambda: _audit(folder)], "floor": [lambda: _floor(folder)]}
    took = best_of(tasks, rounds, warm=False)
    return records / took["audit"], records / took["floor"]


def _audit(folder: Path) -> None:
    outcome = verify_file(folder, signer().vkey)
    assert outcome.findings == (), outcome.findings[:3]


def _floor(folder: Path) -> None:
    with open_evidence(folder) as evidence:
        for row in evidence.rows:
            leaf = leaf_hash(commit(row.salt or b"", row.body or b""))
            node_hash(leaf, leaf)
