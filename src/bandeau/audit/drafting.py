"""A policy file from what was seen, for the publisher to correct: it passes its check as it is.

Vendors that the product knows stand under their purpose; what nobody knows stands under the one
that asks most of a visitor, marked, as in every draft.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

from bandeau.audit.addresses import bare, host_of
from bandeau.audit.evidence import Evidence, Kind
from bandeau.audit.knowledge import Knowledge
from bandeau.enforcement import draft
from bandeau.enforcement.folding import fold_cookie, fold_host, fold_key
from bandeau.enforcement.sightings import Kind as Sort
from bandeau.enforcement.sightings import Sighting, Teller
from bandeau.policy.starter import starter_head
from bandeau.policy.vendors import Vendors
from bandeau.policy.words import Words

_DAY_SECONDS = 86_400
_MONTH_DAYS = 30.4375
_CHOICE = "eu-consent"

Cookies = dict[str, tuple[str, float]]
"""By name: the domain, with a dot unless it is the site's own host, and the longest lifetime."""


def policy_draft(
    evidence: Evidence, knowledge: Knowledge, vendors: Vendors, words: Words, language: str = "en"
) -> str:
    """The text of a policy file, TOML, with every host, cookie and key that was seen."""
    site = host_of(evidence.address)
    cookies = _cookies(evidence, site)
    groups = draft.grouped(
        _sightings(evidence, knowledge, cookies), vendors, knowledge.domain, site, (site,)
    )
    head = starter_head(site, site, f"{site}  ({draft.DECIDE}: company and address)", [language])
    blocks = draft.drafted(groups, head.encode(), words, lambda name: _entry(name, cookies))
    return head + "".join(f"\n{each}" for each in blocks)


def _cookies(evidence: Evidence, site: str) -> Cookies:
    found: Cookies = {}
    for name, domain, lifetime in _all_cookies(evidence):
        folded = fold_cookie(name)
        if folded is None or name.startswith(_CHOICE):
            continue
        at = "" if bare(domain) == site and not domain.startswith(".") else f".{bare(domain)}"
        before = found.get(folded, (at, 0.0))
        found[folded] = (before[0], max(before[1], lifetime))
    return found


def _all_cookies(evidence: Evidence) -> Iterator[tuple[str, str, float]]:
    """Name, domain and lifetime in seconds of all that were kept, or tried to be."""
    for run in evidence.runs:
        for seen in run.phases:
            for write in seen.writes:
                lasts = write.lifetime
                if write.kind is Kind.COOKIE and (lasts is None or lasts > 0):
                    yield write.name, write.domain, lasts or 0.0
            ended = evidence.started / 1_000 + seen.ended
            for cookie in seen.cookies:
                yield cookie.name, cookie.domain, max((cookie.expires or ended) - ended, 0.0)


def _entry(name: str, cookies: Cookies) -> str:
    domain, lifetime = cookies.get(name, ("", 0.0))
    parts = [f"name = {json.dumps(name)}"]
    parts += [f"domain = {json.dumps(domain)}"] if domain else []
    parts += [f'max_age = "{_period(lifetime)}"'] if lifetime else []
    return f"{{ {', '.join(parts)} }}"


def _period(seconds: float) -> str:
    """A lifetime rounded up: to days below a month, to months above, to what is allowed at most."""
    days = math.ceil(seconds / _DAY_SECONDS)
    if days < _MONTH_DAYS:
        return f"{days} day{'' if days == 1 else 's'}"
    months = math.ceil((days - 1) / _MONTH_DAYS)
    return f"{months} months" if months > 1 else "1 month"


def _sightings(evidence: Evidence, knowledge: Knowledge, cookies: Cookies) -> tuple[Sighting, ...]:
    day = datetime.fromtimestamp(evidence.started / 1_000, UTC).date()

    def each(kind: Sort, names: Iterable[str | None]) -> list[Sighting]:
        kept = sorted({name for name in names if name})
        return [Sighting(kind, name, Teller.SITE, "audit", "/", day, day) for name in kept]

    hosts = _hosts(evidence, knowledge, lambda host: fold_host(host, knowledge.domain))
    keys = _keys(evidence, knowledge)
    return (*each(Sort.HOST, hosts), *each(Sort.COOKIE, cookies), *each(Sort.STORAGE, keys))


def _hosts(
    evidence: Evidence, knowledge: Knowledge, folded: Callable[[str], str | None]
) -> Iterator[str | None]:
    for run in evidence.runs:
        for seen in run.phases:
            for request in seen.requests:
                host = host_of(request.url)
                if host and not knowledge.own(host):
                    yield folded(host)


def _keys(evidence: Evidence, knowledge: Knowledge) -> Iterator[str | None]:
    for run in evidence.runs:
        for seen in run.phases:
            for stored in seen.stored:
                if stored.kind is not Kind.WORKER and knowledge.own(host_of(stored.origin)):
                    yield fold_key(stored.key)
