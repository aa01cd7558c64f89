"""Withdrawals on their way to the vendors that relied on the consent (rule W7).

What is told comes from the log itself, read on from a remembered position, so that a choice needs
no second write. Only an erasure, whose record nobody can read afterwards, is announced before it.
Nothing here holds a record's id: vendors get pseudonyms that differ from vendor to vendor.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from bandeau import limits
from bandeau.ledger.checkpoint import encode
from bandeau.ledger.erasing import Held
from bandeau.ledger.record import Ground, Kind, Record, RecordError, parse_record
from bandeau.ledger.store import Leaf
from bandeau.policy.model import Policy
from bandeau.policy.terms import vendor_key

_WITHDRAWS = b'"withdrawn":["'
_GONE = 410


class OutboxUnavailable(Exception):
    """The outbox can be neither read nor written now. Nothing half-written is left behind."""


class Event(StrEnum):
    """What a vendor is told of."""

    WITHDRAWN = "consent.withdrawn"
    ERASED = "consent.erased"


class State(StrEnum):
    """Where a message stands."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What was taken back: ``pseudonym`` stands for the record, ``time`` is in Unix milliseconds.

    With a ``vendor`` it concerns that one alone.
    """

    event: Event
    pseudonym: str
    site: str
    time: int
    purposes: tuple[str, ...]
    vendor: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One row: a withdrawal for one vendor. Times are in Unix seconds.

    ``due`` is when it is sent next; ``status`` is the answer to the last attempt, or what kept it
    from being made, and ``answered`` when that was.
    """

    id: str
    vendor: str
    url: str
    body: bytes
    created: int
    state: State = State.PENDING
    attempts: int = 0
    due: int = 0
    status: str = ""
    answered: int = 0


class Outbox(Protocol):
    """Where messages are kept. Every method raises :class:`OutboxUnavailable`."""

    def announce(self, withdrawals: Sequence[Withdrawal]) -> None:
        """Keep what no later reading of the log can tell; durable before this returns."""
        ...

    def announced(self) -> Sequence[Withdrawal]:
        """What was announced and is not queued yet."""
        ...

    def position(self) -> int:
        """The index of the first record that was not read yet."""
        ...

    def queue(
        self, messages: Sequence[Message], position: int, done: Sequence[Withdrawal] = ()
    ) -> None:
        """Keep ``messages``, forget what was announced as ``done``, remember ``position``: at once.

        A message whose id is known changes nothing; the position never goes back.
        """
        ...

    def claim(self, now: int, until: int, count: int) -> Sequence[Message]:
        """At most ``count`` messages that are due; no one else gets them before ``until``."""
        ...

    def settle(self, messages: Sequence[Message]) -> None:
        """Keep what became of these; one that was delivered stays so."""
        ...

    def all(self) -> Sequence[Message]:
        """Every message, the oldest first."""
        ...

    def forget(self, before: int) -> None:
        """Drop what was settled for good before this Unix second."""
        ...

    def retry(self, ids: Sequence[str], now: int) -> int:
        """Send these again, if they are not delivered; how many that are."""
        ...


def withdrawals_in(leaf: Leaf, key: bytes) -> Iterator[Withdrawal]:
    """What one leaf of the log takes back; ``key`` is the site's subject key.

    A record that cannot be read tells nothing; ``verify`` names it.
    """
    if leaf.body is None or _WITHDRAWS not in leaf.body:
        return
    try:
        record = parse_record(leaf.body)
    except RecordError:
        return
    yield Withdrawal(
        Event.WITHDRAWN,
        pseudonym(key, record.id),
        record.site,
        record.time,
        tuple(record.withdrawn),
    )


def withdrawals_by(
    erased: Sequence[Held], ground: Ground, key: bytes, now: int
) -> list[Withdrawal]:
    """What the erasure of these records takes back; ``now`` in Unix milliseconds.

    On request they are all of one visitor, whose consents are told together; with an invalid
    notice each record is told for itself. What is past its retention was over long ago.
    """
    if ground is Ground.RETENTION:
        return []
    groups = [erased] if ground is Ground.REQUEST else [[each] for each in erased]
    return [told for group in groups for told in _erasures(group, key, now)]


def _erasures(group: Sequence[Held], key: bytes, now: int) -> Iterator[Withdrawal]:
    records = [held.record for held in group]
    granted = {purpose for record in records for purpose in _granted(record)}
    if granted:
        first = next(record for record in records if _granted(record))
        yield _erasure(first, key, now, granted)
    items = {record.vendor: record for record in records if record.kind is Kind.ITEM}
    for vendor, record in items.items():
        yield _erasure(record, key, now, {record.purpose}, vendor)


