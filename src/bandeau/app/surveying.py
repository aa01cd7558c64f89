"""Many sites, audited by several workers: leases taken and renewed, results kept, then told.

What is finished is in its folder before the queue hears of it, and the folder is looked at before
a site is visited. So whatever ends this process, and when, nothing finished is lost or repeated.
"""

from __future__ import annotations

import asyncio
import os
import time
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias, TypeVar

from bandeau import limits
from bandeau.audit.queue import (
    Counts,
    Failed,
    GivenBack,
    Job,
    Later,
    Lease,
    Outcome,
    QueueUnavailable,
    SiteQueue,
    Terms,
)
from bandeau.audit.site_list import Site
from bandeau.robot.crew import CannotStart, Hand, WorkerFailed
from bandeau.storage.results import NoReport, Results
from bandeau.storage.suffixes import public_suffixes

Told: TypeAlias = Callable[[Job, Outcome], None]
Found = TypeVar("Found")
_STARTS = 3
_LEAST_SECONDS = 0.02


def host_of(site: Site) -> str:
    """The domain that somebody registered, whose server is spared; an IP address is its own."""
    return public_suffixes().registrable(site.host) or site.host


async def hand_in(queue: SiteQueue, survey: str, sites: Iterable[Site]) -> int:
    """Put sites into the queue, in portions; how many were not there. Raises like the queue."""
    added = 0
    jobs: list[Job] = []
    for turn, site in enumerate(sites, 1):
        jobs.append(Job(survey, site.address, host_of(site), turn))
        if len(jobs) == limits.SURVEY_ADD_BATCH:
            added += await queue.add(jobs)
            jobs = []
    return added + await queue.add(jobs)


@dataclass(slots=True)
class Survey:
    """One run over the open jobs of the survey ``name``; ``told`` hears of each that ends.

    ``stopping`` set gives every lease back.
    """

    name: str
    queue: SiteQueue
    results: Results
    terms: Terms
    told: Told
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, hands: Sequence[Hand]) -> None:
        """Work until nothing is left, or until ``stopping`` is set.

        Raises :class:`QueueUnavailable`, ``OSError`` where results cannot be kept, or
        :class:`CannotStart` where no hand can: what was under way then comes to others when its
        lease runs out.
        """
        tasks = [asyncio.ensure_future(self._at_work(hand)) for hand in hands]
        try:
            lost = [error for error in await asyncio.gather(*tasks) if error]
            if len(lost) == len(hands):
                raise lost[0]
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.gather(*(hand.close() for hand in hands), return_exceptions=True)

    async def _at_work(self, hand: Hand) -> CannotStart | None:
        """Until nothing is left, or until this hand cannot start again and again: others go on."""
        failed_starts = 0
        while not self.stopping.is_set():
            found = await self._leased()
            if isinstance(found, Later):
                if found.at is None:
                    return None
                await self._rest(found.at)
                continue
            try:
                await self._visit(hand, found)
                failed_starts = 0
            except CannotStart as error:
                failed_starts += 1
                await self._put_down(found, GivenBack())
                if failed_starts == _STARTS:
                    return error
        return None

    async def _leased(self) -> Lease | Later:
        worker = os.urandom(8).hex()
        return await _patiently(partial(self.queue.lease, self.name, worker, self.terms))

    async def _rest(self, until: int) -> None:
        """Until something may be visited, or somebody else may have changed when."""
        seconds = min(max((until - _now()) / 1_000, _LEAST_SECONDS), limits.SURVEY_WATCH_SECONDS)
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.stopping.wait()

    async def _visit(self, hand: Hand, lease: Lease) -> None:
        outcome = self.results.find(lease.job) or await self._audited(hand, lease)
        if outcome is not None:
            await self._put_down(lease, outcome)

    async def _put_down(self, lease: Lease, outcome: Outcome) -> None:
        if await _patiently(partial(self.queue.finish, lease, outcome, self.terms)):
            self.told(lease.job, outcome)

    async def _audited(self, hand: Hand, lease: Lease) -> Outcome | None:
        """What came of an audit; ``None`` where the lease was lost meanwhile."""
        folder = self.results.begin(lease.job)
        working = asyncio.ensure_future(hand.audit(lease.job.address, folder))
        try:
            if not await self._held(lease, working):
                return None
            if not working.done():
                return GivenBack()
            counts = working.result()
            return await asyncio.to_thread(self.results.keep, lease.job, folder, counts)
        except (WorkerFailed, NoReport) as error:
            return Failed(str(error))
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            await asyncio.to_thread(self.results.drop, folder)

    async def _held(self, lease: Lease, working: asyncio.Future[Counts]) -> bool:
        """Renew a lease until the work ends or is to stop; ``False`` where another has it."""
        stopping = asyncio.ensure_future(self.stopping.wait())
        waiting: set[asyncio.Future[Any]] = {working, stopping}
        beat = self.terms.lease / 3_000
        try:
            while not (await asyncio.wait(waiting, timeout=beat, return_when=FIRST_COMPLETED))[0]:
                if not await self._renewed(lease):
                    return False
            return True
        finally:
            stopping.cancel()

    async def _renewed(self, lease: Lease) -> bool:
        try:
            return await self.queue.renew(lease, _now() + self.terms.lease)
        except QueueUnavailable:
            # The work goes on; whose it is in the end is said when it is put down.
            return True


async def _patiently(asking: Callable[[int], Awaitable[Found]]) -> Found:
    """What the queue answers now, or within ``limits.SURVEY_STORE_SECONDS``."""
    end = time.monotonic() + limits.SURVEY_STORE_SECONDS
    while True:
        try:
            return await asking(_now())
        except QueueUnavailable:
            if time.monotonic() > end:
                raise
            await asyncio.sleep(limits.SURVEY_WATCH_SECONDS)


def _now() -> int:
    return int(time.time() * 1_000)
