"""What was seen on the terminal and contacted, state by state, and whether it was allowed there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bandeau import limits
from bandeau.audit.evidence import Evidence, Phase, Seen
from bandeau.audit.knowledge import Basis, Knowledge, Known
from bandeau.audit.urls import split_of


class Sort(StrEnum):
    """What a thing is."""

    HOST = "host"
    COOKIE = "cookie"
    STORAGE = "storage"


class Standing(StrEnum):
    """Whether a thing may be in a state. The worst comes last."""

    ALLOWED = "allowed"
    UNKNOWN = "unknown"
    DENIED = "denied"


ORDER = tuple(Standing)


@dataclass(frozen=True, slots=True)
class Cell:
    """How often a thing was seen in one phase of one run, and whether it was allowed then."""

    run: int
    phase: Phase
    purpose: str | None
    times: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Thing:
    """A host, cookie or key with what is known of it; ``owner`` is the domain that it is kept for.

    ``cells`` holds the phases in which it was seen, and no others.
    """

    sort: Sort
    name: str
    owner: str
    known: Known
    cells: tuple[Cell, ...]

    @property
    def standing(self) -> Standing:
        """The worst of its cells."""
        return max((cell.standing for cell in self.cells), key=ORDER.index)


class _Key(NamedTuple):
    sort: Sort
    owner: str
    name: str


def matrix(evidence: Evidence, knowledge: Knowledge) -> tuple[Thing, ...]:
    """Every host of others, every cookie and every key, by states; what was denied first.

    At most ``AUDIT_THINGS`` of them.
    """
    cells: dict[_Key, list[tuple[int, Seen, int]]] = {}
    for run in evidence.runs:
        for seen in run.phases:
            for key, times in _counted(seen, knowledge).items():
                cells.setdefault(key, []).append((run.number, seen, times))
    things = [_thing(key, found, knowledge) for key, found in cells.items()]
    things.sort(key=lambda thing: (-ORDER.index(thing.standing), thing.sort, thing.name))
    return tuple(things[: limits.AUDIT_THINGS])


def standing_of(known: Known, seen: Seen, knowledge: Knowledge) -> Standing:
    """Whether what is ``known`` may be in the state that ``seen`` was in.

    After *accept all* anything may that was declared, where a policy file declares; what nobody
    knows anything of is never called allowed.
    """
    if known.gated is False:
        return Standing.ALLOWED
    if known.basis is Basis.NOTHING and knowledge.declared:
        return Standing.DENIED
    if known.gated is None:
        return Standing.UNKNOWN
    if seen.phase is Phase.ACCEPTED:
        return Standing.ALLOWED
    granted = frozenset({seen.purpose} if seen.phase is Phase.ONLY and seen.purpose else ())
    return Standing.ALLOWED if knowledge.allowed(known.purpose, granted) else Standing.DENIED


def _thing(key: _Key, found: Iterable[tuple[int, Seen, int]], knowledge: Knowledge) -> Thing:
    known = _known(key, knowledge)
    cells = tuple(
        Cell(run, seen.phase, seen.purpose, times, standing_of(known, seen, knowledge))
        for run, seen, times in found
    )
    return Thing(key.sort, key.name, key.owner, known, cells)


def _known(key: _Key, knowledge: Knowledge) -> Known:
    match key.sort:
        case Sort.HOST:
            return knowledge.host(key.name)
        case Sort.COOKIE:
            return knowledge.cookie(key.name, key.owner)
    return knowledge.stored(key.name, key.owner)


def _counted(seen: Seen, knowledge: Knowledge) -> dict[_Key, int]:
    counts: dict[_Key, int] = {}
    for key in (*_contacted(seen, knowledge), *_written(seen)):
        counts[key] = counts.get(key, 0) + 1
    for key in _kept(seen):
        counts.setdefault(key, 1)
    return counts


def _contacted(seen: Seen, knowledge: Knowledge) -> Iterator[_Key]:
    for request in seen.requests:
        host = host_of(request.url)
        if host and not knowledge.own(host):
            yield _Key(Sort.HOST, "", host)


def _written(seen: Seen) -> Iterator[_Key]:
    """Cookies written or sent, and keys written; what the browser held back was not."""
    for write in seen.writes:
        if not write.blocked:
            cookie = write.kind.value == "cookie"
            yield _Key(Sort.COOKIE if cookie else Sort.STORAGE, _bare(write.domain), write.name)
    for request in seen.requests:
        for sent in request.cookies:
            if not sent.blocked:
                yield _Key(Sort.COOKIE, _bare(sent.domain), sent.name)


def _kept(seen: Seen) -> Iterator[_Key]:
    for cookie in seen.cookies:
        yield _Key(Sort.COOKIE, _bare(cookie.domain), cookie.name)
    for stored in seen.stored:
        yield _Key(Sort.STORAGE, host_of(stored.origin) or stored.origin, stored.name)


def _bare(domain: str) -> str:
    return (host_of(domain) or domain).removeprefix(".")


def host_of(url: str) -> str:
    """The host of an address in small letters; empty where it has none or cannot be read."""
    return split_of(url).hostname or ""
