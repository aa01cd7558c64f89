"""What things do, where nobody says what they are: guesses, with what they were guessed from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from urllib.parse import unquote

from bandeau.audit.addresses import author, bare, host_of, parts_of, queried
from bandeau.audit.evidence import Evidence, Kind, Phase, Read, Request, Seen, Write
from bandeau.audit.finding import Source
from bandeau.audit.identifiers import is_identifier, unpacked
from bandeau.audit.knowledge import Basis, Knowledge, Known

LASTING_SECONDS = 30 * 86_400
_PIXEL_BYTES = 200
_TRACKING_PATH = re.compile(
    r"(^|[/._-])(collect|pixel|track(ing|er)?|beacon|user-?sync|cookie-?sync|idsync|syncd?|imp(ression)?"
    r"|pageview|hit|telemetry|analytics|fingerprint|g/collect|piwik|matomo|ads?|adserver)([/._?-]|$)",
    re.IGNORECASE,
)
_CALLS_HOME = frozenset({"ping", "beacon", "websocket", "cspviolationreport", "eventsource"})
_READS = ("document.cookie", "cookieStore.", "Storage.", "indexedDB.", "caches.")
_FINGERPRINTS = re.compile(r"canvas|toDataURL|audio|webgl|measureText|userAgentData", re.IGNORECASE)
# What a consent tool keeps of a choice often holds a number of its own, and stands for the choice.
_RECORD = re.compile(
    r"[\"{,&?]\s*\"?(categories|(accepted|rejected)\w*|consent(s|ed|_?date|_?time\w*)?|purposes|choices)"
    r"\"?\s*[:=]",
    re.IGNORECASE,
)
_ASKED = frozenset({Phase.ACCEPTED, Phase.ONLY})
_OPAQUE = frozenset({Kind.INDEXED, Kind.CACHE, Kind.WORKER})

Thing = tuple[Kind, str, str]
"""Kind, name and host of something kept."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What was seen: why a third party's domain, or a thing kept, is taken for a tracker.

    ``held_back`` are domains, and things, that the site itself keeps for those who accept.
    """

    domains: dict[str, str]
    kept: dict[Thing, str]
    held_back: frozenset[str | Thing]


class ByBehaviour:
    """A :class:`~bandeau.audit.knowledge.Knowledge` that guesses where ``inner`` does not know."""

    def __init__(self, inner: Knowledge, evidence: Evidence) -> None:
        self._inner = inner
        self._habits = habits(inner, evidence)

    @property
    def declared(self) -> bool:
        """As ``inner``."""
        return self._inner.declared

    def domain(self, host: str) -> str:
        """As ``inner``."""
        return self._inner.domain(host)

    def own(self, host: str) -> bool:
        """As ``inner``."""
        return self._inner.own(host)

    def host(self, host: str) -> Known:
        """As ``inner``, else by what its domain does."""
        known = self._inner.host(host)
        return known if known.gated is not None else self._guessed(known, self.domain(host))

    def address(self, url: str) -> Known:
        """As ``inner``, else as its host."""
        known = self._inner.address(url)
        return known if known.gated is not None else self.host(host_of(url))

    def cookie(self, name: str, domain: str) -> Known:
        """As ``inner``, else by what is done with it."""
        known = self._inner.cookie(name, domain)
        return known if known.gated is not None else self._thing(known, Kind.COOKIE, name, domain)

    def stored(self, key: str, host: str) -> Known:
        """As ``inner``, else by what is done with it."""
        known = self._inner.stored(key, host)
        if known.gated is not None:
            return known
        kinds = (Kind.LOCAL, Kind.SESSION, *_OPAQUE)
        guesses = (self._thing(known, kind, key, host) for kind in kinds)
        return next((each for each in guesses if each.gated is not None), known)

    def allowed(self, purpose: str, granted: frozenset[str]) -> bool:
        """As ``inner``."""
        return self._inner.allowed(purpose, granted)

    @property
    def public(self) -> Knowledge:
        """As ``inner``."""
        return self._inner.public

    @property
    def sources(self) -> tuple[Source, ...]:
        """As ``inner``."""
        return self._inner.sources

    def _thing(self, known: Known, kind: Kind, name: str, domain: str) -> Known:
        host = bare(domain)
        if not self.own(host):
            return self._guessed(known, self.domain(host))
        thing = (kind, name, host)
        why = self._habits.kept.get(thing)
        if why is None and thing in self._habits.held_back:
            why = "the site itself keeps it for those who accept"
        return known if why is None else _guess(known, why)

    def _guessed(self, known: Known, domain: str) -> Known:
        why = self._habits.domains.get(domain)
        if why is None and domain in self._habits.held_back:
            why = "the site itself keeps it for those who accept"
        return known if why is None else _guess(known, why)


def _guess(known: Known, why: str) -> Known:
    return Known(Basis.GUESS, known.purpose, known.vendor, gated=True, source=why)


def habits(knowledge: Knowledge, evidence: Evidence) -> Habits:
    """What the evidence shows of those whom ``knowledge`` does not know."""
    domains: dict[str, str] = {}
    kept: dict[Thing, str] = {}
    for run in evidence.runs:
        for seen in run.phases:
            for domain, why in _foreign(seen, knowledge):
                domains.setdefault(domain, why)
            for thing, why in _own(seen, knowledge):
                kept.setdefault(thing, why)
    return Habits(domains, kept, _held_back(knowledge, evidence))


def _foreign(seen: Seen, knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """Domains of others, each with why it is taken for a tracker."""
    for host, why in chain(_by_requests(seen), _by_what_is_kept(seen), _by_scripts(seen)):
        if host and not knowledge.own(host):
            yield knowledge.domain(host), why


def _by_requests(seen: Seen) -> Iterator[tuple[str, str]]:
    for request in seen.requests:
        if why := _telling(request):
            yield host_of(request.url), why


def _by_what_is_kept(seen: Seen) -> Iterator[tuple[str, str]]:
    for write in seen.writes:
        if is_identifier(write.value):
            yield bare(write.domain), "it writes an identifier to the terminal"
            yield author(write.cause), "its script writes an identifier to the terminal"
    for cookie in seen.cookies:
        if is_identifier(cookie.value):
            yield bare(cookie.domain), "it keeps an identifier on the terminal"


def _by_scripts(seen: Seen) -> Iterator[tuple[str, str]]:
    for read in seen.reads:
        if looked := _looked(read):
            yield author(read.cause), looked


def _telling(request: Request) -> str:
    """Why a request to a third party looks like tracking, or nothing."""
    jar = (cookie.value for cookie in request.cookies)
    values = (value for _, value in queried(request.url))
    pixel = request.kind == "image" and request.status == 200 and _tiny(request)
    path = parts_of(request.url).path
    reasons = (
        (any(map(is_identifier, jar)), "it is sent an identifier by cookie"),
        (any(map(is_identifier, values)), "it is sent an identifier in the address"),
        (request.kind in _CALLS_HOME, f"it is called by a {request.kind}"),
        (is_identifier(request.body), "it is sent an identifier"),
        (pixel, "it is asked for an image too small to be seen"),
        (bool(_TRACKING_PATH.search(path)), "its address is one of tracking"),
    )
    return next((why for holds, why in reasons if holds), "")


def _tiny(request: Request) -> bool:
    return (0 < request.size <= _PIXEL_BYTES and "svg" not in request.mime) or _tagged(request)


def _tagged(request: Request) -> bool:
    """Whether an image is marked so that its next request tells who asks (rule P4)."""
    tags = (value for name, value in request.answer_headers if name.lower() == "etag")
    return request.mime == "image/gif" and any(map(is_identifier, tags))


def _looked(read: Read) -> str:
    if read.api.startswith(_READS):
        return "its script reads what the terminal keeps"
    return "its script takes a fingerprint" if _FINGERPRINTS.search(read.api) else ""


def _own(seen: Seen, knowledge: Knowledge) -> Iterator[tuple[Thing, str]]:
    """Things kept on the site's own hosts, each with why it is taken for a tracker."""
    for thing, why in chain(_written(seen, knowledge), _left(seen)):
        if why and knowledge.own(thing[2]):
            yield thing, why


