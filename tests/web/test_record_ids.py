"""A choice that is sent twice under one id is recorded once, and known to its own visitor only."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell, Visitor

from bandeau.app import Bandeau
from bandeau.ledger.record import policy_record_id, uuid7, uuid7_time

HOUR = 3_600_000
JSON = {"accept": "application/json", "sec-fetch-site": "same-origin"}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("ids")
    (folder / "policy.toml").write_text(POLICY, "utf-8")
    with ExitStack() as stack:
        seen = Seen()
        app = Bandeau(publisher(seen), policy=folder / "policy.toml", data=folder / "data")
        yield Shell(stack.enter_context(serving(app)).url, seen)
        app.close()


def made(shift: int = 0, count: list[int] = [0]) -> str:  # noqa: B006 - counts on purpose
    count[0] += 1
    return uuid7(int(time.time() * 1000) + shift, count[0].to_bytes(10))


def post(visitor: Visitor, action: str, **fields: str):
    return visitor.send("POST", "/.bandeau/choice", json={"action": action, **fields}, headers=JSON)


def records(visitor: Visitor) -> list[dict[str, object]]:
    return visitor.get("/.bandeau/record", headers=JSON).json()["records"]


def test_a_replay_records_nothing_and_gets_the_same_receipt(shell: Shell) -> None:
    visitor, name = shell.visitor(), made()
    visitor.choose("refuse_all")
    first = post(visitor, "accept_all", id=name)
    again = post(visitor, "refuse_all", id=name)
    assert first.json() == again.json()
    assert first.json()["receipt"]["id"] == name
    assert again.json()["choice"]["band"] == "allowed"
    assert visitor.state()["band"] == "allowed"
    assert len(records(visitor)) == 2


def test_a_first_choice_whose_answer_was_lost_finds_its_visitor_again(shell: Shell) -> None:
    lost, visitor, name = shell.visitor(), shell.visitor(), made()
    first = post(lost, "accept_all", id=name, nonce="a secret of this page")
    again = post(visitor, "accept_all", id=name, nonce="a secret of this page")
    assert first.json() == again.json()
    assert (lost.jar == visitor.jar, visitor.state()["band"]) == (True, "allowed")
    assert [record["id"] for record in records(visitor)] == [name]


@pytest.mark.parametrize("nonce", [{}, {"nonce": "another"}])
@pytest.mark.parametrize("known", [True, False])
def test_whoever_knows_an_id_learns_and_changes_nothing(
    shell: Shell, known: bool, nonce: dict[str, str]
) -> None:
    visitor, other, name = shell.visitor(), shell.visitor(), made()
    post(visitor, "accept_all", id=name, nonce="mine")
    if known:
        other.choose("refuse_all")
    before = dict(other.jar)
    answer = post(other, "refuse_all", id=name, **nonce)
    assert (answer.status_code, "receipt" in answer.json()) == (409, False)
    assert (other.jar, visitor.state()["band"]) == (before, "allowed")


def test_a_replay_from_before_a_later_choice_brings_nothing_back(shell: Shell) -> None:
    visitor, name = shell.visitor(), made()
    visitor.choose("refuse_all")
    first = post(visitor, "accept_all", id=name)
    post(visitor, "refuse_all", id=made())
    again = post(visitor, "accept_all", id=name)
    assert again.json()["receipt"] == first.json()["receipt"]
    assert again.json()["choice"]["band"] == "refused"
    assert visitor.state()["band"] == "refused"


def test_an_erased_id_is_not_taken_up_again(shell: Shell) -> None:
    visitor, name = shell.visitor(), made()
    post(visitor, "accept_all", id=name, nonce="mine")
    visitor.send("POST", "/.bandeau/record/erase", json={}, headers=JSON)
    assert post(visitor, "accept_all", id=name, nonce="mine").status_code == 409
    assert visitor.state()["decided"] is False


@pytest.mark.parametrize(
    ("name", "status"),
    [
        (lambda: made(-23 * HOUR), 200),
        (lambda: made(23 * HOUR), 200),
        (lambda: made(-25 * HOUR), 400),
        (lambda: made(25 * HOUR), 400),
        (lambda: made().upper(), 400),
        (lambda: policy_record_id("0123456789abcdef"), 400),
        (lambda: "4b7c0c2e-8d1f-4a51-9a43-2f1f8c1f7a10", 400),
        (lambda: "", 400),
        (lambda: "1", 400),
    ],
)
def test_only_an_id_of_about_now_is_taken(shell: Shell, name, status: int) -> None:
    visitor = shell.visitor()
    answer = post(visitor, "refuse_all", id=name())
    assert answer.status_code == status
    assert bool(visitor.jar) is (status == 200)


def test_the_time_of_a_record_is_the_servers(shell: Shell) -> None:
    visitor, name = shell.visitor(), made(-20 * HOUR)
    post(visitor, "refuse_all", id=name)
    (record,) = records(visitor)
    assert record["id"] == name
    assert abs(int(str(record["time"])) - time.time() * 1000) < HOUR
    assert uuid7_time(name) < int(str(record["time"])) - 19 * HOUR
