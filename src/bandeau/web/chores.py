"""What a server does by itself: tell vendors of withdrawals, and erase what is past its time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import CancelledError

from bandeau import limits
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.erasing import Eraser
from bandeau.ledger.outbox import OutboxUnavailable
from bandeau.ledger.retention import Rest, purge
from bandeau.ledger.store import LedgerStore, LedgerUnavailable
from bandeau.policy.model import Period
from bandeau.web.courier import Courier

Sleep = Callable[[float], Awaitable[None]]
_HOUR_SECONDS = 3_600


class Chores:
    """Those of one process, on the event loop that serves; its stores are closed after them.

    ``now`` gives Unix seconds, ``fraction`` a number from 0 to 1, so that processes which started
    together do not work together.
    """

    def __init__(
        self,
        courier: Courier,
        ledger: LedgerStore,
        eraser: Eraser,
        proof: Period,
        now: Callable[[], float],
        fraction: Callable[[], float],
        comments: Callable[[Rest], Awaitable[object]] | None = None,
    ) -> None:
        self._courier = courier
        self._ledger = ledger
        self._eraser = eraser
        self._proof = proof
        self._now = now
        self._fraction = fraction
        self._comments = comments

    async def run(self) -> None:
        """Until it is cancelled."""
        await asyncio.gather(self._courier.run(), self.purge_daily())

    async def purge_daily(self, sleep: Sleep = asyncio.sleep) -> None:
        """Once a day, a few records at a time; a store that fails is asked again the next day."""

        async def rest() -> None:
            await sleep(limits.PURGE_REST_SECONDS)

        await sleep(limits.PURGE_FIRST_SECONDS * self._fraction())
        while True:
            with contextlib.suppress(LedgerUnavailable, OutboxUnavailable, CommentsUnavailable):
                await purge(self._ledger, self._eraser, self._proof, int(self._now()), rest)
                await self._courier.forget()
            with contextlib.suppress(LedgerUnavailable, CommentsUnavailable):
                await self._purge_comments(rest)
            hours = limits.PURGE_HOURS - self._fraction()
            await sleep(hours * _HOUR_SECONDS)

    async def _purge_comments(self, rest: Rest) -> None:
        if self._comments is not None:
            await self._comments(rest)


class Running:
    """Runs chores, and what goes on ``beside`` them, on the loop at hand, once at a time."""

    def __init__(self, chores: Chores, *beside: Callable[[], Awaitable[None]]) -> None:
        self._works = (chores.run, *beside)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin, unless they run already. Called on the event loop that serves."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(_all(self._works))

    def end(self) -> None:
        """End them, and wait for that where they run on another thread's loop."""
        task, self._task = self._task, None
        if task is None or not (loop := task.get_loop()).is_running():
            return
        if loop is _loop_here():
            task.cancel()
            return
        with contextlib.suppress(TimeoutError, asyncio.CancelledError, CancelledError):
            asyncio.run_coroutine_threadsafe(_ended(task), loop).result(limits.STOP_SECONDS)

    async def stop(self) -> None:
        """End them and wait for the end."""
        task, self._task = self._task, None
        if task is not None:
            await _ended(task)


async def _all(works: Sequence[Callable[[], Awaitable[None]]]) -> None:
    await asyncio.gather(*(work() for work in works))


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def _loop_here() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
