"""What of comments goes by its age, over every store, with a clock that is moved by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import apsw
import pytest
from newsrooms import Kept, Run, running

from bandeau import limits
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.retention import Lapse, due, purge, untils
from bandeau.policy.model import Period, Retention
from bandeau.storage.comments.retention import _AUTHORS, _LINKED, _OF_STATE, StoredRetention
from bandeau.storage.comments.store import FILE
from bandeau.storage.place import Folder

KEPT = Retention()


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


BEGUN = at("2026-01-31T12:00:00")


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    where: Any = {"memory": None, "sqlite": tmp_path}.get(request.param, "")
    where = request.getfixturevalue("postgres").database() if where == "" else where
    with running(where) as work:
        yield work


def comment(number: int, reply_to: str | None = None, **changes: Any) -> Comment:
    made = Comment(
        id=f"id-{number:04}",
        page="/a",
        name=f"N{number}",
        html="<p>x</p>",
        time=BEGUN + number,
        reply_to=reply_to,
        receipt=f"r-{number}",
        source="x",
    )
    return replace(made, **changes)


async def no_rest() -> None:
    """Nobody else waits."""


class Clock:
    """Purges a store as of some moment, and says what it did."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self.store = StoredRetention(kept.comments.tables)

    async def purge(self, text: str) -> dict[str, int]:
        told = await due(self.store, KEPT, at(text))
        gone = await purge(self.store, KEPT, at(text), no_rest)
        first = {lapse: told[lapse] for lapse in (Lapse.HELD, Lapse.REFUSED, Lapse.LINKS)}
        assert first == {lapse: gone[lapse] for lapse in first}
        return {lapse.value: count for lapse, count in gone.items() if count}

    async def find(self, number: int) -> Comment | None:
        return await self.kept.comments.find(f"id-{number:04}")


def test_periods_are_calendar_months() -> None:
    one = Retention(held=Period(count=1, unit="month"), refused=Period(count=30, unit="day"))
    found = untils(one, at("2026-03-01T00:00:00"))
    assert found[Lapse.HELD] == at("2026-02-01T00:00:00") + 999
    assert found[Lapse.REFUSED] == at("2026-01-30T00:00:00") + 999
    assert untils(one, at("2026-03-31T12:00:00"))[Lapse.HELD] == at("2026-02-28T12:00:00") + 999
    assert untils(one, at("2026-02-28T23:59:59"))[Lapse.HELD] < BEGUN
    assert untils(one, 0)[Lapse.HELD] < 0


