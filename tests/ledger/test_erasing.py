"""Erasing that is interrupted: no older consent stands again, and what is left can be erased."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import ledger_drafts as drafts
import pytest

from bandeau.ledger.draft import Draft
from bandeau.ledger.erasing import Eraser, First, held_of
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import Ground, Kind, items_subject_of
from bandeau.ledger.store import LedgerUnavailable
from bandeau.ledger.verify import verify
from bandeau.storage.memory import MemoryLedger

ANNA = drafts.subject("anna")
NUMBERS = itertools.count(1)


class Failing(MemoryLedger):
    """A ledger of which only so many more erasures succeed."""

    left = 1_000

    async def append(self, draft: Draft) -> Receipt:
        if draft.kind is Kind.ERASURE:
            if not self.left:
                raise LedgerUnavailable("the disk is full")
            self.left -= 1
        return await super().append(draft)


@pytest.fixture
def ledger() -> Failing:
    made = Failing(drafts.signer(), drafts.counting())
    for number in range(5):
        asyncio.run(made.append(drafts.choice(number, "anna")))
    asyncio.run(made.append(drafts.item(7, "anna")))
    asyncio.run(made.append(drafts.choice(8, "bert")))
    return made


def eraser(ledger: Failing, *first: First) -> Eraser:
    numbers = NUMBERS

    def random(size: int) -> bytes:
        return next(numbers).to_bytes(size)

    async def one_by_one(appends):
        outcomes = []
        for each in appends:
            try:
                outcomes.append(await each)
            except Exception as error:
                outcomes.append(error)
        return outcomes

    clock: Callable[[], float] = lambda: drafts.NOW / 1000 + next(numbers)  # noqa: E731
    return Eraser(ledger, clock, random, one_by_one, first)


def both() -> tuple[str, str]:
    return ANNA, items_subject_of(b"key", b"anna")


def test_all_of_one_visitor_goes_and_nothing_of_another(ledger: Failing) -> None:
    assert asyncio.run(eraser(ledger).erase_subjects(both(), Ground.REQUEST)) == 6
    for subject in both():
        assert asyncio.run(ledger.history(subject, 10)) == []
    assert len(asyncio.run(ledger.history(drafts.subject("bert"), 10))) == 1
    assert verify(ledger.evidence(), drafts.signer().vkey).findings == ()
    assert asyncio.run(eraser(ledger).erase_subjects(both(), Ground.REQUEST)) == 0


@pytest.mark.parametrize("succeed", range(5))
def test_an_interrupted_erasure_revives_nothing_and_goes_on(ledger: Failing, succeed: int) -> None:
    ledger.left = succeed
    with pytest.raises(LedgerUnavailable):
        asyncio.run(eraser(ledger).erase_subjects([ANNA], Ground.REQUEST))
    left = asyncio.run(ledger.history(ANNA, 10))
    assert len(left) == 5 - succeed
    assert all(stored.superseded for stored in left) is bool(succeed)
    ledger.left = 1_000
    assert asyncio.run(eraser(ledger).erase_subjects([ANNA], Ground.REQUEST)) == 5 - succeed
    assert verify(ledger.evidence(), drafts.signer().vkey).findings == ()


def test_what_has_to_come_first_comes_first_or_nothing_is_erased(ledger: Failing) -> None:
    seen = []

    async def note(batch, ground) -> None:
        held = await held_of(ledger, ANNA, 10)
        seen.append((len(batch), ground, len(held)))

    async def fail(batch, ground) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        asyncio.run(eraser(ledger, note, fail).erase_subjects([ANNA], Ground.REQUEST))
    assert len(asyncio.run(ledger.history(ANNA, 10))) == 5
    asyncio.run(eraser(ledger, note).erase_subjects([ANNA], Ground.REQUEST))
    assert seen == [(5, Ground.REQUEST, 5)] * 2


def test_two_that_erase_at_once_both_succeed(ledger: Failing) -> None:
    async def twice() -> list[int]:
        found = await held_of(ledger, ANNA, 10)
        work = eraser(ledger)
        return [await work.erase(found, Ground.REQUEST), await work.erase(found, Ground.REQUEST)]

    assert asyncio.run(twice()) == [5, 0]
