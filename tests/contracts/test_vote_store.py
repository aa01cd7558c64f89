"""What every store of recommendations guarantees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from newsrooms import Kept, Run, running

from bandeau.features.comments.model import Comment, State

COMMENT = Comment("c1", "/a", "N", "<p>x</p>", 1_700_000_000_000, None, "r0", source="x")


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    where: Path | str | None = {"memory": None, "sqlite": tmp_path}.get(request.param, "")
    if where == "":
        where = request.getfixturevalue("postgres").database()
    with running(where) as run:
        yield run


async def added(kept: Kept, *ids: str, state: State = State.PUBLISHED) -> None:
    for each in ids:
        assert await kept.comments.add(replace(COMMENT, id=each, state=state))


def test_one_visitor_recommends_a_comment_once(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        votes = kept.room.votes
        await added(kept, "c1", "c2")
        assert await votes.cast("c1", "v1", "r1", 1) is True
        before = await kept.comments.version("/a")
        assert await votes.cast("c1", "v1", "r2", 2) is False
        assert await kept.comments.version("/a") == before
        assert await votes.cast("c1", "v2", "r3", 2) is True
        assert await votes.cast("c2", "v1", "r1", 3) is True
        assert await kept.comments.version("/a") > before
        assert await votes.votes(["c1", "c2", "c3"]) == {"c1": 2, "c2": 1}
        assert await votes.votes([]) == {}
        assert list(await votes.recommended("v1")) == ["c2", "c1"]
        assert list(await votes.recommended("v9")) == []

    run(scenario)


def test_what_is_not_published_cannot_be_recommended(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await added(kept, "c1", state=State.HELD)
        for named in ("c1", "nothing", "' OR 1=1 --"):
            assert await kept.room.votes.cast(named, "v1", "r1", 1) is None
        assert await kept.room.votes.votes(["c1"]) == {}

    run(scenario)


def test_it_is_taken_back_and_ends_with_its_record_and_its_comment(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        votes = kept.room.votes
        await added(kept, "c1", "c2")
        for voter, receipt in (("v1", "r1"), ("v2", "r2"), ("v3", "r3")):
            await votes.cast("c1", voter, receipt, 1)
            await votes.cast("c2", voter, receipt, 1)
        seen = await kept.comments.version("/a")
        assert await votes.withdraw("c1", "v1") is True
        assert await votes.withdraw("c1", "v1") is False
        assert await kept.comments.version("/a") == seen + 1
        await kept.comments.forget(["r2", ""])
        assert await votes.votes(["c1", "c2"]) == {"c1": 1, "c2": 2}
        assert await kept.comments.version("/a") == seen + 3
        assert list(await votes.recommended("v2")) == []
        await kept.comments.move("c1", State.GONE)
        assert await votes.votes(["c1"]) == {}
        rows = await kept.comments.tables.read("SELECT voter FROM vote WHERE comment = $1", "c1")
        assert list(rows) == []

    run(scenario)
