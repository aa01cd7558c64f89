"""The report: what was seen, what contradicts the choice, what could not be told, as one value."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bandeau.audit.evidence import Evidence, Phase, Seen
from bandeau.audit.finding import Finding, Severity, Source, Unchecked
from bandeau.audit.knowledge import Knowledge
from bandeau.audit.matrix import Sort, Thing, matrix
from bandeau.audit.rewriting import rewritten, sound

STATES: Mapping[Phase, str] = {
    Phase.ARRIVED: "On arrival",
    Phase.IGNORED: "Notice ignored",
    Phase.ACCEPTED: "All accepted",
    Phase.WITHDRAWN: "Withdrawn",
    Phase.REFUSED: "All refused",
    Phase.ONLY: "Only one purpose",
    Phase.CLOSED: "Notice closed",
    Phase.SAVED: "Saved as shown",
    Phase.SEEDED: "Back with old trackers",
    Phase.BESIDE: "On the other site",
}
"""Each phase in words."""


@dataclass(frozen=True, slots=True)
class File:
    """A file beside the report: ``size`` in bytes, ``digest`` its SHA-256 in hexadecimal."""

    name: str
    size: int
    digest: str

    @classmethod
    def of(cls, name: str, data: bytes) -> File:
        """A file with this content."""
        return cls(name, len(data), hashlib.sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all verdicts said. ``checked`` are the ids of those that were reached."""

    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...] = ()
    checked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """An audit as it is handed on.

    ``program`` is the version of Bandeau, ``policy`` the digest of the terms that were judged
    against (empty: none), ``options`` how the audit was asked for, ``checked`` the ids of all
    verdicts that were reached. ``redacted`` tells that values of secrets are replaced by marks.
    """

    program: str
    summary: tuple[str, ...]
    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]
    checked: tuple[str, ...]
    things: tuple[Thing, ...]
    sources: tuple[Source, ...]
    policy: str
    options: tuple[tuple[str, str], ...]
    files: tuple[File, ...]
    evidence: Evidence
    redacted: bool = False


def report_of(
    evidence: Evidence,
    judgement: Judgement,
    knowledge: Knowledge,
    *,
    program: str,
    policy: str = "",
    options: Mapping[str, object] | None = None,
    files: Mapping[str, bytes] | None = None,
) -> Report:
    """The report of one audit; ``files`` are the pictures by name. The gravest findings first."""
    order = list(Severity)
    findings = sorted(
        judgement.findings, key=lambda each: (order.index(each.severity), each.id, each.subject)
    )
    unchecked, things = judgement.unchecked, matrix(evidence, knowledge)
    report = Report(
        program=program,
        summary=tuple(summary(evidence, findings, unchecked, things, declared=knowledge.declared)),
        findings=tuple(findings),
        unchecked=unchecked,
        checked=judgement.checked,
        things=things,
        sources=tuple(knowledge.sources),
        policy=policy,
        options=tuple((name, str(value)) for name, value in (options or {}).items()),
        files=tuple(File.of(name, data) for name, data in sorted((files or {}).items())),
        evidence=evidence,
    )
    return rewritten(report, sound)


def summary(
    evidence: Evidence,
    findings: Sequence[Finding],
    unchecked: Sequence[Unchecked],
    things: Sequence[Thing],
    *,
    declared: bool,
) -> Iterator[str]:
    """A few plain sentences, in English: what was done, what was found, what could not be told."""
    yield _done(evidence, things)
    yield _found(findings)
    yield from _by_state(findings)
    if unchecked or evidence.gaps:
        number = len(unchecked) + len(evidence.gaps)
        yield f"{counted(number, 'thing')} could not be checked; the report says which, and why."
    yield (
        "What needs consent is told by the site's own policy file."
        if declared
        else "There was no policy file: what needs consent is told by public lists and by names,"
        " so what they do not know was not judged."
    )


def moment(evidence: Evidence, seconds: float = 0.0) -> datetime:
    """When something was, ``seconds`` after the audit began; beyond the calendar, its end."""
    try:
        return datetime.fromtimestamp(evidence.started / 1000 + seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def phases(evidence: Evidence) -> Iterator[tuple[int, Seen]]:
    """Every phase with the number of its run, in order."""
    for run in evidence.all_runs:
        for seen in run.phases:
            yield run.number, seen


def state_of(phase: Phase, purpose: str | None = None) -> str:
    """A phase in words, with the purpose that was accepted alone."""
    return f"Only {purpose}" if phase is Phase.ONLY and purpose else STATES[phase]


def _done(evidence: Evidence, things: Sequence[Thing]) -> str:
    seen = [each for _, each in phases(evidence)]
    visits = sum(len(each.visits) for each in seen)
    requests = sum(len(each.requests) for each in seen)
    hosts = sum(thing.sort is Sort.HOST for thing in things)
    return (
        f"{evidence.address} was visited on {moment(evidence):%Y-%m-%d %H:%M} UTC with"
        f" {evidence.browser}: {counted(len(evidence.all_runs), 'fresh profile')},"
        f" {counted(len(seen), 'state')}, {counted(visits, 'page')} opened,"
        f" {counted(requests, 'request')}, {counted(hosts, 'host')} of others contacted."
    )


def _found(findings: Sequence[Finding]) -> str:
    if not findings:
        return "Nothing was found that contradicts the visitor's choice."
    numbers = Counter(each.severity for each in findings)
    told = [counted(numbers[each], each.value) for each in Severity if numbers[each]]
    return f"Found: {', '.join(told)}."


def _by_state(findings: Iterable[Finding]) -> Iterator[str]:
    """What the gravest findings are about, by what the visitor had done."""
    grave = [each for each in findings if each.severity is Severity.VIOLATION and each.where]
    for phase, words in STATES.items():
        titles = [each.title for each in grave if each.where[0].phase is phase]
        if titles:
            told = "; ".join(dict.fromkeys(titles[:_TOLD]))
            more = f"; and {len(titles) - _TOLD} more" if len(titles) > _TOLD else ""
            yield f"{words}: {told}{more}."


_TOLD = 3
