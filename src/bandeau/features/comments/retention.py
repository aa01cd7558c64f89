"""What of comments is past its time (rule L9), each kind for itself, in calendar months."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

from bandeau import limits
from bandeau.choice.decide import expiry
from bandeau.ledger.retention import Rest
from bandeau.policy.model import Period, Retention


class Lapse(StrEnum):
    """What is past its time; the order is the one in which it goes."""

    HELD = "held"
    """A comment that nobody judged: erased."""
    REFUSED = "refused"
    """One that was rejected, or is spam: erased."""
    LINKS = "links"
    """What ties a comment to its author: taken off."""
    AUTHORS = "authors"
    """An author whom no comment names any more, and no act of late: erased."""
    TOMBSTONES = "tombstones"
    """What is left of an erased comment, where nothing stands under it: erased."""
    ACTS = "acts"
    """A line of the staff's log: erased."""


class RetentionStore(Protocol):
    """What erases by age. Times are Unix milliseconds; what is as old as ``until`` goes.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def due(self, lapse: Lapse, until: int) -> int:
        """How many are past their time."""
        ...

    async def purge(self, lapse: Lapse, until: int, most: int) -> int:
        """Erase the oldest, at most ``most``, all or none; how many that were."""
        ...


def untils(retention: Retention, now: int) -> Mapping[Lapse, int]:
    """The latest time of what is past its time at ``now``, both in Unix milliseconds."""
    periods = {
        Lapse.HELD: retention.held,
        Lapse.REFUSED: retention.refused,
        Lapse.LINKS: retention.link,
        Lapse.AUTHORS: retention.link,
        Lapse.TOMBSTONES: retention.tombstones,
        Lapse.ACTS: retention.log,
    }
    return {lapse: _until(period, now) for lapse, period in periods.items()}


async def due(store: RetentionStore, retention: Retention, now: int) -> Mapping[Lapse, int]:
    """How much is past its time; what goes only once something else went is not counted."""
    return {lapse: await store.due(lapse, until) for lapse, until in untils(retention, now).items()}


async def purge(
    store: RetentionStore, retention: Retention, now: int, rest: Rest
) -> Mapping[Lapse, int]:
    """Erase all that is past its time, ``limits.PURGE_STEP`` at once; how much of each it was."""
    gone: Counter[Lapse] = Counter()
    for lapse, until in untils(retention, now).items():
        count = limits.PURGE_STEP
        while count == limits.PURGE_STEP:
            count = await store.purge(lapse, until, limits.PURGE_STEP)
            gone[lapse] += count
            await rest()
    return gone


def _until(period: Period, now: int) -> int:
    """Calendar months back; where the day is missing there, the last of that month.

    So nothing goes before :func:`bandeau.choice.decide.expiry` would end it.
    """
    back = Period(count=-period.count, unit=period.unit)
    return expiry(now // 1000, back) * 1000 + 999
