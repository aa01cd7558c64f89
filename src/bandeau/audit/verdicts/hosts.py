"""Third parties that look like the site's own, or like nobody (P2, P5, P7)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from bandeau.audit.addresses import author, bare, host_of, shown
from bandeau.audit.evidence import HostSeen, Read, Request
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.identifiers import is_identifier
from bandeau.audit.knowledge import Basis
from bandeau.audit.verdicts.audited import DENIED, Audited, Moment
from bandeau.audit.verdicts.telling import told
from bandeau.audit.verdicts.uses import by_whom, culprit_of, left, of_terminal
from bandeau.policy.match import Matcher
from bandeau.policy.model import Tracker


def cloaked(audited: Audited) -> Iterator[Finding]:
    """Hosts of the site that another company answers for (CNAME), where they track (P7)."""
    pages = {host_of(visit.landed) for m in audited.moments() for visit in m.seen.visits}
    pages.add(host_of(audited.evidence.address))
    for host in audited.evidence.hosts:
        behind = host.canonical.lower().removesuffix(".")
        named = bool(behind) and host.host not in pages and _looks_own(host.host, audited)
        if named and not _looks_own(behind, audited):
            yield from _cloaked(host, behind, audited)


def _looks_own(host: str, audited: Audited) -> bool:
    site = audited.knowledge.domain(host_of(audited.evidence.address))
    return audited.knowledge.own(host) or audited.knowledge.domain(host) == site


def _cloaked(host: HostSeen, behind: str, audited: Audited) -> Iterator[Finding]:
    known = audited.knowledge.public.host(behind)
    if known.gated is False:
        return
    proof, moments = [], []
    for moment in audited.moments():
        if _consented(host.host, moment, audited):
            continue
        for request in moment.seen.requests:
            if host_of(request.url) == host.host and (what := _reached(request, moment)):
                proof.append(f"{shown(request.url)} {what}")
                moments.append(moment.where(request.at, request.page))
    if not proof:
        return
    listed = known.basis is Basis.LIST and known.gated
    company = known.vendor or audited.knowledge.domain(behind)
    yield told(
        ("P7", "P3"),
        Severity.VIOLATION if listed or audited.policy else Severity.WARNING,
        f"{host.host} looks like the site's own, but is run by {company}",
        host.host,
        f"Its name leads to {behind}. What travels there is the site's own by name, and a third "
        "party's in fact; the browser's protections do not see it.",
        (f"{host.host} is an alias of {behind}", *proof),
        f"Ask for its canonical name: dig {host.host} CNAME, and look at its cookies.",
        moments,
    )


def _consented(host: str, moment: Moment, audited: Audited) -> bool:
    """Whether the visitor allowed it knowingly: after consent, where the policy names it."""
    if moment.phase in DENIED:
        return audited.unmade(moment) is not None
    known = audited.knowledge.host(host)
    return audited.policy is None or (known.basis is Basis.POLICY and bool(known.vendor))


def _reached(request: Request, moment: Moment) -> str:
    """How an identifier or a cookie of the domain above reached the host, or nothing."""
    host = host_of(request.url)
    for cookie in request.cookies:
        if not cookie.blocked and (bare(cookie.domain) != host or is_identifier(cookie.value)):
            return f"was sent the cookie {cookie.name} of {cookie.domain}"
    for name, value in _given(request, moment):
        if is_identifier(value):
            return f"wrote the cookie {name}"
    texts = (request.url.partition("?")[2], request.body)
    return "was sent an identifier" if any(map(is_identifier, texts)) else ""


def _given(request: Request, moment: Moment) -> Iterator[tuple[str, str]]:
    """Names and values of the cookies that an answer brought."""
    for write in moment.seen.writes:
        if write.request == request.id:
            yield write.name, write.value
    for header, line in request.answer_headers:
        if header.lower() == "set-cookie":
            name, _, value = line.partition(";")[0].partition("=")
            yield name, value


def plain_third_parties(audited: Audited) -> Iterator[Finding]:
    """Hosts of others that get no more than the visitor's address (P5).

    With a policy file they are allowed where it declares them, and only without cookies; without
    one they are worth a note.
    """
    notes: dict[str, list[tuple[Request, Moment]]] = defaultdict(list)
    for moment in audited.judged(*DENIED):
        for request in moment.seen.requests:
            host = host_of(request.url)
            if not host or audited.knowledge.own(host) or not left(request):
                continue
            if host_of(request.page) and not audited.knowledge.own(host_of(request.page)):
                continue
            known = audited.knowledge.host(host)
            if known.gated is None:
                notes[culprit_of(host, known, audited)].append((request, moment))
            elif known.basis is Basis.POLICY and known.gated is False:
                yield from _with_cookies(request, moment, audited)
    for culprit, requests in notes.items():
        yield _note(culprit, requests)


def nosy(audited: Audited) -> Iterator[Finding]:
    """Scripts of others, declared as needing no consent, that read what is kept for somebody else
    (P2): that they may be loaded does not open the terminal to them."""
    if audited.policy is None:
        return
    matcher = Matcher(audited.policy)
    for moment in audited.judged(*DENIED):
        for read in moment.seen.reads:
            script = author(read.cause)
            if not script or audited.knowledge.own(script) or read.at < moment.chosen:
                continue
            known, tracker = audited.knowledge.host(script), matcher.host(script)
            if known.gated is not False or tracker is None or not of_terminal(read):
                continue
            if not _its_own(read, tracker, matcher):
                yield _nosy(read, culprit_of(script, known, audited), moment)


def _its_own(read: Read, tracker: Tracker, matcher: Matcher) -> bool:
    """Whether ``tracker`` declares something of the kind that was read."""
    if "cookie" in read.api.lower():
        return any(not rule.domain or matcher.owns(bare(rule.domain)) for rule in tracker.cookies)
    return bool(tracker.storage) and matcher.storage(read.detail) in (tracker, None)


def _nosy(read: Read, vendor: str, moment: Moment) -> Finding:
    return told(
        ("P2", "P5"),
        Severity.WARNING,
        f"{vendor} is declared as needing no consent, but reads what the terminal keeps",
        vendor,
        "The policy declares nothing of its own that it would have to read there.",
        (f"{read.api}({read.detail[:60]}) {read.times} times{by_whom(read.cause)}",),
        "Search its script for the interface named in the proof.",
        (moment.where(read.at, read.page),),
    )


def _note(culprit: str, requests: list[tuple[Request, Moment]]) -> Finding:
    return told(
        ("P5", "P9"),
        Severity.NOTE,
        f"{culprit} is contacted before any consent",
        culprit,
        "No cookie and no identifier was seen to travel, so this is not in itself access to the "
        "terminal; but the visitor's address reaches another company, for which the publisher "
        "answers.",
        (f"{request.method} {shown(request.url)}" for request, _ in requests),
        "Open the page in a fresh profile, touch nothing, and filter Network by third party.",
        (moment.where(request.at, request.page) for request, moment in requests),
    )


def _with_cookies(request: Request, moment: Moment, audited: Audited) -> Iterator[Finding]:
    """A host declared as needing no consent that is sent, or sets, what nobody declared."""
    host = host_of(request.url)
    names = {(c.name, c.domain or host) for c in request.cookies if not c.blocked}
    written = moment.seen.writes
    names |= {(w.name, w.domain) for w in written if w.request == request.id and not w.blocked}
    for name, domain in sorted(names):
        if audited.knowledge.cookie(name, domain).max_age is None:
            vendor = culprit_of(host, audited.knowledge.host(host), audited)
            yield told(
                ("P5", "I8"),
                Severity.VIOLATION,
                f"{vendor} is declared as needing no consent, but uses a cookie",
                vendor,
                f"The policy declares {host} without the cookie {name} of {bare(domain)}; a third "
                "party's files are free of consent only where nothing is kept on the terminal.",
                (f"cookie {name} of {domain}, {shown(request.url)}",),
                f"Look at the cookies of {host} in Application > Cookies.",
                (moment.where(request.at, request.page),),
            )
