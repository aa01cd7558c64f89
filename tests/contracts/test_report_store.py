"""What every store of reports guarantees: who waits, what a decision closes, what is erased."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from newsrooms import Kept, Run, running

from bandeau import limits
from bandeau.features.comments.decisions import Cause, Decision
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.reports import Outcome, Report

NOW = 1_700_000_000_000


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    where: Path | str | None = {"memory": None, "sqlite": tmp_path}.get(request.param)
    if request.param == "postgres":
        where = request.getfixturevalue("postgres").database()
    with running(where) as runs:
        yield runs


async def publish(kept: Kept, *ids: str, state: State = State.PUBLISHED) -> None:
    for each in ids:
        made = Comment(each, "/a", "N", "<p>x</p>", NOW, None, "r", "x", "a1", state=state)
        await kept.comments.add(made)


def report(number: int, comment: str = "c1", **changes: Any) -> Report:
    made = Report(
        id=f"r{number:04}",
        tag=f"t{number}",
        comment=comment,
        page="/a",
        time=NOW + number,
        ground=Ground.INSULT,
    )
    return replace(made, **changes)


def notice(number: int, comment: str = "c1") -> Report:
    said = {"text": "It is against the law.", "name": "Ada", "email": "ada@example.test"}
    return report(number, comment, ground=Ground.ILLEGAL, **said)


def act(deed: Deed, on: str, number: int = 1) -> Act:
    return Act(f"act-{number:03}", NOW + 100 * number, "camille", deed, on)


async def order(kept: Kept, limit: int = 9, after: str = "") -> list[str]:
    return [each.comment.id for each in await kept.room.reports.reported(limit, after)]


def test_notices_come_first_and_then_who_waits_longest(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1", "c2", "c3", "c4")
        for each in (report(2, "c1"), report(1, "c2"), report(3, "c3"), notice(9, "c4")):
            assert await kept.room.reports.file(each)
        assert await order(kept) == ["c4", "c2", "c1", "c3"]
        first = await kept.room.reports.reported(2)
        assert await order(kept, 9, first[1].mark) == ["c1", "c3"]
        await kept.room.queue.perform([act(Deed.DISMISS, "c2")])
        assert await order(kept, 9, first[1].mark) == ["c1", "c3"]
        assert await order(kept, 1, "no mark") == ["c4"]
        await kept.room.reports.file(notice(10, "c3"))
        assert await order(kept) == ["c3", "c4", "c1"]
        assert await kept.room.reports.waiting(9) == 3
        assert await kept.room.reports.waiting(2) == 2

    run(scenario)


def test_a_report_is_kept_once_and_only_of_what_readers_see(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        await publish(kept, "c2", state=State.HELD)
        file = kept.room.reports.file
        assert await file(notice(1)) and await file(notice(1))
        assert await file(report(2, readers=0)) and await file(report(3))
        assert not await file(report(4, "c2"))
        assert not await file(report(5, "nothing"))
        (waiting,) = await kept.room.reports.reported(9)
        assert (waiting.readers, waiting.since) == (2, NOW + 1)
        told = await kept.room.reports.reports(["c1", "c2"])
        assert told == {"c1": [notice(1), report(2, readers=0), report(3)]}
        assert (await kept.room.reports.filed("t1")).report == notice(1)
        assert await kept.room.reports.filed("t4") is None

    run(scenario)


def test_of_many_reports_the_first_are_told_and_every_notice(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        most = limits.COMMENT_REPORTS_SHOWN
        for number in range(most + 2):
            await kept.room.reports.file(report(number))
        await kept.room.reports.file(notice(900))
        told = (await kept.room.reports.reports(["c1"]))["c1"]
        assert [each.id for each in told] == [*(f"r{n:04}" for n in range(most)), "r0900"]

    run(scenario)


@pytest.mark.parametrize(
    ("deed", "outcome"),
    [(Deed.DISMISS, "kept"), (Deed.REJECT, "removed"), (Deed.SPAM, "removed")],
)
def test_a_decision_closes_reports_and_says_why(run: Run, deed: Deed, outcome: str) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1", "c2")
        await kept.room.reports.file(notice(1))
        await kept.room.reports.file(report(2))
        await kept.room.reports.file(report(3, "c2"))
        reason = Reason(Ground.ILLEGAL, "Law of 29 July 1881, article 33", "It insults by name.")
        assert await kept.room.queue.perform([act(deed, "c1")], 0, reason) == 1
        assert await order(kept) == ["c2"]
        for tag in ("t1", "t2"):
            filed = await kept.room.reports.filed(tag)
            assert (filed.report.outcome, filed.report.decided) == (Outcome(outcome), NOW + 100)
            assert filed.decision == Decision(
                *("act-001", "c1", NOW + 100, "camille", deed, reason, Cause.NOTICE),
                waited=99,
            )
        (told,) = (await kept.room.letters.concerned("act-001")).filed
        assert told.email == "ada@example.test"
        assert await kept.room.letters.news(9) == ["act-001"]
        await kept.room.letters.tidy(0, NOW // 1000 + 1)
        assert await kept.room.letters.news(9) == []
        assert await kept.room.queue.perform([act(deed, "c1", 2)]) == 0
        log = [(each.deed, each.object) for each in await kept.room.queue.log(9)]
        assert log == [(deed, "c1")]
        shown = (await kept.comments.find("c1")).state is State.PUBLISHED
        assert shown is (deed is Deed.DISMISS)

    run(scenario)


def test_after_a_decision_a_comment_can_be_reported_again(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        await kept.room.reports.file(report(1))
        await kept.room.queue.perform([act(Deed.DISMISS, "c1")])
        await kept.room.reports.file(report(2))
        (waiting,) = await kept.room.reports.reported(9)
        assert (waiting.readers, waiting.since) == (1, NOW + 2)
        assert list(await kept.room.reports.reports(["c1"])) == ["c1"]
        assert (await kept.room.reports.filed("t1")).report.outcome is Outcome.KEPT

    run(scenario)


def test_two_who_dismiss_at_once_do_it_once(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        await kept.room.reports.file(report(1))
        tried = [kept.room.queue.perform([act(Deed.DISMISS, "c1", n)]) for n in range(6)]
        assert sum(await asyncio.gather(*tried)) == 1
        assert len(await kept.room.queue.log(9)) == 1

    run(scenario)


def test_what_its_author_erased_waits_no_longer(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        await kept.room.reports.file(report(1))
        await kept.comments.move("c1", State.GONE)
        assert await order(kept) == []
        filed = await kept.room.reports.filed("t1")
        assert (filed.report.outcome, filed.decision) == (Outcome.GONE, None)
        assert await kept.room.queue.perform([act(Deed.DISMISS, "c1")]) == 0

    run(scenario)


def test_reports_are_erased_in_time(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1", "c2", "c3")
        for number, comment in enumerate(("c1", "c2", "c3"), 1):
            await kept.room.reports.file(report(number, comment))
        await kept.room.queue.perform([act(Deed.DISMISS, "c1", 1), act(Deed.DISMISS, "c2", 2)])
        await kept.room.reports.purge(NOW + 200, NOW)
        assert await kept.room.reports.filed("t1") is None
        assert await kept.room.reports.filed("t2") is not None
        assert await order(kept) == ["c3"]
        await kept.room.reports.purge(NOW, NOW + 4)
        assert await kept.room.reports.filed("t3") is None
        assert await order(kept) == []

    run(scenario)
