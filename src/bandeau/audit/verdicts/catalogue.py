"""Which verdicts of the catalogue (V1 to V24) were reached: what each of them needs to be seen."""

from __future__ import annotations

from collections.abc import Iterable

from bandeau.audit.evidence import Phase
from bandeau.audit.finding import Unchecked
from bandeau.audit.verdicts.audited import UNTOUCHED, Audited

_STATES = (
    (("V1", "V4", "V24"), (Phase.ARRIVED, Phase.IGNORED)),
    (("V3",), (Phase.REFUSED,)),
    (("V5",), (Phase.CLOSED,)),
    (("V6",), (Phase.SAVED,)),
    (("V20", "V21", "V22"), (Phase.WITHDRAWN,)),
    (("V23",), (Phase.SEEDED,)),
)
_ASKING = ("V2", "V7", "V8", "V9")
_DECLARED = ("V10", "V11", "V12", "V13", "V14", "V15")
_STRINGS = (("V16", UNTOUCHED), ("V17", (Phase.REFUSED,)), ("V19", (Phase.REFUSED,)))


def reached(audited: Audited, unchecked: Iterable[Unchecked]) -> tuple[str, ...]:
    """The ids whose question could be answered, in order; ``unchecked`` are those that could not.

    A state counts once its choice was made, a question about a notice where one was seen.
    """
    found = {id for ids, phases in _STATES if list(audited.judged(*phases)) for id in ids}
    moments = list(audited.moments(*UNTOUCHED))
    if any(moment.seen.notice for moment in moments):
        found |= {*_ASKING}
    if any(moment.seen.panel for moment in moments):
        found.add("V18")
    if audited.knowledge.declared:
        found |= {*_DECLARED}
    for id, phases in _STRINGS:
        if any(moment.seen.tcf for moment in audited.judged(*phases)):
            found.add(id)
    return tuple(sorted(found - {each.id for each in unchecked}, key=lambda id: int(id[1:])))
