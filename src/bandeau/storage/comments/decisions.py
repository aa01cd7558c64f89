"""Decisions on comments in tables, with the reports that they close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bandeau.features.comments.decisions import Cause, Decision, ground_of
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.queue import BY_MODERATOR, Act, Deed
from bandeau.storage.tables import Rows, Statement, Steps, listed

_KEPT = "id, comment, time, staff, deed, ground, law, facts, cause, detected"
_DECIDE = f"INSERT INTO decision ({_KEPT}, waited) VALUES ({listed(1, 11)})"  # noqa: S608 - constants
_CLOSE = (
    "UPDATE report SET outcome = $2, decided = $3, decision = $4"
    " WHERE comment = $1 AND outcome = 'open'"
)
_OUTCOMES = {Deed.REJECT: "removed", Deed.SPAM: "removed", Deed.DISMISS: "kept"}
NOT_WAITED = -1
# What an appeal asks for may be done without looking at the appeal.
_GRANT_AUTHOR = (
    "UPDATE appeal SET ruling = 'reversed', decided = $2, staff = $3, answer = $4"
    " WHERE report = '' AND ruling = 'open' AND comment = $1"
)
_GRANT_SENDERS = (
    "UPDATE appeal SET ruling = 'reversed', decided = $2, staff = $3, answer = $4"
    " WHERE report <> '' AND ruling = 'open' AND comment = $1"
)
_GRANTED = {
    Deed.APPROVE: _GRANT_AUTHOR,
    Deed.REJECT: _GRANT_SENDERS,
    Deed.SPAM: _GRANT_SENDERS,
}
NO_RULE = ("by-author", "held", BY_MODERATOR)
_WAITS = "SELECT turn, since FROM reported WHERE object = $1"
_ENDED = "DELETE FROM reported WHERE object = $1 RETURNING turn, since"


def judged(act: Act, before: Comment, reason: Reason) -> Steps[None]:
    """Keep why ``act`` put the comment ``before`` elsewhere, and close the reports that it ends.

    Whoever calls this has made sure that the act changes something.
    """
    if act.deed in _OUTCOMES:
        waits = yield from _ended(act.object)
    else:
        waits = _told((yield Statement(_WAITS, (act.object,))))
    held = before.time if before.state is State.HELD else None
    yield from _keeping(act, before, reason, waits or (Cause.OWN, held))


def dismissed(act: Act, before: Comment, reason: Reason) -> Steps[bool]:
    """The comment ``before`` stays, and its reports are closed; false where it has none open."""
    waits = yield from _ended(act.object)
    if waits:
        yield from _keeping(act, before, reason, waits)
    return waits is not None


def decisions_read(count: int) -> str:
    """The statement that reads so many decisions by their ids."""
    names = listed(1, count)
    return f"SELECT {_KEPT} FROM decision WHERE id IN ({names})"  # noqa: S608


def removals_read(count: int) -> str:
    """The statement that reads what took so many comments off, the last decision last."""
    names = listed(1, count)
    return (
        f"SELECT {_KEPT} FROM decision WHERE comment IN ({names})"  # noqa: S608
        " AND deed IN ('reject', 'spam') ORDER BY time, id"
    )


def decisions_of(rows: Rows) -> list[Decision]:
    """Rows of decisions as values."""
    return [_decision(row) for row in rows]


def forgetting(comment_id: str) -> Steps[None]:
    """Its author erased the comment: nothing said of it stays but what others sent."""
    yield Statement("DELETE FROM reported WHERE object = $1", (comment_id,))
    yield Statement("DELETE FROM decision WHERE comment = $1", (comment_id,))
    yield Statement("DELETE FROM appeal WHERE comment = $1", (comment_id,))
    yield Statement(
        "UPDATE report SET outcome = 'gone', decided = time"
        " WHERE comment = $1 AND outcome = 'open'",
        (comment_id,),
    )


def _ended(comment_id: str) -> Steps[tuple[Cause, int] | None]:
    """What a comment waited for, and since when; from now on it does not."""
    return _told((yield Statement(_ENDED, (comment_id,))))


def _told(waits: Rows) -> tuple[Cause, int] | None:
    return next(
        ((Cause.REPORT if turn else Cause.NOTICE, int(since)) for turn, since in waits), None
    )


def _keeping(
    act: Act, before: Comment, reason: Reason, waits: tuple[Cause, int | None]
) -> Steps[None]:
    cause, since = waits
    decided = Decision(
        id=act.id,
        comment=act.object,
        time=act.time,
        staff=act.staff,
        deed=act.deed,
        reason=Reason(ground_of(act.deed, reason), reason.law, reason.facts),
        cause=cause,
        detected=any(each not in NO_RULE for each in before.reasons),
    )
    waited = NOT_WAITED if since is None else act.time - since
    yield Statement(_DECIDE, (*_row(decided), waited))
    outcome = _OUTCOMES.get(act.deed)
    if outcome:
        yield Statement(_CLOSE, (act.object, outcome, act.time, act.id))
    granted = _GRANTED.get(act.deed)
    if granted:
        yield Statement(granted, (act.object, act.time, act.staff, reason.facts))


def _decision(row: Sequence[Any]) -> Decision:
    act, comment, time, staff, deed, ground, law, facts, cause, detected = row
    reason = Reason(Ground(ground), law, facts)
    return Decision(act, comment, time, staff, Deed(deed), reason, Cause(cause), bool(detected))


def _row(decided: Decision) -> tuple[str | int, ...]:
    reason = decided.reason
    told = (decided.id, decided.comment, decided.time, decided.staff, decided.deed.value)
    ground = reason.ground.value if reason.ground else ""
    return *told, ground, reason.law, reason.facts, decided.cause.value, int(decided.detected)
