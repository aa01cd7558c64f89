"""Content and inbox on three servers, by subject: spread, killed one by one, and half committed."""

import asyncio
import signal
from contextlib import ExitStack

import ledger_drafts as drafts
import pytest
from ledger_load import check, processes
from postgres_server import PostgresServer
from postgres_shards import distribute, sharded

from bandeau.ledger.verify import verify
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.evidence import open_evidence
from bandeau.storage.postgres.ledger import PostgresLedger

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def servers():
    """The database of the log, and three shards, each a server of its own."""
    with ExitStack() as stack:
        made = [PostgresServer() for _ in range(4)]
        for server in made:
            stack.callback(server.stop)
        yield made


@pytest.fixture
def address(servers):
    return sharded(servers[0], servers[1:])


def rows(server, table):
    """How many rows the latest database of a server has itself."""
    return int(server.sql(f"SELECT count(*) FROM {table}", f"test{server.made}"))


def test_choices_are_spread_and_a_visitor_is_on_one_shard(servers, address):
    with processes(address, 0, 1_000_000, count=300) as (one, two):
        answered = one.end() + two.end()
    assert len(check(address, answered)) == 600
    held = [rows(shard, "consent") for shard in servers[1:]]
    assert sum(held) == 600
    assert all(held)
    assert sum(rows(shard, "inbox") for shard in servers[1:]) == 0
    subjects = [
        set(shard.sql("SELECT DISTINCT subj FROM consent", f"test{shard.made}").split())
        for shard in servers[1:]
    ]
    assert len(set.union(*subjects)) == sum(map(len, subjects)) == 50


def test_a_server_that_dies_loses_nothing(servers, address):
    with processes(address, 0, 1_000_000) as (one, two):
        for server in servers:
            one.more(100)
            two.more(100)
            server.kill()
            server.start()
        one.more(100)
        two.more(100)
        answered = one.end(signal.SIGKILL) + two.end(signal.SIGKILL)
    with processes(address, 2_000_000, count=50) as (last,):
        answered += last.end()
    check(address, answered)


def test_a_database_with_choices_is_moved_to_shards(servers):
    home, *shards = servers
    address = home.database()
    with processes(address, 0, count=200) as (before,):
        answered = before.end()
    distribute(home, address, shards)
    assert sum(rows(shard, "consent") for shard in shards) == 200
    with processes(address, 100, count=200) as (after,):
        answered += after.end()
    assert len(check(address, set(answered))) == 300


def test_what_is_verified_beside_running_servers_is_whole(address):
    with processes(address, 0, 1_000_000) as (one, two):
        for _ in range(5):
            one.more(100)
            two.more(100)
            check(address, ())
        answered = one.end(signal.SIGKILL) + two.end(signal.SIGKILL)
    check(address, answered)


def test_what_a_shard_alone_committed_is_replaced(servers, address):
    drafted = drafts.choice(1, "ana")
    database = Database(address)
    ledger = PostgresLedger(database, drafts.signer())

    async def left_over():
        async with database.connection() as db:
            query = "INSERT INTO consent (subj, rid, body, salt) VALUES ($1, $2, $3, $3)"
            await db.execute(query, bytes.fromhex(drafted.subject), drafted.id, b"left over")

    async def choose():
        told = await asyncio.gather(*(ledger.append(d) for d in (drafted, drafts.choice(2, "ben"))))
        return told, await ledger.history(drafted.subject)

    try:
        database.run(left_over())
        receipts, (latest,) = asyncio.run(choose())
        assert latest.body == receipts[0].record
    finally:
        ledger.close()
        with open_evidence(database) as evidence:
            assert verify(evidence, drafts.signer().vkey).findings == ()
        database.close()
