"""What is declared of trackers against what they are (V10, V12, V13, V15, I6, M7)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bandeau.audit.addresses import bare, host_of
from bandeau.audit.by_lists import UNLESS_EXEMPT
from bandeau.audit.evidence import Kind, Phase, Write
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.knowledge import Basis, Known
from bandeau.audit.verdicts.audited import Audited, Moment
from bandeau.audit.verdicts.telling import told
from bandeau.audit.verdicts.uses import by_whom, days, thing
from bandeau.policy.glob import Glob
from bandeau.policy.match import Matcher, suffixes
from bandeau.policy.model import KNOWN_PURPOSES, Exemption, Policy, Tracker

DAY_SECONDS = 86_400
_EXEMPT_SECONDS = 397 * DAY_SECONDS
_LONGER = 1.5
_SHELF = re.compile(r"unclassif|uncategor|unsorted|non-class|inclass|divers|misc|^others?$|autre")


def lifetimes(audited: Audited) -> Iterator[Finding]:
    """Cookies that outlive what the policy declares of them (V12, I8), or the exemption (M7).

    An exempt tracker has no room beyond its declaration: it was exempted for that long. Others
    follow the catalogue: half as long again, and by a day at least.
    """
    for moment in audited.moments():
        for write in moment.seen.writes:
            if write.kind is Kind.COOKIE and not write.blocked:
                known = audited.knowledge.cookie(write.name, write.domain)
                yield from _outlived(write, known, audited, moment)


def _outlived(write: Write, known: Known, audited: Audited, moment: Moment) -> Iterator[Finding]:
    lasts = write.lifetime or 0.0
    exempt = known.gated is False
    if known.basis is Basis.POLICY and known.max_age is not None and known.vendor:
        factor = 1.0 if exempt else _LONGER
        if lasts - known.max_age >= DAY_SECONDS and lasts > known.max_age * factor:
            promised = days(known.max_age) if known.max_age else "the browser's session"
            rules = ["V12", "I8", *(["M7"] if exempt else [])]
            yield _too_long(rules, write, f"declared for {promised}", moment)
            return
    measured = _measurement(known.purpose, audited.policy)
    if measured and lasts - _EXEMPT_SECONDS >= DAY_SECONDS:
        why = "exempt measurement may keep a tracker for 13 months at most"
        yield _too_long(["M7", "I8"], write, why, moment)


def _too_long(rules: list[str], write: Write, why: str, moment: Moment) -> Finding:
    what = thing(write.name, write.domain)
    return told(
        rules,
        Severity.VIOLATION,
        f"{what[:1].upper() + what[1:]} is kept longer than it may be",
        what,
        f"It was given {days(write.lifetime or 0)}; {why}.",
        (f"{what} was written for {days(write.lifetime or 0)}{by_whom(write.cause)}",),
        "Look at its Expires column in Application > Cookies.",
        (moment.where(write.at, write.page),),
    )


def _measurement(purpose: str, policy: Policy | None) -> bool:
    kinds = {each.key: each.exempt for each in policy.purposes} if policy else {}
    return kinds.get(purpose) is Exemption.AUDIENCE_MEASUREMENT


def labels(audited: Audited) -> Iterator[Finding]:
    """Cookies under a purpose that is not theirs, or no purpose, or two (V10, V11, V13, V15)."""
    if audited.policy is None:
        return
    rules = _claims(audited.policy)
    for moment in audited.moments():
        for name, domain in sorted({(c.name, bare(c.domain)) for c in moment.seen.cookies}):
            yield from _mislabelled(name, domain, audited, moment)
            yield from _twice(name, domain, rules, audited, moment)


def _mislabelled(name: str, domain: str, audited: Audited, moment: Moment) -> Iterator[Finding]:
    known = audited.knowledge.cookie(name, domain)
    public = audited.knowledge.public.cookie(name, domain)
    if known.basis is not Basis.POLICY or not known.vendor:
        return
    if known.gated is False and public.basis is Basis.LIST and public.gated:
        detail = f"The policy declares it for {known.purpose}, which needs no consent; "
        detail += f"{public.source} lists it for {public.purpose} ({public.vendor})."
        severity = Severity.VIOLATION
        if UNLESS_EXEMPT in public.source:
            severity = Severity.NOTE
        yield _label(("V10", "I9", "P6"), severity, name, domain, detail, moment)
    if known.gated and public.basis is Basis.LIST and _differ(known.purpose, public.purpose):
        detail = f"The policy declares it for {known.purpose}; {public.source} lists it for "
        detail += f"{public.purpose} ({public.vendor}), as most sites do."
        yield _label(("V11", "P6"), Severity.WARNING, name, domain, detail, moment)
    if _SHELF.search(known.purpose):
        detail = f"The policy declares it under {known.purpose}, which says nothing of its use."
        yield _label(("V13", "I1"), Severity.VIOLATION, name, domain, detail, moment)


def _differ(declared: str, listed: str) -> bool:
    """Whether two of the product's own purposes are not the same: what others mean is not known."""
    return {declared, listed} <= set(KNOWN_PURPOSES) and _kind(declared) != _kind(listed)


