"""Many sites to audit: the jobs, who works on which, what came of each, and the port they wait in.

A job is done once, however often it is handed in: it is known by its address and by its survey,
the digest of policy and options. Leases are what hold several workers together, on one machine
or many; a job whose worker is gone comes to the next one when its lease has run out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeAlias

from bandeau import limits

_KEY_CHARACTERS = 16


class QueueUnavailable(Exception):
    """The queue can be neither read nor written now. Nothing half-written is left behind."""


@dataclass(frozen=True, slots=True)
class Job:
    """One site to audit.

    ``survey`` is :func:`survey_of`; ``host`` the domain that somebody registered, whose server is
    visited by one worker at a time; ``turn`` its place in the list, from 1.
    """

    survey: str
    address: str
    host: str
    turn: int

    @property
    def key(self) -> str:
        """What its results are filed under: the same for the same job, on every machine."""
        told = json.dumps([self.survey, self.address]).encode()
        return hashlib.sha256(told).hexdigest()[:_KEY_CHARACTERS]


class Stage(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Terms:
    """Under which jobs are given out; times in milliseconds.

    ``lease`` is how long a worker may be silent, ``pause`` what lies between two visits to one
    host, ``rest`` what lies at least between two attempts at one job, of which there are
    ``attempts``. A job whose lease ran out ``lapses`` times failed as well: then its workers did.
    """

    lease: int = limits.SURVEY_LEASE_SECONDS * 1_000
    pause: int = limits.SURVEY_PAUSE_SECONDS * 1_000
    rest: int = limits.SURVEY_REST_SECONDS * 1_000
    attempts: int = limits.SURVEY_ATTEMPTS
    lapses: int = limits.SURVEY_LAPSES


@dataclass(frozen=True, slots=True)
class Lease:
    """A job that ``worker`` has until ``until``, in milliseconds, unless it is renewed."""

    job: Job
    worker: str
    until: int


@dataclass(frozen=True, slots=True)
class Later:
    """Nothing may be visited now. ``at`` is when it is worth asking again, in milliseconds.

    ``None`` where nothing is left to do in the whole survey.
    """

    at: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """The short result of one audit: how often each finding id, and what it rests on."""

    findings: Mapping[str, int] = field(default_factory=dict)
    unchecked: int = 0
    states: int = 0

    def written(self) -> str:
        """As JSON, in one line."""
        told = {"findings": dict(sorted(self.findings.items()))}
        return json.dumps({**told, "unchecked": self.unchecked, "states": self.states})

    @classmethod
    def read(cls, text: str | bytes) -> Counts:
        """What :meth:`written` gave, or a worker of another version; raises ``ValueError``."""
        if len(text) > limits.SURVEY_RESULT_BYTES:
            raise ValueError(f"longer than {limits.SURVEY_RESULT_BYTES} bytes")
        told = json.loads(text)
        if not isinstance(told, dict) or not isinstance(told.get("findings"), dict):
            raise ValueError("no findings")
        findings = {str(name): _count(number) for name, number in told["findings"].items()}
        return cls(findings, _count(told.get("unchecked", 0)), _count(told.get("states", 0)))


@dataclass(frozen=True, slots=True)
class Audited:
    """It was audited. ``digest`` is the SHA-256 of its report, in hex."""

    digest: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be audited, for ``reason``, in one line; there may be another attempt."""

    reason: str


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The worker was stopped; this was no attempt."""


Outcome: TypeAlias = Audited | Failed | GivenBack


@dataclass(frozen=True, slots=True)
class Tally:
    """How far a survey is, and what it found.

    ``stages`` counts jobs; ``sites`` and ``times`` say of each finding id on how many sites it was
    found, and how often; ``failures`` are the first that failed for good, with their reasons.
    """

    stages: Mapping[Stage, int]
    sites: Mapping[str, int]
    times: Mapping[str, int]
    unchecked: int
    states: int
    failures: Sequence[tuple[str, str]]

    @property
    def open(self) -> int:
        """How many are not finished."""
        return self.stages.get(Stage.WAITING, 0) + self.stages.get(Stage.LEASED, 0)

    @property
    def total(self) -> int:
        """How many there are."""
        return sum(self.stages.values())


class SiteQueue(Protocol):
    """Jobs that wait for workers.

    Times are Unix times in milliseconds. Every method raises :class:`QueueUnavailable` when the
    queue cannot answer; what a method changes is durable before it returns.
    """

    async def add(self, jobs: Sequence[Job]) -> int:
        """Take in what is not there yet, whatever its stage; how many those were."""
        ...

    async def lease(self, survey: str, worker: str, terms: Terms, now: int) -> Lease | Later:
        """The next job of the survey, for nobody but ``worker``, a name used once.

        No host is visited by two at a time, or before its pause is over, in whatever survey.
        Hosts take turns: the one that has waited longest is next. A lease that ran out ends here.
        """
        ...

    async def renew(self, lease: Lease, until: int) -> bool:
        """Keep a lease until then; ``False`` where it is not the worker's any more."""
        ...

    async def finish(self, lease: Lease, outcome: Outcome, terms: Terms, now: int) -> bool:
        """Put down what came of a job; ``False``, and nothing, where the lease is another's."""
        ...

    async def tally(self, survey: str | None = None) -> Mapping[str, Tally]:
        """How far each survey is, or this one; none where nothing was ever added."""
        ...


def survey_of(policy: bytes | None, options: Mapping[str, object]) -> str:
    """The digest of a policy file and of the options that an audit's outcome depends on, in hex.

    ``options`` are JSON values.
    """
    policy_digest = "" if policy is None else hashlib.sha256(policy).hexdigest()
    options_digest = hashlib.sha256(json.dumps(options, sort_keys=True).encode()).hexdigest()
    return hashlib.sha256(f"{policy_digest} {options_digest}".encode()).hexdigest()


def in_a_line(reason: str) -> str:
    """A reason as it is kept: one line of at most ``limits.SURVEY_REASON_CHARACTERS``."""
    told = " ".join("".join(c if c.isprintable() else " " for c in reason).split())
    return told[: limits.SURVEY_REASON_CHARACTERS] or "no reason given"


def _count(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{value!r} is no count")
    return value
