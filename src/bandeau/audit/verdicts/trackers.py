"""Trackers that contradict the visitor's choice, state by state (V3 to V6, V14, V21, V23)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from bandeau.audit.by_lists import UNLESS_EXEMPT
from bandeau.audit.evidence import Phase
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.knowledge import Basis
from bandeau.audit.verdicts.audited import Audited, Moment
from bandeau.audit.verdicts.telling import told
from bandeau.audit.verdicts.uses import Deed, Use, uses
from bandeau.policy.model import KNOWN_PURPOSES

_SOCIAL = "social"
_FAST_SECONDS = 0.1
_SEVERAL = 2


@dataclass(frozen=True, slots=True)
class _State:
    """How a contradiction in one state is told."""

    id: str
    rules: tuple[tuple[Deed, str], ...]
    title: str
    when: str
    again: str


_UNTOUCHED_RULES = (
    (Deed.WRITTEN, "P1"),
    (Deed.KEPT, "P1"),
    (Deed.SENT, "P2"),
    (Deed.READ, "P2"),
    (Deed.CONTACTED, "P3"),
)
_REFUSED_RULES = (
    (Deed.WRITTEN, "R1"),
    (Deed.KEPT, "R1"),
    (Deed.SENT, "R2"),
    (Deed.READ, "R2"),
    (Deed.CONTACTED, "R1"),
)
_WITHDRAWN_RULES = (
    (Deed.WRITTEN, "W4"),
    (Deed.KEPT, "W5"),
    (Deed.SENT, "W4"),
    (Deed.READ, "W4"),
    (Deed.CONTACTED, "W6"),
)
_LOOK = "look at Application > Storage and at Network in the browser's tools"
_ARRIVED = _State(
    "V4",
    _UNTOUCHED_RULES,
    "{who} is at work before the visitor has chosen",
    "Before any choice",
    f"Open the page in a fresh browser profile, touch nothing for ten seconds, and {_LOOK}.",
)
_WORDS = MappingProxyType(
    {
        Deed.WRITTEN: ("writing to the terminal", "writings to the terminal"),
        Deed.KEPT: ("thing kept on it at the end", "things kept on it at the end"),
        Deed.SENT: ("cookie sent", "cookies sent"),
        Deed.READ: ("reading of what it keeps", "readings of what it keeps"),
        Deed.CONTACTED: ("request", "requests"),
    }
)
_STATES = MappingProxyType(
    {
        Phase.ARRIVED: _ARRIVED,
        Phase.IGNORED: _ARRIVED,
        Phase.REFUSED: _State(
            "V3",
            _REFUSED_RULES,
            "{who} is at work although everything was refused",
            "After everything was refused",
            f"In a fresh profile refuse everything, open a few pages, reload, and {_LOOK}.",
        ),
        Phase.CLOSED: _State(
            "V5",
            (*_REFUSED_RULES, (Deed.WRITTEN, "B12")),
            "{who} takes the closing of the notice for consent",
            "After the notice was only closed",
            f"In a fresh profile close the notice by its cross or by Escape, and {_LOOK}.",
        ),
        Phase.SAVED: _State(
            "V6",
            (*_REFUSED_RULES, (Deed.WRITTEN, "B10")),
            "{who} is at work although the settings were saved without switching anything on",
            "After the settings were saved as they stood",
            f"In a fresh profile open the settings, save them untouched, and {_LOOK}.",
        ),
        Phase.ONLY: _State(
            "C9",
            (*_REFUSED_RULES, (Deed.WRITTEN, "W11")),
            "{who} is at work although its purpose was refused",
            "With another purpose accepted alone",
            f"In a fresh profile accept one purpose alone, open a few pages, and {_LOOK}.",
        ),
        Phase.WITHDRAWN: _State(
            "V21",
            _WITHDRAWN_RULES,
            "{who} goes on after the consent was withdrawn",
            "After the consent was withdrawn",
            f"Accept, browse, withdraw, open two more pages, and {_LOOK}.",
        ),
        Phase.SEEDED: _State(
            "V23",
            ((Deed.SENT, "P2"), (Deed.READ, "R2")),
            "{who} receives a cookie from an earlier visit before the visitor has chosen",
            "On a terminal that held cookies of an earlier visit, before any choice",
            "Accept once, delete the site's own cookies only, open the page again, touch nothing, "
            "and look at the Cookie headers under Network.",
        ),
        Phase.ACCEPTED: _State(
            "V14",
            tuple((deed, "I6") for deed in Deed),
            "{who} is declared nowhere",
            "After everything was accepted",
            f"In a fresh profile accept everything, compare with the policy, and {_LOOK}.",
        ),
    }
)


_LEFT_BEFORE = _State(
    "R2",
    _REFUSED_RULES,
    "What an earlier visit left of {who} is still sent, although everything was refused",
    "After a refusal on a terminal that held cookies of an earlier visit",
    "Accept once, delete the site's record of the choice only, refuse everything, open a few "
    "pages, and look at the Cookie headers under Network.",
)
_LYING_THERE = frozenset({Deed.SENT, Deed.READ})


def contradictions(audited: Audited) -> Iterator[Finding]:
    """One finding for each state and each whose deeds contradict it."""
    for moment in audited.judged():
        for culprit, deeds in _at_work(audited, moment, allowed=False).items():
            yield _finding(culprit, deeds, moment, audited)


def _at_work(audited: Audited, moment: Moment, *, allowed: bool | None) -> dict[str, list[Use]]:
    """Deeds that speak of the choice of a phase, by whose they are, the first in time first."""
    found: dict[str, list[Use]] = {}
    for use in sorted(uses(audited, moment), key=lambda each: each.at):
        if audited.permits(use.known, moment.seen) is allowed and _counts(use, moment):
            found.setdefault(use.culprit, []).append(use)
    return found


def whatever_purpose(audited: Audited) -> Iterator[Finding]:
    """Trackers of a purpose that nobody knows, at work with each purpose accepted alone (C9).

    If purposes were kept apart, what needs consent would come with its own only.
    """
    alone: dict[str, list[tuple[Moment, dict[str, list[Use]]]]] = {}
    for moment in audited.judged(Phase.ONLY):
        found = _at_work(audited, moment, allowed=None)
        gated = {who: deeds for who, deeds in found.items() if any(u.known.gated for u in deeds)}
        alone.setdefault(moment.seen.purpose or "", []).append((moment, gated))
    if audited.knowledge.declared or len(alone) < _SEVERAL:
        return
    always = {who for moment in audited.judged(Phase.REFUSED)
              for who in _at_work(audited, moment, allowed=False)}  # fmt: skip
    each_time = [{who for _, found in times for who in found} for times in alone.values()]
    for culprit in sorted(set.intersection(*each_time) - always):
        deeds = [
            (m, use) for times in alone.values() for m, f in times for use in f.get(culprit, ())
        ]
        yield told(
            ("C9", "W11"),
            Severity.WARNING,
            f"{culprit[:1].upper()}{culprit[1:]} is at work whichever purpose is accepted",
            culprit,
            f"With {' alone, with '.join(sorted(alone))} alone: it is not kept for one of them.",
            (use.proof for _, use in deeds),
            _STATES[Phase.ONLY].again,
            (moment.where(use.at, use.page) for moment, use in deeds),
        )


def _counts(use: Use, moment: Moment) -> bool:
    """Whether a deed speaks of the choice of its phase, and not of what was before it."""
    if use.deed is Deed.KEPT:
        return _stays(use, moment)
    if moment.phase is Phase.SEEDED:
        told = use.deed not in (Deed.CONTACTED, Deed.WRITTEN)
        return told and use.at >= (_answered(moment) if use.own else moment.chosen)
    if moment.phase is Phase.WITHDRAWN:
        if use.deed is Deed.SENT:
            return use.at >= moment.settled
        return use.at >= moment.chosen + _FAST_SECONDS
    if use.deed is Deed.SENT:
        return use.at >= (moment.settled if moment.seen.choosing else moment.chosen)
    return use.at >= moment.chosen


def _answered(moment: Moment) -> float:
    """When the second page was asked for: no site can keep a browser from sending its own cookies
    with its very first request, and every site can end them in the answer (rule R2)."""
    later = [visit.at for visit in moment.seen.visits[1:]]
    return min(later, default=moment.seen.ended)


def _stays(use: Use, moment: Moment) -> bool:
    """Whether something on the terminal at the end is there against the choice.

    What another company keeps on its own domain cannot be deleted from here, which CNIL accepted
    (Orange): only that it is sent, or contacted, counts (rule W6). What was there before a
    refusal was found before it.
    """
    match moment.phase:
        case Phase.ARRIVED | Phase.IGNORED:
            return True
        case Phase.WITHDRAWN:
            return use.own
        case Phase.SEEDED:
            return False
        case Phase.ACCEPTED:
            return use.own
    return not any(use.proof == earlier for earlier in _kept_before(moment))


def _kept_before(moment: Moment) -> Iterator[str]:
    for seen in moment.before:
        for cookie in seen.cookies:
            yield f"cookie {cookie.name} of {cookie.domain} was on the terminal at the end"
        for stored in seen.stored:
            host = stored.origin.rpartition("/")[2]
            yield f"{stored.kind.value} {stored.name} of {host} was on the terminal at the end"


def _finding(culprit: str, deeds: list[Use], moment: Moment, audited: Audited) -> Finding:
    state = _state(deeds, moment)
    rules = [*_rules(state, deeds), *_further(deeds, moment, audited)]
    return told(
        (state.id, *rules),
        _severity(deeds, moment, audited),
        state.title.format(who=culprit[:1].upper() + culprit[1:]),
        culprit,
        f"{state.when}, {_summed(deeds)}. {_why(deeds[0], audited)}",
        _in_order(deeds),
        state.again,
        (moment.where(use.at, use.page) for use in deeds),
    )


def _state(deeds: Iterable[Use], moment: Moment) -> _State:
    """How deeds are told; what does no more than lie there from an earlier visit, as that."""
    seeded = any(seen.phase is Phase.SEEDED for seen in moment.before)
    lying = all(use.own and use.deed in _LYING_THERE for use in deeds)
    refused = moment.phase is Phase.REFUSED
    return _LEFT_BEFORE if refused and seeded and lying else _STATES[moment.phase]


def _rules(state: _State, deeds: Iterable[Use]) -> Iterator[str]:
    done = {use.deed for use in deeds}
    return (rule for deed, rule in state.rules if deed in done)


def _further(deeds: list[Use], moment: Moment, audited: Audited) -> Iterator[str]:
    """Rules that are touched besides: who it is, and when and how it came."""
    if any(use.known.basis is Basis.NOTHING for use in deeds) and audited.knowledge.declared:
        yield "P9"
    if any(use.known.purpose == _SOCIAL for use in deeds):
        yield "F1"
    choosing = moment.seen.choosing
    at_once = any(
        moment.chosen + _FAST_SECONDS <= use.at < moment.settled
        for use in deeds
        if use.deed is Deed.CONTACTED
    )
    if moment.phase is Phase.REFUSED and choosing and at_once:
        yield "R3"
    if moment.phase is Phase.REFUSED and any(use.by_parser for use in deeds) and _cached(moment):
        yield "C10"
    if moment.phase is Phase.IGNORED and _presumed(deeds, moment):
        yield "B11"


def _cached(moment: Moment) -> bool:
    """Whether a page of this state came out of a shared cache (rule C10)."""
    return any(
        (name.lower() == "age" and value.strip() not in ("", "0"))
        or (name.lower() in ("x-cache", "cf-cache-status") and value.lower().startswith("hit"))
        for request in moment.seen.requests
        if request.kind == "document" and request.at >= moment.chosen
        for name, value in request.answer_headers
    )


def _presumed(deeds: Iterable[Use], moment: Moment) -> bool:
    """Whether going on was taken for consent: the site says so, or the notice went away."""
    if any(granted and _needs_consent(key) for key, granted in moment.seen.purposes):
        return True
    earlier = [visit for seen in moment.before for visit in seen.visits]
    was_asking = any(visit.asking for visit in earlier)
    return was_asking and any(not visit.asking for visit in moment.seen.visits)


def _needs_consent(key: str) -> bool:
    known = KNOWN_PURPOSES.get(key)
    return known is None or known.exemption is None


def _severity(deeds: list[Use], moment: Moment, audited: Audited) -> Severity:
    if moment.phase is Phase.SEEDED and all(use.own for use in deeds):
        # What a refusal makes of it is judged after that refusal (rule R2).
        return Severity.NOTE
    if all(use.held for use in deeds) or all(u.known.basis is Basis.GUESS for u in deeds):
        return Severity.WARNING
    if all(UNLESS_EXEMPT in use.known.source for use in deeds):
        return Severity.WARNING
    in_leaving = all(use.at < moment.settled for use in deeds)
    if moment.phase is Phase.WITHDRAWN and in_leaving:
        return Severity.WARNING
    vendors_own = all(not use.own and use.deed is not Deed.CONTACTED for use in deeds)
    if moment.phase is Phase.ACCEPTED and vendors_own:
        return Severity.NOTE
    return Severity.VIOLATION


def _summed(deeds: list[Use]) -> str:
    """What was done, counted by deed, as the middle of a sentence."""
    counts = {deed: sum(use.deed is deed for use in deeds) for deed in Deed}
    return ", ".join(_counted(n, *_WORDS[deed]) for deed, n in counts.items() if n) + " were seen"


def _counted(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _why(use: Use, audited: Audited) -> str:
    known = use.known
    purpose = f" for {known.purpose}" if known.purpose else ""
    match known.basis:
        case Basis.POLICY:
            return f"The policy file declares it{purpose}, which needs consent."
        case Basis.LIST:
            return f"{known.source} lists it{purpose}."
        case Basis.GUESS:
            return f"Taken to be a tracker: {known.source}."
    named = f" {known.source} knows it as {known.vendor}." if known.vendor else ""
    return f"No tracker of the policy file declares it, so it is allowed in no state.{named}"


def _in_order(deeds: Iterable[Use]) -> Iterator[str]:
    """Proof with the strongest first: what was written and sent before what was contacted."""
    order = (Deed.WRITTEN, Deed.SENT, Deed.READ, Deed.CONTACTED, Deed.KEPT)
    ordered = sorted(deeds, key=lambda use: (order.index(use.deed), use.at))
    return (use.proof for use in ordered)
