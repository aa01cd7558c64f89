"""What every store of exclusions guarantees: why, and what becomes of it by an appeal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from newsrooms import Kept, Run, running

from bandeau.features.comments.appeals import Appeal, Ruling
from bandeau.features.comments.decisions import Cause
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.letters import Watch
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.readers import Reader, Session
from bandeau.features.comments.reports import Report

NOW = 1_700_000_000_000
ENDS = NOW + 7 * 86_400_000
WHY = Reason(Ground.INSULT, "", "Threats, three times.")
ANSWER = Reason(None, "", "It was a quotation.")


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    where: Path | str | None = {"memory": None, "sqlite": tmp_path}.get(request.param)
    if request.param == "postgres":
        where = request.getfixturevalue("postgres").database()
    with running(where) as runs:
        yield runs


async def known(kept: Kept, number: int = 1) -> str:
    """An author with one comment."""
    comment = Comment(f"c{number}", "/a", "N", "<p>x</p>", NOW, None, "r", "x")
    author = await kept.room.authors.author(f"t{number}", f"a{number}", comment, "")
    await kept.comments.add(replace(comment, author=author.id))
    return author.id


async def do(
    kept: Kept, deed: Deed, on: str, number: int, until: int = 0, reason: Reason = WHY
) -> str:
    act = Act(f"act-{number:03}", NOW + 100 * number, "camille", deed, on)
    assert await kept.room.queue.perform([act], until, reason) == 1
    return act.id


async def appealed(kept: Kept, decision: str) -> Act:
    lodged = Appeal("p1", decision, "", "", NOW + 5_000, "It was a quotation.")
    assert await kept.room.appeals.lodge(lodged)
    return Act("act-090", NOW + 9_000, "dominique", Deed.REVERSE, "p1")


def test_an_author_is_told_the_last_decision(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        author, other = await known(kept), await known(kept, 2)
        store, authors = kept.room.exclusions, kept.room.authors
        assert await authors.ids(["t2", "t1", "t9"]) == [author, other]
        assert await authors.ids([]) == await store.exclusions([]) == ()
        first = await do(kept, Deed.SUSPEND, author, 1, ENDS)
        (found,) = await store.exclusions([author])
        assert (found.conduct, found.until, found.statement.appeal) == (
            Conduct.SUSPENDED,
            ENDS,
            None,
        )
        told = found.statement.decision
        assert (told.id, told.author, told.comment, told.until) == (first, author, "", ENDS)
        assert (told.reason, told.staff, told.cause) == (WHY, "camille", Cause.OWN)
        last = await do(kept, Deed.BAN, author, 2, ENDS)
        banned, free = await store.exclusions([author, other, "nobody"])
        assert (banned.statement.decision.id, banned.until) == (last, 0)
        assert banned.statement.decision.until == 0
        assert (free.author, free.conduct, free.statement) == (other, Conduct.OK, None)
        assert [each.id for each in await kept.room.queue.of_author(author, 9)] == ["c1"]

    run(scenario)


def test_a_silent_ban_is_kept_as_advertising_and_is_no_statement(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        author = await known(kept)
        decision = await do(kept, Deed.SILENCE, author, 1, reason=Reason())
        (found,) = await kept.room.exclusions.exclusions([author])
        assert (found.conduct, found.statement) == (Conduct.SILENT, None)
        kept_ = (await kept.room.letters.concerned(decision)).decision
        assert kept_.reason.ground is Ground.SPAM

    run(scenario)


def test_what_led_there_is_told(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        author = await known(kept)
        report = Report("r1", "tag", "c1", "/a", NOW, Ground.ILLEGAL, "Why it is.")
        assert await kept.room.reports.file(report)
        await do(kept, Deed.REJECT, "c1", 1)
        await do(kept, Deed.BAN, author, 2)
        (found,) = await kept.room.exclusions.exclusions([author])
        assert found.statement.decision.cause is Cause.NOTICE

    run(scenario)


def test_an_appeal_that_is_granted_restores_the_author(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        author = await known(kept)
        decision = await do(kept, Deed.BAN, author, 1)
        reverse = await appealed(kept, decision)
        (lodged,) = await kept.room.appeals.appeals(9)
        assert (lodged.comment, lodged.decision.author) == (None, author)
        restore = Act("act-091", NOW + 9_000, "dominique", Deed.RESTORE, author)
        assert await kept.room.appeals.rule(reverse, restore, ANSWER)
        (found,) = await kept.room.exclusions.exclusions([author])
        appeal = found.statement.appeal
        assert (found.conduct, appeal.ruling, appeal.answer) == (
            Conduct.OK,
            Ruling.REVERSED,
            "It was a quotation.",
        )
        deeds = [each.deed for each in await kept.room.queue.log(9)]
        assert deeds == [Deed.RESTORE, Deed.REVERSE, Deed.BAN]

    run(scenario)


def test_a_later_decision_outlives_the_appeal_against_an_earlier(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        author = await known(kept)
        decision = await do(kept, Deed.SUSPEND, author, 1, ENDS)
        reverse = await appealed(kept, decision)
        await do(kept, Deed.BAN, author, 2)
        restore = Act("act-091", NOW + 9_000, "dominique", Deed.RESTORE, author)
        assert await kept.room.appeals.rule(reverse, restore, ANSWER)
        (found,) = await kept.room.exclusions.exclusions([author])
        assert (found.conduct, found.statement.appeal) == (Conduct.BANNED, None)

    run(scenario)


def test_who_is_restored_has_won_the_appeal(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        author = await known(kept)
        await appealed(kept, await do(kept, Deed.BAN, author, 1))
        await do(kept, Deed.RESTORE, author, 2, reason=ANSWER)
        (found,) = await kept.room.exclusions.exclusions([author])
        told = found.statement.appeal
        assert (told.ruling, told.answer) == (Ruling.REVERSED, "It was a quotation.")
        assert await kept.room.appeals.waiting(9) == 0

    run(scenario)


def test_what_was_decided_goes_with_the_author_and_not_with_the_comment(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        author = await known(kept)
        decision = await do(kept, Deed.BAN, author, 1)
        await appealed(kept, decision)
        await kept.comments.move("c1", State.GONE)
        (found,) = await kept.room.exclusions.exclusions([author])
        assert found.statement.appeal.text == "It was a quotation."
        await kept.room.authors.forget(["t1"])
        assert await kept.room.exclusions.exclusions([author]) == []
        assert await kept.room.letters.concerned(decision) is None
        assert await kept.room.appeals.waiting(9) == 0

    run(scenario)


@pytest.mark.parametrize(
    ("deed", "told"),
    [(Deed.REJECT, True), (Deed.SPAM, False), (Deed.BAN, True), (Deed.SILENCE, False)],
)
def test_who_left_an_address_is_told(run: Run, deed: Deed, told: bool) -> None:
    async def scenario(kept: Kept) -> None:
        author, letters = await known(kept), kept.room.letters
        await known(kept, 2)
        for number, comment in enumerate(("c1", "c2"), 1):
            watch = Watch(
                *(f"w{number}", f"t{number}", "r", f"h{number}", "box", "en", "https://x.test"),
                made=1,
            )
            await letters.watch(watch, comment)
            await letters.confirm(watch.id)
        on = "c1" if deed in (Deed.REJECT, Deed.SPAM) else author
        decision = await do(kept, deed, on, 1)
        assert await letters.news(9) == ([decision] if told else [])
        found = await letters.concerned(decision)
        assert [each.id for each in found.watches] == ["w1"]
        await letters.tell(decision, [], 1)
        assert await letters.news(9) == []
        assert await letters.concerned("c1") is None

    run(scenario)


def test_readers_are_found_by_the_subject_that_they_signed_in_under(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        readers = kept.room.readers
        reader = await readers.enter("", "who", Reader("reader-1", "Ada"))
        await readers.begin("s1", Session(reader, "t1", "r"), 99, 1)
        assert await readers.bound("t1") == ["reader-1"]
        assert await readers.bound("t2") == []

    run(scenario)
