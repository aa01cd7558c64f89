"""What is erased when its proof is no longer kept, with a clock that is moved by hand."""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime

import ledger_drafts as drafts
import pytest

from bandeau.choice.decide import expiry
from bandeau.ledger.draft import Draft
from bandeau.ledger.erasing import Eraser
from bandeau.ledger.record import Kind, parse_record, uuid7
from bandeau.ledger.retention import past, purge, under
from bandeau.ledger.verify import verify
from bandeau.policy.model import Period
from bandeau.storage.memory import MemoryLedger

YEARS = Period(count=5, unit="year")
HALF = Period(count=6, unit="month")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


class Clocked:
    """A ledger, an eraser, and the clock that both go by."""

    def __init__(self) -> None:
        self.now = 0
        self.rests = 0
        self.first: list[tuple[int, str]] = []
        self.store = MemoryLedger(drafts.signer(), drafts.counting())
        self._numbers = itertools.count(1)

        async def together(appends):
            return await asyncio.gather(*appends, return_exceptions=True)

        async def first(batch, ground) -> None:
            self.first += [(each.index, ground.value) for each in batch]

        self.eraser = Eraser(self.store, lambda: self.now, drafts.counting(), together, (first,))

    def choose(self, visitor: str, when: str, *, notice: str = "a" * 64) -> str:
        self.now = at(when)
        name = uuid7(self.now * 1000, next(self._numbers).to_bytes(10))
        draft = Draft.choice(
            id=name,
            site="www.quotidien.test",
            subject=drafts.subject(visitor),
            time=self.now * 1000,
            action="save",
            mechanism="panel",
            purposes={"social": True},
            policy=drafts.TERMS,
            notice=notice,
            lang="fr",
            layout="bar",
            gpc=False,
            expires=expiry(self.now, HALF),
        )
        asyncio.run(self.store.append(draft))
        return name

    async def rest(self) -> None:
        self.rests += 1

    def purge(self, when: str, proof: Period = YEARS) -> int:
        self.now = at(when)
        found = asyncio.run(self._listed(past(self.store, proof, self.now, self.rest)))
        count = asyncio.run(purge(self.store, self.eraser, proof, self.now, self.rest))
        assert count == len(found)
        assert verify(self.store.evidence(), drafts.signer().vkey).findings == ()
        return count

    async def _listed(self, found):
        return [each async for each in found]

    def held(self) -> list[str]:
        async def listed() -> list[str]:
            return [leaf.id async for leaf in self.store.scan() if leaf.body and _chosen(leaf)]

        return asyncio.run(listed())


def _chosen(leaf) -> bool:
    return parse_record(leaf.body).kind in (Kind.CHOICE, Kind.ITEM)


@pytest.fixture
def log() -> Clocked:
    return Clocked()


@pytest.mark.parametrize(
    ("made", "period", "ends"),
    [
        ("2026-08-31T12:00", HALF, "2027-02-28T12:00"),
        ("2027-08-31T12:00", HALF, "2028-02-29T12:00"),
        ("2028-02-29T12:00", YEARS, "2033-02-28T12:00"),
        ("2026-12-31T23:59", Period(count=2, unit="month"), "2027-02-28T23:59"),
        ("2026-03-01T00:00", Period(count=30, unit="day"), "2026-03-31T00:00"),
    ],
)
def test_periods_go_by_the_calendar(made: str, period: Period, ends: str) -> None:
    assert expiry(at(made), period) == at(ends)


def test_proof_is_kept_for_its_period_after_the_choice_ended_and_not_a_second_longer(
    log: Clocked,
) -> None:
    name = log.choose("anna", "2026-08-31T12:00")
    assert log.purge("2032-02-28T11:59:59") == 0
    assert log.held() == [name]
    assert log.purge("2032-02-28T12:00:00") == 1
    assert log.held() == []
    assert log.first == [(0, "retention")]
    assert log.purge("2040-01-01T00:00") == 0


def test_a_choice_that_was_followed_ended_then(log: Clocked) -> None:
    log.choose("anna", "2026-01-10T00:00")
    second = log.choose("anna", "2026-02-10T00:00")
    other = log.choose("bert", "2026-01-10T00:00")
    assert log.purge("2031-02-09T23:59:59") == 0
    assert log.purge("2031-02-10T00:00:00") == 1
    assert log.held() == [second, other]
    assert log.purge("2031-08-10T00:00:00") == 2


def test_a_long_history_goes_one_by_one_and_none_is_told_twice(log: Clocked) -> None:
    for month in range(1, 10):
        log.choose("anna", f"2026-0{month}-01T00:00")
    assert log.purge("2031-05-01T00:00") == 4
    assert log.purge("2031-05-01T00:00") == 0
    assert log.purge("2031-07-01T00:00") == 2
    assert len({index for index, _ in log.first}) == len(log.first) == 6


def test_terms_and_what_was_shown_stay(log: Clocked) -> None:
    asyncio.run(log.store.append(drafts.terms()))
    asyncio.run(log.store.append(drafts.notice()))
    assert log.purge("2090-01-01T00:00") == 0


def test_an_item_ended_when_it_was_loaded(log: Clocked) -> None:
    asyncio.run(log.store.append(drafts.item(1, "anna")))
    made = datetime.fromtimestamp(drafts.NOW // 1000, UTC)
    ends = made.replace(year=made.year + 5)
    assert log.purge(ends.replace(tzinfo=None).isoformat(), YEARS) == 1


def test_one_wrong_clock_does_not_keep_the_rest(log: Clocked) -> None:
    log.choose("eve", "2099-01-01T00:00")
    log.choose("anna", "2026-01-01T00:00")
    assert log.purge("2032-01-01T00:00") == 1


def test_others_get_their_turn(log: Clocked) -> None:
    for number in range(250):
        log.choose(f"v{number}", "2026-01-01T00:00")
    assert log.purge("2032-01-01T00:00") == 250
    assert log.rests >= 6


def test_records_under_one_notice_are_found(log: Clocked) -> None:
    log.choose("anna", "2026-01-01T00:00", notice="b" * 64)
    log.choose("anna", "2026-01-02T00:00")
    log.choose("bert", "2026-01-03T00:00", notice="b" * 64)

    async def indexes(**by: str) -> list[int]:
        return [each.index async for each in under(log.store, log.rest, **by)]

    assert asyncio.run(indexes(notice="b" * 64)) == [0, 2]
    assert asyncio.run(indexes(policy=drafts.TERMS)) == [0, 1, 2]
    assert asyncio.run(indexes(notice="c" * 64)) == []
