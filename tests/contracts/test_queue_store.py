"""What every store of queues guarantees: order, acts that are logged once, and what they change."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from newsrooms import Kept, Run, running

from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.moderate import Conduct, Known
from bandeau.features.comments.queue import Act, Deed, Past
from bandeau.storage.comments.queue import queued
from bandeau.storage.comments.store import FILE
from bandeau.storage.place import Folder

NOW = 1_700_000_000_000


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    where: Path | str | None = {"memory": None, "sqlite": tmp_path}.get(request.param)
    if request.param == "postgres":
        where = request.getfixturevalue("postgres").database()
    with running(where) as runs:
        yield runs


def comment(number: int, state: State = State.HELD, **changes: Any) -> Comment:
    made = Comment(
        id=f"c{number}",
        page="/a",
        name="N",
        html="<p>x</p>",
        time=NOW + number // 2,
        reply_to=None,
        receipt="r",
        source="x",
        author="a1",
        state=state,
        reasons=("links",) if state is State.HELD else (),
    )
    return replace(made, **changes)


def act(deed: Deed, on: str, number: int = 1) -> Act:
    return Act(f"act-{number:03}", NOW + number, "camille", deed, on)


async def author(kept: Kept, tag: str = "t1", new_id: str = "a1") -> Known:
    found = await kept.room.authors.author(tag, new_id, comment(0, page="/nowhere"), "")
    return found.known


def ids(found: Any) -> list[str]:
    return [each.id for each in found]


def test_who_waits_longest_comes_first_and_else_the_newest(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        for number in (4, 1, 3, 2, 5):
            await kept.comments.add(comment(number))
            await kept.comments.add(comment(number + 10, State.SPAM))
        queue = kept.room.queue.queue
        assert ids(await queue(State.HELD, 9)) == ["c1", "c2", "c3", "c4", "c5"]
        assert ids(await queue(State.HELD, 2, "c2")) == ["c3", "c4"]
        assert ids(await queue(State.SPAM, 3)) == ["c15", "c14", "c13"]
        assert ids(await queue(State.SPAM, 3, "c13")) == ["c12", "c11"]
        await kept.room.queue.perform([act(Deed.APPROVE, "c2")])
        assert ids(await queue(State.HELD, 2, "c2")) == ["c3", "c4"]
        assert await queue(State.HELD, 2, "nothing") == []
        assert await kept.room.queue.held(99) == 4
        assert await kept.room.queue.held(3) == 3

    run(scenario)


def test_an_approved_comment_is_shown_and_counts_for_its_author(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await author(kept)
        await kept.comments.add(comment(1))
        assert await kept.room.queue.perform([act(Deed.APPROVE, "c1")]) == 1
        found = await kept.comments.find("c1")
        assert (found.state, found.reasons) == (State.PUBLISHED, ())
        assert (await kept.comments.threads("/a", 9)).count == 1
        assert (await author(kept)).approved == 1
        assert await kept.room.queue.perform([act(Deed.APPROVE, "c1", 2)]) == 0
        assert (await author(kept)).approved == 1

    run(scenario)


@pytest.mark.parametrize(("deed", "state"), [(Deed.REJECT, "rejected"), (Deed.SPAM, "spam")])
def test_what_is_taken_off_keeps_why_it_was_held(run: Run, deed: Deed, state: str) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.comments.add(comment(1))
        await kept.comments.add(comment(2, State.PUBLISHED))
        assert await kept.room.queue.perform([act(deed, "c1", 1), act(deed, "c2", 2)]) == 2
        first, second = await kept.comments.find("c1"), await kept.comments.find("c2")
        assert (first.state, first.reasons) == (State(state), ("moderator", "links"))
        assert (second.state, second.reasons) == (State(state), ("moderator",))
        assert (await kept.comments.threads("/a", 9)).count == 0
        assert await kept.room.queue.perform([act(deed, "c1", 3)]) == 0

    run(scenario)


def test_a_moderators_word_goes_over_an_authors(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.comments.add(comment(1, State.REJECTED, reasons=("by-author",)))
        assert await kept.room.queue.perform([act(Deed.REJECT, "c1")]) == 1
        assert (await kept.comments.find("c1")).reasons == ("moderator", "by-author")

    run(scenario)


def test_authors_are_suspended_banned_and_restored(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await author(kept)
        perform = kept.room.queue.perform
        assert await perform([act(Deed.SUSPEND, "a1", 1)], NOW + 5) == 1
        assert await author(kept) == Known(Conduct.SUSPENDED, NOW + 5)
        assert await perform([act(Deed.BAN, "a1", 2)], NOW + 9) == 1
        assert await author(kept) == Known(Conduct.BANNED, 0)
        assert await perform([act(Deed.BAN, "a1", 3)]) == 0
        assert await perform([act(Deed.SILENCE, "a1", 4), act(Deed.RESTORE, "a1", 5)]) == 2
        assert await author(kept) == Known()
        assert await perform([act(Deed.BAN, "nobody", 6)]) == 0
        log = [(each.deed.value, each.was, each.became) for each in await kept.room.queue.log(9)]
        assert log == [
            ("restore", "silent", "ok"),
            ("silence", "banned", "silent"),
            ("ban", "suspended", "banned"),
            ("suspend", "ok", "suspended"),
        ]

    run(scenario)


def test_the_log_has_every_act_once_newest_first(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        for number in range(3):
            await kept.comments.add(comment(number))
        acts = [act(Deed.SPAM, f"c{number}", number) for number in range(3)]
        acts += [act(Deed.SPAM, "nothing", 7), act(Deed.APPROVE, "c0", 8)]
        assert await kept.room.queue.perform(acts) == 4
        log = await kept.room.queue.log(9)
        assert ids(log) == ["act-008", "act-002", "act-001", "act-000"]
        assert log[0] == replace(acts[4], was="spam", became="published")
        assert log[1] == replace(acts[2], was="held", became="spam")
        assert ids(await kept.room.queue.log(1, "act-002")) == ["act-001"]
        assert await kept.room.queue.log(1, "act-000") == []

    run(scenario)


def test_the_same_act_by_two_is_done_once(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await author(kept)
        await kept.comments.add(comment(1))
        tried = [kept.room.queue.perform([act(Deed.APPROVE, "c1", n)]) for n in range(6)]
        assert sum(await asyncio.gather(*tried)) == 1
        assert len(await kept.room.queue.log(9)) == 1
        assert (await author(kept)).approved == 1

    run(scenario)


def test_what_is_gone_stays_gone(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.comments.add(comment(1))
        await kept.comments.move("c1", State.GONE)
        assert await kept.room.queue.perform([act(Deed.APPROVE, "c1")]) == 0
        assert (await kept.comments.find("c1")).state is State.GONE

    run(scenario)


def test_the_past_of_an_author(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await author(kept)
        await author(kept, "t2", "a2")
        for number, state in enumerate((State.HELD, State.SPAM, State.SPAM, State.PUBLISHED)):
            await kept.comments.add(comment(number, state))
        await kept.room.queue.perform([act(Deed.SUSPEND, "a2")], NOW + 5)
        pasts = await kept.room.queue.pasts(["a1", "a2", "a3", ""])
        counts = {State.HELD: 1, State.SPAM: 2, State.PUBLISHED: 1}
        assert pasts == {"a1": Past(counts), "a2": Past({}, Conduct.SUSPENDED, NOW + 5)}
        assert await kept.room.queue.pasts([""]) == {}

    run(scenario)


@pytest.mark.parametrize("oldest", [True, False])
@pytest.mark.parametrize("follows", [True, False])
def test_a_queue_is_read_from_its_index(tmp_path: Path, oldest: bool, follows: bool) -> None:
    Folder(tmp_path).comments().close()
    file = apsw.Connection(str(tmp_path / FILE))
    text, values = queued(oldest=oldest, follows=follows), {"1": "held", "2": 9, "3": "x"}
    plan = " ".join(map(str, file.execute(f"EXPLAIN QUERY PLAN {text}", values)))
    file.close()
    assert "comment_state" in plan and "TEMP B-TREE" not in plan and "SCAN" not in plan
