"""What vendors are told of a withdrawal, and when it is tried again."""

from __future__ import annotations

import json

import ledger_drafts as drafts
import pytest
from publisher import POLICY

from bandeau import limits
from bandeau.ledger.draft import Draft
from bandeau.ledger.erasing import Held
from bandeau.ledger.outbox import (
    Event,
    Message,
    State,
    Withdrawal,
    after,
    messages_for,
    webhook_secret,
    withdrawals_by,
    withdrawals_in,
)
from bandeau.ledger.record import Ground, parse_record
from bandeau.ledger.store import Leaf
from bandeau.policy.parse import parse

KEY = b"k" * 32
NOTIFIED = POLICY.replace(
    'hosts = ["telegram.test"]', 'hosts = ["telegram.test"]\nnotify = "https://telegram.test/w"'
).replace('hosts = ["ads.test"]', 'hosts = ["ads.test"]\nnotify = "https://ads.test/w"')
NOTIFIED += """
[[trackers]]
vendor = "example ads"
purpose = "social"
hosts = ["more.ads.test.example"]
notify = "https://ads.test/w"
"""


def leaf(draft: Draft, index: int = 0) -> Leaf:
    return Leaf(index, draft.id, draft.body(None), bytes(32), bytes(32))


def withdrawn(*purposes: str) -> Withdrawal:
    return Withdrawal(Event.WITHDRAWN, "ab" * 32, "www.quotidien.test", drafts.NOW, purposes)


def told(*purposes: str) -> list[tuple[str, list[str]]]:
    found = messages_for(parse(NOTIFIED.encode()), withdrawn(*purposes), 5)
    return [(m.vendor, json.loads(m.body)["data"]["purposes"]) for m in found]


def test_each_vendor_of_the_purpose_that_says_where_is_told_once() -> None:
    assert told("social") == [("Telegram", ["social"]), ("example ads", ["social"])]
    assert told("advertising") == [("Example Ads", ["advertising"])]
    assert told("advertising", "social") == [
        ("Telegram", ["social"]),
        ("Example Ads", ["advertising", "social"]),
    ]
    assert told("newsletter") == []
    assert messages_for(parse(POLICY.encode()), withdrawn("social"), 5) == []


def test_a_message_holds_no_id_and_each_vendor_another_pseudonym() -> None:
    draft = Draft.choice(**{**_choice(), "withdrawn": ["social"]})
    (found,) = withdrawals_in(leaf(draft), KEY)
    assert (found.event, found.purposes, found.time) == (Event.WITHDRAWN, ("social",), drafts.NOW)
    telegram, ads = messages_for(parse(NOTIFIED.encode()), found, 5)
    body = json.loads(telegram.body)
    assert body["type"] == "consent.withdrawn"
    assert body["timestamp"] == "2027-01-15T08:00:00Z"
    assert set(body["data"]) == {"site", "vendor", "record", "purposes"}
    records = {json.loads(each.body)["data"]["record"] for each in (telegram, ads)}
    assert len(records) == 2
    for message in (telegram, ads):
        for secret in (draft.id, draft.subject, found.pseudonym):
            assert secret.encode() not in message.body
            assert secret not in message.id
    assert messages_for(parse(NOTIFIED.encode()), found, 99)[0].id == telegram.id


def test_a_choice_that_takes_nothing_back_tells_nothing() -> None:
    assert list(withdrawals_in(leaf(Draft.choice(**_choice())), KEY)) == []
    assert list(withdrawals_in(Leaf(0, None, None, None, bytes(32)), KEY)) == []


def _choice() -> dict[str, object]:
    body = json.loads(drafts.choice(0, "anna").body(None))
    return {k: v for k, v in body.items() if k not in ("v", "kind", "prev", "variant")}


def held(*made: Draft) -> list[Held]:
    return [Held(i, parse_record(draft.body(None))) for i, draft in enumerate(made)]


def test_an_erasure_tells_of_what_was_granted() -> None:
    records = held(drafts.choice(1, "anna", social=False), drafts.choice(0, "anna"))
    (one,) = withdrawals_by(records, Ground.REQUEST, KEY, 7)
    assert (one.event, one.purposes, one.time) == (Event.ERASED, ("social",), 7)
    assert (
        len(withdrawals_by(held(drafts.choice(0), drafts.choice(1)), Ground.INVALID, KEY, 7)) == 2
    )
    assert withdrawals_by(records[:1], Ground.REQUEST, KEY, 7) == []
    assert withdrawals_by(records, Ground.RETENTION, KEY, 7) == []


def test_an_erased_item_is_told_to_its_vendor_alone() -> None:
    (one,) = withdrawals_by(held(drafts.item(1, "anna")), Ground.REQUEST, KEY, 7)
    assert (one.vendor, one.purposes) == ("Télégramme", ("social",))
    policy = parse(NOTIFIED.replace('"Telegram"', '"TÉLÉGRAMME"').encode())
    assert [m.url for m in messages_for(policy, one, 5)] == ["https://telegram.test/w"]


def test_secrets_differ_by_vendor_and_by_site() -> None:
    one = webhook_secret(KEY, "Telegram")
    assert one == webhook_secret(KEY, "telegram")
    assert len({one, webhook_secret(KEY, "Other"), webhook_secret(b"x" * 32, "Telegram")}) == 3


def sent(attempts: int) -> Message:
    return Message("msg_1", "V", "https://v.test/", b"{}", 0, attempts=attempts, due=60)


@pytest.mark.parametrize("status", [200, 204, 299])
def test_any_2xx_delivers(status: int) -> None:
    done = after(sent(1), status, 10, 0.5)
    assert (done.state, done.status, done.answered) == (State.DELIVERED, str(status), 10)


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500, "TimeoutError: "])
def test_anything_else_is_tried_again_later_and_later(status: int | str) -> None:
    waits = []
    for attempt in range(1, limits.OUTBOX_ATTEMPTS):
        early, late = (after(sent(attempt), status, 1_000, part) for part in (1.0, 0.0))
        assert early.state is late.state is State.PENDING
        assert 1_000 < early.due <= late.due
        waits.append((early.due - 1_000, late.due - 1_000))
    assert waits[0] == (2, 5)
    assert waits[1] == (10, 20)
    assert all(late >= two for (_, late), (_, two) in zip(waits[1:], waits, strict=False))
    assert waits[-1][1] == limits.OUTBOX_WAIT_MOST_SECONDS
    assert sum(late for _, late in waits) > 5 * 86_400
    assert after(sent(limits.OUTBOX_ATTEMPTS), status, 1_000, 0.0).state is State.FAILED


def test_a_vendor_that_is_gone_is_not_asked_again() -> None:
    assert after(sent(1), 410, 10, 0.5).state is State.FAILED
