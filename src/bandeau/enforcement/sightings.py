"""What was seen on the site and no tracker declares, added up without anyone's identity (P9, I6).

Kept of a sighting: what it was, where it stood, the first and the last day, how often. No address,
no browser, no visitor, no time of day, no query. What the site itself sent is kept apart from
what browsers told, since whoever visits could invent the latter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple, Protocol

from bandeau import limits
from bandeau.enforcement.folding import (
    Registrable,
    alike,
    fold_cookie,
    fold_host,
    fold_key,
    fold_path,
)
from bandeau.policy.match import Matcher


class Kind(StrEnum):
    """What kind of thing was seen; the policy has a list of its own for each."""

    HOST = "host"
    COOKIE = "cookie"
    STORAGE = "storage"


class Teller(StrEnum):
    """Who showed it: the site with its answers, or a browser with a request or a report."""

    SITE = "site"
    BROWSER = "browser"


class Seen(NamedTuple):
    """One undeclared thing at one moment, as it came.

    ``where`` is what it stood in (``markup``, ``set-cookie``, ``script-src-elem``), ``page`` the
    path of the page or request.
    """

    kind: Kind
    name: str
    teller: Teller
    where: str
    page: str


Note = Callable[[Seen], None]
Gathered = tuple[tuple[Seen, date, int], ...]
"""Each thing seen as it came, the day, and how often."""


def unnoted(seen: Seen) -> None:
    """A :data:`Note` that lets go of what it is told."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """All sightings of one thing. ``page`` and ``where`` are those of one of them, as a sample."""

    kind: Kind
    name: str
    teller: Teller
    where: str
    page: str
    first_day: date
    last_day: date
    days: int = 1
    times: int = 1

    @property
    def key(self) -> tuple[Kind, str]:
        """What tells sightings apart."""
        return self.kind, self.name


class SightingsUnavailable(Exception):
    """Sightings can be neither read nor written now."""


class SightingStore(Protocol):
    """Sightings, each kind and name once. Raises :class:`SightingsUnavailable`."""

    def add(self, batch: Iterable[Sighting]) -> None:
        """Join ``batch`` to what is kept, as :func:`joined` does, for all processes at once."""
        ...

    def all(self) -> tuple[Sighting, ...]:
        """What is kept, in no order."""
        ...


def is_declared(kind: Kind, name: str, matcher: Matcher) -> bool:
    """Whether a tracker, or the site as its own host, declares the thing called ``name``."""
    match kind:
        case Kind.HOST:
            return matcher.owns(name) or matcher.host(name) is not None
        case Kind.COOKIE:
            return bool(matcher.cookie(name))
        case Kind.STORAGE:
            return matcher.storage(name) is not None


class Gathering:
    """Sightings since the last batch: few, whatever is told.

    Counting is all that a request waits for; names are folded when the batch is taken.
    """

    def __init__(self) -> None:
        self._times: dict[tuple[Teller, Kind, str], int] = {}
        self._first: dict[tuple[Teller, Kind, str], tuple[Seen, date]] = {}
        self._told: Counter[Teller] = Counter()

    def add(self, seen: Seen, day: date) -> None:
        """Count ``seen``. New names beyond ``limits.SIGHTINGS_GATHERED`` of a teller are lost."""
        key = (seen.teller, seen.kind, seen.name)
        times = self._times.get(key)
        if times is not None:
            self._times[key] = times + 1
        elif self._told[seen.teller] < limits.SIGHTINGS_GATHERED:
            self._told[seen.teller] += 1
            self._times[key] = 1
            self._first[key] = seen, day

    def drain(self) -> Gathered:
        """What was gathered; the next batch starts empty."""
        gathered = tuple((*self._first[key], times) for key, times in self._times.items())
        self._times.clear()
        self._first.clear()
        self._told.clear()
        return gathered


def sightings_of(gathered: Gathered, registrable: Registrable) -> tuple[Sighting, ...]:
    """What may be kept of a batch: without what could be a visitor's own."""
    found = (_sighting(*each, registrable) for each in gathered)
    return tuple(_added(sighting for sighting in found if sighting is not None))


