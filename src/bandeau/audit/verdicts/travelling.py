"""Identifiers that travel, and terminals known by what they are (V24, rule P4)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from bandeau.audit.addresses import author, bare, host_of, shown, texts_in
from bandeau.audit.evidence import Kind, Read, Request, Seen
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.identifiers import pieces_of
from bandeau.audit.verdicts.audited import DENIED, Audited, Moment
from bandeau.audit.verdicts.telling import told
from bandeau.audit.verdicts.uses import by_whom, culprit_of, known_of, left, thing

_FAMILIES = {
    "canvas": re.compile(r"canvas|toDataURL|toBlob|getImageData", re.IGNORECASE),
    "sound": re.compile(r"audio", re.IGNORECASE),
    "graphics card": re.compile(r"webgl", re.IGNORECASE),
    "fonts": re.compile(r"measureText|font", re.IGNORECASE),
    "client hints": re.compile(r"userAgentData|HighEntropy", re.IGNORECASE),
}
_STRONG = frozenset({"canvas", "sound", "graphics card"})
_CARRIED_OFF = re.compile(r"toDataURL|toBlob")
_MANY_FONTS = 30
_CARRIED = frozenset({"referer"})


def travels(audited: Audited) -> Iterator[Finding]:
    """Identifiers of the site that reach third parties, and those passed from one to another."""
    for moment in audited.judged(*DENIED):
        kept = dict(_identifiers(audited, moment))
        for request in moment.seen.requests:
            if request.at >= moment.settled and left(request):
                yield from _carried(request, kept, audited, moment)
        yield from _handed_on(audited, moment)


def _identifiers(audited: Audited, moment: Moment) -> Iterator[tuple[str, str]]:
    """Each piece that could be an identifier, with what holds it, on the site's own hosts."""
    for kind, name, value, host in _held(moment.seen):
        if audited.knowledge.own(host):
            for piece in pieces_of(value):
                yield piece, thing(name, host, kind)


def _its_own(host: str, audited: Audited, moment: Moment) -> set[str]:
    """What is kept for the company of ``host`` itself: that it hears of it is no other cause."""
    company = culprit_of(host, audited.knowledge.host(host), audited)
    own = set()
    for write in moment.seen.writes:
        known = known_of(write.kind, write.name, bare(write.domain), audited)
        writer = author(write.cause)
        foreign = bool(writer) and not audited.knowledge.own(writer)
        if known.vendor == company or (
            foreign and culprit_of(writer, audited.knowledge.host(writer), audited) == company
        ):
            own.add(thing(write.name, write.domain, write.kind))
    for kind, name, _, at in _held(moment.seen):
        if known_of(kind, name, at, audited).vendor == company:
            own.add(thing(name, at, kind))
    return own


def _held(seen: Seen) -> Iterator[tuple[Kind, str, str, str]]:
    """Kind, name, value and host of all that was written or kept."""
    for write in seen.writes:
        yield write.kind, write.name, write.value, bare(write.domain)
    for cookie in seen.cookies:
        yield Kind.COOKIE, cookie.name, cookie.value, bare(cookie.domain)
    for stored in seen.stored:
        yield stored.kind, stored.name, stored.value, host_of(stored.origin)


def _carried(
    request: Request, kept: dict[str, str], audited: Audited, moment: Moment
) -> Iterator[Finding]:
    host = host_of(request.url)
    if not host or audited.knowledge.own(host) or not kept:
        return
    headers = [value for name, value in request.headers if name.lower() in _CARRIED]
    texts = [*texts_in(request.url), request.body, *headers]
    held = {what for piece, what in kept.items() if any(piece in text for text in texts)}
    domain = audited.knowledge.domain(host)
    held -= _its_own(host, audited, moment)
    for what in sorted(held):
        yield told(
            ("V24", "P4", "P3", *_state_rules(moment)),
            Severity.VIOLATION,
            f"An identifier kept by the site is handed to {domain}",
            f"{what} to {domain}",
            f"Without consent, the value of {what} travelled to {domain}, which can follow the "
            "visitor by it without a cookie of its own.",
            (f"value of {what} in {request.method} {shown(request.url)}{by_whom(request.cause)}",),
            f"Look for the value of {what} in the requests to {domain} under Network.",
            (moment.where(request.at, request.page),),
        )


