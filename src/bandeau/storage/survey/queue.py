"""Jobs in tables.

``survey_host.ready`` is when a host may next be visited: whoever leases one of its sites moves it
to the end of the lease, so that the row is the host's own lease, in all surveys. ``survey_turn``
has a row for each host of a survey that has something left to do, by when that may be; hosts that
were never visited stand there under their line in the list, so before all others. Whatever changes
a site takes its host's row first, so that transactions wait for each other and never in circles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bandeau import limits
from bandeau.audit.queue import (
    Audited,
    Failed,
    Job,
    Later,
    Lease,
    Outcome,
    Stage,
    Tally,
    Terms,
    in_a_line,
)
from bandeau.storage.survey.counting import Counting
from bandeau.storage.tables import Statement, Steps, Tables, Value, listed

FILE = "survey.sqlite"
SCHEMA = 1
MIGRATIONS = Path(__file__).parent

_NEXT = (
    "SELECT survey_turn.host FROM survey_turn"
    " JOIN survey_host ON survey_host.name = survey_turn.host"
    " WHERE survey_turn.survey = $1 AND survey_turn.ready <= $2 AND survey_host.ready <= $2"
    " ORDER BY survey_turn.ready, survey_turn.host LIMIT $3"
)
_SOONEST = "SELECT ready FROM survey_turn WHERE survey = $1 ORDER BY ready LIMIT 1"
_CLAIM = "UPDATE survey_host SET ready = $3 WHERE name = $1 AND ready <= $2 RETURNING name"
_TAKE = "UPDATE survey_host SET ready = ready WHERE name = $1"
_READY = "UPDATE survey_host SET ready = $2 WHERE name = $1"
_LAPSED = (
    "UPDATE survey_site SET stage = 'waiting', lease = '', lapses = lapses + 1"
    " WHERE host = $1 AND stage = 'leased' RETURNING survey, address, lapses"
)
_GIVEN_UP = "UPDATE survey_site SET stage = 'failed', told = $3 WHERE survey = $1 AND address = $2"
_PICK = (
    "SELECT address, turn FROM survey_site"
    " WHERE survey = $1 AND host = $2 AND stage = 'waiting' AND ready <= $3"
    " ORDER BY ready, turn LIMIT 1"
)
_LEASE = (
    "UPDATE survey_site SET stage = 'leased', lease = $3, ready = $4"
    " WHERE survey = $1 AND address = $2"
)
_RENEW = (
    "UPDATE survey_site SET ready = $4"
    " WHERE survey = $1 AND address = $2 AND lease = $3 AND stage = 'leased' RETURNING address"
)
_DONE = (
    "UPDATE survey_site SET stage = 'done', lease = '', digest = $4, told = $5"
    " WHERE survey = $1 AND address = $2 AND lease = $3 AND stage = 'leased' RETURNING address"
)
_FAILED = (
    "UPDATE survey_site SET attempts = attempts + 1, lease = '', told = $4, ready = $5,"
    " stage = CASE WHEN attempts + 1 >= $6 THEN 'failed' ELSE 'waiting' END"
    " WHERE survey = $1 AND address = $2 AND lease = $3 AND stage = 'leased' RETURNING address"
)
_GIVEN_BACK = (
    "UPDATE survey_site SET stage = 'waiting', lease = '', ready = $4"
    " WHERE survey = $1 AND address = $2 AND lease = $3 AND stage = 'leased' RETURNING address"
)
_OPEN = (
    "SELECT ready FROM survey_site"
    " WHERE survey = $1 AND host = $2 AND stage IN ('waiting', 'leased') ORDER BY ready LIMIT 1"
)
_TURN = "UPDATE survey_turn SET ready = $3 WHERE survey = $1 AND host = $2"
_NO_TURN = "DELETE FROM survey_turn WHERE survey = $1 AND host = $2"
_SURVEY = "SELECT survey FROM survey_site WHERE survey > $1 ORDER BY survey LIMIT 1"
_SITES = (
    "SELECT address, stage, told FROM survey_site WHERE survey = $1 AND address > $2"
    " ORDER BY address LIMIT $3"
)


class StoredQueue:
    """A :class:`bandeau.audit.queue.SiteQueue` over the tables of a database."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def close(self) -> None:
        """Let writes under way end. Further calls are unavailable."""
        self._tables.close()

    async def add(self, jobs: Sequence[Job]) -> int:
        """See the port."""
        added = 0
        for start in range(0, len(jobs), limits.SURVEY_ADD_BATCH):
            added += await self._tables.write(
                _adding(jobs[start : start + limits.SURVEY_ADD_BATCH])
            )
        return added

    async def lease(self, survey: str, worker: str, terms: Terms, now: int) -> Lease | Later:
        """See the port."""
        while True:
            found = await self._tables.write(_leasing(survey, worker, terms, now))
            if found is not None:
                return found

    async def renew(self, lease: Lease, until: int) -> bool:
        """See the port."""
        return await self._tables.write(_renewing(lease, until))

    async def finish(self, lease: Lease, outcome: Outcome, terms: Terms, now: int) -> bool:
        """See the port."""
        return await self._tables.write(_finishing(lease, outcome, terms, now))

    async def tally(self, survey: str | None = None) -> Mapping[str, Tally]:
        """See the port."""
        named = [survey] if survey is not None else await self._surveys()
        found = {name: await self._tally(name) for name in named}
        return {name: tally for name, tally in found.items() if tally.total}

    async def _surveys(self) -> list[str]:
        found: list[str] = []
        while rows := await self._tables.read(_SURVEY, found[-1] if found else ""):
            found.append(rows[0][0])
        return found

    async def _tally(self, survey: str) -> Tally:
        counting, last = Counting(), ""
        while rows := await self._tables.read(_SITES, survey, last, limits.SURVEY_TALLY_BATCH):
            for address, stage, told in rows:
                counting.add(address, Stage(stage), told)
            last = rows[-1][0]
        return counting.tally()


