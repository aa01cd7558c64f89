"""What an audit found beside an earlier one: what is new, what was known, what is gone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bandeau.audit.finding import Finding, Severity

CLEAN, FOUND = 0, 1
"""Exit codes; 2 is for an audit that could not be made."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Findings by whether an earlier report holds them too (:attr:`Finding.key`).

    ``gone`` are those of the earlier report that were not found again: either they were set right,
    or what showed them was not looked at this time.
    """

    new: tuple[Finding, ...]
    known: tuple[Finding, ...] = ()
    gone: tuple[Finding, ...] = ()
    compared: bool = True
    """Whether there was an earlier report."""


def compare(findings: Sequence[Finding], earlier: Iterable[Finding] | None) -> Compared:
    """``findings`` held against those of an earlier report; without one, all are new.

    A finding that has become graver than it was is new.
    """
    if earlier is None:
        return Compared(tuple(findings), compared=False)
    before: dict[str, Finding] = {}
    for each in earlier:
        held = before.get(each.key)
        if held is None or gravity(each.severity) > gravity(held.severity):
            before[each.key] = each
    now = {each.key for each in findings}
    known = tuple(each for each in findings if _was(each, before.get(each.key)))
    return Compared(
        tuple(each for each in findings if each not in known),
        known,
        tuple(each for key, each in before.items() if key not in now),
    )


def failing(compared: Compared, fail_on: Severity) -> tuple[Finding, ...]:
    """The new findings that are at least as grave as ``fail_on``."""
    return tuple(each for each in compared.new if gravity(each.severity) >= gravity(fail_on))


def exit_code(compared: Compared, fail_on: Severity) -> int:
    """1 where something fails, else 0."""
    return FOUND if failing(compared, fail_on) else CLEAN


def gravity(severity: Severity) -> int:
    """A number that is higher the graver it is."""
    return -list(Severity).index(severity)


def _was(finding: Finding, before: Finding | None) -> bool:
    return before is not None and gravity(finding.severity) <= gravity(before.severity)
