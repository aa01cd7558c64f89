"""What an outbox promises, whoever else has it open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from bandeau.ledger.outbox import Event, Message, OutboxUnavailable, State, Withdrawal
from bandeau.storage.place import OpenOutbox, Place, open_place
from bandeau.storage.sqlite.outbox import FILE, SqliteOutbox


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "sqlite":
        opened = open_place(tmp_path)
    else:
        address = request.getfixturevalue("postgres").database()
        opened = open_place(address)
        opened.make_keys("site.test", bytes)
    yield opened
    opened.close()


@pytest.fixture
def outbox(place: Place) -> Iterator[OpenOutbox]:
    opened = place.outbox()
    yield opened
    opened.close()


def message(number: int, due: int = 100) -> Message:
    url = "https://vendor.test/hook"
    return Message(f"msg_{number}", "Vendor", url, b'{"a":1}', 50 + number, due=due)


def withdrawal(number: int, vendor: str = "") -> Withdrawal:
    return Withdrawal(Event.ERASED, f"{number:064x}", "site.test", number, ("social",), vendor)


def test_a_new_one_is_empty(outbox: OpenOutbox) -> None:
    assert (outbox.all(), outbox.announced(), outbox.position()) == ((), (), 0)
    assert outbox.claim(1_000, 2_000, 10) == ()


def test_messages_and_position_are_kept_at_once_and_once(outbox: OpenOutbox) -> None:
    outbox.queue([message(1), message(2)], 7)
    outbox.queue([replace(message(1), vendor="Another")], 9)
    outbox.queue([], 8)
    assert outbox.all() == (message(1), message(2))
    assert outbox.position() == 9


def test_what_was_announced_goes_once_it_is_queued(outbox: OpenOutbox) -> None:
    told = [withdrawal(1), withdrawal(1, "Telegram"), withdrawal(2)]
    outbox.announce(told)
    outbox.announce(told[:1])
    assert set(outbox.announced()) == set(told)
    outbox.queue([message(1)], 0, told[:1])
    assert set(outbox.announced()) == set(told[1:])


def test_nobody_else_gets_what_is_claimed_until_the_claim_is_over(
    outbox: OpenOutbox, place: Place
) -> None:
    other = place.outbox()
    outbox.queue([message(1), message(2), message(3, due=500)], 1)
    (first,) = outbox.claim(100, 160, 1)
    (second,) = other.claim(100, 160, 10)
    assert {first.id, second.id} == {"msg_1", "msg_2"}
    assert (first.attempts, second.attempts) == (1, 1)
    assert outbox.claim(159, 200, 10) == other.claim(159, 200, 10) == ()
    again = other.claim(160, 220, 10)
    assert [(m.attempts, m.due) for m in again] == [(2, 220), (2, 220)]
    other.close()


def test_what_is_settled_is_kept_and_a_delivered_message_is_never_sent_again(
    outbox: OpenOutbox,
) -> None:
    outbox.queue([message(1), message(2)], 1)
    one, two = sorted(outbox.claim(100, 160, 10), key=lambda m: m.id)
    done = replace(one, state=State.DELIVERED, status="204", answered=101)
    lost = replace(two, state=State.FAILED, status="410", answered=102)
    outbox.settle([done, lost])
    outbox.settle([replace(done, state=State.FAILED)])
    assert outbox.all() == (done, lost)
    assert outbox.claim(10_000, 20_000, 10) == ()
    assert outbox.retry([done.id, lost.id, "msg_none"], 300) == 1
    (again,) = outbox.claim(300, 400, 10)
    assert (again.id, again.attempts) == (lost.id, 1)


def test_what_is_over_is_forgotten_in_time_and_what_waits_never(outbox: OpenOutbox) -> None:
    outbox.queue([message(1), message(2)], 1)
    (one,) = outbox.claim(100, 160, 1)
    done = replace(one, state=State.DELIVERED, status="204", answered=101)
    outbox.settle([done])
    outbox.forget(101)
    assert outbox.all() == (done, message(2))
    outbox.forget(10_000)
    assert outbox.all() == (message(2),)


def test_it_opens_again_as_it_was_and_is_private(tmp_path: Path) -> None:
    first = SqliteOutbox(tmp_path)
    first.queue([message(1)], 3)
    first.close()
    with pytest.raises(OutboxUnavailable):
        first.position()
    again = SqliteOutbox(tmp_path)
    assert (again.all(), again.position()) == ((message(1),), 3)
    again.close()
    assert (tmp_path / FILE).stat().st_mode & 0o077 == 0


def test_a_damaged_or_newer_file_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(OutboxUnavailable, match=FILE):
        SqliteOutbox(tmp_path)
    (tmp_path / FILE).unlink()
    db = apsw.Connection(str(tmp_path / FILE))
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(OutboxUnavailable, match="newer"):
        SqliteOutbox(tmp_path)
