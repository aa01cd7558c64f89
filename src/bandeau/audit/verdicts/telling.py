"""Findings put into words, and those of one cause made one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bandeau import limits
from bandeau.audit.evidence import Phase
from bandeau.audit.finding import Finding, Severity, Where
from bandeau.audit.verdicts.law import cases_of

_PHASES = tuple(Phase)
_SEVERITIES = tuple(Severity)
_FAMILIES = {"V": 0}


def told(
    rules: Sequence[str],
    severity: Severity,
    title: str,
    subject: str,
    detail: str,
    proof: Iterable[str],
    again: str,
    where: Iterable[Where],
) -> Finding:
    """A finding with the cases that its rules stand on, and no more proof than limits allow.

    The first of ``rules`` is its id.
    """
    listed = tuple(dict.fromkeys(rules))
    return Finding(
        listed[0],
        listed,
        severity,
        title,
        subject,
        detail,
        _first(proof, limits.AUDIT_PROOFS),
        again,
        cases_of(listed),
        _places(where),
    )


def joined(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings of one id and subject made one, with all places; the worst first."""
    same: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = (finding.id, finding.subject)
        same[key] = _both(same[key], finding) if key in same else finding
    return tuple(sorted(same.values(), key=_rank))


def _both(one: Finding, other: Finding) -> Finding:
    first, second = sorted((one, other), key=lambda each: _SEVERITIES.index(each.severity))
    rules = tuple(dict.fromkeys((*first.rules, *second.rules)))
    return replace(
        first,
        rules=rules,
        proof=_first((*one.proof, *other.proof), limits.AUDIT_PROOFS),
        cases=cases_of(rules),
        where=_places((*one.where, *other.where)),
    )


def _places(where: Iterable[Where]) -> tuple[Where, ...]:
    """Each page of each state once, in the order of phases, then of runs."""
    each: dict[tuple[object, ...], Where] = {}
    for place in where:
        each.setdefault((place.run, place.phase, place.page, place.purpose), place)
    ordered = sorted(each.values(), key=lambda w: (_PHASES.index(w.phase), w.run, w.at or 0.0))
    return tuple(ordered[: limits.AUDIT_PLACES])


def _first(lines: Iterable[str], most: int) -> tuple[str, ...]:
    distinct = tuple(dict.fromkeys(lines))
    if len(distinct) <= most:
        return distinct
    return (*distinct[: most - 1], f"and {len(distinct) - most + 1} more observations like these")


def _rank(finding: Finding) -> tuple[int, int, str, int, str]:
    family = finding.id[:1]
    number = int(digits) if (digits := finding.id[1:]).isdigit() else 0
    severity = _SEVERITIES.index(finding.severity)
    return severity, _FAMILIES.get(family, 1), family, number, finding.subject
