"""What was done with the terminal or from it, one value for each deed, and whose it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from bandeau.audit.addresses import author, bare, host_of, page_of, shown
from bandeau.audit.evidence import Cause, Cookie, Kind, Read, Request, Stored, Write
from bandeau.audit.knowledge import Basis, Knowledge, Known
from bandeau.audit.verdicts.audited import Audited, Moment
from bandeau.enforcement.folding import fold_key

_NEVER_LEFT = re.compile(r"block|csp|mixed.?content|subresource", re.IGNORECASE)
_HELD_BACK = re.compile(r"preference|third.?party|tracking", re.IGNORECASE)
_KEYED = ("Storage.", "indexedDB.", "caches.", "cookieStore.get")
_COOKIE_READS = ("document.cookie", "cookieStore.")


Writers = Mapping[tuple[Kind, str, str], str]
"""Whose script wrote a thing: by kind, name and host."""


class Deed(StrEnum):
    """What was done."""

    WRITTEN = "written"
    KEPT = "kept"
    SENT = "sent"
    READ = "read"
    CONTACTED = "contacted"


@dataclass(frozen=True, slots=True)
class Use:
    """One deed. ``culprit`` is whose it is, the same in each audit: a vendor, a domain, or a
    cookie or key of the site's own; ``host`` where it went or is kept; ``held`` whether the
    browser's settings, and not the site, kept it from happening."""

    deed: Deed
    known: Known
    culprit: str
    host: str
    at: float
    page: str
    proof: str
    held: bool = False
    own: bool = False
    by_parser: bool = False


def uses(audited: Audited, moment: Moment) -> Iterator[Use]:
    """Every deed of a phase, in no order."""
    seen, writers = moment.seen, _writers(audited, moment)
    for request in seen.requests:
        if _ours(request, audited.knowledge):
            yield from _contact(request, audited)
            yield from _sent(request, audited, writers)
    for write in seen.writes:
        if write.lifetime is None or write.lifetime > 0:
            yield _written(write, audited, writers)
    for read in seen.reads:
        yield from _read(read, audited, moment, writers)
    for cookie in seen.cookies:
        yield _kept(cookie, audited, seen.ended, writers)
    for stored in seen.stored:
        yield _stored(stored, audited, seen.ended, writers)


def _writers(audited: Audited, moment: Moment) -> Writers:
    """Whose scripts wrote what is kept, so that a cookie and its vendor are one cause.

    A vendor that the policy file declares is not to blame for a cookie that it leaves out.
    """
    found: dict[tuple[Kind, str, str], str] = {}
    for seen in (*moment.before, moment.seen):
        for write in seen.writes:
            script = author(write.cause)
            if not script or audited.knowledge.own(script):
                continue
            known = audited.knowledge.host(script)
            if known.basis is not Basis.POLICY:
                what = (write.kind, write.name, bare(write.domain))
                found.setdefault(what, culprit_of(script, known, audited))
    return found


def left(request: Request) -> bool:
    """Whether anything of a request can have left the terminal."""
    return bool(request.status) or not _NEVER_LEFT.search(request.failure)


def culprit_of(host: str, known: Known, audited: Audited) -> str:
    """Whose a host is: its vendor, or the domain that somebody registered."""
    return _vendor(known, audited) or audited.knowledge.domain(host)


def thing(name: str, domain: str, kind: Kind = Kind.COOKIE) -> str:
    """What a cookie or key is called in a subject: without what is one visitor's own."""
    told = fold_key(name) or name[:40]
    return f"{kind.value} {told} of {bare(domain)}"


def by_whom(cause: Cause) -> str:
    """The script and line that did it, as text, or nothing."""
    place = next((each for each in cause.stack if host_of(each.url)), None)
    if place is not None:
        return f", by {shown(place.url)}:{place.line}"
    return f", by {shown(cause.url)}" if host_of(cause.url) else ""


def _ours(request: Request, knowledge: Knowledge) -> bool:
    """Whether it was made on a page of the site: what others do elsewhere is not its matter."""
    page = host_of(request.page)
    return bool(host_of(request.url)) and left(request) and (not page or knowledge.own(page))


def _contact(request: Request, audited: Audited) -> Iterator[Use]:
    host = host_of(request.url)
    known = audited.knowledge.address(request.url)
    own = audited.knowledge.own(host)
    if own and not known.gated:
        return
    answer = f" ({request.status})" if request.status else ""
    proof = f"{request.method} {shown(request.url)}{answer}{by_whom(request.cause)}"
    culprit = _vendor(known, audited) or (
        f"path {page_of(request.url)}" if own else audited.knowledge.domain(host)
    )
    parser = request.cause.kind == "parser"
    yield Use(
        Deed.CONTACTED, known, culprit, host, request.at, request.page, proof, by_parser=parser
    )


def _sent(request: Request, audited: Audited, writers: Writers) -> Iterator[Use]:
    host = host_of(request.url)
    for cookie in request.cookies:
        if cookie.blocked and not _HELD_BACK.search(cookie.blocked):
            continue
        domain = cookie.domain or host
        known = audited.knowledge.cookie(cookie.name, domain)
        told = " was held back by the browser from" if cookie.blocked else " was sent to"
        proof = f"cookie {cookie.name} of {domain}{told} {shown(request.url)}"
        at = bare(domain)
        own = audited.knowledge.own(at) or _above(at, audited)
        culprit = _whose(cookie.name, at, known, audited, writers, own=own)
        held = bool(cookie.blocked)
        yield Use(Deed.SENT, known, culprit, at, request.at, request.page, proof, held, own)


