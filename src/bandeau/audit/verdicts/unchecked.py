"""What could not be judged, with the reason: silence is not an acquittal."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

from bandeau.audit.evidence import Phase
from bandeau.audit.finding import Unchecked
from bandeau.audit.verdicts.audited import Audited

STATES = MappingProxyType(
    {
        Phase.ARRIVED: "V4",
        Phase.IGNORED: "B11",
        Phase.ACCEPTED: "V14",
        Phase.WITHDRAWN: "V21",
        Phase.REFUSED: "V3",
        Phase.ONLY: "C9",
        Phase.CLOSED: "V5",
        Phase.SAVED: "V6",
        Phase.SEEDED: "V23",
    }
)
"""The finding by which each state is judged."""
BEYOND_A_BROWSER = (
    Unchecked("P8", "what the publisher's servers pass on to others is not seen by a browser"),
    Unchecked("W7", "whether partners were told of a withdrawal by the publisher's servers"),
    Unchecked("W9", "whether processing on servers stops at a withdrawal"),
)


def unchecked(audited: Audited) -> Iterator[Unchecked]:
    """States that were not reached, gaps in the evidence, and what no browser can see."""
    for phase, id in STATES.items():
        yield from _of_phase(phase, id, audited)
    yield from _not_read(audited)
    without_list = any(
        moment.phase is Phase.ONLY and not audited.purpose(moment.seen)
        for moment in audited.moments()
    )
    if without_list:
        yield Unchecked("C9", "the name of a purpose says nothing of what it allows")
    yield from _without_what(audited)
    for gap in audited.evidence.gaps:
        yield Unchecked(gap.about, gap.why)
    yield from BEYOND_A_BROWSER


def _not_read(audited: Audited) -> Iterator[Unchecked]:
    made = [moment.seen.choosing for moment in audited.moments()]
    if rules := sorted({each.by for each in made if each and each.by_rules}):
        yield Unchecked("B1", f"the notice was worked by {', '.join(rules)}, its words not read")


def _without_what(audited: Audited) -> Iterator[Unchecked]:
    """What was not given, or not done, that a verdict needs."""
    if not audited.knowledge.declared:
        for id in ("V10", "V11", "V12", "V13", "V15", "I6"):
            yield Unchecked(id, "no policy file says what the site declares")
    if not any(moment.run.setting.signal for moment in audited.moments()):
        yield Unchecked("G4", "no run sent Global Privacy Control")
    if not any(moment.seen.reach for moment in audited.moments()):
        for id in ("A5", "A9"):
            yield Unchecked(id, "no notice was tried by keyboard and in a small window")
    if not list(audited.beside()):
        yield Unchecked("M6", "no terminal went on to another site of the same measurement")
    if not audited.evidence.hosts:
        yield Unchecked("P7", "names of hosts were not resolved")


def _of_phase(phase: Phase, id: str, audited: Audited) -> Iterator[Unchecked]:
    moments = list(audited.moments(phase))
    if not moments:
        yield Unchecked(id, f"no run reached the state “{phase.value}”{_without(audited)}")
    for moment in moments:
        why = audited.unmade(moment)
        if why is not None:
            purpose = f" ({moment.seen.purpose})" if moment.seen.purpose else ""
            yield Unchecked(id, f"state “{phase.value}”{purpose}: {why}")


def _without(audited: Audited) -> str:
    asked = any(moment.seen.notice is not None for moment in audited.moments())
    return "" if asked else ", since no notice was found"
