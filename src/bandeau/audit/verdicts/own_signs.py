"""What the site itself says of the choice: band, comments, stored state (B14, F2, F5, C5)."""

from __future__ import annotations

from collections.abc import Iterator

from bandeau.audit.addresses import page_of
from bandeau.audit.evidence import Phase
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.shown import Visit
from bandeau.audit.verdicts.audited import Audited, Moment
from bandeau.audit.verdicts.telling import told
from bandeau.policy.model import KNOWN_PURPOSES

_OPEN = "open"
_SOCIAL = "social"
_BANDS = {
    Phase.ARRIVED: "undecided",
    Phase.IGNORED: "undecided",
    Phase.SEEDED: "undecided",
    Phase.ACCEPTED: "allowed",
    Phase.REFUSED: "refused",
    Phase.WITHDRAWN: "refused",
}


def band(audited: Audited) -> Iterator[Finding]:
    """A band that shows another state than the one chosen (B14)."""
    for moment in audited.judged():
        expected = _expected(moment, audited)
        for visit in moment.seen.visits:
            if visit.band and expected and visit.band not in expected and _after(visit, moment):
                yield told(
                    ("B14", "A1"),
                    Severity.VIOLATION,
                    "The band shows another state than the one chosen",
                    "the band",
                    f"It says “{visit.band}” where the choice makes it {' or '.join(expected)}.",
                    (f"{page_of(visit.landed)}: the band says {visit.band}",),
                    "Make the choice, open the page, and read the band.",
                    (moment.where(visit.at, visit.landed),),
                )


def _expected(moment: Moment, audited: Audited) -> tuple[str, ...]:
    if moment.phase is Phase.ONLY:
        return _alone(audited)
    state = _BANDS.get(moment.phase)
    if moment.run.setting.signal and state == "undecided":
        # The signal refuses some purposes until the visitor chooses (rule G4).
        return ("undecided", "refused", "mixed")
    return (state,) if state else ()


def _alone(audited: Audited) -> tuple[str, ...]:
    if audited.policy is None:
        return ("mixed", "allowed")
    return ("mixed",) if len(audited.policy.consent_purposes) > 1 else ("allowed",)


def _after(visit: Visit, moment: Moment) -> bool:
    return moment.seen.choosing is None or visit.at > moment.chosen


def comments(audited: Audited) -> Iterator[Finding]:
    """Comments that are open without the purpose that they hang on (F2, F3)."""
    purpose = _comments_purpose(audited)
    for moment in audited.judged():
        granted = audited.granted(moment.seen)
        if granted is None or purpose in granted:
            continue
        opened = [v for v in moment.seen.visits if v.comments == _OPEN and _after(v, moment)]
        for visit in opened:
            yield told(
                ("F2", "F3", "F1"),
                Severity.VIOLATION,
                "Comments are open without the consent that they need",
                "comments",
                f"They hang on the purpose {purpose}, which was not granted.",
                (f"{page_of(visit.landed)}: comments are open",),
                f"Refuse {purpose}, open the page, and look at the comments.",
                (moment.where(visit.at, visit.landed),),
            )


def _comments_purpose(audited: Audited) -> str:
    feature = audited.policy.feature("comments") if audited.policy else None
    return feature.purpose if feature else _SOCIAL


def alternative(audited: Audited) -> Iterator[Finding]:
    """Comments that hang on consent, with no other way to react (F5)."""
    feature = audited.policy.feature("comments") if audited.policy else None
    if feature is not None and not feature.alternative:
        yield told(
            ("F5", "R5"),
            Severity.WARNING,
            "Comments hang on consent, and there is no other way to react",
            "comments",
            "A functionality hung on consent is suspect where no way without trackers exists.",
            ("features.comments.alternative is empty in the policy",),
            "Look at features.comments in the policy file.",
            (moment.where() for moment in list(audited.moments())[:1]),
        )


def state(audited: Audited) -> Iterator[Finding]:
    """A stored state that is not what was chosen (C5, B16)."""
    for moment in audited.judged():
        granted = audited.granted(moment.seen)
        if granted is None or "" in granted:
            continue
        wrong = [key for key, on in moment.seen.purposes if on and _beyond(key, granted, audited)]
        if wrong:
            yield told(
                ("B16", "C5", "B11"),
                Severity.VIOLATION,
                "The site keeps another choice than the one made",
                "the stored choice",
                f"It holds as granted what was not: {', '.join(sorted(wrong))}.",
                (f"stored state: {key} granted" for key in wrong),
                "Make the choice, and read what the consent tool has stored.",
                (moment.where(),),
            )


def _beyond(key: str, granted: frozenset[str], audited: Audited) -> bool:
    if audited.policy is not None:
        return key in {p.key for p in audited.policy.consent_purposes} and key not in granted
    known = KNOWN_PURPOSES.get(key)
    return known is not None and known.exemption is None and key not in granted
