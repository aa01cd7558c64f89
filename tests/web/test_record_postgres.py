"""A visitor's record where the data are in PostgreSQL: read, erased, told, and idempotent."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from postgres_server import PostgresServer
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell
from webhooks import Receiver, receiving

from bandeau.app import Bandeau
from bandeau.cli import main
from bandeau.ledger.record import uuid7

pytestmark = pytest.mark.slow

JSON = {"accept": "application/json", "sec-fetch-site": "same-origin"}
RECORD = "/.bandeau/record"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def address(postgres: PostgresServer) -> str:
    return postgres.database()


@pytest.fixture
def shell(tmp_path: Path, address: str, receiver: Receiver) -> Iterator[Shell]:
    told = f'hosts = ["ads.test"]\nnotify = "{receiver.url}"'
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY.replace('hosts = ["ads.test"]', told), "utf-8")
    app = Bandeau(publisher(Seen()), policy=policy, data=address, notify_private=True)
    with serving(app) as served:
        yield Shell(served.url, Seen())


def run(*args: object) -> str:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exit_code == 0, result.output
    return result.output


def test_erasing_leaves_no_id_in_any_table_and_a_valid_log(
    shell: Shell, postgres: PostgresServer, address: str, receiver: Receiver
) -> None:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    posted = {"page": "/article", "name": "A", "text": "Bonjour"}
    own = {"sec-fetch-site": "same-origin"}
    assert visitor.send("POST", "/.bandeau/comments", data=posted, headers=own).status_code == 303
    visitor.choose("save", "advertising")
    visitor.choose("load", "social", item="https://telegram.test/post/1")
    found = visitor.get(RECORD, headers=JSON).json()
    assert len(found["records"]) == 3
    answer = visitor.send("POST", f"{RECORD}/erase", json={}, headers=JSON)
    assert answer.json() == {"erased": 3}
    assert visitor.state()["decided"] is False
    assert receiver.next().data["type"] == "consent.erased"
    assert run("ledger", "verify", "--data", address).startswith("Valid: ")
    database = address.rpartition("/")[2]
    named = "SELECT relname FROM pg_class WHERE relkind = 'r'"
    tables = postgres.sql(f"{named} AND relnamespace = 'public'::regnamespace", database).split()
    everything = "".join(postgres.sql(f"SELECT t::text FROM {name} t", database) for name in tables)
    assert "Bonjour" in everything
    for gone in (found["subject"], *(each["id"] for each in found["records"])):
        for form in (gone, gone.replace("-", ""), gone.encode().hex()):
            assert form not in everything
    assert "1 delivered" in run("outbox", "list", "--data", address)


def test_a_known_id_is_answered_to_its_own_visitor_only(shell: Shell) -> None:
    visitor, other = shell.visitor(), shell.visitor()
    name = uuid7(int(time.time() * 1000), bytes(10))
    body = {"action": "accept_all", "id": name}
    own = {"json": body | {"nonce": "mine"}, "headers": JSON}
    first = visitor.send("POST", "/.bandeau/choice", **own)
    assert first.json()["receipt"]["id"] == name
    other.choose("refuse_all")
    for known in ({}, {"nonce": "another"}):
        answer = other.send("POST", "/.bandeau/choice", json=body | known, headers=JSON)
        assert (answer.status_code, "receipt" in answer.json()) == (409, False)
    assert visitor.send("POST", "/.bandeau/choice", **own).json() == first.json()
    assert len(visitor.get(RECORD, headers=JSON).json()["records"]) == 1


def test_erasing_by_version_and_purging(shell: Shell, address: str, tmp_path: Path) -> None:
    visitor = shell.visitor()
    record = visitor.choose("accept_all")
    assert record.status_code == 303
    digest = visitor.jar["eu-consent", "/"].split(".")[1]
    policy = tmp_path / "policy.toml"
    assert run("ledger", "purge", "--data", address, "--config", policy).startswith("No record")
    asked = ("ledger", "erase", "--data", address, "--policy", digest)
    assert run(*asked).startswith("1 record would be erased")
    assert run(*asked, "--yes").startswith("1 record erased")
    assert visitor.state()["decided"] is False