def _written(write: Write, audited: Audited, writers: Writers) -> Use:
    domain = bare(write.domain)
    own = audited.knowledge.own(domain) or _above(domain, audited)
    known = known_of(write.kind, write.name, domain, audited)
    culprit = _whose(write.name, domain, known, audited, writers, own=own, kind=write.kind)
    lasts = "" if write.lifetime is None else f" for {days(write.lifetime)}"
    stopped = f", stopped by the browser ({write.blocked})" if write.blocked else ""
    proof = f"{write.kind.value} {write.name} of {write.domain} was written by {write.means.value}"
    proof += f"{lasts}{by_whom(write.cause)}{stopped}"
    held = bool(write.blocked)
    return Use(Deed.WRITTEN, known, culprit, domain, write.at, write.page, proof, held, own)


def _kept(cookie: Cookie, audited: Audited, at: float, writers: Writers) -> Use:
    domain = bare(cookie.domain)
    own = audited.knowledge.own(domain) or _above(domain, audited)
    known = audited.knowledge.cookie(cookie.name, domain)
    culprit = _whose(cookie.name, domain, known, audited, writers, own=own)
    proof = f"cookie {cookie.name} of {cookie.domain} was on the terminal at the end"
    return Use(Deed.KEPT, known, culprit, domain, at, "", proof, own=own)


def _stored(stored: Stored, audited: Audited, at: float, writers: Writers) -> Use:
    host = host_of(stored.origin) or bare(stored.origin)
    own = audited.knowledge.own(host)
    known = known_of(stored.kind, stored.name, host, audited)
    culprit = _whose(stored.name, host, known, audited, writers, own=own, kind=stored.kind)
    proof = f"{stored.kind.value} {stored.name} of {host} was on the terminal at the end"
    return Use(Deed.KEPT, known, culprit, host, at, "", proof, own=own)


def known_of(kind: Kind, name: str, host: str, audited: Audited) -> Known:
    """What is known of something kept; a service worker is known by its script's address, and one
    of the site's own that no file declares is like anything else that it keeps."""
    if kind is Kind.COOKIE:
        return audited.knowledge.cookie(name, host)
    if kind is Kind.WORKER:
        known = audited.knowledge.address(f"https://{host}{name}")
        if known.gated is not False or audited.knowledge.declared:
            return known
    return audited.knowledge.stored(name, host)


def _read(read: Read, audited: Audited, moment: Moment, writers: Writers) -> Iterator[Use]:
    """A read by somebody else's script, or of a key that needs consent and is there."""
    script = author(read.cause)
    page = host_of(read.page)
    if page and not audited.knowledge.own(page):
        return
    times = f" ({read.times} times)" if read.times > 1 else ""
    what = f"{read.api}({read.detail})" if read.detail else read.api
    proof = f"{what} was read{times}{by_whom(read.cause)}"
    if script and not audited.knowledge.own(script) and of_terminal(read):
        known = audited.knowledge.host(script)
        culprit = culprit_of(script, known, audited)
        yield Use(Deed.READ, known, culprit, script, read.at, read.page, proof)
    elif read.detail and read.api.startswith(_KEYED):
        host = host_of(read.frame) or page
        cookie = read.api.startswith(_COOKIE_READS)
        known = known_of(Kind.COOKIE if cookie else Kind.LOCAL, read.detail, host, audited)
        if known.gated and _there(read.detail, moment):
            own = audited.knowledge.own(host)
            kind = Kind.COOKIE if cookie else Kind.LOCAL
            culprit = _whose(read.detail, host, known, audited, writers, own=own, kind=kind)
            yield Use(Deed.READ, known, culprit, host, read.at, read.page, proof, own=own)


def of_terminal(read: Read) -> bool:
    """Whether it looked at what is kept on the terminal."""
    return read.api.startswith((*_KEYED, *_COOKIE_READS))


def _there(key: str, moment: Moment) -> bool:
    """Whether ``key`` was kept when it was read, as far as snapshots tell."""
    seen = (*moment.before[-1:], moment.seen)
    return any(
        key in {each.key for each in one.stored} | {each.name for each in one.cookies}
        for one in seen
    )


def _whose(
    name: str,
    domain: str,
    known: Known,
    audited: Audited,
    writers: Writers,
    *,
    own: bool,
    kind: Kind = Kind.COOKIE,
) -> str:
    vendor = _vendor(known, audited) or (writers.get((kind, name, domain), "") if own else "")
    if vendor:
        return vendor
    return thing(name, domain, kind) if own else audited.knowledge.domain(domain)


def _vendor(known: Known, audited: Audited) -> str:
    """The vendor's name, unless it is the publisher's own."""
    policy = audited.policy
    own = {policy.site.name, policy.site.controller} if policy else set()
    return "" if known.vendor in own else known.vendor


def _above(domain: str, audited: Audited) -> bool:
    """Whether a cookie of ``domain`` reaches the audited host from above it."""
    return host_of(audited.evidence.address).endswith(f".{domain}")


def days(seconds: float) -> str:
    """A lifetime for a reader: days, or hours below two of them."""
    return f"{seconds / 86_400:.0f} days" if seconds >= 172_800 else f"{seconds / 3_600:.1f} hours"
