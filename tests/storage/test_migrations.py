"""Data written under an earlier schema is brought up to date at start, whole or not at all."""

import asyncio

import apsw
import ledger_drafts as drafts
import pytest

from bandeau.ledger.record import parse_record
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.postgres import schema
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.ledger import PostgresLedger
from bandeau.storage.sqlite.ledger import SqliteLedger, open_evidence, verify_file
from bandeau.storage.sqlite.ledger_file import NAME, SCHEMA

pytestmark = pytest.mark.slow

VKEY = drafts.signer().vkey
SCHEMA_1 = """
CREATE TABLE leaf (
    idx INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    subject BLOB,
    body BLOB,
    salt BLOB,
    commitment BLOB NOT NULL,
    next INTEGER
) STRICT;
CREATE INDEX leaf_latest ON leaf (subject) WHERE subject IS NOT NULL AND next IS NULL;
CREATE TABLE tile (
    level INTEGER NOT NULL,
    idx INTEGER NOT NULL,
    hashes BLOB NOT NULL,
    PRIMARY KEY (level, idx)
) STRICT;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note BLOB NOT NULL) STRICT;
PRAGMA user_version = 1;
"""
LAYOUT = "SELECT type, name, sql FROM main.sqlite_master ORDER BY name"


def filled(directory):
    """A ledger of today with choices of two visitors and an erasure."""
    directory.mkdir()
    ledger = SqliteLedger(directory, drafts.signer())

    async def work():
        await ledger.append(drafts.terms())
        for number in range(300):
            await ledger.append(drafts.choice(number, "ana" if number % 100 == 0 else ""))
        await ledger.append(drafts.erasure(900, drafts.record_id(7)))
        return await ledger.published("checkpoint")

    try:
        return asyncio.run(work())
    finally:
        ledger.close()


@pytest.fixture
def of_schema_1(tmp_path):
    """The folder of a ledger as the first schema had it, with data; and its last checkpoint."""
    note = filled(tmp_path / "new")
    old = tmp_path / "old"
    old.mkdir()
    db = apsw.Connection(str(old / NAME))
    db.execute(SCHEMA_1)
    db.execute("ATTACH ? AS new", (str(tmp_path / "new" / NAME),))
    for table in ("leaf", "tile", "checkpoint"):
        db.execute(f"INSERT INTO main.{table} SELECT * FROM new.{table}")
    db.close()
    return old, note


def layout(directory):
    db = apsw.Connection(str(directory / NAME))
    try:
        return db.execute(LAYOUT).fetchall(), db.pragma("user_version")
    finally:
        db.close()


def test_a_ledger_of_schema_1_goes_on_as_one_of_today(of_schema_1, tmp_path):
    old, note = of_schema_1
    ledger = SqliteLedger(old, drafts.signer())

    async def work():
        assert await ledger.published("checkpoint") == note
        receipt = await ledger.append(drafts.choice(1000, "ana"))
        await ledger.append(drafts.notice())
        return receipt, await ledger.history(drafts.subject("ana"), 9)

    receipt, held = asyncio.run(work())
    ledger.close()
    assert (receipt.index, parse_record(receipt.record).prev is not None) == (302, True)
    assert [stored.index for stored in held] == [302, 201, 101, 1]
    assert verify_file(old, VKEY, [note]).findings == ()
    assert layout(old) == layout(tmp_path / "new")


def test_a_migration_that_fails_leaves_the_old_state(of_schema_1):
    old, note = of_schema_1
    db = apsw.Connection(str(old / NAME))
    db.execute("CREATE TABLE artefact (in_the_way)")
    before = layout(old)
    with pytest.raises(LedgerUnavailable, match="artefact already exists"):
        SqliteLedger(old, drafts.signer())
    assert layout(old) == before
    db.execute("DROP TABLE artefact")
    db.close()
    SqliteLedger(old, drafts.signer()).close()
    assert layout(old)[1] == SCHEMA
    assert verify_file(old, VKEY, [note]).findings == ()


def test_a_reader_says_how_an_old_file_is_brought_up_to_date(of_schema_1):
    with (
        pytest.raises(LedgerUnavailable, match="start bandeau serve"),
        open_evidence(of_schema_1[0]),
    ):
        pass
    assert layout(of_schema_1[0])[1] == 1


@pytest.fixture
def database(postgres):
    opened = Database(postgres.database())
    yield opened
    opened.close()


def asked(database, query):
    async def work():
        async with database.connection() as db:
            return await db.fetchval(query)

    return database.run(work())


def test_a_newer_database_is_refused(database):
    PostgresLedger(database, drafts.signer()).close()
    asked(database, f"UPDATE schema_version SET version = {schema.SCHEMA + 1}")
    with pytest.raises(LedgerUnavailable, match="newer Bandeau"):
        PostgresLedger(database, drafts.signer())


def test_a_migration_that_fails_leaves_the_database_as_it_was(database):
    asked(database, "CREATE TABLE tile (in_the_way integer)")
    with pytest.raises(LedgerUnavailable, match='"tile" already exists'):
        PostgresLedger(database, drafts.signer())
    assert not asked(database, "SELECT to_regclass('leaf') IS NOT NULL")
    asked(database, "DROP TABLE tile")
    PostgresLedger(database, drafts.signer()).close()
    assert asked(database, "SELECT version FROM schema_version") == schema.SCHEMA


def test_months_to_come_have_their_partitions(database):
    async def work():
        async with database.connection() as db:
            await schema.prepare(db)
            december = 1_796_083_200_000
            for _ in range(2):
                await schema.make_partitions(db, december)
            query = "SELECT relid::text FROM pg_partition_tree('consent') WHERE isleaf ORDER BY 1"
            return [name for (name,) in await db.fetch(query)]

    names = ["consent_2026_12", "consent_2027_01", "consent_2027_02", "consent_rest"]
    assert database.run(work()) == names
