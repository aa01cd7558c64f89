"""A visitor's own records in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bandeau.choice.decide import Action
from bandeau.ledger.erasing import Held
from bandeau.ledger.record import Kind, Record
from bandeau.web.view import PurposeView, View

# What was pressed is called what the button is called.
_ACTIONS = {
    Action.ACCEPT_ALL: "notice.accept_all",
    Action.REFUSE_ALL: "notice.refuse_all",
    Action.SAVE: "panel.save",
    Action.GRANT: "record.grant",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One record; ``item`` is a sentence where it is an item, ``action`` empty then."""

    id: str
    recorded_at: str
    shown_at: str
    holds: bool
    action: str
    where: str
    purposes: tuple[PurposeView, ...]
    item: str


def entries(view: View, found: Sequence[Held], now: float) -> list[Entry]:
    """``found`` as the page tells it; ``now`` in Unix seconds."""
    return [_entry(view, held, now) for held in found]


def moment(record: Record) -> tuple[str, str]:
    """When a record was made, for machines and for people."""
    made = datetime.fromtimestamp(record.time // 1000, UTC)
    return made.isoformat(), f"{made:%Y-%m-%d %H:%M:%S} UTC"


def item_text(view: View, record: Record) -> str:
    """What a record says that was loaded; empty for a choice."""
    if record.kind is not Kind.ITEM:
        return ""
    titles = {purpose.key: purpose.title for purpose in view.asked}
    purpose = titles.get(record.purpose, record.purpose)
    return view.say("receipt.item", vendor=record.vendor, host=record.host, purpose=purpose)


def answered(view: View, answers: Mapping[str, bool]) -> tuple[PurposeView, ...]:
    """The purposes of a record with its answers; one that is no longer asked keeps its key."""
    states = {True: "on", False: "off"}
    known = {purpose.key: purpose for purpose in view.asked}
    blank = PurposeView("", "", "", "", "", "", "", (), ())
    return tuple(
        replace(
            known.get(key, replace(blank, key=key, title=key)), state=states[granted], exempt=""
        )
        for key, granted in answers.items()
    )


def _entry(view: View, held: Held, now: float) -> Entry:
    record = held.record
    recorded_at, shown_at = moment(record)
    chosen = record.kind is Kind.CHOICE
    return Entry(
        id=record.id,
        recorded_at=recorded_at,
        shown_at=shown_at,
        holds=not held.superseded and now < record.expires,
        action=view.say(_ACTIONS[Action(record.action)]) if chosen else "",
        where=view.say(f"record.where_{record.mechanism}"),
        purposes=answered(view, record.purposes),
        item=item_text(view, record),
    )
