"""Precision and recall of an audit over the zoo: per violation and in all."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.zoo import tools
from tests.zoo.built import Built

_MODAL = ("V9", "T9")
# What a tool's own looks break is true of the tool, and not what its sites are about.
_LOOKS = (
    "A2", "A3", "A4", "A5", "A6", "A9", "B3", "B4", "B5", "B8", "B9", "B12", "B13", "B14", "B16",
    "I1", "I4", "I5", "I7", "V7", "V8", "V9", "V20", "W2", "W3", "C2", "I8", "V12",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A finding: its id, the rules that it touches, and the phases in which it was seen.

    Notes are not among them: they contradict nothing.
    """

    id: str
    rules: frozenset[str] = frozenset()
    phases: frozenset[str] = frozenset()
    subject: str = ""
    title: str = ""


Audit = Callable[[Built, bytes | None, str], Awaitable[frozenset[Found]]]
"""Of a site, its policy file or ``None``, and the resolver's rules."""


_REFUSED = re.compile(r"policy\.toml:\d+: .*?\[([A-Z]\d+)\]")


class AuditFailed(Exception):
    """The audit could not be run; its message says why."""


@dataclass
class Tally:
    """Counts of one violation, or of all."""

    right: int = 0
    missed: int = 0
    wrong: int = 0

    @property
    def precision(self) -> float | None:
        """Of what was found, how much is there; ``None`` where nothing was found."""
        found = self.right + self.wrong
        return self.right / found if found else None

    @property
    def recall(self) -> float | None:
        """Of what is there, how much was found; ``None`` where nothing is."""
        there = self.right + self.missed
        return self.right / there if there else None


@dataclass(frozen=True)
class Outcome:
    """One audit of one site: which expectations it met, missed, and what it found besides."""

    site: str
    with_policy: bool
    met: tuple[str, ...]
    missed: tuple[str, ...]
    wrong: tuple[Found, ...]
    seconds: float = 0.0
    failure: str = ""


@dataclass
class Table:
    """Tallies by violation, and all of them together."""

    by_id: dict[str, Tally] = field(default_factory=dict)
    all: Tally = field(default_factory=Tally)


def judge(built: Built, with_policy: bool, found: Iterable[Found]) -> tuple[
    tuple[str, ...], tuple[str, ...], tuple[Found, ...]
]:  # fmt: skip
    """Expectations met and missed, and findings that are neither expected nor tolerated."""
    findings = tuple(found)
    expected = built.expected(with_policy)
    met = tuple(each for each in expected if any(_meets(each, one) for one in findings))
    missed = tuple(each for each in expected if each not in met)
    named = {name for each in expected for name in _ids(each)}
    allowed = named | set(tolerated(built))
    wrong = tuple(one for one in findings if one.id not in allowed)
    return met, missed, wrong


def tolerated(built: Built) -> tuple[str, ...]:
    """Findings that may come along on a site, for itself or for its kind of notice."""
    site = built.site
    found = site.tolerates
    if site.notice.box == "dialog":
        found += _MODAL
    if site.notice.tool in tools.TOOLS:
        found += _LOOKS
    return found


def _ids(expectation: str) -> tuple[str, ...]:
    return tuple(expectation.partition("@")[0].split("|"))


def _meets(expectation: str, one: Found) -> bool:
    _, _, phases = expectation.partition("@")
    known = {one.id} | one.rules
    seen = not phases or not one.phases or bool(one.phases & set(phases.split(",")))
    return seen and bool(known & set(_ids(expectation)))


def tallied(outcomes: Iterable[Outcome]) -> Table:
    """The table; a site that could not be audited counts as missed."""
    table = Table()
    for outcome in outcomes:
        for expectations, kind in ((outcome.met, "right"), (outcome.missed, "missed")):
            for expectation in expectations:
                _count(table, _ids(expectation)[0], kind)
        for name in sorted({one.id for one in outcome.wrong}):
            _count(table, name, "wrong")
    return table


def _count(table: Table, name: str, kind: str) -> None:
    for tally in (table.by_id.setdefault(name, Tally()), table.all):
        setattr(tally, kind, getattr(tally, kind) + 1)


