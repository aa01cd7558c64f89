"""The choice as it goes on: kept, changed, no nagging, no loss (V20, V22, C1, R5, R6, W1 to W8)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bandeau.audit.addresses import host_of, page_of, queried
from bandeau.audit.evidence import Phase, Request
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.shown import NO_WAY_BACK, Role, Visit
from bandeau.audit.verdicts.asking import gated, notices
from bandeau.audit.verdicts.audited import Audited, Moment
from bandeau.audit.verdicts.telling import told

_WITHDRAWAL = "the withdrawal"
_CHOSEN = (Phase.ACCEPTED, Phase.REFUSED, Phase.ONLY, Phase.WITHDRAWN)
_OPENING = 1
"""The action that opens the choices: the notice opened by itself when it asked."""
_LOST = 0.5
_LEAST_WORDS = 40
_DISSUADING = re.compile(
    r"you (will|may|would) lose|lose access|are you sure|no longer be able|vous (perd|n.aurez plus)"
    r"|perdrez|êtes[- ]vous sûr|sie verlieren|sind sie sicher|perder[áà]|est[áà] seguro|sei sicuro"
    r"|вы потеряете|вы уверены|ستفقد|هل أنت متأكد",
    re.IGNORECASE,
)


def kept(audited: Audited) -> Iterator[Finding]:
    """A choice that is asked for again while it holds (C1), or after a refusal (R6)."""
    for moment in audited.judged(*_CHOSEN):
        again = [v for v in moment.seen.visits if v.at > moment.chosen and v.asking]
        if not again:
            continue
        refused = moment.phase in (Phase.REFUSED, Phase.WITHDRAWN)
        word = "refusal" if refused else "choice"
        yield told(
            ("R6", "C1") if refused else ("C1",),
            Severity.VIOLATION,
            f"The {word} is not kept: the notice comes back",
            f"the {word}",
            f"On {len(again)} page(s) after the {word} the notice asked again.",
            (f"{page_of(visit.landed)}: a notice asks" for visit in again),
            "Choose, then open more pages of the site and reload.",
            (moment.where(visit.at, visit.landed) for visit in again),
        )


def reopening(audited: Audited) -> Iterator[Finding]:
    """A way back to the choices on every page (V20, W1)."""
    if not gated(audited) or not any(notices(audited)):
        return
    visits = [
        (moment, visit)
        for moment in audited.judged(Phase.ACCEPTED, Phase.REFUSED, Phase.ONLY)
        for visit in moment.seen.visits
        if visit.at > moment.chosen and _is_page(visit) and not visit.asking
    ]
    without = [(moment, visit) for moment, visit in visits if not visit.reopen]
    if not without:
        return
    nowhere = len(without) == len(visits)
    yield told(
        ("V20", "W1", "W2") if nowhere else ("W1",),
        Severity.VIOLATION,
        "Nothing leads back to the choices"
        if nowhere
        else "Some pages do not lead back to the choices",
        _WITHDRAWAL,
        f"On {len(without)} of {len(visits)} pages no link or icon reopens the choices.",
        dict.fromkeys(f"{page_of(v.landed)}: no control reopens the choices" for _, v in without),
        "Choose, and look for a link or icon that reopens the choices on each page.",
        (moment.where(visit.at, visit.landed) for moment, visit in without),
    )


def _is_page(visit: Visit) -> bool:
    return not visit.failure and 200 <= visit.status < 400


def harder(audited: Audited) -> Iterator[Finding]:
    """Withdrawing in more actions than accepting (V20, W2), without a control for it (W3)."""
    made = (moment.seen.choosing for moment in audited.judged(Phase.ACCEPTED))
    accepted = min((each.clicks for each in made if each and not each.by_rules), default=0)
    for moment in audited.moments(Phase.WITHDRAWN):
        yield from _leading_nowhere(moment)
    for moment in audited.judged(Phase.WITHDRAWN):
        choosing = moment.seen.choosing
        clicks = choosing.clicks if choosing and not choosing.by_rules else 0
        if accepted and clicks > accepted + _OPENING:
            yield _withdrawing(
                ("V20", "W2"),
                Severity.VIOLATION,
                "Withdrawing takes more actions than accepting",
                f"{accepted} to accept everything, {clicks} to withdraw it.",
                f"accepted in {accepted} actions, withdrawn in {clicks}",
                moment,
            )
        layer = moment.seen.panel or moment.seen.notice
        if layer is not None and layer.controls and not layer.having(Role.REFUSE):
            tcf = moment.seen.tcf is not None
            yield _withdrawing(
                ("W3", "W2"),
                Severity.VIOLATION if tcf else Severity.WARNING,
                "The reopened choices have nothing that withdraws everything",
                "Where everything can be accepted at once, it has to be withdrawn at once.",
                "controls: " + ", ".join(f"“{c.label}”" for c in layer.controls[:8]),
                moment,
            )
        if layer is not None and (found := _DISSUADING.search(layer.text)):
            yield _withdrawing(
                ("W8",),
                Severity.WARNING,
                "The site dissuades from withdrawing",
                "Withdrawal may cost no unrelated service, and may not be dissuaded.",
                f"“{layer.text[max(found.start() - 40, 0) : found.end() + 60]}”",
                moment,
            )


def _leading_nowhere(moment: Moment) -> Iterator[Finding]:
    """Something is called a way back, but opens nothing in which to choose (V20)."""
    choosing, here = moment.seen.choosing, moment.seen.visits[-1:]
    named = bool(here) and here[0].reopen
    if named and choosing and not choosing.done and choosing.proof == NO_WAY_BACK:
        yield _withdrawing(
            ("V20", "W1", "W2"),
            Severity.WARNING,
            "What seems to lead back to the choices opens none",
            "A link or icon speaks of them, but nothing came up in which to withdraw.",
            choosing.proof,
            moment,
        )


def _withdrawing(
    rules: tuple[str, ...],
    severity: Severity,
    title: str,
    detail: str,
    proof: str,
    moment: Moment,
) -> Finding:
    again = "Accept everything, then reopen the choices and withdraw, counting the actions."
    where = (moment.where(moment.chosen),)
    return told(rules, severity, title, _WITHDRAWAL, detail, (proof,), again, where)


def detriment(audited: Audited) -> Iterator[Finding]:
    """Pages that say less to those who refuse (R5)."""
    full: dict[str, Visit] = {}
    for moment in audited.judged(Phase.ACCEPTED):
        for visit in moment.seen.visits:
            if visit.at >= moment.settled and _is_page(visit) and not visit.asking:
                full.setdefault(visit.asked, visit)
    for moment in audited.judged(Phase.REFUSED):
        for visit in moment.seen.visits:
            whole = full.get(visit.asked)
            if whole is None or visit.at < moment.settled or whole.words < _LEAST_WORDS:
                continue
            if visit.status >= 400 or visit.words < whole.words * _LOST:
                yield told(
                    ("R5",),
                    Severity.VIOLATION,
                    "Whoever refuses is shown less of the page",
                    page_of(visit.asked),
                    f"{visit.words} words after refusing, {whole.words} after accepting. A refusal "
                    "may cost no more than what truly depends on the trackers.",
                    (f"{page_of(visit.asked)}: {visit.words} of {whole.words} words remain",),
                    "Open the page in two profiles, one that refuses and one that accepts.",
                    (moment.where(visit.at, visit.landed),),
                )


def vendors_told(audited: Audited) -> Iterator[Finding]:
    """Partners that were sent a consent string, and none that takes it back (V22, W7)."""
    for moment in audited.judged(Phase.WITHDRAWN):
        given = {
            audited.knowledge.domain(host_of(request.url)): string
            for seen in moment.before
            if seen.phase in (Phase.ACCEPTED, Phase.ONLY)
            for request in seen.requests
            if (string := _string(request))
        }
        since: dict[str, set[str]] = {}
        for request in moment.seen.requests:
            if request.at >= moment.chosen and (string := _string(request)):
                since.setdefault(audited.knowledge.domain(host_of(request.url)), set()).add(string)
        untold = sorted(d for d, s in given.items() if since.get(d, set()) <= {s})
        for domain in untold:
            yield told(
                ("V22", "W7"),
                Severity.WARNING,
                f"{domain} was not told of the withdrawal",
                domain,
                f"{domain} was sent a consent string after accepting, and no other one after the "
                "withdrawal. It may have been told by the publisher's server, which is not seen.",
                (f"no request to {domain} with a new gdpr_consent",),
                f"Withdraw, and filter Network by {domain} and gdpr_consent.",
                (moment.where(moment.chosen),),
            )


def _string(request: Request) -> str:
    names = ("gdpr_consent", "tcstring", "tc_string", "consent_string", "euconsent")
    return next((value for name, value in queried(request.url) if name.lower() in names), "")
