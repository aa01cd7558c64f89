"""Where drafts wait: sequenced at once where this process holds the lease, else put in the inbox.

Whoever holds the lease places what all processes have accepted. So a draft that was accepted is
durable and gets its place whatever becomes of the process that took it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from bandeau import limits
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.postgres import ledger_content as content
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.ledger_lease import LeaseLost
from bandeau.storage.postgres.ledger_sequencer import Sequencer
from bandeau.storage.waiting import Line, Waiter, deliver

_ACCEPTS_AT_ONCE = 3
_GATHER_SECONDS = 0.001


class Desk:
    """Takes drafts from any event loop; works on the database's own from its making to the end."""

    def __init__(self, database: Database, sequencer: Sequencer) -> None:
        self._database = database
        self._sequencer = sequencer
        self._arrived = asyncio.Event()
        arrived = self._arrived.set
        self._line = Line(lambda: database.loop.call_soon_threadsafe(arrived), "the database")
        self._accepting: set[asyncio.Task[None]] = set()
        self._gate = asyncio.Semaphore(_ACCEPTS_AT_ONCE)
        self._drained = 0.0
        self._closing = False
        self._why = ""
        self._last = 0
        self._turns = database.run(self._start())

    def submit(self, draft: Draft) -> asyncio.Future[Receipt]:
        """Queue a draft; raises :class:`LedgerUnavailable` when closed or full."""
        return self._line.submit(draft)

    def close(self) -> None:
        """Keep what waits, let another process sequence, and end."""
        if self._closing:
            return
        self._line.close()
        self._closing = True
        self._database.run(self._end())

    async def _start(self) -> asyncio.Task[None]:
        return asyncio.create_task(self._run())

    async def _end(self) -> None:
        await self._turns
        if self._accepting:
            await asyncio.wait(self._accepting)

    async def _run(self) -> None:
        while True:
            waiters = await self._next()
            try:
                await self._turn(waiters)
            # Whatever went wrong, nobody may be left waiting, and this must go on.
            except Exception as error:
                self._why = f" ({error})"
                deliver(waiters, [error] * len(waiters))
            if self._closing and not waiters:
                break
        try:
            await self._sequencer.give()
        except Exception:
            return  # The lease ends by itself.

    async def _next(self) -> list[Waiter]:
        """Those who wait; nobody, where nobody has come for a while.

        Callers come back one by one when a batch is answered. Where fewer are here than last time,
        the others get a moment to join, or each batch would split into ever smaller ones.
        """
        waiters = await self._waited()
        if waiters and len(waiters) < self._last and not self._closing:
            await asyncio.sleep(_GATHER_SECONDS)
            waiters += self._line.take(limits.LEDGER_BATCH - len(waiters))
        self._last = len(waiters)
        return waiters

    async def _waited(self) -> list[Waiter]:
        waiters = self._line.take()
        if waiters or self._closing:
            return waiters
        self._arrived.clear()
        waiters = self._line.take()
        if waiters:
            return waiters
        try:
            async with asyncio.timeout(limits.LEDGER_POLL_SECONDS):
                await self._arrived.wait()
        except TimeoutError:
            return []
        return self._line.take()

    async def _turn(self, waiters: Sequence[Waiter]) -> None:
        if not await self._sequencer.holds():
            self._accept_soon(waiters)
            return
        now = time.monotonic()
        drain = now - self._drained >= limits.LEDGER_POLL_SECONDS or self._closing
        if not drain and not waiters:
            return
        try:
            answers = await self._sequencer.step([w.draft for w in waiters], drain=drain)
        except LeaseLost:
            self._accept_soon(waiters)
            return
        if drain:
            self._drained, self._why = now, ""
        deliver(waiters, answers)

    def _accept_soon(self, waiters: Sequence[Waiter]) -> None:
        if waiters:
            task = asyncio.create_task(self._accept(waiters))
            self._accepting.add(task)
            task.add_done_callback(self._accepting.discard)

    async def _accept(self, waiters: Sequence[Waiter]) -> None:
        """Durable first; then wait until whoever holds the lease has given each its place.

        A placing commit that waits for a dead standby is given up by its process after
        ``limits.POSTGRES_ANSWER_SECONDS``, and seen from then on, though on one disk only. It began
        after this; so what is read before ``end`` is on the standby's disk too.
        """
        left = list(waiters)
        end = time.monotonic() + limits.LEDGER_SEQUENCE_SECONDS
        try:
            async with self._gate, self._database.connection() as db:
                await content.accept(db, [waiter.draft for waiter in waiters])
            while left and time.monotonic() < end:
                await asyncio.sleep(limits.LEDGER_POLL_SECONDS / 2)
                async with self._database.connection() as db:
                    behind = await content.waiting(db, [w.draft for w in left])
                    done = [waiter for waiter in left if waiter.draft.id not in behind]
                    answers = await self._sequencer.answers(db, [w.draft for w in done])
                if time.monotonic() >= end:
                    break
                deliver(done, answers)
                left = [waiter for waiter in left if waiter.draft.id in behind]
            late = LedgerUnavailable(
                f"kept, but without a place in the log yet{self._why}; ask again"
            )
            deliver(left, [late] * len(left))
        except Exception as error:
            deliver(left, [error] * len(left))
