"""What contradicts the visitor's choice, as values with the observation that proves it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bandeau.audit.evidence import Phase, Setting


class Severity(StrEnum):
    """How bad a finding is; in this order ``--fail-on`` counts."""

    VIOLATION = "violation"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Where:
    """In which run and phase it was seen, and at which second of that run."""

    run: int
    phase: Phase
    setting: Setting
    at: float | None = None
    page: str = ""
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction.

    ``id`` is that of the catalogue (``V4``) or of the rule (``W4``) that it breaks; ``rules`` all
    rules that it touches; ``subject`` what it is about, the same each time the site is audited
    (a host, ``cookie NAME of DOMAIN`` …), so that a baseline can know it again. ``proof`` are lines
    of what was seen, ``again`` how to see it again by hand, ``cases`` what the law would cite.
    """

    id: str
    rules: tuple[str, ...]
    severity: Severity
    title: str
    subject: str
    detail: str
    proof: tuple[str, ...]
    again: str
    cases: tuple[str, ...]
    where: tuple[Where, ...]

    @property
    def key(self) -> str:
        """What it is known by from one audit to the next: id, phase and subject."""
        phase = self.where[0].phase.value if self.where else ""
        return f"{self.id} {phase} {self.subject}"


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A verdict that could not be reached, and why."""

    id: str
    why: str


@dataclass(frozen=True, slots=True)
class Source:
    """A list that verdicts rest on, by name, version and SHA-256 (hex): they can be redrawn."""

    name: str
    version: str
    digest: str
    licence: str