def _granted(record: Record) -> list[str]:
    return [purpose for purpose, answer in record.purposes.items() if answer]


def _erasure(
    record: Record, key: bytes, now: int, purposes: set[str], vendor: str = ""
) -> Withdrawal:
    name = pseudonym(key, record.id)
    return Withdrawal(Event.ERASED, name, record.site, now, tuple(sorted(purposes)), vendor)


def pseudonym(key: bytes, record_id: str) -> str:
    """What stands for a record before it is made one for a vendor: hexadecimal HMAC-SHA256."""
    return hmac.digest(key, b"bandeau/outbox/v1" + record_id.encode(), "sha256").hex()


def webhook_secret(key: bytes, vendor: str) -> bytes:
    """The secret that is shared with one vendor, which signs what it is told."""
    return hmac.digest(key, b"bandeau/webhook/v1" + vendor_key(vendor).encode(), "sha256")


def messages_for(policy: Policy, withdrawal: Withdrawal, now: int) -> list[Message]:
    """One message for each vendor to be told: it relied on the purpose, and says where to tell it.

    ``now`` is in Unix seconds. The same withdrawal always gives the same ids.
    """
    concerned: dict[tuple[str, str], set[str]] = {}
    names: dict[str, str] = {}
    for tracker in policy.trackers:
        if tracker.notify is None or tracker.purpose not in withdrawal.purposes:
            continue
        vendor = vendor_key(tracker.vendor)
        if withdrawal.vendor and vendor != vendor_key(withdrawal.vendor):
            continue
        names.setdefault(vendor, tracker.vendor)
        concerned.setdefault((vendor, tracker.notify), set()).add(tracker.purpose)
    return [
        _message(withdrawal, names[vendor], url, purposes, now)
        for (vendor, url), purposes in concerned.items()
    ]


def _message(
    withdrawal: Withdrawal, vendor: str, url: str, purposes: set[str], now: int
) -> Message:
    base = bytes.fromhex(withdrawal.pseudonym)
    named = vendor_key(vendor).encode()
    known = hmac.digest(base, b"record" + named, "sha256").hex()
    told = f"{withdrawal.event}|{url}".encode()
    message_id = "msg_" + hmac.digest(base, b"message" + named + told, "sha256").hex()[:32]
    moment = datetime.fromtimestamp(withdrawal.time // 1000, UTC)
    body = {
        "type": withdrawal.event.value,
        "timestamp": moment.isoformat().replace("+00:00", "Z"),
        "data": {
            "site": withdrawal.site,
            "vendor": vendor,
            "record": known,
            "purposes": sorted(purposes),
        },
    }
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Message(message_id, vendor, url, text.encode(), now, due=now)


def signed_headers(message: Message, secret: bytes, now: int) -> dict[str, str]:
    """The headers of one attempt at Unix second ``now``, as Standard Webhooks has them."""
    signed = f"{message.id}.{now}.".encode() + message.body
    signature = encode(hmac.digest(secret, signed, "sha256"))
    return {
        "webhook-id": message.id,
        "webhook-timestamp": str(now),
        "webhook-signature": f"v1,{signature}",
        "content-type": "application/json",
    }


def after(message: Message, status: int | str, now: int, fraction: float) -> Message:
    """``message`` after an attempt: ``status`` is that of the answer, or why there was none.

    Exponential waiting times, each shortened by up to half by ``fraction`` (0 to 1), so that what
    failed together is not sent together again.
    """
    state, due = State.PENDING, message.due
    if isinstance(status, int) and 200 <= status < 300:
        state = State.DELIVERED
    elif message.attempts >= limits.OUTBOX_ATTEMPTS or status == _GONE:
        state = State.FAILED
    else:
        wait = limits.OUTBOX_WAIT_SECONDS * 4 ** (message.attempts - 1)
        wait = min(wait, limits.OUTBOX_WAIT_MOST_SECONDS)
        due = now + max(1, int(wait * (1 - fraction / 2)))
    return Message(
        message.id,
        message.vendor,
        message.url,
        message.body,
        message.created,
        state,
        message.attempts,
        due,
        str(status)[: limits.OUTBOX_STATUS_CHARACTERS],
        now,
    )
