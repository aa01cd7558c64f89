"""Callers that wait for a record to be kept, whatever event loop they run on."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bandeau import limits
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import LedgerRefused, LedgerUnavailable

Answer = Receipt | LedgerRefused


@dataclass(slots=True, eq=False)
class Waiter:
    """Who waits for a draft to be kept, and where the answer goes."""

    draft: Draft
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Receipt]

    @classmethod
    def of(cls, draft: Draft) -> Waiter:
        """One that waits on the running event loop."""
        loop = asyncio.get_running_loop()
        return cls(draft, loop, loop.create_future())


class Line:
    """Waiters in the order in which they came, taken by one thread or loop, which ``wake`` wakes.

    ``what`` they wait for stands in what one is told who finds too many here.
    """

    def __init__(self, wake: Callable[[], object], what: str) -> None:
        self._wake = wake
        self._what = what
        self._waiting: deque[Waiter] = deque()
        self._gate = threading.Lock()
        self._waking: asyncio.AbstractEventLoop | None = None
        self.closed = False

    def submit(self, draft: Draft) -> asyncio.Future[Receipt]:
        """Queue a draft; raises :class:`LedgerUnavailable` when closed or full."""
        waiter = Waiter.of(draft)
        with self._gate:
            if self.closed:
                raise LedgerUnavailable("the ledger is closed")
            if len(self._waiting) >= limits.LEDGER_QUEUE:
                raise LedgerUnavailable(f"too many records wait for {self._what}")
            self._waiting.append(waiter)
            first, self._waking = self._waking is not waiter.loop, waiter.loop
        if first:
            # After all that this loop has at hand, so that they share a commit.
            waiter.loop.call_soon(self._wake)
        return waiter.answer

    def take(self, count: int = limits.LEDGER_BATCH) -> list[Waiter]:
        """Those that have waited longest, at most ``count``."""
        with self._gate:
            self._waking = None
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), count))]

    def close(self) -> None:
        """Let nobody in any more; who waits still gets an answer."""
        with self._gate:
            self.closed = True
        self._wake()


def deliver(batch: Sequence[Waiter], answers: Sequence[Answer | BaseException]) -> None:
    """Give each waiter its answer, with one call into each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[Waiter, Answer | BaseException]]] = {}
    for waiter, answer in zip(batch, answers, strict=True):
        by_loop.setdefault(waiter.loop, []).append((waiter, answer))
    for loop, pairs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, pairs)
        except RuntimeError:
            continue  # The loop is closed: nobody waits any more.


def _settle(pairs: Sequence[tuple[Waiter, Answer | BaseException]]) -> None:
    for waiter, answer in pairs:
        if waiter.answer.done():
            continue
        if isinstance(answer, Receipt):
            waiter.answer.set_result(answer)
        elif isinstance(answer, LedgerRefused):
            waiter.answer.set_exception(answer)
        else:
            failed = LedgerUnavailable(str(answer) or type(answer).__name__)
            failed.__cause__ = answer
            waiter.answer.set_exception(failed)
