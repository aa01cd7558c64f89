"""Erasing: many records in shared commits, and whatever else still names them first (rule W10)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

from bandeau import limits
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import Ground, Record, parse_record, uuid7
from bandeau.ledger.store import LedgerRefused, LedgerStore, Stored

Together = Callable[[Sequence[Awaitable[Receipt]]], Awaitable[Sequence[Receipt | BaseException]]]
"""Awaits all of them, and gives each one's outcome, in order; errors are given, not raised."""


@dataclass(frozen=True, slots=True)
class Held:
    """A record that is still held, as read."""

    index: int
    record: Record
    superseded: bool = False


First = Callable[[Sequence[Held], Ground], Awaitable[None]]
"""What has to happen before records are erased; when it raises, they are not."""


class Eraser:
    """Erases records of one ledger. ``now`` gives Unix seconds.

    ``together`` runs appends at once, so that they share commits. Each of ``first`` runs before
    a batch: done twice it must change nothing more, since a batch that fails is tried again.
    """

    def __init__(
        self,
        store: LedgerStore,
        now: Callable[[], float],
        random: Callable[[int], bytes],
        together: Together,
        first: Sequence[First] = (),
    ) -> None:
        self._store = store
        self._now = now
        self._random = random
        self._together = together
        self._first = first

    async def erase(self, records: Sequence[Held], ground: Ground) -> int:
        """Erase ``records``, in their order; how many of them were still held.

        Raises :class:`LedgerUnavailable`, and what ``first`` raises; some may be erased then.
        """
        count = 0
        for batch in _batches(records, limits.ERASE_BATCH):
            for step in self._first:
                await step(batch, ground)
            count += await self._append([self._draft(held, ground) for held in batch])
        return count

    async def erase_subjects(self, subjects: Sequence[str], ground: Ground) -> int:
        """Erase all that is held of these visitors, the newest first; how many records it was.

        Newest first, so that whatever interrupts it, no older consent stands again.
        """
        count = 0
        for subject in subjects:
            while found := await held_of(self._store, subject, limits.ERASE_BATCH):
                erased = await self.erase(found, ground)
                if not erased:
                    break
                count += erased
        return count

    async def _append(self, drafts: Sequence[Draft]) -> int:
        outcomes = await self._together([self._store.append(draft) for draft in drafts])
        for outcome in outcomes:
            # Someone else erased it meanwhile: that is what was wanted.
            if isinstance(outcome, BaseException) and not isinstance(outcome, LedgerRefused):
                raise outcome
        return sum(isinstance(outcome, Receipt) for outcome in outcomes)

    def _draft(self, held: Held, ground: Ground) -> Draft:
        now, record = int(self._now() * 1000), held.record
        name = uuid7(now, self._random(10))
        return Draft.erasure(id=name, site=record.site, time=now, erases=record.id, ground=ground)


async def held_of(store: LedgerStore, subject: str, count: int) -> list[Held]:
    """The records of ``subject`` that are held, newest first, at most ``count``."""
    return [each for stored in await store.history(subject, count) for each in held(stored)]


def held(stored: Stored) -> Iterator[Held]:
    """``stored`` as read; nothing where it was erased. Raises :class:`RecordError`."""
    if stored.body is not None:
        yield Held(stored.index, parse_record(stored.body), stored.superseded)


def _batches(records: Sequence[Held], size: int) -> Iterator[Sequence[Held]]:
    for start in range(0, len(records), size):
        yield records[start : start + size]
