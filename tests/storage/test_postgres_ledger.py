"""What only the PostgreSQL ledger has to promise: the lease, the inbox, and their bounds."""

import asyncio
import socket

import ledger_drafts as drafts
import pytest

from bandeau import limits
from bandeau.ledger.checkpoint import Signer
from bandeau.ledger.receipt import verify_receipt
from bandeau.ledger.store import LedgerUnavailable
from bandeau.ledger.verify import verify
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.evidence import open_evidence
from bandeau.storage.postgres.ledger import PostgresLedger

pytestmark = pytest.mark.slow

VKEY = drafts.signer().vkey
TAKEN = """
UPDATE lease SET holder = 'another', epoch = epoch + 1, until = now() + interval '1 hour'
"""


@pytest.fixture
def database(postgres):
    opened = Database(postgres.database())
    yield opened
    opened.close()


@pytest.fixture
def ledger(database):
    made = PostgresLedger(database, drafts.signer())
    yield made
    made.close()
    assert findings(database) == []


def asked(database, query, *values):
    async def work():
        async with database.connection() as db:
            return await db.fetchval(query, *values)

    return database.run(work())


def findings(database):
    with open_evidence(database) as evidence:
        return [str(finding) for finding in verify(evidence, VKEY).findings]


def append(ledger, *chosen):
    async def work():
        return await asyncio.gather(*(ledger.append(draft) for draft in chosen))

    return asyncio.run(work())


def test_a_late_place_is_an_error_and_comes_in_the_end(ledger, database, monkeypatch):
    append(ledger, drafts.choice(1))
    asked(database, TAKEN)
    monkeypatch.setattr(limits, "LEDGER_SEQUENCE_SECONDS", 0.3)
    with pytest.raises(LedgerUnavailable, match="without a place"):
        append(ledger, drafts.choice(2))
    assert asked(database, "SELECT count(*) FROM inbox") == 1
    assert asyncio.run(ledger.find(drafts.record_id(2))) is None
    monkeypatch.setattr(limits, "LEDGER_SEQUENCE_SECONDS", 60)
    asked(database, "UPDATE lease SET until = now()")
    (receipt,) = append(ledger, drafts.choice(2))
    assert verify_receipt(receipt.as_json(), VKEY).index == 1
    assert asked(database, "SELECT count(*) FROM inbox") == 0


def test_who_lost_the_lease_commits_nothing(ledger, database):
    append(ledger, drafts.choice(1))
    asked(database, TAKEN)
    other = PostgresLedger(database, drafts.signer())
    asked(database, "UPDATE lease SET until = now()")
    both = append(ledger, drafts.choice(2, "ana")) + append(other, drafts.choice(3, "ana"))
    other.close()
    assert [receipt.index for receipt in both] == [1, 2]
    assert append(ledger, drafts.choice(2, "ana"), drafts.choice(3, "ana")) == both


def test_a_log_of_another_key_is_refused(ledger, database):
    with pytest.raises(LedgerUnavailable, match="not by this log's key"):
        PostgresLedger(database, Signer(drafts.ORIGIN, bytes(32)))


def test_an_address_may_name_the_hosts_of_a_cluster(postgres):
    user, _, rest = postgres.database().partition("@")
    cluster = Database(f"{user}@127.0.0.1:1,{rest}?target_session_attrs=primary")
    PostgresLedger(cluster, drafts.signer()).close()
    assert findings(cluster) == []
    cluster.close()


def test_a_silent_host_of_a_cluster_leaves_time_for_the_others(postgres):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        user, _, rest = postgres.database().partition("@")
        hosts = f"{user}@127.0.0.1:{silent.getsockname()[1]},{rest}"
        cluster = Database(f"{hosts}?target_session_attrs=primary")
        PostgresLedger(cluster, drafts.signer()).close()
        assert findings(cluster) == []
        cluster.close()


def test_a_database_that_went_back_is_not_written_to(ledger, database, monkeypatch):
    append(ledger, drafts.choice(1))
    append(ledger, drafts.choice(2))
    for query in (
        "DELETE FROM checkpoint WHERE size = 2",
        "DELETE FROM leaf WHERE seq = 1",
        f"DELETE FROM consent WHERE rid = '{drafts.record_id(2)}'",
        "UPDATE tile SET hashes = substr(hashes, 1, 32)",
        "UPDATE lease SET size = 1",
    ):
        asked(database, query)
    monkeypatch.setattr(limits, "LEDGER_SEQUENCE_SECONDS", 1)
    with pytest.raises(LedgerUnavailable, match="went back from 2 records to 1"):
        append(ledger, drafts.choice(3))
    assert asked(database, "SELECT count(*) FROM leaf") == 1


def test_each_thing_that_is_changed_is_found(database):
    ledger = PostgresLedger(database, drafts.signer())
    append(ledger, *(drafts.choice(n) for n in range(5)))
    append(ledger, drafts.notice())
    ledger.close()
    for table, column in (
        *(("leaf", "commitment"), ("consent", "body"), ("consent", "salt"), ("tile", "hashes")),
        *(("checkpoint", "note"), ("artefact", "data"), ("leaf", "subj"), ("consent", "subj")),
    ):
        asked(database, f"CREATE TABLE saved AS SELECT * FROM {table}")
        asked(
            database,
            f"UPDATE {table} SET {column} = set_byte({column}, 2, 255 - get_byte({column}, 2))"
            f" WHERE {column} = (SELECT {column} FROM {table} ORDER BY 1 DESC NULLS LAST LIMIT 1)",
        )
        assert findings(database), (table, column)
        asked(database, f"DELETE FROM {table}")
        asked(database, f"INSERT INTO {table} SELECT * FROM saved")
        asked(database, "DROP TABLE saved")
        assert findings(database) == []
