"""What every store guarantees of looking: what is found, how far one look goes, what is counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from newsrooms import Kept, Run, running

from bandeau import limits
from bandeau.features.comments.figures import DAY_MS, days
from bandeau.features.comments.grounds import Ground
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.reports import Report
from bandeau.features.comments.search import Query
from bandeau.storage.comments.search import stepping
from bandeau.storage.comments.store import FILE
from bandeau.storage.place import Folder

NOW = 20_000 * DAY_MS


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    where: Path | str | None = {"memory": None, "sqlite": tmp_path}.get(request.param)
    if request.param == "postgres":
        where = request.getfixturevalue("postgres").database()
    with running(where) as runs:
        yield runs


def comment(number: int, source: str = "Words", **changes: Any) -> Comment:
    time = NOW + number // 2
    made = Comment(f"c{number:03}", "/a", "Ana", "<p>x</p>", time, None, "r", source, "a1")
    return replace(made, **changes)


async def found(kept: Kept, limit: int = 9, after: str = "", **asked: Any) -> list[str]:
    answer = await kept.room.search.search(Query(**asked), limit, after)
    return [each.id for each in answer.comments]


def test_words_are_found_however_they_are_written(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.comments.add(comment(1, "Un ÉTÉ à Nantes"))
        await kept.comments.add(comment(2, "Casinos, 50% off_now", name="Zoé"))
        await kept.comments.add(comment(3, "всё хорошо", name="Zoe Durand"))
        assert await found(kept, text="ete NANTES") == ["c001"]
        assert await found(kept, text="casino") == ["c002"]
        assert await found(kept, text="asino") == []
        assert await found(kept, text="50% off") == ["c002"]
        assert await found(kept, text="ВСЕ") == ["c003"]
        assert await found(kept, name="zoe") == ["c003", "c002"]
        assert await found(kept, name="zoe", text="casino") == ["c002"]

    run(scenario)


def test_place_state_and_time_narrow_it(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        for number in range(6):
            await kept.comments.add(comment(number))
        await kept.comments.add(comment(6, page="/b"))
        await kept.comments.add(comment(7, state=State.SPAM))
        await kept.comments.add(comment(8))
        await kept.comments.move("c008", State.GONE)
        newest = ["c007", "c006", *(f"c00{n}" for n in range(5, -1, -1))]
        assert await found(kept) == newest
        assert await found(kept, page="/b") == ["c006"]
        assert await found(kept, state=State.SPAM) == ["c007"]
        assert await found(kept, state=State.SPAM, page="/b") == []
        assert await found(kept, since=NOW + 1, until=NOW + 2) == ["c003", "c002"]
        assert await found(kept, 2) == newest[:2]
        assert await found(kept, 9, "c006") == newest[2:]
        assert await found(kept, 9, "nothing") == []

    run(scenario)


def test_one_look_is_bounded_and_goes_on(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SEARCH_READ", 6)
    monkeypatch.setattr(limits, "SEARCH_STEP", 3)

    async def scenario(kept: Kept) -> None:
        for number in range(10):
            await kept.comments.add(comment(number, "needle" if number in (1, 8) else "hay"))
        search, query = kept.room.search.search, Query(text="needle")
        first = await search(query, 9)
        assert [each.id for each in first.comments] == ["c008"]
        assert (first.after, first.reached) == ("c004", NOW + 2)
        rest = await search(query, 9, first.after)
        assert [each.id for each in rest.comments] == ["c001"]
        assert rest.after == ""

    run(scenario)


@pytest.mark.parametrize("stated", [True, False])
@pytest.mark.parametrize("paged", [True, False])
def test_a_look_is_read_from_an_index(tmp_path: Path, stated: bool, paged: bool) -> None:
    Folder(tmp_path).comments().close()
    file = apsw.Connection(str(tmp_path / FILE))
    text = stepping(stated=stated, paged=paged)
    values: dict[str, Any] = {"1": 9, "2": 0, "3": 9, "4": 9, "5": "x", "6": "a", "7": "b"}
    plan = " ".join(map(str, file.execute(f"EXPLAIN QUERY PLAN {text}", values)))
    file.close()
    assert "TEMP B-TREE" not in plan and "SCAN" not in plan and "INDEX" in plan


def test_what_goes_on_is_counted_by_day(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        hour = DAY_MS // 24
        for number, (day, state) in enumerate(
            [(-2, State.HELD), (0, State.HELD), (0, State.PUBLISHED), (-9, State.SPAM)]
        ):
            made = comment(number, time=NOW + day * DAY_MS, state=state)
            await kept.comments.add(made)
        for number, ground in enumerate((Ground.SPAM, Ground.ILLEGAL, Ground.CHILD_ABUSE)):
            sent = NOW + hour + number
            made_ = Report(f"r{number}", f"t{number}", "c002", "/a", sent, ground)
            assert await kept.room.reports.file(made_)
        acts = [
            Act("a1", NOW + 3 * hour, "ada", Deed.APPROVE, "c001"),
            Act("a2", NOW + 2 * hour, "ada", Deed.DISMISS, "c002"),
            Act("a3", NOW + 4 * hour, "ada", Deed.SPAM, "c001"),
        ]
        assert await kept.room.queue.perform(acts) == 3
        today = NOW // DAY_MS
        counted = days(await kept.room.figures.counted(today - 2), today, 3)
        assert [day.start for day in counted] == [NOW - 2 * DAY_MS, NOW - DAY_MS, NOW]
        assert [day.states[State.HELD] for day in counted] == [1, 0, 0]
        last = counted[-1]
        assert (last.states[State.PUBLISHED], last.states[State.SPAM]) == (1, 1)
        assert (last.reports, last.notices) == (3, 2)
        assert (last.decisions, last.median) == (2, 2 * hour)  # of 3 h and 1 h; a3 did not wait
        assert (counted[0].decisions, counted[0].median) == (0, None)

    run(scenario)