def _handed_on(audited: Audited, moment: Moment) -> Iterator[Finding]:
    """Redirects by which one third party tells another its name for the visitor."""
    by_id = {request.id: request for request in moment.seen.requests}
    for request in moment.seen.requests:
        before = by_id.get(request.redirected_from or "")
        if before is None or request.at < moment.settled:
            continue
        giver, taker = (audited.knowledge.domain(host_of(r.url)) for r in (before, request))
        if giver == taker or audited.knowledge.own(giver) or audited.knowledge.own(taker):
            continue
        if any(piece in text for piece in _names(before, moment) for text in texts_in(request.url)):
            yield told(
                ("V24", "P4", "P3", *_state_rules(moment)),
                Severity.VIOLATION,
                f"{giver} and {taker} match their identifiers of the visitor",
                f"sync {giver} to {taker}",
                f"Without consent, {giver} redirected the browser to {taker} with its own "
                "identifier in the address, so that both can put together what they know.",
                (f"{shown(before.url)} redirects to {shown(request.url)}",),
                f"Look at the redirect from {giver} to {taker} under Network.",
                (moment.where(request.at, request.page),),
            )


def _names(request: Request, moment: Moment) -> set[str]:
    """Identifiers that the answerer of ``request`` knows the visitor by, or gives them."""
    values = [cookie.value for cookie in request.cookies if not cookie.blocked]
    values += [write.value for write in moment.seen.writes if write.request == request.id]
    for name, value in request.answer_headers:
        if name.lower() == "set-cookie":
            values.append(value.partition(";")[0].partition("=")[2])
    return {piece for value in values for piece in pieces_of(value)}


def fingerprints(audited: Audited) -> Iterator[Finding]:
    """Scripts that read what tells a terminal from others, without consent."""
    for moment in audited.judged(*DENIED):
        scripts: dict[str, list[Read]] = defaultdict(list)
        for read in moment.seen.reads:
            if read.at >= moment.chosen and _family(read):
                scripts[author(read.cause)].append(read)
        for script, reads in scripts.items():
            yield from _fingerprint(script, reads, audited, moment)


def _fingerprint(
    script: str, reads: list[Read], audited: Audited, moment: Moment
) -> Iterator[Finding]:
    families = {family for read in reads if (family := _family(read))}
    own = not script or audited.knowledge.own(script)
    known = audited.knowledge.host(script) if script else None
    allowed = known is not None and not own and audited.permits(known, moment.seen) is True
    if allowed or (not families & _STRONG and len(families) < 2):
        return
    who = "A script of the site" if own else audited.knowledge.domain(script)
    where = audited.knowledge.domain(script) if script else "the page"
    severity = Severity.VIOLATION if not own or len(families) > 1 else Severity.WARNING
    if own and families == {"canvas"} and not any(_CARRIED_OFF.search(r.api) for r in reads):
        # A look at the points alone: so sites ask whether emoji are drawn.
        severity = Severity.NOTE
    yield told(
        ("V24", "P4", "P2", *_state_rules(moment)),
        severity,
        f"{who} takes a fingerprint of the terminal",
        f"fingerprint by {where}",
        f"Without consent, {', '.join(sorted(families))} of the terminal were read; together "
        "they tell it from others as a cookie would.",
        (
            f"{read.api}({read.detail[:60]}) {read.times} times{by_whom(read.cause)}"
            for read in reads
        ),
        "Set a breakpoint on the interface named in the proof (Sources > Event Listener "
        "Breakpoints > Canvas), reload without choosing, and look at the call stack.",
        (moment.where(read.at, read.page) for read in reads),
    )


def _family(read: Read) -> str:
    for family, words in _FAMILIES.items():
        if words.search(read.api):
            return family if family != "fonts" or read.times >= _MANY_FONTS else ""
    return ""


def _state_rules(moment: Moment) -> tuple[str, ...]:
    return {"refused": ("R1",), "withdrawn": ("W6",)}.get(moment.phase.value, ("P1",))