def _adding(jobs: Sequence[Job]) -> Steps[int]:
    # In one order, so that two who add the same hosts wait for each other.
    hosts = sorted({job.host for job in jobs})
    rows = _rows(len(hosts), 1, ", 0")
    yield Statement(
        f"INSERT INTO survey_host (name, ready) VALUES {rows}"  # noqa: S608 - names of values
        " ON CONFLICT (name) DO UPDATE SET ready = survey_host.ready",
        tuple(hosts),
    )
    rows = _rows(len(jobs), 5, ", 'waiting', '', 0, 0, '', ''")
    added = yield Statement(
        "INSERT INTO survey_site (survey, address, host, turn, ready, stage, lease, attempts,"  # noqa: S608
        f" lapses, digest, told) VALUES {rows} ON CONFLICT (survey, address) DO NOTHING"
        " RETURNING survey, host, turn",
        tuple(_values(jobs)),
    )
    turns = {(survey, host): turn for survey, host, turn in sorted(added, reverse=True)}
    if turns:
        rows = _rows(len(turns), 3, "")
        yield Statement(
            f"INSERT INTO survey_turn (survey, host, ready) VALUES {rows}"  # noqa: S608
            " ON CONFLICT (survey, host) DO NOTHING",
            tuple(
                value for (survey, host), turn in turns.items() for value in (survey, host, turn)
            ),
        )
    return len(added)


def _rows(count: int, width: int, fixed: str) -> str:
    firsts = range(1, count * width + 1, width)
    return ", ".join(f"({listed(first, width)}{fixed})" for first in firsts)


def _values(jobs: Sequence[Job]) -> Iterator[Value]:
    for job in jobs:
        yield from (job.survey, job.address, job.host, job.turn, job.turn)


def _leasing(survey: str, worker: str, terms: Terms, now: int) -> Steps[Lease | Later | None]:
    """A lease, or when to come again; ``None`` where a host was looked at that has nothing now."""
    until = now + terms.lease
    candidates = yield Statement(_NEXT, (survey, now, limits.SURVEY_CLAIMS))
    for (host,) in candidates:
        if (yield Statement(_CLAIM, (host, now, until))):
            return (yield from _leased(survey, host, worker, terms, now))
    soonest = yield Statement(_SOONEST, (survey,))
    return Later(int(soonest[0][0]) if soonest else None)


def _leased(survey: str, host: str, worker: str, terms: Terms, now: int) -> Steps[Lease | None]:
    lapsed = yield Statement(_LAPSED, (host,))
    for owner, address, lapses in lapsed:
        if lapses >= terms.lapses:
            told = f"the lease ran out {lapses} times: whoever audits it does not come back"
            yield Statement(_GIVEN_UP, (owner, address, told))
    picked = yield Statement(_PICK, (survey, host, now))
    if not picked:
        yield Statement(_READY, (host, now))
        yield from _settled(survey, host, now)
        return None
    address, turn = picked[0]
    until = now + terms.lease
    yield Statement(_LEASE, (survey, address, worker, until))
    yield Statement(_TURN, (survey, host, until))
    return Lease(Job(survey, address, host, turn), worker, until)


def _renewing(lease: Lease, until: int) -> Steps[bool]:
    job = lease.job
    yield Statement(_TAKE, (job.host,))
    if not (yield Statement(_RENEW, (job.survey, job.address, lease.worker, until))):
        return False
    yield Statement(_READY, (job.host, until))
    yield Statement(_TURN, (job.survey, job.host, until))
    return True


def _finishing(lease: Lease, outcome: Outcome, terms: Terms, now: int) -> Steps[bool]:
    job = lease.job
    yield Statement(_TAKE, (job.host,))
    if not (yield _ending(lease, outcome, terms, now)):
        return False
    ready = now + terms.pause
    yield Statement(_READY, (job.host, ready))
    yield from _settled(job.survey, job.host, ready)
    return True


def _ending(lease: Lease, outcome: Outcome, terms: Terms, now: int) -> Statement:
    mine = (lease.job.survey, lease.job.address, lease.worker)
    if isinstance(outcome, Audited):
        return Statement(_DONE, (*mine, outcome.digest, outcome.counts.written()))
    if isinstance(outcome, Failed):
        told = in_a_line(outcome.reason)
        return Statement(_FAILED, (*mine, told, now + terms.rest, terms.attempts))
    return Statement(_GIVEN_BACK, (*mine, lease.job.turn))


def _settled(survey: str, host: str, ready: int) -> Steps[None]:
    """Put the host where it belongs: its next turn, or none where all is done."""
    left = yield Statement(_OPEN, (survey, host))
    if left:
        yield Statement(_TURN, (survey, host, max(ready, int(left[0][0]))))
    else:
        yield Statement(_NO_TURN, (survey, host))
