"""Durable choices per second beside what the disk gives; proofs, audit and growth of the log.

    .venv/bin/python bench/ledger.py [--large] [--folder DIR]

Prints the tables of docs/benchmarks.md. ``--large`` grows the log to ten million records. Files are
made under ``--folder``, which should be on the disk that counts, and removed afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ledger_candidates import CANDIDATES, Candidate, Drafts, Postgres
from ledger_growth import grow

from bandeau import limits

CALLERS = (1, 16, 64, 256)
RAW, BARE, OURS = "raw file", "SQLite without tree", "SQLite"
PROBE_SECONDS = 0.25
PROBE_BYTES = 4_096
FSYNCED_CHOICES = 4_000
SYNCS = ("fsync", "fdatasync")
Make = Callable[[Path], Candidate]
Candidates = Mapping[str, Make]


@dataclass(frozen=True)
class Cell:
    """One candidate under one load: records per second, milliseconds, microseconds of CPU."""

    per_second: float
    p50: float
    p99: float
    cpu: float
    probe: float


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--large", action="store_true")
    asked.add_argument("--records", type=int, help="Grow the log so far.")
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--seconds", type=float, default=1.0)
    asked.add_argument("--only", choices=["load", "fsyncs", "growth"])
    asked.add_argument("--folder", type=Path, default=None)
    asked.add_argument("--postgres", help="Address of a database to fill; it is not emptied.")
    asked.add_argument("--at", type=int, nargs="*", default=CALLERS, help="Concurrent callers.")
    asked.add_argument("--callers", type=int, help=argparse.SUPPRESS)
    given = asked.parse_args()
    sys.setswitchinterval(limits.THREAD_SWITCH_SECONDS)
    with tempfile.TemporaryDirectory(dir=given.folder, prefix="bandeau-bench-") as made:
        folder = Path(made)
        if given.callers:
            _choose_and_end(folder, given.callers)
            return
        if given.only in (None, "load"):
            candidates = dict(CANDIDATES)
            if given.postgres:
                candidates["PostgreSQL"] = Postgres(given.postgres)
            _show_load(_load(folder, candidates, given))
        if given.only in (None, "fsyncs"):
            _show_fsyncs()
        if given.only in (None, "growth"):
            grow(folder, given.records or (10_000_000 if given.large else 1_000_000))


def _load(
    folder: Path, candidates: Candidates, given: argparse.Namespace
) -> dict[tuple[int, str], list[Cell]]:
    """Every candidate under every load, in turns."""
    cells: dict[tuple[int, str], list[Cell]] = {}
    drafts = Drafts()
    for turn, callers in itertools.product(range(given.rounds), given.at):
        # Who comes first meets the disk that the last round left: each is first in turn.
        names = list(candidates)
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            with _emptied(folder) as place:
                cell = asyncio.run(_cell(place, candidates[name], callers, given.seconds, drafts))
            cells.setdefault((callers, name), []).append(cell)
    return cells


async def _cell(place: Path, candidate: Make, callers: int, seconds: float, drafts: Drafts) -> Cell:
    probe = fdatasync_per_second(place / "probe")
    store = candidate(place)
    waits: list[float] = []
    ready = drafts.take(int(40_000 * seconds) if callers > 1 else int(8_000 * seconds))

    async def caller(until: float) -> None:
        while ready and (start := time.perf_counter()) < until:
            await store.append(ready.pop())
            waits.append(time.perf_counter() - start)

    await store.append(ready.pop())
    start, worked = time.perf_counter(), time.process_time()
    await asyncio.gather(*(caller(start + seconds) for _ in range(callers)))
    took, worked = time.perf_counter() - start, time.process_time() - worked
    store.close()
    ranked = sorted(waits)
    return Cell(
        len(waits) / took,
        1_000 * ranked[len(ranked) // 2],
        1_000 * ranked[len(ranked) * 99 // 100],
        1e6 * worked / len(waits),
        probe,
    )


def fdatasync_per_second(path: Path) -> float:
    """How often the disk confirms one page that is written over and over."""
    handle = os.open(path, os.O_CREAT | os.O_RDWR)
    try:
        os.write(handle, bytes(PROBE_BYTES))
        os.fsync(handle)
        count, start = 0, time.perf_counter()
        while (took := time.perf_counter() - start) < PROBE_SECONDS:
            os.pwrite(handle, bytes([count & 255]) * PROBE_BYTES, 0)
            os.fdatasync(handle)
            count += 1
        return count / took
    finally:
        os.close(handle)


def _show_load(cells: dict[tuple[int, str], list[Cell]]) -> None:
    """Of several rounds the best counts: what else the machine does only takes away."""
    probe = max(cell.probe for rounds in cells.values() for cell in rounds)
    best = {at: max(rounds, key=lambda cell: cell.per_second) for at, rounds in cells.items()}
    print(f"fdatasync of one page: {probe:,.0f} a second\n")
    print(
        "| callers | | choices/s | p50 / p99 ms | CPU µs | ÷ fdatasync | ÷ raw file | ÷ no tree |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for (callers, name), cell in best.items():
        rate = cell.per_second
        print(
            f"| {callers} | {name} | {rate:,.0f} | {cell.p50:.1f} / {cell.p99:.1f}"
            f" | {min(each.cpu for each in cells[callers, name]):.0f} | {rate / probe:.2f}"
            f" | {rate / best[callers, RAW].per_second:.2f}"
            f" | {rate / best[callers, BARE].per_second:.2f} |"
        )
    print()


def _show_fsyncs() -> None:
    """What the kernel was asked to make durable, counted by strace in a process of its own."""
    if not shutil.which("strace"):
        print("strace is missing: fsyncs not counted\n")
        return
    print("| callers | choices | fsync and fdatasync | choices per fsync |")
    print("|---|---|---|---|")
    for callers in CALLERS:
        choices = min(FSYNCED_CHOICES, 500 * callers)
        command = ["strace", "-f", "-c", "-e", f"trace={','.join(SYNCS)}"]
        command += [sys.executable, __file__, "--callers", str(callers)]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        lines = [line.split() for line in told.splitlines()]
        counted = sum(int(each[3]) for each in lines if each and each[-1] in SYNCS)
        print(f"| {callers} | {choices:,} | {counted:,} | {choices / counted:.1f} |")
    print()


def _choose_and_end(folder: Path, callers: int) -> None:
    store = CANDIDATES[OURS](folder)
    ready = Drafts().take(min(FSYNCED_CHOICES, 500 * callers))

    async def caller() -> None:
        while ready:
            await store.append(ready.pop())

    async def work() -> None:
        await asyncio.gather(*(caller() for _ in range(callers)))

    asyncio.run(work())
    store.close()


@contextmanager
def _emptied(folder: Path) -> Iterator[Path]:
    place = folder / "store"
    place.mkdir()
    try:
        yield place
    finally:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
