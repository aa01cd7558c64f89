"""Notes go to the store in batches, on a thread that ends when there is nothing to write."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest

from bandeau import limits
from bandeau.enforcement.sightings import Kind, Seen, Sighting, Teller
from bandeau.storage.suffixes import public_suffixes
from bandeau.web.lookout import Allowance, Lookout

registrable = public_suffixes().registrable
NOON = 1_795_600_800.0  # 25 November 2026, UTC


class Batches:
    """A store that keeps batches apart, and tells when one came."""

    def __init__(self) -> None:
        self.came = threading.Semaphore(0)
        self.batches: list[tuple[Sighting, ...]] = []

    def add(self, batch: Iterable[Sighting]) -> None:
        self.batches.append(tuple(batch))
        self.came.release()

    def all(self) -> tuple[Sighting, ...]:
        return tuple(s for batch in self.batches for s in batch)


def seen(name: str) -> Seen:
    return Seen(Kind.HOST, name, Teller.SITE, "markup", "/a?x=1")


def test_one_batch_for_many_notes_from_many_threads() -> None:
    store = Batches()
    lookout = Lookout(store, registrable, lambda: NOON, every=60)
    notes = [threading.Thread(target=lookout.note, args=[seen("a.test")]) for _ in range(8)]
    for each in notes:
        each.start()
    for each in notes:
        each.join()
    assert store.batches == []
    lookout.close()
    ((only,),) = store.batches
    assert (only.name, only.times, only.first_day.isoformat()) == ("a.test", 8, "2026-11-25")
    assert only.page == "/a"


def test_batches_come_by_themselves_and_again_after_a_rest() -> None:
    store = Batches()
    lookout = Lookout(store, registrable, lambda: NOON, every=0.01)
    for name in ("a.test", "b.test"):
        lookout.note(seen(name))
        assert store.came.acquire(timeout=20)
        writers = [t for t in threading.enumerate() if t.name == "sightings"]
        for writer in writers:
            writer.join(20)
            assert not writer.is_alive()
    assert [batch[0].name for batch in store.batches] == ["a.test", "b.test"]
    lookout.close()


def test_nothing_is_noted_after_the_end() -> None:
    store = Batches()
    lookout = Lookout(store, registrable, lambda: NOON)
    lookout.close()
    lookout.note(seen("a.test"))
    assert store.batches == []
    assert not [t for t in threading.enumerate() if t.name == "sightings"]


def test_a_busy_site_asks_on_a_share_of_its_pages() -> None:
    moment = [NOON]
    lookout = Lookout(Batches(), registrable, lambda: moment[0])
    asked = [lookout.asks() for _ in range(1_000)]
    assert sum(asked) == limits.REPORTING_PAGES_AT_ONCE
    moment[0] += 10
    asked = [lookout.asks() for _ in range(1_000)]
    assert sum(asked) == 10 * limits.REPORTING_PAGES_PER_SECOND
    lookout.close()


@pytest.mark.parametrize("back", [0.0, -3_600.0])
def test_an_allowance_grows_with_time_only(back: float) -> None:
    moment = [NOON]
    allowance = Allowance(1, 2, lambda: moment[0])
    assert [allowance.take() for _ in range(3)] == [True, True, False]
    moment[0] += back
    assert not allowance.take()
    moment[0] += 1
    assert allowance.take()
    moment[0] += 1_000
    assert [allowance.take() for _ in range(3)] == [True, True, False]
