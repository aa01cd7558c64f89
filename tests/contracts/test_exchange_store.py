"""All comments of a site, out of one store and into another: what every store guarantees."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from commenting import Site_
from newsrooms import Kept, Run, running

from bandeau.features.comments.appeals import Appeal
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.exchange import (
    Page,
    Vote,
    header,
    kept_of,
    key,
    line_of,
    lines,
    require_header,
)
from bandeau.features.comments.exchange_schema import exchange_schema
from bandeau.features.comments.foreign import Unreadable
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.model import Comment, Draft, State
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.readers import Reader, Session
from bandeau.features.comments.reports import Report
from bandeau.features.comments.write import compose, prepare
from bandeau.storage.arriving.staging import Staging
from bandeau.storage.comments.exchange import StoredExchange
from bandeau.storage.comments.store import StoredComments
from bandeau.storage.tables import Statement

NOW = 1_700_000_000_000


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    where: Any = {"memory": None, "sqlite": tmp_path}.get(request.param, "")
    where = request.getfixturevalue("postgres").database() if where == "" else where
    with running(where) as work:
        yield work


def comment(number: int, reply_to: str | None = None, **changes: Any) -> Comment:
    draft = prepare(Draft("/article", f"Zoé {number}", f"One *{number}* <b>\n\n> two"))
    assert isinstance(draft, Draft)
    made = compose(draft, comment_id=f"id-{number:04}", time=NOW + number, receipt=f"r-{number}")
    return replace(made, reply_to=reply_to, **changes)


async def lively(kept: Kept) -> None:
    """A site with everything on it: replies of replies, tombstones, what is held, a ban."""
    comments, room = kept.comments, kept.room
    author = await room.authors.author("a" * 64, "author-1", comment(1), "")
    mine = {"author": author.id}
    await comments.add(comment(1, **mine))
    await comments.add(comment(2, "id-0001"))
    await comments.add(comment(3, "id-0002", origin="disqus", receipt="", source="x"))
    await comments.add(comment(4, "id-0001", state=State.HELD, reasons=("links", "first")))
    await comments.add(comment(5, "id-0003", edited=NOW + 9_000))
    await comments.add(comment(6, page="/other page".replace(" ", "%20")))
    await comments.add(comment(7))
    await comments.add(comment(8, "id-0007"))
    await comments.move("id-0007", State.GONE)
    await comments.move("id-0002", State.SPAM, ["moderator"])
    await comments.disown("id-0006")
    for voter in ("v1", "v2"):
        assert await room.votes.cast("id-0001", voter, "r-9", NOW + 7)
    why = Reason(Ground.INSULT, "", "Threats.")
    await room.queue.perform([Act("act-1", NOW, "camille", Deed.BAN, author.id)], 0, why)
    for number, on in ((1, "id-0005"), (2, "id-0003")):
        report = Report(f"r{number}", f"t{number}", on, "/article", NOW + number, Ground.ILLEGAL)
        assert await room.reports.file(replace(report, text="Why.", name="Ada", email="a@x.test"))
    await room.queue.perform([Act("act-2", NOW + 9, "camille", Deed.DISMISS, "id-0005")])
    await room.appeals.lodge(Appeal("p1", "act-1", "", "", NOW + 10, "No."))
    await room.appeals.lodge(Appeal("p2", "act-2", "id-0005", "r1", NOW + 11, "Yes."))
    reader = await room.readers.enter("", "w" * 64, Reader("reader-1", "Ada"))
    await room.readers.begin("s1", Session(reader, "b" * 64, "r-9"), NOW, 1)


async def exported(store: StoredComments) -> list[dict[str, Any]]:
    found = [line async for line in lines(StoredExchange(store.tables), NOW)]
    return [json.loads(json.dumps(line)) for line in found]


async def imported(store: StoredComments, told: list[dict[str, Any]]) -> int:
    require_header(told[0])
    exchange, staging, count = StoredExchange(store.tables), Staging(), 0
    for number, line in enumerate(told[1:], 2):
        kept = kept_of(line, number)
        if isinstance(kept, Comment):
            staging.own(kept, number)
        else:
            staging.beside(kept)
    staging.settle()
    for others in staging.before():
        await exchange.take(others)
    for batch in staging.batches():
        count += await exchange.take(batch)
    for others in staging.behind():
        await exchange.take(others)
    staging.close()
    return count


def listings(store: StoredComments) -> list[str]:
    """What readers get, byte for byte."""
    site, found = Site_(store=store), []
    for page in ("/article", "/other%20page"):
        for order in ("newest", "oldest", "replies"):
            found.append(site.get(page, sort=order).text)
        found.append(site.get(page, html=True).text)
    return found


def test_what_is_exported_is_the_same_elsewhere(run: Run) -> None:
    with running(None) as origin:
        told: list[Any] = []
        shown: list[str] = []

        async def out(kept: Kept) -> None:
            await lively(kept)
            told.extend(await exported(kept.comments))
            shown.extend(await asyncio.to_thread(listings, kept.comments))

        origin(out)
    assert '"count":4' in shown[0].replace(" ", "") and "Disqus" in shown[3]

    async def into(kept: Kept) -> None:
        assert await imported(kept.comments, told) == 8
        by_line = sorted(map(json.dumps, told))
        assert sorted(map(json.dumps, await exported(kept.comments))) == by_line
        assert await imported(kept.comments, told) == 0
        assert sorted(map(json.dumps, await exported(kept.comments))) == by_line
        known = await kept.room.authors.author("a" * 64, "other", comment(9), "")
        assert (known.id, known.known.conduct) == ("author-1", "banned")
        (found,) = await kept.room.exclusions.exclusions(["author-1"])
        assert found.statement.decision.reason.facts == "Threats."
        assert [each.comment.id for each in await kept.room.reports.reported(9)] == ["id-0003"]
        assert [each.appeal.id for each in await kept.room.appeals.appeals(9)] == ["p1", "p2"]
        assert await kept.room.readers.bound("b" * 64) == ["reader-1"]
        assert await kept.room.readers.named("ADA")

    run(into)

    async def read(kept: Kept) -> None:
        assert await asyncio.to_thread(_again, kept) == shown

    run(read)


def _again(kept: Kept) -> list[str]:
    return listings(kept.comments)


def test_replies_come_behind_those_that_are_there(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.comments.add(comment(1))
        await kept.comments.add(comment(2, "id-0001"))
        store = StoredExchange(kept.comments.tables)
        late = comment(3, "id-0001", root="id-0001", place=1)
        later = comment(4, "id-0003", root="id-0001", place=9)
        other = comment(5, "id-0001", root="id-0001", place=1, page="/elsewhere")
        assert await store.known(["id-0001", "id-0003"]) == 1 and await store.known([]) == 0
        taken = [Page("/article", NOW - 5), comment(1, root="id-0001"), late, later, other]
        assert await store.take(taken) == 2
        (thread,) = (await kept.comments.threads("/article", 10)).threads
        assert [(r.id, r.place) for r in thread.replies] == [
            ("id-0002", 1), ("id-0003", 2), ("id-0004", 9),
        ]  # fmt: skip
        assert [page.opened for page in await store.pages("", 9)] == [NOW - 5]
        assert await store.take([Page("/article", NOW)]) == 0
        assert [page.opened for page in await store.pages("", 9)] == [NOW - 5]

    run(scenario)


def test_what_was_decided_is_for_what_is_there(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.comments.add(comment(1))
        store = StoredExchange(kept.comments.tables)
        decided = Decision("d1", "id-0001", NOW, "camille", Deed.REJECT, Reason(Ground.SPAM))
        others = [replace(decided, id="d2", comment="id-0009")]
        others.append(replace(decided, id="d3", comment="", author="nobody"))
        lost = [Appeal(f"p{each.id}", each.id, "", "", NOW, "No.") for each in others]
        assert await store.take([decided, *others, *lost]) == 0
        assert await store.decisions("", 9) == [decided]
        assert await store.appeals("", 9) == []

    run(scenario)


def test_votes_are_for_what_is_published_there(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.comments.add(comment(1))
        await kept.comments.add(comment(2, state=State.HELD))
        before = await kept.comments.version("/article")
        store = StoredExchange(kept.comments.tables)
        cast = [Vote(f"id-000{n}", f"v{n}", "r-1", NOW) for n in (1, 2, 3)]
        assert await store.take([*cast, cast[0]]) == 0
        assert await store.votes("", 9) == cast[:1]
        assert await store.votes(key(cast[0]), 9) == []
        assert await kept.comments.version("/article") == before + 1

    run(scenario)


def test_news_of_what_is_imported_are_not_told(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.comments.add(comment(1))

        def steps() -> Any:
            yield Statement(
                "INSERT INTO watch VALUES ('w', 's', 'r-1', 'a', 'b', 'en', '', 1, 1)", ()
            )
            yield Statement("INSERT INTO watched VALUES ('id-0001', 'w')", ())

        await kept.comments.tables.write(steps())
        store = StoredExchange(kept.comments.tables)
        assert await store.take([comment(2, "id-0001", root="id-0001", place=1)]) == 1
        assert await kept.comments.tables.read("SELECT reply FROM news") == []
        await kept.comments.add(comment(3, "id-0001"))
        assert [row[0] for row in await kept.comments.tables.read("SELECT reply FROM news")] == [
            "id-0003"
        ]

    run(scenario)


def test_every_line_follows_the_published_schema() -> None:
    told: list[Any] = []
    with running(None) as origin:

        async def out(kept: Kept) -> None:
            await lively(kept)
            told.extend(await exported(kept.comments))

        origin(out)
    schema = jsonschema_rs.validator_for(exchange_schema())
    assert {line.get("kind", "head") for line in told} == {
        "head", "page", "author", "comment", "act", "vote",
        "reader", "decision", "report", "appeal",
    }  # fmt: skip
    assert not [line for line in told if not schema.is_valid(line)]
    assert not schema.is_valid({**told[0], "version": 2})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "poll"}, "no 'poll'"),
        ({"page": "/a?b"}, "no page as this program writes it"),
        ({"state": "seen"}, "'seen' is not a valid State"),
        ({"time": "2020-01-01T00:00:00"}, "no time zone"),
        ({"time": 5}, "is no time"),
        ({"name": "a\nb"}, "the name is not"),
        ({"name": "a" * 81}, "at most 80"),
        ({"place": -1}, "is no count"),
        ({"reasons": ["A b"]}, "not a word"),
        ({"id": "a b"}, "is no id"),
    ],
)
def test_a_line_that_was_changed_is_named(changes: dict[str, Any], told: str) -> None:
    line = {**line_of(comment(1, root="id-0001")), **changes}
    with pytest.raises(Unreadable, match=told) as raised:
        kept_of(line, 7)
    assert raised.value.line == 7


def test_html_of_a_line_is_sanitised_again() -> None:
    line = {**line_of(comment(1, root="id-0001")), "html": "<p>x<script>y()</script></p>"}
    kept = kept_of(line, 2)
    assert isinstance(kept, Comment)
    assert kept.html == '<p dir="auto">x</p>'


def test_a_file_of_another_version_is_refused() -> None:
    require_header(header(NOW))
    with pytest.raises(Unreadable, match="run a newer one"):
        require_header({**header(NOW), "version": 2})
    with pytest.raises(Unreadable, match="no export"):
        require_header({"version": 1})
