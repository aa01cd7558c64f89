"""Identifiers by which a measurement knows one visitor on two sites (rule M6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bandeau.audit.addresses import bare, host_of, shown, texts_in
from bandeau.audit.by_lists import UNLESS_EXEMPT
from bandeau.audit.evidence import Request, Seen
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.identifiers import pieces_of
from bandeau.audit.knowledge import Known
from bandeau.audit.verdicts.audited import Audited, Moment
from bandeau.audit.verdicts.telling import told
from bandeau.audit.verdicts.uses import by_whom, culprit_of, known_of, left, thing
from bandeau.policy.model import KNOWN_PURPOSES, Exemption


@dataclass(frozen=True, slots=True)
class _Carrier:
    """What an identifier was seen in: whose it is, and whether it is kept on the terminal."""

    what: str
    culprit: str
    known: Known
    at: float
    page: str
    kept: bool


_Carriers = Mapping[str, tuple[_Carrier, ...]]
"""Carriers by the identifier."""


def shared(audited: Audited) -> Iterator[Finding]:
    """Identifiers that are the same on the audited site and on another, without consent.

    What other fresh profiles have too was not drawn for one visitor. It is told only where a
    measurement keeps it on the terminal, for then it may be made of the terminal itself.
    """
    beside = list(audited.beside())
    everywhere = {
        piece
        for run in (audited.evidence.runs if beside else ())
        for seen in run.phases
        for piece in _carriers(audited, seen)
    }
    for here, there in beside:
        again = _carriers(audited, there.seen)
        for moment in here:
            if moment.seen.choosing is None or moment.seen.choosing.done:
                yield from _crossing(audited, moment, there, again, everywhere)


def _crossing(
    audited: Audited, moment: Moment, there: Moment, again: _Carriers, everywhere: set[str]
) -> Iterator[Finding]:
    first = _carriers(audited, moment.seen)
    for piece in sorted(first.keys() & again.keys()):
        alike = piece in everywhere
        for carrier in first[piece]:
            severity = _severity(carrier, audited, moment)
            if alike:
                made = carrier.kept and severity is Severity.VIOLATION
                severity = Severity.WARNING if made else None
            if severity is not None:
                yield _finding(carrier, again[piece], severity, moment, there, alike=alike)


def _severity(carrier: _Carrier, audited: Audited, moment: Moment) -> Severity | None:
    """How bad it is that two sites share it; what needs consent is told by other findings."""
    known = carrier.known
    if audited.permits(known, moment.seen) is False and UNLESS_EXEMPT not in known.source:
        return None
    exemption = _exemption(known.purpose, audited)
    if exemption is Exemption.STRICTLY_NECESSARY:
        return None
    measured = exemption is Exemption.AUDIENCE_MEASUREMENT or UNLESS_EXEMPT in known.source
    return Severity.VIOLATION if measured else Severity.WARNING


def _exemption(purpose: str, audited: Audited) -> Exemption | None:
    if audited.policy is not None:
        return next((p.exempt for p in audited.policy.purposes if p.key == purpose), None)
    known = KNOWN_PURPOSES.get(purpose)
    return known.exemption if known else None


def _finding(
    carrier: _Carrier,
    again: tuple[_Carrier, ...],
    severity: Severity,
    moment: Moment,
    there: Moment,
    *,
    alike: bool,
) -> Finding:
    other = host_of(there.seen.visits[0].landed or there.seen.visits[0].asked)
    whose = carrier.culprit[:1].upper() + carrier.culprit[1:]
    detail = (
        f"{carrier.what} has the same value as {again[0].what} on {other}. A measurement that "
        "needs no consent serves one site: its identifiers must not be found on another."
    )
    if alike:
        detail += " Fresh profiles have it too: it is made of the terminal, or everybody's."
    return told(
        ("M6",),
        severity,
        f"{whose} knows a visitor again on another site",
        carrier.culprit,
        detail,
        (f"on the site: {carrier.what}", *(f"on {other}: {each.what}" for each in again)),
        f"In a fresh profile open the site, then {other} in the same window, and compare the "
        "values under Application > Storage and Network.",
        (
            moment.where(carrier.at, carrier.page),
            *(there.where(each.at, each.page) for each in again),
        ),
    )


def _carriers(audited: Audited, seen: Seen) -> _Carriers:
    """Everything in a phase that could be an identifier, with what carries it.

    What lies on the terminal untouched is left out: the other site's may lie beside it.
    """
    found: dict[str, dict[str, _Carrier]] = defaultdict(dict)
    for value, carrier in (*_written(audited, seen), *_sent(audited, seen)):
        for piece in pieces_of(value):
            found[piece].setdefault(carrier.what, carrier)
    return {piece: tuple(carriers.values()) for piece, carriers in found.items()}


def _written(audited: Audited, seen: Seen) -> Iterator[tuple[str, _Carrier]]:
    for write in seen.writes:
        domain = bare(write.domain)
        known = known_of(write.kind, write.name, domain, audited)
        what = thing(write.name, domain, write.kind)
        culprit = _culprit(domain, what, known, audited)
        told = f"{what}{by_whom(write.cause)}"
        yield write.value, _Carrier(told, culprit, known, write.at, write.page, kept=True)


def _sent(audited: Audited, seen: Seen) -> Iterator[tuple[str, _Carrier]]:
    for request in filter(left, seen.requests):
        host = host_of(request.url)
        for cookie in request.cookies:
            if not cookie.blocked:
                domain = bare(cookie.domain or host)
                known = audited.knowledge.cookie(cookie.name, domain)
                what = thing(cookie.name, domain)
                culprit = _culprit(domain, what, known, audited)
                sent = f"{what}, sent to {host}"
                at, page = request.at, request.page
                yield cookie.value, _Carrier(sent, culprit, known, at, page, kept=True)
        yield from _told(audited, request, host)


def _told(audited: Audited, request: Request, host: str) -> Iterator[tuple[str, _Carrier]]:
    known = audited.knowledge.address(request.url)
    what = f"{request.method} {shown(request.url)}"
    culprit = _culprit(host, host, known, audited)
    for text in (*texts_in(request.url), request.body):
        told = _Carrier(what, culprit, known, request.at, request.page, kept=False)
        yield text, told


def _culprit(host: str, what: str, known: Known, audited: Audited) -> str:
    own = audited.knowledge.own(host)
    return what if own and not known.vendor else culprit_of(host, known, audited)