def test_what_nobody_judged_and_what_was_refused_is_erased(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        clock, add = Clock(kept), kept.comments.add
        await add(comment(1))
        await add(comment(2, "id-0001", state=State.HELD, reasons=("links",)))
        await add(comment(3, state=State.SPAM))
        await add(comment(4, state=State.HELD))
        late = Act("act-1", at("2026-05-01T00:00:00"), "camille", Deed.REJECT, "id-0004")
        await kept.room.queue.perform([late])
        assert await clock.purge("2026-07-31T11:59:59") == {}
        assert await clock.purge("2026-07-31T12:00:01") == {
            "held": 1, "refused": 1, "tombstones": 2,
        }  # fmt: skip
        assert await clock.find(2) is None and await clock.find(3) is None
        assert (await clock.find(4)).html == "<p>x</p>"  # type: ignore[union-attr]
        assert await clock.purge("2026-11-01T00:00:01") == {"refused": 1, "tombstones": 1}
        listing = await kept.comments.threads("/a", 10)
        assert [thread.root.id for thread in listing.threads] == ["id-0001"]
        assert listing.count == 1

    run(scenario)


def test_a_tombstone_stays_under_its_replies(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        clock, add = Clock(kept), kept.comments.add
        await add(comment(1))
        await add(comment(2, "id-0001"))
        await add(comment(3, "id-0002"))
        for number in (1, 2):
            await kept.comments.move(f"id-{number:04}", State.GONE)
        assert await clock.purge("2026-08-01T00:00:00") == {"tombstones": 1}
        (thread,) = (await kept.comments.threads("/a", 10)).threads
        assert (thread.root.id, [each.id for each in thread.replies]) == ("id-0001", ["id-0003"])
        await kept.comments.move("id-0003", State.GONE)
        assert await clock.purge("2026-08-02T00:00:00") == {"tombstones": 1}
        assert await clock.purge("2026-08-03T00:00:00") == {"tombstones": 1}
        assert not (await kept.comments.threads("/a", 10)).threads

    run(scenario)


def test_a_comment_outlives_what_ties_it_to_its_author(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        clock, authors = Clock(kept), kept.room.authors
        one = await authors.author("t1", "author-1", comment(1), "")
        two = await authors.author("t2", "author-2", comment(1), "")
        await kept.comments.add(comment(1, author=one.id))
        await kept.comments.add(comment(2, author=two.id))
        await kept.comments.add(comment(3, author=two.id, time=at("2027-06-01T00:00:00")))
        assert await clock.purge("2028-01-31T11:00:00") == {}
        assert await clock.purge("2028-01-31T12:00:01") == {"links": 2, "authors": 1}
        first, third = await clock.find(1), await clock.find(3)
        assert first is not None and third is not None
        assert (first.receipt, first.author, first.name, first.html) == ("", "", "N1", "<p>x</p>")
        assert (third.receipt, third.author) == ("r-3", "author-2")
        assert (await authors.author("t1", "new", comment(9), "")).id == "new"
        assert (await authors.author("t2", "new", comment(9), "")).id == "author-2"

    run(scenario)


def test_a_ban_lasts_as_long_as_the_log_tells_of_it(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        clock, author = Clock(kept), await kept.room.authors.author("t1", "a-1", comment(1), "")
        ban = Act("act-1", at("2028-01-01T00:00:00"), "camille", Deed.BAN, author.id)
        await kept.room.queue.perform([ban])
        assert await clock.purge("2028-12-31T23:59:59") == {}
        assert (await kept.room.authors.author("t1", "new", comment(9), "")).id == "a-1"
        assert await clock.purge("2029-01-01T00:00:01") == {"acts": 1}
        assert await clock.purge("2030-01-01T00:00:01") == {"authors": 1}
        assert not await kept.room.queue.log(9)

    run(scenario)


def test_many_go_a_few_at_a_time(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PURGE_STEP", 3)

    async def scenario(kept: Kept) -> None:
        rests = 0

        async def rest() -> None:
            nonlocal rests
            rests += 1

        for number in range(7):
            state = State.SPAM if number % 2 else State.REJECTED
            await kept.comments.add(comment(number, state=state))
        store = StoredRetention(kept.comments.tables)
        gone = await purge(store, KEPT, at("2026-09-01T00:00:00"), rest)
        assert gone[Lapse.REFUSED] == gone[Lapse.TOMBSTONES] == 7
        assert rests == 3 + 3 + 4

    run(scenario)


def test_nothing_of_what_went_stays_in_the_file(tmp_path: Path) -> None:
    with running(tmp_path) as work:

        async def scenario(kept: Kept) -> None:
            secret = comment(1, state=State.SPAM, html="<p>Unutterable</p>", source="Unutterable")
            await kept.comments.add(secret)
            await Clock(kept).purge("2026-09-01T00:00:00")

        work(scenario)
        kept = b"".join(path.read_bytes() for path in tmp_path.glob(f"{FILE}*"))
        assert b"Unutterable" not in kept


@pytest.mark.parametrize(
    ("text", "index"),
    [(_OF_STATE, "comment_state"), (_LINKED, "comment_linked"), (_AUTHORS, "author_made")],
)
def test_what_is_old_is_read_from_its_index(tmp_path: Path, text: str, index: str) -> None:
    Folder(tmp_path).comments().close()
    file = apsw.Connection(str(tmp_path / FILE))
    values = {"1": 5, "2": 10, "3": "held"}
    plan = " ".join(map(str, file.execute(f"EXPLAIN QUERY PLAN {text}", values)))
    file.close()
    assert index in plan and "TEMP B-TREE" not in plan
