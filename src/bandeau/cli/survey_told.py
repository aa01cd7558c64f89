"""What ``bandeau survey`` reads and says: the list and its faults, each result, the tally."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from bandeau import limits
from bandeau.audit.queue import Audited, Counts, Failed, Job, Outcome, Stage, Tally
from bandeau.audit.site_list import Fault, Site, sites
from bandeau.cli.opening import UNREADABLE, fail
from bandeau.cli.outcome import counted
from bandeau.storage.results import ranked


def check_list(path: Path) -> None:
    """Exits with 2 where a list does not hold, with a line for each fault."""
    count, faults = 0, list[Fault]()
    for each in _read(path):
        if isinstance(each, Site):
            count += 1
        elif len(faults) < limits.SURVEY_LIST_FAULTS:
            faults.append(each)
    if not faults and not count:
        fail(UNREADABLE, f"{path}: names no site; write one address a line.")
    if faults:
        told = [f"{path}:{fault.line}: {fault.reason}" for fault in faults]
        fail(UNREADABLE, "\n".join([*told, "Nothing was audited."]))


def listed(path: Path) -> Iterator[Site]:
    """The sites of a list that holds."""
    return (each for each in _read(path) if isinstance(each, Site))


def _read(path: Path) -> Iterator[Site | Fault]:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            yield from sites(_lines(file.readline))
    except (OSError, ValueError) as error:
        fail(UNREADABLE, f"{path}: {getattr(error, 'strerror', None) or error}.")


def _lines(readline: Callable[[int], str]) -> Iterator[str]:
    """Lines, of which no more is kept than a fault needs."""
    while line := readline(limits.SURVEY_LIST_LINE_CHARACTERS):
        rest = line
        while rest and not rest.endswith("\n"):
            rest = readline(limits.SURVEY_LIST_LINE_CHARACTERS)
        yield line


@contextmanager
def progress(tally: Tally) -> Iterator[Callable[[Job, Outcome], None]]:
    """Hears of each result: a bar on a terminal, else a line each."""
    if not sys.stdout.isatty():
        number = tally.total - tally.open

        def line(job: Job, outcome: Outcome) -> None:
            nonlocal number
            number += isinstance(outcome, Audited)
            if told := _told(outcome):
                click.echo(f"{number}/{tally.total} {job.address} {told}")

        yield line
        return
    with click.progressbar(length=tally.total, label="Sites", show_pos=True) as bar:
        bar.update(tally.total - tally.open)
        yield lambda job, outcome: bar.update(int(isinstance(outcome, Audited)))


def tally_told(tally: Tally) -> Iterator[str]:
    """Lines for how far a survey is, and what it found."""
    stages = [f"{tally.stages[stage]} {stage}" for stage in Stage if tally.stages.get(stage)]
    yield ", ".join(stages) + f"; {counted(tally.states, 'state')} audited."
    for name in ranked(tally):
        yield f"{name}: on {counted(tally.sites[name], 'site')}, {tally.times[name]} in all"
    if tally.unchecked:
        yield f"{counted(tally.unchecked, 'verdict')} could not be reached."
    for address, reason in tally.failures:
        yield f"{address} failed: {reason}"


def _told(outcome: Outcome) -> str:
    if isinstance(outcome, Audited):
        return found_told(outcome.counts)
    return f"could not be audited: {outcome.reason}" if isinstance(outcome, Failed) else ""


def found_told(counts: Counts) -> str:
    """The findings of one site in a few words."""
    found = " ".join(f"{name}:{number}" for name, number in counts.findings.items() if number)
    return found or "no finding"
