"""Which records are due to go: past their retention (rule L9), or taken under what was invalid.

Nothing is written down for this: each run reads the log again, and what was erased is not there.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from bandeau import limits
from bandeau.choice.decide import expiry
from bandeau.ledger.erasing import Eraser, Held, held_of
from bandeau.ledger.record import Ground, Kind, Record, RecordError, parse_record
from bandeau.ledger.store import Leaf, LedgerStore
from bandeau.policy.model import Period

_DAY_SECONDS = 86_400
_OF_VISITORS = (Kind.CHOICE, Kind.ITEM)
Rest = Callable[[], Awaitable[None]]
"""Awaited every ``limits.PURGE_STEP`` records, so that others get their turn."""


async def past(store: LedgerStore, proof: Period, now: int, rest: Rest) -> AsyncIterator[Held]:
    """Records whose choice ended so long before ``now`` (Unix seconds) that ``proof`` is over.

    A choice ends by its lifetime or by the visitor's next one, an item when it was loaded. The log
    is in the order of time, so reading ends once enough records in a row are too young; one whose
    clock was wrong ends nothing. Raises :class:`LedgerUnavailable`.
    """
    young = 0
    async for found in _of_visitors(store, rest):
        made = expiry(found.record.time // 1000, proof)
        young = young + 1 if made > now + _DAY_SECONDS else 0
        if young >= limits.PURGE_YOUNG:
            return
        if expiry(_end(found.record), proof) <= now:
            yield found
        if made <= now and found.record.kind is Kind.CHOICE and found.record.prev is not None:
            former = await _former(store, found)
            if former is not None and expiry(_end(former.record), proof) > now:
                yield former


async def under(
    store: LedgerStore, rest: Rest, *, notice: str = "", policy: str = ""
) -> AsyncIterator[Held]:
    """Records made under this version of the notice, or under the terms of this digest (W10).

    Raises :class:`LedgerUnavailable`.
    """
    async for found in _of_visitors(store, rest):
        if notice and found.record.notice != notice:
            continue
        if policy and found.record.policy != policy:
            continue
        yield found


async def purge(store: LedgerStore, eraser: Eraser, proof: Period, now: int, rest: Rest) -> int:
    """Erase all that is :func:`past`, in bounded batches; how many records it was.

    Raises :class:`LedgerUnavailable`, and what the eraser raises.
    """
    count = 0
    batch: list[Held] = []
    async for found in past(store, proof, now, rest):
        batch.append(found)
        if len(batch) >= limits.ERASE_BATCH:
            count += await eraser.erase(batch, Ground.RETENTION)
            batch = []
            await rest()
    return count + await eraser.erase(batch, Ground.RETENTION)


def _end(record: Record) -> int:
    """When a record's consent or refusal ends by itself, in Unix seconds."""
    return record.expires if record.kind is Kind.CHOICE else record.time // 1000


async def _former(store: LedgerStore, found: Held) -> Held | None:
    """The record that ``found`` follows upon, of those that are held."""
    mine = await held_of(store, found.record.subject, limits.PURGE_HISTORY)
    return next((each for each in mine if each.index < found.index), None)


async def _of_visitors(store: LedgerStore, rest: Rest) -> AsyncIterator[Held]:
    """Every choice and item that is held, in the order of the log."""
    async for leaf in store.scan():
        if leaf.index % limits.PURGE_STEP == 0:
            await rest()
        record = _read(leaf)
        if record is not None and record.kind in _OF_VISITORS:
            yield Held(leaf.index, record)


def _read(leaf: Leaf) -> Record | None:
    """The record; ``None`` where it is erased, or cannot be read, which ``verify`` tells of."""
    try:
        return None if leaf.body is None else parse_record(leaf.body)
    except RecordError:
        return None
