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

from bandeau.features.comments.model import Comment
from bandeau.features.comments.store import CommentStore, CommentsUnavailable
from bandeau.storage.memory_comments import MemoryComments
from bandeau.storage.postgres.comments import PostgresComments
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.ledger import open_schema
from bandeau.storage.sqlite.comments import SqliteComments

FILE = "comments.sqlite"
Run = Callable[[Callable[[CommentStore], Coroutine[Any, Any, None]]], None]


def comment(number: int, page: str = "/a", reply_to: str | None = None, time: int = 0) -> Comment:
    moment = time or 1_700_000_000_000 + number
    return Comment(f"id-{number:04}", page, f"N{number} é", "<p>x</p>", moment, reply_to, "r-1")


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    if request.param == "postgres":
        database = Database(request.getfixturevalue("postgres").database())
        open_schema(database)
        yield lambda scenario: asyncio.run(scenario(PostgresComments(database)))
        database.close()
        return
    if request.param == "memory":
        yield lambda scenario: asyncio.run(scenario(MemoryComments()))
        return
    store = SqliteComments(tmp_path / FILE)
    yield lambda scenario: asyncio.run(scenario(store))
    store.close()


def test_a_comment_comes_back_as_it_went_in(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        first, answer = comment(1), comment(2, reply_to="id-0001")
        assert await store.add(first)
        assert await store.add(answer)
        assert await store.find("id-0002") == answer
        assert await store.page("/a", 10) == (answer, first)
        assert await store.count("/a") == 2

    run(scenario)


def test_the_records_of_comments_are_forgotten_and_the_comments_stay(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        mine, other = comment(1), replace(comment(2), receipt="r-2")
        for each in (mine, other):
            await store.add(each)
        await store.forget(["r-1", "r-none"])
        assert await store.page("/a", 10) == (other, replace(mine, receipt=""))
        await store.forget([])
        await store.forget(["r-1"])
        assert await store.find("id-0002") == other

    run(scenario)


def test_pages_are_apart_and_may_be_empty(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        await store.add(comment(1))
        assert await store.page("/a/", 10) == ()
        assert await store.count("/A") == 0
        assert await store.find("nothing") is None

    run(scenario)


def test_adding_twice_changes_nothing(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        assert await store.add(comment(1))
        again = Comment("id-0001", "/b", "Other", "<p>y</p>", 5, None, "r-2")
        assert not await store.add(again)
        assert await store.find("id-0001") == comment(1)
        assert await store.count("/b") == 0

    run(scenario)


def test_paging_walks_every_comment_once_newest_first(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        for number in (3, 1, 4, 2, 5):
            await store.add(comment(number, time=1_000 + number // 2))
        await store.add(comment(9, page="/b"))
        walked: list[str] = []
        after: str | None = None
        while found := await store.page("/a", 2, after):
            assert len(found) <= 2
            walked += [each.id for each in found]
            after = found[-1].id
        assert walked == ["id-0005", "id-0004", "id-0003", "id-0002", "id-0001"]
        assert await store.page("/a", 2, "id-0009") == ()
        assert await store.page("/a", 2, "nothing") == ()
        assert await store.page("/a", 0) == ()

    run(scenario)


def test_many_at_once_are_all_kept(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        added = await asyncio.gather(*(store.add(comment(n % 20)) for n in range(40)))
        assert sum(added) == 20
        assert await store.count("/a") == 20

    run(scenario)


def test_hostile_text_is_only_text(run: Run) -> None:
    async def scenario(store: CommentStore) -> None:
        page = "/'; DROP TABLE comments; --"
        await store.add(Comment("' OR 1=1 --", page, "\\\"'%_", "<p>'</p>", 1, None, "r"))
        assert await store.count(page) == 1
        assert await store.find("' OR 'a'='a") is None

    run(scenario)


@asynccontextmanager
async def opened(directory: Path) -> AsyncIterator[SqliteComments]:
    store = SqliteComments(directory / FILE)
    try:
        yield store
    finally:
        store.close()


def test_comments_outlive_the_process_in_a_private_file(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            await store.add(comment(1))
            async with opened(tmp_path) as other:
                assert await other.find("id-0001") == comment(1)
        async with opened(tmp_path) as store:
            assert await store.find("id-0001") == comment(1)

    asyncio.run(scenario())
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_writes_wait_for_the_disk(tmp_path: Path) -> None:
    store = SqliteComments(tmp_path / FILE)
    assert store._writer.pragma("journal_mode") == "wal"
    assert store._writer.pragma("synchronous") == 2
    store.close()


def test_a_list_is_read_from_its_index(tmp_path: Path) -> None:
    SqliteComments(tmp_path / FILE).close()
    file = apsw.Connection(str(tmp_path / FILE))
    query = "EXPLAIN QUERY PLAN SELECT * FROM comments WHERE page='/a' ORDER BY time DESC, id DESC"
    plan = " ".join(str(row) for row in file.execute(query))
    file.close()
    assert "comments_page_time" in plan
    assert "TEMP B-TREE" not in plan


def test_a_newer_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    SqliteComments(tmp_path / FILE).close()
    file = apsw.Connection(str(tmp_path / FILE))
    file.pragma("user_version", 99)
    with pytest.raises(CommentsUnavailable, match="99"):
        SqliteComments(tmp_path / FILE)
    assert file.pragma("user_version") == 99
    file.close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 50])
def test_a_damaged_file_is_unavailable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(CommentsUnavailable):
        SqliteComments(tmp_path / FILE)


def test_a_missing_directory_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(CommentsUnavailable):
        SqliteComments(tmp_path / "nowhere" / FILE)


def test_a_closed_store_is_unavailable(tmp_path: Path) -> None:
    async def scenario() -> None:
        store = SqliteComments(tmp_path / FILE)
        store.close()
        for call in (
            store.add(comment(1)),
            store.page("/a", 1),
            store.count("/a"),
            store.find("x"),
        ):
            with pytest.raises(CommentsUnavailable):
                await call

    asyncio.run(scenario())


def test_a_lost_table_is_unavailable_and_nothing_is_half_written(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with opened(tmp_path) as store:
            store._writer.execute("DROP TABLE comments")
            with pytest.raises(CommentsUnavailable):
                await store.add(comment(1))
            with pytest.raises(CommentsUnavailable):
                await store.count("/a")

    asyncio.run(scenario())
