"""What every store of authors guarantees: who is told apart, what is known, what is forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from memory_tables import memory_comments

from bandeau.features.comments.authors import Author, tag_of
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.moderate import Known
from bandeau.storage.comments.authors import StoredAuthors
from bandeau.storage.comments.newsroom import newsroom
from bandeau.storage.comments.store import StoredComments
from bandeau.storage.place import open_place

HOUR = 3_600_000
NOW = 1_700_000_000_000


class Kept(NamedTuple):
    comments: StoredComments
    authors: StoredAuthors

    async def author(self, tag: str, new_id: str = "new", **changes: Any) -> Author:
        return await self.authors.author(tag, new_id, comment(**changes), "m1")

    async def add(self, **changes: Any) -> None:
        assert await self.comments.add(comment(**changes), "m1")


Run = Callable[[Callable[[Kept], Coroutine[Any, Any, None]]], None]


def comment(**changes: Any) -> Comment:
    made = Comment("c1", "/a", "N", "<p>x</p>", NOW, None, "r1", source="x", author="a1")
    return replace(made, **changes)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    place = None
    match request.param:
        case "memory":
            store: Any = memory_comments()
        case "sqlite":
            place = open_place(tmp_path)
            store = place.comments()
        case _:
            place = open_place(request.getfixturevalue("postgres").database())
            place.ledger(place.make_keys("www.quotidien.test", bytes)).close()
            store = place.comments()
    kept = Kept(store, newsroom(store.tables).authors)
    yield lambda scenario: asyncio.run(scenario(kept))
    store.close()
    if place:
        place.close()


def test_an_author_is_the_same_from_the_first_post_on(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        assert await kept.author("t1", "a1") == Author("a1", Known())
        assert (await kept.author("t1", "a2")).id == "a1"
        assert (await kept.author("t2", "a2")).id == "a2"
        both = await asyncio.gather(kept.author("t3", "a3"), kept.author("t3", "a4"))
        assert len({each.id for each in both}) == 1

    run(scenario)


def test_a_page_opened_with_its_first_comment(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.add(id="c0", state=State.HELD, time=NOW - 2)
        assert (await kept.author("t1")).known.opened is None
        await kept.add(id="c1", time=NOW - 1)
        await kept.add(id="c2", time=NOW)
        assert (await kept.author("t1")).known.opened == NOW - 1
        assert (await kept.author("t1", page="/b")).known.opened is None

    run(scenario)


def test_a_text_is_repeated_by_its_author_or_on_another_page(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.author("t1", "a1")
        await kept.author("t2", "a2")
        await kept.add(author="a1")
        assert (await kept.author("t1")).known.repeated
        assert not (await kept.author("t2")).known.repeated
        assert (await kept.author("t2", page="/b")).known.repeated
        other = await kept.authors.author("t1", "", comment(), "m2")
        assert not other.known.repeated
        assert not (await kept.authors.author("t1", "", comment(), "")).known.repeated
        assert not (await kept.author("t1", time=NOW + 24 * HOUR)).known.repeated

    run(scenario)


def test_what_is_too_short_or_old_is_not_kept(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.comments.add(comment(), "")
        await kept.add(id="c2")
        await kept.add(id="c2")
        await kept.add(id="c3", time=NOW + 25 * HOUR)
        rows = await kept.comments.tables.read("SELECT id FROM posted")
        assert rows == [("c3",)]

    run(scenario)


def test_a_forgotten_author_is_nobody_and_the_comments_stay(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.author("t1", "a1")
        await kept.add(author="a1")
        await kept.add(id="c2", author="a2", page="/b")
        await kept.authors.forget(["t1", "nobody"])
        await kept.authors.forget([])
        assert (await kept.comments.find("c1")).author == ""
        assert (await kept.comments.find("c2")).author == "a2"
        assert (await kept.comments.threads("/a", 9)).count == 1
        assert (await kept.author("t1", "a9")).id == "a9"
        rows = await kept.comments.tables.read("SELECT author FROM posted")
        assert rows == [("a2",)]

    run(scenario)


def test_a_tag_tells_nothing_without_the_key() -> None:
    assert tag_of(b"k", "s") != tag_of(b"l", "s")
    assert len(tag_of(b"k", "s")) == 64 and tag_of(b"k", "s") != tag_of(b"k", "t")
