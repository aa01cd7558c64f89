"""Comments that were kept under an earlier schema, in both databases."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import apsw
import pytest

from bandeau.features.comments.model import Listing, State
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.storage.comments.store import FILE, MIGRATIONS
from bandeau.storage.migrating import migration
from bandeau.storage.place import Folder, Place, open_place

SCHEMA_1 = """
CREATE TABLE comments (
    id       TEXT PRIMARY KEY,
    page     TEXT NOT NULL,
    name     TEXT NOT NULL,
    html     TEXT NOT NULL,
    time     INTEGER NOT NULL,
    reply_to TEXT REFERENCES comments (id),
    receipt  TEXT NOT NULL
) STRICT;
CREATE INDEX comments_page_time ON comments (page, time, id);
PRAGMA user_version = 1;
"""
ROWS = """
INSERT INTO comments VALUES
    ('c1', '/a', 'Ana', '<p>1</p>', 10, NULL, 'r1'),
    ('c2', '/a', 'Ben', '<p>2</p>', 20, 'c1', 'r2'),
    ('c3', '/a', 'Cem', '<p>3</p>', 30, 'c2', ''),
    ('c4', '/a', 'Dia', '<p>4</p>', 40, NULL, 'r1'),
    ('c5', '/b', 'Eva', '<p>5</p>', 50, NULL, 'r5'),
    ('c6', '/a', 'Fil', '<p>6</p>', 5, 'c1', 'r6')
"""
LAYOUT = "SELECT type, name, sql FROM main.sqlite_master ORDER BY name"


@pytest.fixture
def of_schema_1(tmp_path: Path) -> Path:
    file = apsw.Connection(str(tmp_path / FILE))
    file.execute(SCHEMA_1)
    file.execute(ROWS)
    file.close()
    return tmp_path


def read(place: Place) -> tuple[Listing, Listing, Any]:
    store = place.comments()

    async def scenario() -> tuple[Listing, Listing, Any]:
        return await store.threads("/a", 10), await store.threads("/b", 10), await store.find("c3")

    try:
        return asyncio.run(scenario())
    finally:
        store.close()


def has_all(place: Place) -> None:
    first, second, deep = read(place)
    drawn = [[t.root.id, *(r.id for r in t.replies)] for t in first.threads]
    assert drawn == [["c4"], ["c1", "c6", "c2", "c3"]]
    assert (first.count, second.count, first.threads[1].root.replies) == (5, 1, 3)
    assert (deep.name, deep.html, deep.reply_to, deep.root) == ("Cem", "<p>3</p>", "c2", "c1")
    assert (deep.state, deep.place, deep.author) == (State.PUBLISHED, 3, "")


def test_threads_of_a_file_of_schema_1(of_schema_1: Path) -> None:
    has_all(Folder(of_schema_1))
    has_all(Folder(of_schema_1))


def test_a_migration_that_fails_leaves_the_old_file(of_schema_1: Path) -> None:
    file = apsw.Connection(str(of_schema_1 / FILE))
    file.execute("CREATE TABLE page (x TEXT)")
    before = list(file.execute(LAYOUT))
    with pytest.raises(CommentsUnavailable, match="page"):
        Folder(of_schema_1).comments()
    assert list(file.execute(LAYOUT)) == before
    assert file.pragma("user_version") == 1
    file.execute("DROP TABLE page")
    file.close()
    has_all(Folder(of_schema_1))


def test_threads_of_a_database_of_schema_1(postgres: Any) -> None:
    address = postgres.database()
    place = open_place(address)
    place.ledger(place.make_keys("www.quotidien.test", bytes)).close()
    name = address.rpartition("/")[2]
    made = ", ".join(re.findall(r"CREATE TABLE (\w+)", migration(MIGRATIONS, "postgresql", 1)))
    postgres.sql(f"DROP TABLE {made}", name)
    postgres.sql(SCHEMA_1.replace("STRICT", "").partition("PRAGMA")[0], name)
    postgres.sql(ROWS, name)
    postgres.sql("DELETE FROM schema_version WHERE name = 'comments'", name)
    place.close()
    again = open_place(address)
    again.ledger(again.keys()).close()
    has_all(again)
    again.close()