def _written(seen: Seen, knowledge: Knowledge) -> Iterator[tuple[Thing, str]]:
    for write in seen.writes:
        yield (write.kind, write.name, bare(write.domain)), _lasting(write, knowledge)


def _left(seen: Seen) -> Iterator[tuple[Thing, str]]:
    for cookie in seen.cookies:
        if cookie.expires is not None and _names_one(cookie.value):
            yield (Kind.COOKIE, cookie.name, bare(cookie.domain)), "it holds an identifier"
    for stored in seen.stored:
        thing = (stored.kind, stored.name, host_of(stored.origin))
        if stored.kind in _OPAQUE:
            yield thing, "nobody says what it is for"
        elif _names_one(stored.value):
            yield thing, "it holds an identifier"


def _lasting(write: Write, knowledge: Knowledge) -> str:
    if write.kind is Kind.WORKER or not _names_one(write.value):
        return ""
    script = author(write.cause)
    if script and not knowledge.own(script):
        return "another company's script writes an identifier into it"
    if write.kind is not Kind.COOKIE:
        return "it holds an identifier"
    lasts = write.lifetime is not None and write.lifetime >= LASTING_SECONDS
    return "it holds an identifier for months" if lasts else ""


def _names_one(value: str) -> bool:
    """Whether ``value`` is an identifier, and not the record of a choice that has one in it."""
    return is_identifier(value) and not _RECORD.search("{" + unpacked(unquote(value)))


def _held_back(knowledge: Knowledge, evidence: Evidence) -> frozenset[str | Thing]:
    """What was seen with consent and never in a state without any."""
    asked: set[str | Thing] = set()
    unasked: set[str | Thing] = set()
    refused = False
    for run in evidence.runs:
        accepted = False
        for seen in run.phases:
            done = seen.choosing is not None and seen.choosing.done
            if seen.phase in _ASKED and done:
                accepted = True
                asked |= set(_things(seen, knowledge))
            elif not accepted:
                refused = refused or (seen.phase is Phase.REFUSED and done)
                unasked |= set(_things(seen, knowledge))
    # Without a refusal the record of the choice itself would be among them.
    return frozenset(asked - unasked) if refused else frozenset()


def _things(seen: Seen, knowledge: Knowledge) -> Iterator[str | Thing]:
    for request in seen.requests:
        host = host_of(request.url)
        if host and not knowledge.own(host):
            yield knowledge.domain(host)
    for write in seen.writes:
        yield write.kind, write.name, bare(write.domain)
    for cookie in seen.cookies:
        yield Kind.COOKIE, cookie.name, bare(cookie.domain)
    for stored in seen.stored:
        yield stored.kind, stored.name, host_of(stored.origin)