def shown(table: Table) -> str:
    """The table as text."""
    rows = [*sorted(table.by_id.items(), key=lambda row: (row[0][0], int(row[0][1:] or 0)
            if row[0][1:].isdigit() else 0)), ("all", table.all)]  # fmt: skip
    lines = [f"{'':8}{'right':>7}{'missed':>8}{'wrong':>7}{'precision':>11}{'recall':>8}"]
    for name, tally in rows:
        lines.append(
            f"{name:8}{tally.right:>7}{tally.missed:>8}{tally.wrong:>7}"
            f"{_share(tally.precision):>11}{_share(tally.recall):>8}"
        )
    return "\n".join(lines)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


async def measure(
    sites: Sequence[Built],
    resolve: str,
    audit: Audit,
    jobs: int,
    modes: Sequence[bool],
    tell: Callable[[Outcome], None],
) -> list[Outcome]:
    """Audits every site in every mode (with policy file or without), ``jobs`` at once."""
    gate = asyncio.Semaphore(jobs)

    async def one(built: Built, with_policy: bool) -> Outcome:
        async with gate:
            outcome = await _outcome(built, with_policy, resolve, audit)
        tell(outcome)
        return outcome

    return list(
        await asyncio.gather(*(one(built, mode) for built in sites for mode in modes))
    )  # fmt: skip


async def _outcome(built: Built, with_policy: bool, resolve: str, audit: Audit) -> Outcome:
    began = time.monotonic()
    policy = built.policy if with_policy else None
    try:
        found = await audit(built, policy, resolve)
    except AuditFailed as error:
        missed = built.expected(with_policy)
        return Outcome(built.site.name, with_policy, (), missed, (), 0.0, str(error))
    met, missed, wrong = judge(built, with_policy, found)
    return Outcome(
        built.site.name, with_policy, met, missed, wrong, time.monotonic() - began
    )  # fmt: skip


def by_command(folder: Path, limit: float = 900.0) -> Audit:
    """Audits with ``bandeau audit`` as a process of its own, reports in ``folder``.

    A run that takes longer than ``limit`` seconds is ended and has failed.
    """

    async def audit(built: Built, policy: bytes | None, resolve: str) -> frozenset[Found]:
        out = folder / f"{built.host}-{'policy' if policy else 'blind'}"
        await command(built.address, policy, resolve, out, *built.options, limit=limit)
        if not (out / "report.json").exists():
            return refused((out / "output.txt").read_text("utf-8", "replace"))
        return read_report((out / "report.json").read_bytes())

    return audit


async def command(
    address: str, policy: bytes | None, resolve: str, out: Path, *more: str, limit: float
) -> None:
    """One ``bandeau audit``, its report in ``out``. Raises :class:`AuditFailed`."""
    out.mkdir(parents=True, exist_ok=True)
    words = [sys.executable, "-m", "bandeau.cli", "audit", address, "--out", str(out)]
    words += ["--resolve", resolve, "--allow-private", *more]
    if policy is not None:
        (out / "policy.toml").write_bytes(policy)
        words += ["--config", str(out / "policy.toml")]
    await _run(words, out, limit)


async def _run(words: list[str], out: Path, limit: float) -> None:
    with (out / "output.txt").open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *words, stdout=output, stderr=output, env=dict(os.environ)
        )
        try:
            code = await asyncio.wait_for(process.wait(), limit)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AuditFailed(f"took more than {limit:.0f} s") from None
    if code not in (0, 1) or not (out / "report.json").exists():
        text = (out / "output.txt").read_text("utf-8", "replace")
        if refused(text):
            return
        said = text.strip().splitlines()
        raise AuditFailed(f"exit {code}: {said[-1] if said else 'nothing said'}")


def refused(output: str) -> frozenset[Found]:
    """The rules by which a policy file was refused, so that nothing could be held against it."""
    return frozenset(Found(rule) for rule in _REFUSED.findall(output))


def read_report(data: bytes) -> frozenset[Found]:
    """The violations and warnings of a ``report.json``."""
    return frozenset(
        Found(
            each["id"],
            frozenset(each.get("rules", ())),
            frozenset(place["phase"] for place in each.get("where", ())),
            each.get("subject", ""),
            each.get("title", ""),
        )
        for each in json.loads(data)["findings"]
        if each.get("severity") != "note"
    )
