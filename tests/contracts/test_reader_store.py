"""What every store of readers and letters guarantees: once, in time, and gone when it is to go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from newsrooms import Kept, Run, running

from bandeau.features.comments.letters import Letter, Watch
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.readers import Reader, Session, Ticket

ZOE = Reader("r1", "Zoé")
SESSION = Session(ZOE, "s1", "record-1")
LETTER = Letter("l1", "record-1", "box", made=10, ends=1_000, due=10, watch="w1")
WATCH = Watch("w1", "s1", "record-1", "a1", "box", "fr", "https://x.test", made=10)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    where: Path | str | None = {"memory": None, "sqlite": tmp_path}.get(request.param)
    if request.param == "postgres":
        where = request.getfixturevalue("postgres").database()
    with running(where) as runs:
        yield runs


def comment(name: str, reply_to: str | None = None, **more: object) -> Comment:
    told = {"receipt": f"of-{name}", "author": f"by-{name}"} | more
    return Comment(name, "/a", name.title(), "<p>x</p>", 5, reply_to, **told)  # type: ignore[arg-type]


async def tables(kept: Kept, *names: str) -> list[int]:
    read = kept.comments.tables.read
    return [len(await read(f"SELECT 1 FROM {name}")) for name in names]


def test_a_ticket_is_good_once_and_in_time(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        readers = kept.room.readers
        await readers.issue("t1", Ticket("s1", "who-1"), 100, 10)
        assert await readers.ticket("t1", 99) == Ticket("s1", "who-1")
        assert await readers.ticket("t1", 100) is None
        assert await readers.ticket("t2", 50) is None
        assert await readers.enter("t1", "who-1", ZOE) == ZOE
        assert await readers.ticket("t1", 50) is None
        assert await readers.enter("t1", "who-1", ZOE) is None
        await readers.issue("t3", Ticket("s1", "who-1"), 300, 200)
        assert await readers.enter("t3", "who-1", Reader("r2", "Another")) == ZOE

    run(scenario)


def test_a_name_is_one_readers_however_it_is_written(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        readers = kept.room.readers
        assert await readers.enter("", "who-1", ZOE) == ZOE
        for taken in ("Zoé", "ZOE", "z o e", "Zое"):
            assert await readers.named(taken)
            assert await readers.enter("", "who-2", Reader("r2", taken)) is None
        assert not await readers.named("Zoë Martin")
        await readers.issue("t1", Ticket("s2", "who-2"), 100, 10)
        assert await readers.enter("t1", "who-2", Reader("r2", "zoe")) is None
        assert await readers.ticket("t1", 50) is not None
        assert await readers.known("who-1") == ZOE
        assert await readers.known("who-2") is None

    run(scenario)


def test_a_session_ends_at_its_time_and_with_its_subject(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        readers = kept.room.readers
        await readers.enter("", "who-1", ZOE)
        await readers.begin("x1", SESSION, 100, 10)
        assert await readers.session("x1", 99) == SESSION
        assert await readers.session("x1", 100) is None
        await readers.follow("x1", "record-2")
        assert await readers.session("x1", 50) == replace(SESSION, receipt="record-2")
        await readers.begin("x2", replace(SESSION, subject="s2"), 300, 20)
        await readers.issue("t1", Ticket("s1", "who-1"), 300, 20)
        await readers.withdrawn(["s1", "s9"])
        assert await readers.session("x1", 50) is None
        assert await readers.ticket("t1", 50) is None
        assert await readers.session("x2", 50) is not None
        assert await readers.known("who-1") == ZOE
        await readers.end("x2")
        assert await readers.session("x2", 50) is None

    run(scenario)


def test_a_reader_is_erased_with_the_last_subject_and_not_before(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        readers = kept.room.readers
        await readers.enter("", "who-1", ZOE)
        await readers.begin("x1", SESSION, 100, 10)
        await readers.begin("x2", replace(SESSION, subject="s2"), 100, 10)
        assert list(await readers.forget(["s1"])) == []
        assert await readers.session("x1", 50) is None
        assert await readers.session("x2", 50) is not None
        assert list(await readers.forget(["s2", "s1"])) == ["r1"]
        assert await tables(kept, "reader", "bond", "reader_session") == [0, 0, 0]
        assert list(await readers.forget([])) == []

    run(scenario)


def test_a_value_is_spent_once(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        readers = kept.room.readers
        assert await readers.spend("v1", 100, 10)
        assert not await readers.spend("v1", 100, 20)
        assert await readers.spend("v1", 300, 100)

    run(scenario)


def test_a_letter_is_claimed_by_one_at_a_time(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        letters = kept.room.letters
        assert await letters.post(LETTER, 2)
        assert await letters.post(LETTER, 2)
        assert await letters.post(replace(LETTER, id="l2", due=20), 2)
        assert not await letters.post(replace(LETTER, id="l3"), 2)
        assert list(await letters.claim(9, 70, 5)) == []
        assert list(await letters.claim(20, 70, 5)) == [
            replace(LETTER, attempts=1),
            replace(LETTER, id="l2", due=20, attempts=1),
        ]
        assert list(await letters.claim(69, 99, 5)) == []
        await letters.later("l1", 30)
        (again,) = await letters.claim(30, 70, 5)
        assert (again.id, again.attempts) == ("l1", 2)
        await letters.drop(["l1", "l2"])
        assert await tables(kept, "letter") == [0]

    run(scenario)


def test_news_come_once_of_what_is_published_and_confirmed(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        store, letters = kept.comments, kept.room.letters
        await store.add(comment("c1"))
        await store.add(comment("early", "c1"))
        watch = await letters.watch(WATCH, "c1")
        assert watch == WATCH
        await store.add(comment("soon", "c1"))
        assert await letters.confirm("w1") and not await letters.confirm("w9")
        await store.add(comment("r1", "c1"))
        await store.add(comment("held", "c1", state=State.HELD))
        await store.add(comment("own", "c1", author="by-c1"))
        await store.add(comment("other"))
        assert list(await letters.news(9)) == ["own", "r1"]
        assert list(await letters.of("own")) == []
        (told,) = await letters.of("r1")
        assert (told.page, told.name, told.watch) == ("/a", "R1", replace(WATCH, confirmed=True))
        await letters.tell("r1", [LETTER], 50)
        await letters.tell("own", [], 50)
        assert list(await letters.news(9)) == []
        await store.move("held", State.PUBLISHED)
        assert list(await letters.news(9)) == ["held"]
        await store.move("r1", State.REJECTED)
        await store.move("r1", State.PUBLISHED)
        assert list(await letters.news(9)) == ["held"]
        await letters.tidy(0, 51)
        assert await tables(kept, "news", "letter") == [1, 1]

    run(scenario)


def test_one_watch_for_each_address_of_a_subject(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        letters = kept.room.letters
        for name in ("c1", "c2"):
            await kept.comments.add(comment(name))
        await letters.watch(WATCH, "c1")
        await letters.confirm("w1")
        again = await letters.watch(replace(WATCH, id="w2", receipt="record-2"), "c2")
        assert again == replace(WATCH, receipt="record-2", confirmed=True)
        other = await letters.watch(replace(WATCH, id="w3", subject="s2"), "c2")
        assert (other.id, other.confirmed) == ("w3", False)
        assert [each.id for each in await letters.watches("", 9)] == ["w1", "w3"]
        assert [each.id for each in await letters.watches("w1", 9)] == ["w3"]
        await letters.tidy(11, 0)
        assert await letters.watched("w3") is None
        assert await letters.watched("w1") is not None

    run(scenario)


@pytest.mark.parametrize("way", ["gone", "disowned", "forgotten", "withdrawn", "unwatched"])
def test_what_nobody_wants_to_know_any_more_is_erased(run: Run, way: str) -> None:
    async def scenario(kept: Kept) -> None:
        store, letters = kept.comments, kept.room.letters
        await store.add(comment("c1"))
        await letters.watch(WATCH, "c1")
        await letters.post(LETTER, 9)
        await {
            "gone": lambda: store.move("c1", State.GONE),
            "disowned": lambda: store.disown("c1"),
            "forgotten": lambda: store.forget(["of-c1"]),
            "withdrawn": lambda: letters.withdrawn(["s1"]),
            "unwatched": lambda: letters.unwatch(["w1"]),
        }[way]()
        assert await tables(kept, "watch", "watched", "letter") == [0, 0, 0]

    run(scenario)
