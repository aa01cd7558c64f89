"""An audit in a few plain sentences; never a score."""

from __future__ import annotations

from collections.abc import Sequence

from bandeau.audit.evidence import Evidence, Phase
from bandeau.audit.finding import Finding, Severity, Unchecked

_STATES = {
    Phase.ARRIVED: "on arrival",
    Phase.IGNORED: "while the notice is left alone",
    Phase.ACCEPTED: "after accepting",
    Phase.WITHDRAWN: "after withdrawing",
    Phase.REFUSED: "after refusing",
    Phase.ONLY: "with one purpose accepted alone",
    Phase.CLOSED: "after closing the notice",
    Phase.SAVED: "after saving the settings as they stood",
    Phase.SEEDED: "on a terminal that holds trackers of an earlier visit",
}
_NAMED = 3


def summarised(
    evidence: Evidence, findings: Sequence[Finding], unchecked: Sequence[Unchecked]
) -> tuple[str, ...]:
    """What was looked at, what contradicts the choice and when, and how much stayed open."""
    return (_looked(evidence), _found(findings), *_by_state(findings), _open(unchecked))


def _looked(evidence: Evidence) -> str:
    seen = [each for run in evidence.runs for each in run.phases]
    pages = {visit.landed for each in seen for visit in each.visits}
    states = dict.fromkeys(_STATES[each.phase] for each in seen)
    looked = f"{evidence.address} was looked at with {evidence.browser}"
    return f"{looked}: {_number(len(pages), 'page')}, {', '.join(states) or 'in no state'}."


def _found(findings: Sequence[Finding]) -> str:
    counts = {s: sum(finding.severity is s for finding in findings) for s in Severity}
    said = [_number(number, severity.value) for severity, number in counts.items() if number]
    if not said:
        return "Nothing was found that contradicts the visitor's choice."
    return f"Found: {', '.join(said)}."


def _by_state(findings: Sequence[Finding]) -> tuple[str, ...]:
    sentences = []
    for phase, state in _STATES.items():
        titles = [
            f.title
            for f in findings
            if f.severity is Severity.VIOLATION and f.where and f.where[0].phase is phase
        ]
        if titles:
            more = len(titles) - _NAMED
            rest = f"; and {more} more" if more > 0 else ""
            sentences.append(f"{state.capitalize()}: {'; '.join(titles[:_NAMED])}{rest}.")
    return tuple(sentences)


def _open(unchecked: Sequence[Unchecked]) -> str:
    if not unchecked:
        return "Everything could be checked."
    number = len({each.id for each in unchecked})
    return f"{_number(number, 'thing')} could not be checked; the reasons stand below the findings."


def _number(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
