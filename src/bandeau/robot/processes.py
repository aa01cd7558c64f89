"""Processes that were started, with all that they started: how much memory they have, their end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress

import psutil

_MEGABYTE = 1_000_000
_END_SECONDS = 5.0


def begun_by(pid: int | None = None) -> list[psutil.Process]:
    """All that the process ``pid``, or this one, has started; none where it is gone."""
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []


def tree_of(pid: int) -> list[psutil.Process]:
    """The process ``pid`` and all that it has started; none where it is gone."""
    try:
        return [psutil.Process(pid), *begun_by(pid)]
    except psutil.Error:
        return []


def over(processes: Sequence[psutil.Process], megabytes: float) -> bool:
    """Whether they have more memory than that; what they share counts once."""
    # What is resident is cheap to read, and never less: the kernel adds up the rest page by page.
    most = megabytes * _MEGABYTE
    return sum(map(_resident, processes)) > most and sum(map(_proportional, processes)) > most


def kill(processes: Iterable[psutil.Process]) -> None:
    """End them without asking."""
    for process in processes:
        with suppress(psutil.Error):
            process.kill()


def kill_and_wait(processes: Sequence[psutil.Process]) -> None:
    """End them without asking, and wait until they are gone, for some seconds at most."""
    kill(processes)
    psutil.wait_procs(processes, timeout=_END_SECONDS)


def _resident(process: psutil.Process) -> float:
    try:
        return float(process.memory_info().rss)
    except psutil.Error:
        return 0.0


def _proportional(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except psutil.Error:
        return 0.0
