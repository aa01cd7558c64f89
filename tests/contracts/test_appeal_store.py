"""What every store of appeals guarantees: one for each party, ruled on once, and what follows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from newsrooms import Kept, Run, running

from bandeau.features.comments.appeals import Appeal, Ruling
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.reports import Outcome, Report

NOW = 1_700_000_000_000
WHY = Reason(Ground.INSULT, "", "It insults a reader.")
ANSWER = Reason(None, "", "Irony is no insult.")


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    where: Path | str | None = {"memory": None, "sqlite": tmp_path}.get(request.param)
    if request.param == "postgres":
        where = request.getfixturevalue("postgres").database()
    with running(where) as runs:
        yield runs


async def publish(kept: Kept, *ids: str) -> None:
    for each in ids:
        await kept.comments.add(Comment(each, "/a", "N", "<p>x</p>", NOW, None, "r", "x", "a1"))


async def report(kept: Kept, number: int, comment: str) -> None:
    made = Report(f"r{number}", f"t{number}", comment, "/a", NOW + number, Ground.INSULT)
    assert await kept.room.reports.file(made)


def act(deed: Deed, on: str, number: int = 1) -> Act:
    return Act(f"act-{number:03}", NOW + 100 * number, "camille", deed, on)


def appeal(number: int, decision: str, comment: str = "c1", of_report: str = "") -> Appeal:
    return Appeal(f"p{number}", decision, comment, of_report, NOW + 1000 + number, "It was irony.")


async def reject(kept: Kept, *ids: str) -> None:
    acts = [act(Deed.REJECT, each, number) for number, each in enumerate(ids, 1)]
    assert await kept.room.queue.perform(acts, 0, WHY) == len(ids)


def test_an_author_reads_why_and_appeals_once(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1", "c2")
        appeals = kept.room.appeals
        assert await appeals.statements(["c1", "c2"]) == {}
        assert await appeals.statements([]) == {}
        await reject(kept, "c1")
        told = await appeals.statements(["c1", "c2"])
        assert list(told) == ["c1"]
        assert (told["c1"].decision.reason, told["c1"].appeal) == (WHY, None)
        lodged = [appeals.lodge(appeal(number, "act-001")) for number in range(4)]
        assert sum(await asyncio.gather(*lodged)) == 1
        assert not await appeals.lodge(appeal(9, "no decision"))
        assert (await appeals.statements(["c1"]))["c1"].appeal.text == "It was irony."
        assert await appeals.waiting(9) == 1

    run(scenario)


def test_appeals_come_oldest_first_with_what_they_are_about(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1", "c2", "c3")
        await report(kept, 1, "c3")
        await reject(kept, "c1", "c2")
        await kept.room.queue.perform([act(Deed.DISMISS, "c3", 3)])
        appeals = kept.room.appeals
        for each in (
            appeal(3, "act-003", "c3", "r1"),
            appeal(1, "act-001"),
            appeal(2, "act-002", "c2"),
        ):
            assert await appeals.lodge(each)
        found = await appeals.appeals(9)
        assert [each.appeal.id for each in found] == ["p1", "p2", "p3"]
        assert [each.comment.id for each in found] == ["c1", "c2", "c3"]
        assert [each.decision.id for each in found] == ["act-001", "act-002", "act-003"]
        assert [each.report and each.report.id for each in found] == [None, None, "r1"]
        assert [each.appeal.id for each in await appeals.appeals(1, "p1")] == ["p2"]
        assert (await appeals.lodged("p3")).report.id == "r1"
        assert await appeals.lodged("p9") is None
        assert (await appeals.of_report("r1")).id == "p3"
        assert await appeals.of_report("r9") is None

    run(scenario)


def test_a_decision_that_is_upheld_stands(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        await reject(kept, "c1")
        appeals = kept.room.appeals
        await appeals.lodge(appeal(1, "act-001"))
        ruling = replace(act(Deed.UPHOLD, "p1", 20), staff="dominique")
        assert await appeals.rule(ruling, None, ANSWER)
        assert not await appeals.rule(replace(ruling, id="act-021"), None, ANSWER)
        told = (await appeals.statements(["c1"]))["c1"].appeal
        assert (told.ruling, told.answer) == (Ruling.UPHELD, "Irony is no insult.")
        assert (told.staff, told.decided) == ("dominique", NOW + 2000)
        assert (await kept.comments.find("c1")).state is State.REJECTED
        assert await appeals.waiting(9) == 0
        log = [(each.deed, each.was, each.became) for each in await kept.room.queue.log(9)]
        assert log[0] == (Deed.UPHOLD, "open", "upheld")

    run(scenario)


def test_a_comment_comes_back_and_who_reported_it_is_told(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        await report(kept, 1, "c1")
        await reject(kept, "c1")
        appeals = kept.room.appeals
        await appeals.lodge(appeal(1, "act-001"))
        acts = act(Deed.REVERSE, "p1", 20), act(Deed.APPROVE, "c1", 21)
        assert await appeals.rule(*acts, ANSWER)
        assert (await kept.comments.find("c1")).state is State.PUBLISHED
        assert (await appeals.statements(["c1"]))["c1"].appeal.ruling is Ruling.REVERSED
        filed = await kept.room.reports.filed("t1")
        assert filed.report.outcome is Outcome.KEPT
        assert filed.decision.reason.facts == "Irony is no insult."
        assert [each.deed for each in await kept.room.queue.log(2)] == [Deed.APPROVE, Deed.REVERSE]

    run(scenario)


def test_a_dismissal_is_reversed_and_the_author_is_told(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        await report(kept, 1, "c1")
        await kept.room.queue.perform([act(Deed.DISMISS, "c1")])
        appeals = kept.room.appeals
        await appeals.lodge(appeal(1, "act-001", "c1", "r1"))
        acts = act(Deed.REVERSE, "p1", 20), act(Deed.REJECT, "c1", 21)
        assert await appeals.rule(*acts, WHY)
        assert (await kept.comments.find("c1")).state is State.REJECTED
        assert (await appeals.statements(["c1"]))["c1"].decision.reason == WHY
        filed = await kept.room.reports.filed("t1")
        assert (filed.report.outcome, filed.decision.id) == (Outcome.REMOVED, "act-021")

    run(scenario)


@pytest.mark.parametrize(("of_report", "deed"), [("", Deed.APPROVE), ("r1", Deed.SPAM)])
def test_what_an_appeal_asks_for_may_be_done_before(run: Run, of_report: str, deed: Deed) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        await report(kept, 1, "c1")
        first = Deed.DISMISS if of_report else Deed.REJECT
        await kept.room.queue.perform([act(first, "c1")])
        await kept.room.appeals.lodge(appeal(1, "act-001", "c1", of_report))
        assert await kept.room.queue.perform([act(deed, "c1", 2)], 0, ANSWER) == 1
        assert await kept.room.appeals.waiting(9) == 0
        assert await kept.room.appeals.lodged("p1") is None
        assert not await kept.room.appeals.rule(act(Deed.UPHOLD, "p1", 3), None, ANSWER)

    run(scenario)


def test_what_its_author_erased_is_not_spoken_of(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        await reject(kept, "c1")
        await kept.room.appeals.lodge(appeal(1, "act-001"))
        await kept.comments.move("c1", State.GONE)
        assert await kept.room.appeals.statements(["c1"]) == {}
        assert await kept.room.appeals.appeals(9) == []

    run(scenario)


def test_a_report_stays_while_its_appeal_is_open(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await publish(kept, "c1")
        await report(kept, 1, "c1")
        await kept.room.queue.perform([act(Deed.DISMISS, "c1")])
        await kept.room.appeals.lodge(appeal(1, "act-001", "c1", "r1"))
        late = NOW + 1_900
        await kept.room.reports.purge(late, 0)
        assert await kept.room.reports.filed("t1") is not None
        await kept.room.appeals.rule(act(Deed.UPHOLD, "p1", 20), None, ANSWER)
        await kept.room.reports.purge(late, 0)
        assert await kept.room.reports.filed("t1") is not None
        await kept.room.reports.purge(NOW + 2_001, 0)
        assert await kept.room.reports.filed("t1") is None
        assert await kept.room.appeals.of_report("r1") is None

    run(scenario)
