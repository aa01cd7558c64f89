"""One thread that commits for everyone: choices that wait together share one fsync."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence

from bandeau import limits
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.storage.waiting import Answer, Line, Waiter, deliver

Commit = Callable[[Sequence[Draft]], Sequence[Answer]]


class Writer:
    """Gathers drafts from any event loop and hands them to ``commit`` in batches, in one thread.

    ``commit`` gives one answer per draft once they are durable; when it raises, every waiter of
    the batch gets :class:`LedgerUnavailable`, and the next batch is tried afresh.
    """

    def __init__(self, commit: Commit) -> None:
        self._commit = commit
        self._bell: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._line = Line(lambda: self._bell.put(None), "the disk")
        self._thread = threading.Thread(target=self._run, name="bandeau-ledger", daemon=True)
        self._thread.start()

    def submit(self, draft: Draft) -> asyncio.Future[Receipt]:
        """Queue a draft; raises :class:`LedgerUnavailable` when closed or full."""
        return self._line.submit(draft)

    def close(self) -> None:
        """Commit what waits, then end the thread."""
        self._line.close()
        self._thread.join()

    def _run(self) -> None:
        # Only when told that a round of callers is complete: else it would be torn in two.
        while True:
            self._bell.get()
            closed = self._line.closed
            batch = self._line.take()
            deliver(batch, self._answers(batch) if batch else ())
            if len(batch) == limits.LEDGER_BATCH:
                self._bell.put(None)
            elif closed:
                return

    def _answers(self, batch: Sequence[Waiter]) -> Sequence[Answer | BaseException]:
        try:
            return self._commit([waiter.draft for waiter in batch])
        # Whatever went wrong, nobody may be left waiting, and the thread must live on.
        except BaseException as error:
            return [error] * len(batch)
