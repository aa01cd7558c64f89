"""States audited per core-minute: beside a peer, and as sites and workers grow.

    .venv/bin/python bench/audit.py [--sites 10 20 40] [--workers 1 2] [--only compared|growth]
        [--whole]

Sites are generated (tests/zoo/hundreds.py), the same each time, and served on loopback by this
process, whose own time does not count. What counts is the CPU time of all processes that an audit
started, as the kernel adds it up when they have ended.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from bandeau.app.surveyed import site_auditor
from bandeau.audit.queue import Counts
from bandeau.robot.camera import NAMES
from tests.zoo.hundreds import hundreds
from tests.zoo.server import Served, Zoo, serving

ROOT = Path(__file__).parents[1]
SEED = 5
QUICKEST = ("--quick", "--pages", "0", "--idle", "0")
PEERS = ROOT / ".cache" / "peers" / "node_modules"
PEER = "@slashgear/gdpr-cookie-scanner"
_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    """What a list of sites took: ``cpu`` and ``wall`` in seconds."""

    sites: int
    states: int
    cpu: float
    wall: float

    @property
    def rate(self) -> float:
        """States per minute of one core."""
        return 60 * self.states / self.cpu


@asynccontextmanager
async def cold(
    options: Mapping[str, Any],
) -> AsyncIterator[Callable[[str, Path], Awaitable[Counts]]]:
    """The auditor of ``bandeau survey``, with a new browser for each site."""
    async with site_auditor({**options, "memory": 0}) as audit:
        yield audit


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--sites", type=int, nargs="+", default=[10, 20, 40])
    asked.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    asked.add_argument("--only", choices=["compared", "growth"])
    asked.add_argument("--whole", action="store_true", help="the whole scenario too")
    given = asked.parse_args()
    # Whatever loses its parent becomes a child of this process, which reaps it and has its times.
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    if given.only in (None, "compared"):
        show_compared(given.sites[0], whole=given.whole)
    if given.only in (None, "growth"):
        show_growth(given.sites, given.workers)


def show_compared(count: int, *, whole: bool) -> None:
    """Each candidate over the same sites, one after the other."""
    candidates: dict[str, Callable[[Served, Path], int]] = {
        "`bandeau survey`, quickest": lambda served, out: surveyed(served, out, *QUICKEST),
        "the same, a browser for each site": lambda served, out: surveyed(
            served, out, *QUICKEST, "--auditor", "audit:cold"
        ),
    }
    if (PEERS / PEER).exists():
        candidates["gdpr-cookie-scanner"] = scanned
    else:
        print(f"left out: {PEER} is not in .cache/peers", file=sys.stderr)
    if whole:
        candidates["`bandeau survey`, whole"] = surveyed
    print("| | states a site | CPU s a site | CPU s a state | states per core-minute |")
    print("|---|---|---|---|---|")
    for name, audit in candidates.items():
        cost = costed(count, audit)
        told = [cost.states / count, cost.cpu / count, cost.cpu / cost.states, cost.rate]
        print(f"| {name} |", " | ".join(f"{each:.1f}" for each in told), "|", flush=True)
    print()


def show_growth(counts: Sequence[int], workers: Sequence[int]) -> None:
    """The quickest survey, by sites and workers."""
    print("| sites | workers | CPU s a site | states per core-minute | sites a minute |")
    print("|---|---|---|---|---|")
    for count in counts:
        for number in workers:
            words = (*QUICKEST, "--workers", str(number))
            cost = costed(count, lambda served, out, words=words: surveyed(served, out, *words))
            told = [cost.cpu / count, cost.rate, 60 * count / cost.wall]
            print(f"| {count} | {number} |", " | ".join(f"{each:.1f}" for each in told), "|",
                  flush=True)  # fmt: skip
    print()


def costed(count: int, audit: Callable[[Served, Path], int]) -> Cost:
    """What ``audit`` costs over ``count`` sites; it says how many states it has seen."""
    with tempfile.TemporaryDirectory(prefix="bandeau-bench-") as folder:
        zoo = Zoo(hundreds(count), SEED)
        with serving(zoo) as served:
            before, start = _children(), time.perf_counter()
            states = audit(served, Path(folder))
            wall = time.perf_counter() - start
            _reap()
            return Cost(count, states, _children() - before, wall)


def surveyed(served: Served, out: Path, *options: str) -> int:
    """Run ``bandeau survey`` over all sites."""
    addresses = [built.address for built in served.zoo.sites.values()]
    (out / "sites.txt").write_text("\n".join(addresses), "utf-8")
    words = [sys.executable, "-m", "bandeau.cli", "survey", str(out / "sites.txt")]
    words += ["--data", str(out / "data"), "--out", str(out / "out"), "--politeness", "0"]
    words += ["--allow-private", "--resolve", served.resolve, *options]
    places = os.pathsep.join([str(Path(__file__).parent), str(ROOT)])
    _run(words, {"PYTHONPATH": places})
    results = list((out / "out").glob("*/result.json"))
    if len(results) != len(addresses):
        sys.exit(f"{len(results)} of {len(addresses)} sites were audited")
    return sum(json.loads(path.read_text("utf-8"))["states"] for path in results)


def scanned(served: Served, out: Path, at_once: int = 1) -> int:
    """Run the peer over all sites, a process each. A choice that it could not make is no state."""

    def scan(number_and_address: tuple[int, str]) -> int:
        number, address = number_and_address
        folder = out / str(number)
        words = ["node", "--import", str(ROOT / "bench" / "peer_browser.mjs")]
        words += [str(PEERS / PEER / "dist" / "cli.js"), "scan", address]
        words += ["-o", str(folder), "-f", "json,html"]
        chromium = next(found for name in NAMES if (found := shutil.which(name)))
        _run(words, {
            "PEER_PLAYWRIGHT": str(PEERS / "playwright" / "index.mjs"),
            "PEER_CHROMIUM": chromium, "PEER_RESOLVE": served.resolve,
        })  # fmt: skip
        (report,) = folder.rglob("*.json")
        errors = json.loads(report.read_text("utf-8"))["errors"]
        return 3 - len(errors)

    addresses = [built.address for built in served.zoo.sites.values()]
    with ThreadPoolExecutor(at_once) as pool:
        return sum(pool.map(scan, enumerate(addresses)))


def _run(words: list[str], more: Mapping[str, str]) -> None:
    done = subprocess.run(
        words, env={**os.environ, **more}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{words[:3]} ended with {done.returncode}: {done.stdout}{done.stderr}")


def _reap() -> None:
    """Wait for what was left behind: its time counts once it has ended."""
    while True:
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
