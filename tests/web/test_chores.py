"""What a server does by itself, with a clock and a sleep that are moved by hand."""

from __future__ import annotations

import asyncio
import itertools

import ledger_drafts as drafts
import pytest

from bandeau import limits
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.erasing import Eraser
from bandeau.ledger.retention import Rest
from bandeau.ledger.store import LedgerUnavailable
from bandeau.policy.model import Period
from bandeau.storage.memory import MemoryLedger
from bandeau.web.chores import Chores

DAY = 86_400
PROOF = Period(count=1, unit="month")


class Stopped(Exception):
    """The test has seen enough."""


class Night:
    """Chores whose sleeping moves the clock; they end when ``days`` are over."""

    def __init__(self, days: int, fraction: float = 0.5) -> None:
        self.now = float(drafts.NOW // 1000)
        self.end = self.now + days * DAY
        self.slept: list[float] = []
        self.store = MemoryLedger(drafts.signer(), drafts.counting())

        async def together(appends):
            return await asyncio.gather(*appends, return_exceptions=True)

        numbers = itertools.count(1)
        eraser = Eraser(
            self.store, lambda: self.now, lambda size: next(numbers).to_bytes(size), together
        )
        self.forgets = 0
        self.tidied = 0
        told = (PROOF, lambda: self.now, lambda: fraction, self.tidy)
        self.chores = Chores(self, self.store, eraser, *told)

    async def forget(self) -> None:
        """In the courier's place."""
        self.forgets += 1

    async def tidy(self, rest: Rest) -> None:
        """In the comments' place."""
        await rest()
        self.tidied += 1
        raise CommentsUnavailable("not today")

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        if self.now >= self.end:
            raise Stopped

    def work(self) -> None:
        with pytest.raises(Stopped):
            asyncio.run(self.chores.purge_daily(self.sleep))

    @property
    def held(self) -> int:
        async def count() -> int:
            return len([leaf async for leaf in self.store.scan() if leaf.body is not None])

        return asyncio.run(count())


def test_it_purges_once_a_day_what_is_past_its_time() -> None:
    night = Night(300)
    for number in range(3):
        asyncio.run(night.store.append(drafts.choice(number)))
    night.end = night.now + 200 * DAY
    night.work()
    assert night.held == 3
    night.end = night.now + 20 * DAY
    night.work()
    assert night.forgets > 210
    assert night.tidied == night.forgets
    assert night.held == 3  # The records of three erasures.
    assert all(night.store._entries[index].body == b"" for index in range(3))


def test_processes_that_start_together_do_not_work_together() -> None:
    early, late = Night(2, 0.0), Night(2, 0.9)
    early.work()
    late.work()
    assert (early.slept[0], late.slept[0]) == (0.0, limits.PURGE_FIRST_SECONDS * 0.9)
    days = [[s for s in night.slept[1:] if s > 3_600] for night in (early, late)]
    assert days[0][0] == 24 * 3_600
    assert days[1][0] == pytest.approx(23.1 * 3_600)


def test_a_store_that_fails_is_asked_again_the_next_day(monkeypatch: pytest.MonkeyPatch) -> None:
    night = Night(4)
    asked = []

    async def scan(start: int = 0):
        asked.append(night.now)
        raise LedgerUnavailable("the disk is away")
        yield

    monkeypatch.setattr(night.store, "scan", scan)
    night.work()
    assert len(asked) == 5