def _kind(purpose: str) -> str:
    kind = purpose.partition("-")[0]
    return "statistics" if kind == "audience" else kind


def _claims(policy: Policy) -> list[tuple[Glob, str, str]]:
    """Every cookie declared: its name, its domain or nothing, its purpose."""
    return [
        (Glob.of(rule.name), bare(rule.domain or ""), tracker.purpose)
        for tracker in policy.trackers
        for rule in tracker.cookies
    ]


def _twice(
    name: str, domain: str, rules: list[tuple[Glob, str, str]], audited: Audited, moment: Moment
) -> Iterator[Finding]:
    own = audited.knowledge.own(domain)
    above = set(suffixes(domain))
    purposes = {
        purpose
        for glob, at, purpose in rules
        if glob.matches(name) and (own if not at or audited.knowledge.own(at) else at in above)
    }
    if len(purposes) > 1:
        detail = f"The policy declares it for {' and for '.join(sorted(purposes))}."
        yield _label(("V15", "P6"), Severity.VIOLATION, name, domain, detail, moment)


def _label(
    rules: tuple[str, ...],
    severity: Severity,
    name: str,
    domain: str,
    detail: str,
    moment: Moment,
) -> Finding:
    titles = {
        "V10": "is declared for a purpose that is not its own",
        "V11": "is declared for another purpose than elsewhere",
        "V13": "is declared for no purpose that means anything",
        "V15": "is declared for two purposes",
    }
    what = thing(name, domain)
    title = f"{what[:1].upper() + what[1:]} {titles[rules[0]]}"
    again = "Compare the tracker's block in the policy file with what its maker says of it."
    proof = (f"{what} was on the terminal",)
    return told(rules, severity, title, what, detail, proof, again, (moment.where(),))


def unused(audited: Audited) -> Iterator[Finding]:
    """Trackers that are declared, and not seen although everything was accepted (I6, V14).

    Only where every page that the site links to was opened: else it may be at work elsewhere.
    """
    accepted = list(audited.judged(Phase.ACCEPTED))
    if audited.policy is None or not accepted or not all(map(_whole, accepted)):
        return
    matcher = Matcher(audited.policy)
    seen = _seen(audited, matcher)
    for tracker in audited.policy.trackers:
        if tracker not in seen and tracker.hosts and _foreign(tracker, matcher):
            yield told(
                ("I6", "I5"),
                Severity.WARNING,
                f"{tracker.vendor} is declared, but was not seen",
                tracker.vendor,
                "Every page that the site links to was opened after accepting everything. The "
                "list of partners should name those who are there, and no others.",
                (f"no request to {', '.join(tracker.hosts[:5])}",),
                "Accept everything, open each page, and filter Network by the host.",
                (moment.where() for moment in accepted),
            )


def _whole(moment: Moment) -> bool:
    visited = {visit.asked.partition("#")[0].rstrip("/") for visit in moment.seen.visits}
    visited |= {visit.landed.partition("#")[0].rstrip("/") for visit in moment.seen.visits}
    linked = {link.partition("#")[0].rstrip("/") for v in moment.seen.visits for link in v.links}
    return bool(linked) and linked <= visited


def _foreign(tracker: Tracker, matcher: Matcher) -> bool:
    return not any(map(matcher.owns, tracker.hosts))


def _seen(audited: Audited, matcher: Matcher) -> set[Tracker]:
    """Trackers of which anything was seen in any state."""
    found: set[Tracker | None] = set()
    for moment in audited.moments():
        for request in moment.seen.requests:
            found.add(matcher.host(host_of(request.url)))
        for cookie in moment.seen.cookies:
            found.add(matcher.host(bare(cookie.domain)))
            found |= {tracker for tracker, _ in matcher.cookie(cookie.name)}
        found |= {matcher.storage(stored.key) for stored in moment.seen.stored}
    return {each for each in found if each is not None}
