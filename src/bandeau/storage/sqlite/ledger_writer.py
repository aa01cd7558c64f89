"""One thread that commits for everyone: choices that wait together share one fsync."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence

from bandeau import limits
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.waiting import Answer, Waiter, deliver

Commit = Callable[[Sequence[Draft]], Sequence[Answer]]


class Writer:
    """Gathers drafts from any event loop and hands them to ``commit`` in batches, in one thread.

    ``commit`` gives one answer per draft once they are durable; when it raises, every waiter of
    the batch gets :class:`LedgerUnavailable`, and the next batch is tried afresh.
    """

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._queue: queue.SimpleQueue[Waiter | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="bandeau-ledger", daemon=True)
        self._thread.start()

    def submit(self, draft: Draft) -> asyncio.Future[Receipt]:
        """Queue a draft; raises :class:`LedgerUnavailable` when closed or full."""
        waiter = Waiter.of(draft)
        with self._gate:
            if self._closed:
                raise LedgerUnavailable("the ledger is closed")
            if self._queue.qsize() >= limits.LEDGER_QUEUE:
                raise LedgerUnavailable("too many records wait for the disk")
            self._queue.put(waiter)
        return waiter.answer

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
            deliver(batch, self._answers(batch))
            if ended:
                return

    def _gather(self, batch: list[Waiter]) -> bool:
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

    def _answers(self, batch: Sequence[Waiter]) -> Sequence[Answer | BaseException]:
        try:
            return self._commit([waiter.draft for waiter in batch])
        # Whatever went wrong, nobody may be left waiting, and the thread must live on.
        except BaseException as error:
            return [error] * len(batch)
