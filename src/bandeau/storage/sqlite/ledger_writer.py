"""One thread that commits for everyone: choices that wait together share one fsync."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bandeau import limits
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import LedgerRefused, LedgerUnavailable

Answer = Receipt | LedgerRefused
Commit = Callable[[Sequence[Draft]], Sequence[Answer]]


@dataclass(frozen=True, slots=True, eq=False)
class _Waiter:
    draft: Draft
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Receipt]


class Writer:
    """Gathers drafts from any event loop and hands them to ``commit`` in batches, in one thread.

    ``commit`` gives one answer per draft once they are durable; when it raises, every waiter of
    the batch gets :class:`LedgerUnavailable`, and the next batch is tried afresh.
    """

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._queue: queue.SimpleQueue[_Waiter | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="bandeau-ledger", daemon=True)
        self._thread.start()

    def submit(self, draft: Draft) -> asyncio.Future[Receipt]:
        """Queue a draft; raises :class:`LedgerUnavailable` when closed or full."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Receipt] = loop.create_future()
        with self._gate:
            if self._closed:
                raise LedgerUnavailable("the ledger is closed")
            if self._queue.qsize() >= limits.LEDGER_QUEUE:
                raise LedgerUnavailable("too many records wait for the disk")
            self._queue.put(_Waiter(draft, loop, answer))
        return answer

    def close(self) -> None:
        """Commit what waits, then end the thread."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            ended = self._gather(batch)
            _deliver(batch, self._answers(batch))
            if ended:
                return

    def _gather(self, batch: list[_Waiter]) -> bool:
        """Add all that waits already; whether the end was among it."""
        while len(batch) < limits.LEDGER_BATCH:
            try:
                waiter = self._queue.get_nowait()
            except queue.Empty:
                return False
            if waiter is None:
                return True
            batch.append(waiter)
        return False

    def _answers(self, batch: Sequence[_Waiter]) -> Sequence[Answer | BaseException]:
        try:
            return self._commit([waiter.draft for waiter in batch])
        # Whatever went wrong, nobody may be left waiting, and the thread must live on.
        except BaseException as error:
            return [error] * len(batch)


def _deliver(batch: Sequence[_Waiter], answers: Sequence[Answer | BaseException]) -> None:
    by_loop: dict[asyncio.AbstractEventLoop, list[tuple[_Waiter, Answer | BaseException]]] = {}
    for waiter, answer in zip(batch, answers, strict=True):
        by_loop.setdefault(waiter.loop, []).append((waiter, answer))
    for loop, pairs in by_loop.items():
        try:
            loop.call_soon_threadsafe(_settle, pairs)
        except RuntimeError:
            continue  # The loop is closed: nobody waits any more.


def _settle(pairs: Sequence[tuple[_Waiter, Answer | BaseException]]) -> None:
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