def joined(
    kept: Iterable[Sighting], batch: Iterable[Sighting], registrable: Registrable
) -> tuple[Sighting, ...]:
    """``kept`` with ``batch``: alike names folded, old ones dropped, bounded.

    What the site sent and what browsers told each have ``limits.SIGHTINGS_KEPT`` places. Those
    seen on the most days stay, then those seen most often: a flood of invented names displaces
    no name that came before it and comes after it.
    """
    found = _added([*kept, *batch])
    newest = max((s.last_day for s in found), default=date.min)
    fresh = [s for s in found if (newest - s.last_day) <= timedelta(days=limits.SIGHTINGS_DAYS)]
    ranked = sorted(_folded(fresh, registrable), key=_rank)
    places = dict.fromkeys(Teller, limits.SIGHTINGS_KEPT)
    return tuple(_bounded(ranked, places))


def _sighting(seen: Seen, day: date, times: int, registrable: Registrable) -> Sighting | None:
    name = _fold(seen.kind, seen.name, registrable)
    if name is None:
        return None
    where, page = _word(seen.where), fold_path(seen.page)
    return Sighting(seen.kind, name, seen.teller, where, page, day, day, times=times)


def _fold(kind: Kind, name: str, registrable: Registrable) -> str | None:
    match kind:
        case Kind.HOST:
            return fold_host(name, registrable)
        case Kind.COOKIE:
            return fold_cookie(name)
        case Kind.STORAGE:
            return fold_key(name)


def _added(sightings: Iterable[Sighting]) -> list[Sighting]:
    found: dict[tuple[Kind, str], Sighting] = {}
    for each in sightings:
        known = found.get(each.key)
        found[each.key] = each if known is None else _sum(known, each)
    return list(found.values())


def _sum(known: Sighting, more: Sighting) -> Sighting:
    """Both as one, with the sample of the site where it has one. A day counts once."""
    sample = more if (known.teller, more.teller) == (Teller.BROWSER, Teller.SITE) else known
    apart = known.last_day < more.first_day or more.last_day < known.first_day
    return replace(
        sample,
        first_day=min(known.first_day, more.first_day),
        last_day=max(known.last_day, more.last_day),
        days=known.days + more.days if apart else max(known.days, more.days),
        times=min(known.times + more.times, limits.SIGHTING_TIMES),
    )


def _folded(sightings: list[Sighting], registrable: Registrable) -> list[Sighting]:
    """Many subdomains become their domain, many numbered names their pattern.

    Names from browsers crowd among themselves, so none of them widens what the site showed.
    """
    above = {s.key: _above(s, registrable) for s in sightings}
    present = {(s.kind, s.teller, s.name) for s in sightings}
    crowd = Counter((s.kind, s.teller, above[s.key]) for s in sightings)

    def renamed(s: Sighting) -> Sighting:
        name = above[s.key]
        most = limits.SIGHTING_HOSTS_ALIKE if s.kind is Kind.HOST else limits.SIGHTING_NAMES_ALIKE
        group = (s.kind, s.teller, name)
        known = s.kind is not Kind.HOST and group in present
        crowded = known or crowd[group] >= most
        return replace(s, name=name) if name is not None and crowded else s

    return _added(map(renamed, sightings))


def _above(s: Sighting, registrable: Registrable) -> str | None:
    if s.kind is not Kind.HOST:
        return alike(s.name)
    domain = registrable(s.name)
    return domain if domain != s.name else None


def _rank(s: Sighting) -> tuple[int, int, int, str]:
    return -s.days, -s.times, -s.last_day.toordinal(), s.name


def _bounded(ranked: Iterable[Sighting], places: dict[Teller, int]) -> Iterator[Sighting]:
    for each in ranked:
        if places[each.teller] > 0:
            places[each.teller] -= 1
            yield each


def _word(where: str) -> str:
    known = where.isascii() and where.replace("-", "").isalpha() and len(where) <= 40
    return where.lower() if known else "other"
