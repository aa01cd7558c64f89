"""Vendors are told of withdrawals: signed, once each, and again while they do not answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import ledger_drafts as drafts
import pytest
from click.testing import CliRunner
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell
from webhooks import Receiver, receiving

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.cli import main
from bandeau.ledger.draft import Draft
from bandeau.ledger.outbox import Message, State
from bandeau.policy.parse import parse
from bandeau.storage.memory import MemoryLedger
from bandeau.storage.sqlite.outbox import SqliteOutbox
from bandeau.web.courier import Courier

pytestmark = pytest.mark.slow

KEY = b"k" * 32
START = drafts.NOW // 1000


def notified(url: str) -> str:
    return POLICY.replace('hosts = ["ads.test"]', f'hosts = ["ads.test"]\nnotify = "{url}"')


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


class Desk:
    """A courier with a clock that is moved by hand, over a ledger with one withdrawal."""

    def __init__(self, folder: Path, url: str, *, private: bool = True) -> None:
        self.now = START
        self.outbox = SqliteOutbox(folder)
        self.ledger = MemoryLedger(drafts.signer())
        asyncio.run(self.ledger.append(withdrawal(1)))
        policy = parse(notified(url).encode())
        told = (policy, self.ledger, self.outbox, KEY, lambda: self.now, lambda: 0.0)
        self.courier = Courier(*told, private=private)

    def work(self) -> Message:
        async def both() -> None:
            await self.courier.read()
            await self.courier.send()

        asyncio.run(both())
        return self.outbox.all()[0]


def withdrawal(number: int) -> Draft:
    return Draft.choice(
        id=drafts.record_id(number),
        site="www.quotidien.test",
        subject=drafts.subject("anna"),
        time=drafts.NOW,
        action="refuse_all",
        mechanism="panel",
        purposes={"advertising": False, "social": False},
        withdrawn=["advertising"],
        policy=drafts.TERMS,
        notice="a" * 64,
        lang="fr",
        layout="bar",
        gpc=False,
        expires=START + 15_000_000,
    )


def test_a_served_withdrawal_and_an_erasure_reach_the_vendor(
    tmp_path: Path, receiver: Receiver
) -> None:
    data = tmp_path / "data"
    (tmp_path / "policy.toml").write_text(notified(receiver.url), "utf-8")
    with ExitStack() as stack:
        app = Bandeau(
            publisher(Seen()), policy=tmp_path / "policy.toml", data=data, notify_private=True
        )
        visitor = Shell(stack.enter_context(serving(app)).url, Seen()).visitor()
        visitor.choose("accept_all")
        visitor.choose("save", "social")
        first = receiver.next()
        visitor.choose("accept_all")
        record = visitor.get("/.bandeau/record", headers={"accept": "application/json"}).json()
        own = {"sec-fetch-site": "same-origin"}
        visitor.send("POST", "/.bandeau/record/erase", json={}, headers=own)
        second = receiver.next()
    secret = run("secret", "Example Ads", "--data", data).strip()
    assert secret.startswith("whsec_")
    assert first.signed_with(secret)
    assert second.signed_with(secret)
    assert (first.data["type"], second.data["type"]) == ("consent.withdrawn", "consent.erased")
    for told in (first, second):
        assert told.data["data"]["purposes"] == ["advertising"]
        assert told.data["data"]["site"] == "www.quotidien.test"
        names = [record["subject"], *(each["id"] for each in record["records"])]
        assert not [name for name in names if name.encode() in told.body]
    listed = run("list", "--data", data, "--state", "delivered")
    assert listed.endswith("2 messages: 0 pending, 2 delivered, 0 failed.\n")
    assert listed.count("1 attempt, 204 at ") == 2
    assert receiver.told.empty()


def run(*args: object) -> str:
    result = CliRunner().invoke(main, ["outbox", *map(str, args)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_vendor_that_fails_is_asked_again_under_the_same_id(
    tmp_path: Path, receiver: Receiver
) -> None:
    desk = Desk(tmp_path, receiver.url)
    receiver.answers.put(500)
    failed = desk.work()
    assert (failed.state, failed.status, failed.attempts) == (State.PENDING, "500", 1)
    desk.work()
    assert receiver.told.qsize() == 1
    desk.now = failed.due
    done = desk.work()
    assert (done.state, done.status, done.attempts) == (State.DELIVERED, "204", 2)
    first, second = receiver.next(), receiver.next()
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == done.id
    assert int(second.headers["webhook-timestamp"]) == desk.now
    desk.outbox.close()


def test_it_gives_up_in_the_end_and_can_be_told_to_try_again(
    tmp_path: Path, receiver: Receiver
) -> None:
    desk = Desk(tmp_path, receiver.url)
    for _ in range(limits.OUTBOX_ATTEMPTS):
        receiver.answers.put(503)
        last = desk.work()
        desk.now = last.due
    assert (last.state, last.attempts) == (State.FAILED, limits.OUTBOX_ATTEMPTS)
    desk.now += 10_000_000
    desk.work()
    assert receiver.told.qsize() == limits.OUTBOX_ATTEMPTS
    assert "1 failed." in run("list", "--data", tmp_path)
    assert run("retry", "--data", tmp_path) == "1 message will be sent again.\n"
    assert desk.work().state is State.DELIVERED
    desk.outbox.close()


def test_a_receiver_that_was_down_is_told_when_it_is_up(tmp_path: Path) -> None:
    with receiving() as gone:
        port = gone.port
    desk = Desk(tmp_path, gone.url)
    down = desk.work()
    assert (down.state, "Connect" in down.status) == (State.PENDING, True)
    with receiving(port) as up:
        desk.now = down.due
        assert desk.work().state is State.DELIVERED
        assert up.next().headers["webhook-id"] == down.id
    desk.outbox.close()


def test_no_redirect_is_followed(tmp_path: Path, receiver: Receiver) -> None:
    receiver.location = receiver.url + "/elsewhere"
    receiver.answers.put(307)
    desk = Desk(tmp_path, receiver.url)
    assert (desk.work().status, receiver.told.qsize()) == ("307", 1)
    desk.outbox.close()


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "10.0.0.1"]
)
def test_nothing_is_sent_to_private_addresses_unless_it_is_allowed(
    tmp_path: Path, receiver: Receiver, host: str
) -> None:
    desk = Desk(tmp_path, f"http://{host}:{receiver.port}/hook", private=False)
    kept = desk.work()
    assert re.search("--notify-private|not a canonical", kept.status)
    assert (kept.state, receiver.told.empty()) == (State.PENDING, True)
    desk.outbox.close()


def test_the_log_is_read_on_and_never_told_twice(tmp_path: Path, receiver: Receiver) -> None:
    desk = Desk(tmp_path, receiver.url)
    desk.work()
    assert desk.outbox.position() == 1
    asyncio.run(desk.ledger.append(drafts.choice(2)))
    asyncio.run(desk.ledger.append(withdrawal(3)))
    desk.work()
    assert desk.outbox.position() == 3
    assert len(desk.outbox.all()) == receiver.told.qsize() == 2
    desk.outbox.close()


def test_two_processes_side_by_side_send_each_message_once(
    tmp_path: Path, receiver: Receiver
) -> None:
    desk, other = Desk(tmp_path, receiver.url), Desk(tmp_path, receiver.url)
    for number in range(2, 30):
        for each in (desk, other):
            asyncio.run(each.ledger.append(withdrawal(number)))

    async def both() -> None:
        await asyncio.gather(desk.courier.read(), other.courier.read())
        await asyncio.gather(desk.courier.send(), other.courier.send())

    asyncio.run(both())
    ids = [receiver.next().headers["webhook-id"] for _ in range(receiver.told.qsize())]
    assert len(ids) == len(set(ids)) == 29
    assert {m.state for m in desk.outbox.all()} == {State.DELIVERED}
    desk.outbox.close()
    other.outbox.close()
