"""Takes note of what no tracker declares, without keeping any request waiting for it.

Notes are added up in memory and go to the store in batches, on a thread that lives only while
there is something to write. A store that fails loses a batch, never a request: what is on the
site is seen again.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from datetime import date, timedelta

from bandeau import limits
from bandeau.enforcement.folding import Registrable
from bandeau.enforcement.sightings import (
    Gathered,
    Gathering,
    Seen,
    SightingStore,
    SightingsUnavailable,
    sightings_of,
)

_DAY_SECONDS = 86_400
_EPOCH = date(1970, 1, 1)


class Lookout:
    """Notes for one process, from any thread. ``now`` gives Unix seconds."""

    def __init__(
        self,
        store: SightingStore,
        registrable: Registrable,
        now: Callable[[], float],
        *,
        every: float = limits.SIGHTINGS_BATCH_SECONDS,
    ) -> None:
        self._store = store
        self._registrable = registrable
        self._gathering = Gathering()
        self._now = now
        self._day = (0, _EPOCH)
        self._every = every
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        pages = limits.REPORTING_PAGES_PER_SECOND, limits.REPORTING_PAGES_AT_ONCE
        self._pages = Allowance(*pages, now)
        self._reports = Allowance(limits.REPORTS_PER_SECOND, limits.REPORTS_AT_ONCE, now)

    def note(self, seen: Seen) -> None:
        """Count ``seen``, under today's date."""
        number = int(self._now() // _DAY_SECONDS)
        if number != self._day[0]:
            self._day = number, _EPOCH + timedelta(number)
        with self._lock:
            self._gathering.add(seen, self._day[1])
            if self._thread is None and not self._stop.is_set():
                self._thread = threading.Thread(target=self._write, name="sightings", daemon=True)
                self._thread.start()

    def asks(self) -> bool:
        """Whether the next page asks its browser for reports.

        A busy site asks on a share of its pages only, so that reports do not become its traffic.
        """
        with self._lock:
            return self._pages.take()

    def listens(self) -> bool:
        """Whether one more body of reports is read now."""
        with self._lock:
            return self._reports.take()

    def close(self) -> None:
        """Write what is gathered, and note nothing more."""
        self._stop.set()
        with self._lock:
            thread = self._thread
        if thread is not None:
            thread.join()
        with self._lock:
            batch = self._gathering.drain()
        if batch:
            self._keep(batch)

    def _write(self) -> None:
        try:
            while not self._stop.wait(self._every):
                with self._lock:
                    batch = self._gathering.drain()
                    if not batch:
                        self._thread = None
                        return
                self._keep(batch)
        except BaseException:
            with self._lock:
                self._thread = None
            raise

    def _keep(self, gathered: Gathered) -> None:
        with contextlib.suppress(SightingsUnavailable):
            self._store.add(sightings_of(gathered, self._registrable))


class Allowance:
    """So many a second, and so many at once after a rest."""

    def __init__(self, a_second: float, at_once: float, now: Callable[[], float]) -> None:
        self._a_second = a_second
        self._at_once = at_once
        self._now = now
        self._left = at_once
        self._since = now()

    def take(self) -> bool:
        """Whether there is one left; it is taken."""
        now = self._now()
        rested = max(0.0, now - self._since) * self._a_second
        self._left, self._since = min(self._at_once, self._left + rested), now
        if self._left < 1:
            return False
        self._left -= 1
        return True
