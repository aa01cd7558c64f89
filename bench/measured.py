"""Candidates measured side by side: interleaved rounds, CPU time, the best round of each."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping


def best_of(candidates: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Seconds of CPU time of this thread that each candidate took in its best round.

    Each round runs every candidate once, so that what else the machine does falls on all of them.
    """
    best = dict.fromkeys(candidates, float("inf"))
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for name, run in candidates.items():
                best[name] = min(best[name], _cpu_seconds(run))
    finally:
        gc.enable()
    return best


def _cpu_seconds(run: Callable[[], object]) -> float:
    start = time.thread_time_ns()
    run()
    return (time.thread_time_ns() - start) / 1e9
