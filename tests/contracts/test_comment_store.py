"""What every comment store guarantees, and what only a file can promise."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import apsw
import pytest
from memory_tables import memory_comments

from bandeau import limits
from bandeau.features.comments.model import Comment, Listing, Order, State
from bandeau.features.comments.store import CommentStore, CommentsUnavailable
from bandeau.storage.comments.store import FILE, StoredComments, allowed, latest, roots
from bandeau.storage.place import Folder, open_place

Run = Callable[[Callable[[CommentStore], Coroutine[Any, Any, None]]], None]


def comment(number: int, page: str = "/a", reply_to: str | None = None, time: int = 0) -> Comment:
    moment = time or 1_700_000_000_000 + number
    return Comment(
        id=f"id-{number:04}",
        page=page,
        name=f"N{number} é",
        html="<p>x</p>",
        time=moment,
        reply_to=reply_to,
        receipt="r-1",
        source="x",
        author="author-1",
    )


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    match request.param:
        case "memory":
            yield lambda scenario: asyncio.run(scenario(memory_comments()))
            return
        case "sqlite":
            place = open_place(tmp_path)
        case _:
            place = open_place(request.getfixturevalue("postgres").database())
            place.ledger(place.make_keys("www.quotidien.test", bytes)).close()
    store = place.comments()
    yield lambda scenario: asyncio.run(scenario(store))
    store.close()
    place.close()


async def added(store: CommentStore, *comments: Comment) -> None:
    for each in comments:
        assert await store.add(each)


def drawn(listing: Listing) -> list[list[str]]:
    """The ids of each thread, its root first."""
    return [[thread.root.id, *(reply.id for reply in thread.replies)] for thread in listing.threads]


def test_a_comment_comes_back_as_it_went_in(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        held = replace(comment(1), state=State.HELD, reasons=("links", "first"), edited=5)
        kept = replace(held, root="id-0001")
        assert await store.add(held) == kept
        assert await store.find("id-0001") == kept
        assert await store.find("nothing") is None

    run(scenario)


def test_threads_are_flat_and_whole(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        answer = comment(2, reply_to="id-0001")
        await added(store, comment(1), answer, comment(3), comment(4, reply_to="id-0002"))
        listing = await store.threads("/a", 10)
        assert drawn(listing) == [["id-0003"], ["id-0001", "id-0002", "id-0004"]]
        assert (listing.count, listing.next) == (4, "")
        assert listing.threads[1].replies[0] == replace(answer, root="id-0001", place=1)
        assert listing.threads[1].root.replies == 2 and not listing.threads[1].more

    run(scenario)


def test_only_what_is_published_there_is_answered(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        await added(store, comment(1), replace(comment(2), state=State.HELD))
        assert await store.add(comment(3, reply_to="nothing")) is None
        assert await store.add(comment(3, reply_to="id-0002")) is None
        assert await store.add(comment(3, page="/b", reply_to="id-0001")) is None
        assert await store.find("id-0003") is None
        assert (await store.threads("/b", 10)).count == 0

    run(scenario)


def test_adding_twice_changes_nothing(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        kept = replace(comment(1), root="id-0001")
        again = replace(comment(1, page="/b"), name="Other")
        assert await store.add(comment(1)) == kept
        assert await store.add(again) == kept
        assert (await store.threads("/b", 10)).count == 0
        assert (await store.threads("/a", 10)).count == 1

    run(scenario)


@pytest.mark.parametrize("order", Order)
def test_paging_walks_every_thread_once_in_its_order(run: Run, order: Order) -> None:
    async def scenario(store: CommentStore) -> None:
        for number in (3, 1, 4, 2, 5):
            await added(store, comment(number, time=1_000 + number // 2))
        answers = [(3, 5), (3, 6), (1, 7), (5, 8), (5, 9), (5, 10)]
        for root, number in answers:
            await added(store, comment(number + 10, reply_to=f"id-{root:04}"))
        await added(store, comment(9, page="/b"))
        walked, after = [], None
        while (listing := await store.threads("/a", 3, order, after)).threads:
            assert sum(map(len, drawn(listing))) <= max(3, len(drawn(listing)[0]))
            walked += [thread[0] for thread in drawn(listing)]
            after = listing.threads[-1].root.id
            assert listing.next == (after if len(walked) < 5 else "")
        assert walked == [f"id-{number:04}" for number in _ORDERS[order]]
        assert not (await store.threads("/a", 3, order, "id-0009")).threads
        assert not (await store.threads("/a", 3, order, "nothing")).threads
        assert not (await store.threads("/a", 0, order)).threads

    run(scenario)


_ORDERS = {
    Order.NEWEST: [5, 4, 3, 2, 1],
    Order.OLDEST: [1, 2, 3, 4, 5],
    Order.BUSIEST: [5, 3, 1, 4, 2],
}


def test_a_long_thread_is_read_on_by_itself(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        shown = limits.COMMENT_REPLIES_SHOWN
        await added(store, comment(0))
        for number in range(1, shown + 11):
            await added(store, comment(number, reply_to=f"id-{number - 1:04}"))
        (thread,) = (await store.threads("/a", 10)).threads
        assert len(thread.replies) == shown and thread.more
        (rest,) = (await store.thread("id-0000", 100, thread.replies[-1].place)).threads
        assert [reply.place for reply in rest.replies] == [*range(shown + 1, shown + 11)]
        assert not rest.more
        assert (await store.thread("id-0000", 5)).threads[0].more
        assert not (await store.thread("id-0001", 5)).threads
        assert not (await store.thread("nothing", 5)).threads

    run(scenario)


def test_what_is_not_published_is_not_listed(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        await added(store, replace(comment(1), state=State.HELD, reasons=("links",)), comment(2))
        assert drawn(await store.threads("/a", 10)) == [["id-0002"]]
        assert (await store.move("id-0001", State.PUBLISHED)).state is State.HELD
        assert drawn(await store.threads("/a", 10)) == [["id-0002"], ["id-0001"]]
        await store.move("id-0002", State.SPAM, ["words"])
        listing = await store.threads("/a", 10)
        assert drawn(listing) == [["id-0001"]] and listing.count == 1
        assert (await store.find("id-0002")).reasons == ("words",)
        await store.move("id-0001", State.PUBLISHED)
        assert (await store.threads("/a", 10)).count == 1
        assert await store.move("nothing", State.SPAM) is None

    run(scenario)


def test_replies_stay_under_what_is_gone_until_the_last_one_goes(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        await added(store, comment(1), comment(2, reply_to="id-0001"), comment(3))
        await store.move("id-0001", State.GONE)
        listing = await store.threads("/a", 10)
        assert drawn(listing) == [["id-0003"], ["id-0001", "id-0002"]] and listing.count == 2
        gone = listing.threads[1].root
        assert (gone.name, gone.html, gone.source, gone.author, gone.receipt) == ("",) * 5
        assert await store.add(comment(4, reply_to="id-0001")) is None
        await store.move("id-0001", State.PUBLISHED)
        assert not await store.rewrite(comment(1))
        assert (await store.find("id-0001")).state is State.GONE
        await store.move("id-0002", State.REJECTED)
        assert drawn(await store.threads("/a", 10)) == [["id-0003"]]

    run(scenario)


def test_an_edit_keeps_the_place(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        await added(store, comment(1), comment(2, reply_to="id-0001"))
        edited = replace(await store.find("id-0002"), name="New", html="<p>y</p>", source="y")
        assert await store.rewrite(replace(edited, edited=7))
        assert await store.find("id-0002") == replace(edited, edited=7)
        held = replace(edited, edited=9, state=State.HELD, reasons=("words",))
        assert await store.rewrite(held)
        listing = await store.threads("/a", 10)
        assert drawn(listing) == [["id-0001"]] and listing.count == 1
        assert not await store.rewrite(comment(9))

    run(scenario)


def test_what_was_published_is_counted_and_comes_newest_first(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        await added(store, comment(1), comment(2, reply_to="id-0001"), comment(3, page="/b"))
        await added(store, replace(comment(4), state=State.HELD))
        assert [each.id for each in await store.latest(2)] == ["id-0003", "id-0002"]
        assert [each.id for each in await store.latest(9, "/a")] == ["id-0002", "id-0001"]
        assert list(await store.latest(9, "/nothing")) == []
        assert await store.counts({"/a", "/b", "/nothing"}) == {"/a": 2, "/b": 1}
        assert await store.counts(()) == {}

    run(scenario)


def test_a_page_has_another_version_after_whatever_readers_see(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        assert await store.version("/a") == 0
        seen = [0]
        edited = replace(comment(2), html="<p>y</p>", edited=7)
        for changing in (
            store.add(comment(1)),
            store.add(comment(2, reply_to="id-0001")),
            store.rewrite(edited),
            store.disown("id-0002"),
            store.move("id-0001", State.REJECTED),
            store.move("id-0001", State.PUBLISHED),
            store.move("id-0001", State.GONE),
        ):
            assert await changing
            seen.append(await store.version("/a"))
            assert seen[-1] > seen[-2]
        await store.add(replace(comment(3), state=State.HELD))
        await store.add(comment(4, page="/b"))
        await store.add(comment(2))
        await store.forget(["r-1"])
        assert await store.version("/a") == seen[-1]

    run(scenario)


def test_the_records_of_comments_are_forgotten_and_the_comments_stay(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        await added(store, comment(1), replace(comment(2), receipt="r-2"))
        await store.forget(["r-1", "r-none"])
        assert (await store.find("id-0001")).receipt == ""
        await store.forget([])
        await store.forget(["", "r-1"])
        assert (await store.find("id-0002")).receipt == "r-2"
        assert (await store.threads("/a", 10)).count == 2

    run(scenario)


def test_what_records_allowed_is_given_newest_first(run: Run, monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "COMMENTS_MINE", 2)

    async def scenario(store: CommentStore) -> None:
        await added(store, comment(1), comment(2), comment(3, time=1_700_000_000_002))
        await added(store, replace(comment(4), receipt="r-2", state=State.HELD))
        await added(store, replace(comment(5), receipt="r-3"), replace(comment(6), receipt=""))
        first = await store.mine(["r-2", "r-1", "r-none", ""])
        assert [each.id for each in first] == ["id-0004", "id-0003"]
        assert first[0] == await store.find("id-0004")
        rest = await store.mine(["r-2", "r-1"], first[-1])
        assert [each.id for each in rest] == ["id-0002", "id-0001"]
        assert await store.mine(["r-2", "r-1"], rest[-1]) == ()
        await store.move("id-0004", State.GONE)
        assert [each.id for each in await store.mine(["r-2", "r-3"])] == ["id-0005"]
        assert await store.mine([""]) == await store.mine([]) == ()

    run(scenario)


def test_a_comment_without_its_name_stays_where_it_is(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        await added(store, comment(1), comment(2, reply_to="id-0001"))
        before = await store.find("id-0001")
        assert await store.disown("id-0001")
        kept = await store.find("id-0001")
        assert kept == replace(before, name="", author="", receipt="", source="")
        assert drawn(await store.threads("/a", 10)) == [["id-0001", "id-0002"]]
        assert not await store.disown("id-0001")
        assert not await store.disown("nothing")

    run(scenario)


def test_what_was_judged_meanwhile_is_left_so(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        await added(store, comment(1))
        known = await store.find("id-0001")
        await store.move("id-0001", State.SPAM, ["words"])
        assert await store.move("id-0001", State.PUBLISHED, (), known) is None
        assert not await store.rewrite(replace(known, html="<p>y</p>"), known)
        spam = await store.find("id-0001")
        assert (spam.state, spam.reasons, spam.html) == (State.SPAM, ("words",), "<p>x</p>")
        assert await store.move("id-0001", State.SPAM, ["links"], spam) == spam
        assert await store.move("id-0001", State.PUBLISHED, (), spam) is None
        assert await store.rewrite(replace(spam, html="<p>y</p>"), await store.find("id-0001"))
        assert await store.move("nothing", State.SPAM, (), spam) is None

    run(scenario)


def test_many_at_once_are_all_kept(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        await added(store, comment(100))
        given = [comment(n % 20, reply_to="id-0100") for n in range(40)]
        kept = await asyncio.gather(*map(store.add, given))
        assert len({each.place for each in kept}) == 20
        listing = await store.threads("/a", 100)
        assert listing.count == 21 and listing.threads[0].root.replies == 20
        moves = [State.SPAM, State.HELD, State.PUBLISHED, State.REJECTED]
        await asyncio.gather(*(store.move("id-0100", moves[n % 4]) for n in range(12)))
        shown = (await store.find("id-0100")).state is State.PUBLISHED
        assert (await store.threads("/a", 100)).count == 20 + shown

    run(scenario)


def test_hostile_text_is_only_text(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        page = "/'; DROP TABLE comment; --"
        await added(store, replace(comment(1, page), id="' OR 1=1 --", name="\\\"'%_$1"))
        assert (await store.threads(page, 10)).count == 1
        assert await store.find("' OR 'a'='a") is None

    run(scenario)


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[StoredComments]:
    store = Folder(directory).comments()
    try:
        yield store
    finally:
        store.close()


def test_comments_outlive_the_process_in_a_private_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await store.add(comment(1))
            async with opened(tmp_path) as other:
                assert await other.find("id-0001") == replace(comment(1), root="id-0001")
        async with opened(tmp_path) as store:
            assert await store.find("id-0001") == replace(comment(1), root="id-0001")

    asyncio.run(scenario())
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_writes_wait_for_the_disk(tmp_path: Path) -> None:
    store = Folder(tmp_path).comments()
    assert store._tables._writer.pragma("journal_mode") == "wal"
    assert store._tables._writer.pragma("synchronous") == 2
    store.close()


@pytest.mark.parametrize("order", Order)
@pytest.mark.parametrize("follows", [False, True])
def test_a_list_is_read_from_its_index(tmp_path: Path, order: Order, follows: bool) -> None:
    Folder(tmp_path).comments().close()
    file = apsw.Connection(str(tmp_path / FILE))
    values = {"1": "/a", "2": 10, "3": "x"}
    plan = " ".join(map(str, file.execute(f"EXPLAIN QUERY PLAN {roots(order, follows)}", values)))
    file.close()
    assert ("comment_busiest" if order is Order.BUSIEST else "comment_newest") in plan
    assert "TEMP B-TREE" not in plan and "SCAN" not in plan


@pytest.mark.parametrize(("of_page", "index"), [(True, "latest"), (False, "state")])
def test_feeds_are_read_from_their_index(tmp_path: Path, of_page: bool, index: str) -> None:
    store = Folder(tmp_path).comments()
    values = (50, "/a") if of_page else (50,)
    plan = asyncio.run(store.tables.read(f"EXPLAIN QUERY PLAN {latest(of_page)}", *values))
    told = " ".join(str(row) for row in plan)
    assert f"USING INDEX comment_{index}" in told
    assert "TEMP B-TREE" not in told
    store.close()


def test_comments_of_a_record_are_read_from_their_index(tmp_path: Path) -> None:
    Folder(tmp_path).comments().close()
    file = apsw.Connection(str(tmp_path / FILE))
    values = {"1": 10, "2": 2, "3": "x", "4": "r-1", "5": "r-2"}
    plan = str(list(file.execute(f"EXPLAIN QUERY PLAN {allowed(['r-1', 'r-2'])}", values)))
    file.close()
    assert "comment_receipt" in plan and "SCAN" not in plan


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    Folder(tmp_path).comments().close()
    file = apsw.Connection(str(tmp_path / FILE))
    file.pragma("user_version", 99)
    with pytest.raises(CommentsUnavailable, match="99"):
        Folder(tmp_path).comments()
    assert file.pragma("user_version") == 99
    file.close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 50])
def test_a_damaged_file_is_unavailable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(CommentsUnavailable):
        Folder(tmp_path).comments()


def test_a_missing_directory_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(CommentsUnavailable):
        Folder(tmp_path / "nowhere").comments()


def test_a_closed_store_is_unavailable(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = Folder(tmp_path).comments()
        store.close()
        for call in (
            store.add(comment(1)),
            store.threads("/a", 1),
            store.thread("x", 1),
            store.find("x"),
            store.move("x", State.SPAM),
            store.rewrite(comment(1)),
            store.forget(["x"]),
            store.mine(["x"]),
            store.disown("x"),
        ):
            with pytest.raises(CommentsUnavailable):
                await call

    asyncio.run(scenario())


def test_a_lost_table_is_unavailable_and_nothing_is_half_written(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            store._tables._writer.execute("DROP TABLE comment")
            with pytest.raises(CommentsUnavailable):
                await store.add(comment(1))
            with pytest.raises(CommentsUnavailable):
                await store.threads("/a", 1)

    asyncio.run(scenario())
