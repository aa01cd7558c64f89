"""Candidates measured side by side: interleaved, CPU time, the best round of each task."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence

Task = Callable[[], object]


def best_of(
    candidates: Mapping[str, Sequence[Task]],
    rounds: int,
    *,
    arrives: Callable[[int], object] = lambda turn: None,
    warm: bool = True,
) -> dict[str, float]:
    """Seconds of this thread's CPU time for all tasks of each candidate, each in its best round.

    In every round the candidates take turns at each task, so that what else the machine does
    falls on all of them alike. ``arrives`` is told which task comes, before each and outside of
    the time. Where ``warm``, each is timed right after a run of its own; else right after another
    candidate's, which has filled the caches.
    """
    best = {name: [float("inf")] * len(tasks) for name, tasks in candidates.items()}
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for turn in range(max(map(len, candidates.values()))):
                for name, tasks in candidates.items():
                    if warm:
                        arrives(turn)
                        tasks[turn]()
                    arrives(turn)
                    best[name][turn] = min(best[name][turn], _cpu_seconds(tasks[turn]))
    finally:
        gc.enable()
    return {name: sum(times) for name, times in best.items()}


def _cpu_seconds(task: Task) -> float:
    start = time.thread_time_ns()
    task()
    return (time.thread_time_ns() - start) / 1e9
