"""Decisions on comments and authors in tables, with the reports and appeals that they close."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bandeau.features.comments.decisions import Cause, Decision, ground_of
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.queue import BY_MODERATOR, Act, Deed
from bandeau.storage.comments import watching
from bandeau.storage.tables import Rows, Statement, Steps, listed

_KEPT = "id, comment, time, staff, deed, ground, law, facts, cause, detected, author, until, waited"
_DECIDE = f"INSERT INTO decision ({_KEPT}) VALUES ({listed(1, 13)})"  # noqa: S608 - constants
_CLOSE = (
    "UPDATE report SET outcome = $2, decided = $3, decision = $4"
    " WHERE comment = $1 AND outcome = 'open'"
)
_OUTCOMES = {Deed.REJECT: "removed", Deed.SPAM: "removed", Deed.DISMISS: "kept"}
_TAKE = f"{_DECIDE} ON CONFLICT (id) DO NOTHING"
_AUTHOR_THERE = "SELECT id FROM author WHERE id = $1"
_COMMENT_THERE = "SELECT id FROM comment WHERE id = $1"
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
_GRANT_EXCLUDED = (
    "UPDATE appeal SET ruling = 'reversed', decided = $2, staff = $3, answer = $4"
    " WHERE ruling = 'open' AND decision IN (SELECT id FROM decision WHERE author = $1)"
)
_CAUSES = (
    "SELECT DISTINCT decision.cause FROM comment JOIN decision ON decision.comment = comment.id"
    " WHERE comment.author = $1 AND decision.deed IN ('reject', 'spam')"
)
_LAST = "SELECT id FROM decision WHERE author = $1 ORDER BY time DESC, id DESC LIMIT 1"
_NO_APPEALS = "DELETE FROM appeal WHERE decision IN (SELECT id FROM decision WHERE author = $1)"
TOLD = (Deed.REJECT, Deed.SUSPEND, Deed.BAN)
"""What authors are told of by mail: nobody is, of what is advertising (Article 17(2))."""
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


def taking(decided: Decision) -> Steps[None]:
    """Keep a decision of elsewhere, whose comment or author is there."""
    on = _AUTHOR_THERE if decided.author else _COMMENT_THERE
    if (yield Statement(on, (decided.author or decided.comment,))):
        yield Statement(_TAKE, _row(decided))


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


DECISIONS = f"SELECT {_KEPT} FROM decision WHERE id > $1 ORDER BY id LIMIT $2"  # noqa: S608


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


def excluded(act: Act, reason: Reason, until: int) -> Steps[None]:
    """Keep why ``act`` shut an author out, and what led there, as far as it is still known."""
    causes = {cause for (cause,) in (yield Statement(_CAUSES, (act.object,)))}
    cause = next((each for each in (Cause.NOTICE, Cause.REPORT) if each.value in causes), Cause.OWN)
    decided = Decision(
        id=act.id,
        comment="",
        time=act.time,
        staff=act.staff,
        deed=act.deed,
        reason=Reason(ground_of(act.deed, reason), reason.law, reason.facts),
        cause=cause,
        author=act.object,
        until=until,
    )
    yield Statement(_DECIDE, _row(decided))
    if act.deed in TOLD:
        yield from watching.decided_on_author(act)


def restored(act: Act, reason: Reason) -> Steps[None]:
    """An author may comment again, which is what their appeals ask for."""
    values = (act.object, act.time, act.staff, reason.facts)
    yield Statement(_GRANT_EXCLUDED, values)


def last_on_author(author: str) -> Steps[str]:
    """The id of the last decision on an author, empty for none."""
    found = yield Statement(_LAST, (author,))
    return next((decision for (decision,) in found), "")


def author_gone(author: str) -> Steps[None]:
    """Nothing that was decided on an author stays."""
    yield Statement(_NO_APPEALS, (author,))
    yield Statement("DELETE FROM decision WHERE author = $1", (author,))


def exclusions_read(count: int) -> str:
    """The statement that reads what shut so many authors out, the last decision last."""
    names = listed(1, count)
    return (
        f"SELECT {_KEPT} FROM decision WHERE author IN ({names})"  # noqa: S608
        " AND deed IN ('suspend', 'ban') ORDER BY time, id"
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
        waited=None if since is None else act.time - since,
    )
    yield Statement(_DECIDE, _row(decided))
    outcome = _OUTCOMES.get(act.deed)
    if outcome:
        yield Statement(_CLOSE, (act.object, outcome, act.time, act.id))
        yield from watching.notice_decided(act)
    if act.deed in TOLD:
        yield from watching.decided_on_comment(act)
    granted = _GRANTED.get(act.deed)
    if granted:
        yield Statement(granted, (act.object, act.time, act.staff, reason.facts))


def _decision(row: Sequence[Any]) -> Decision:
    act, comment, time, staff, deed, ground, law, facts, cause, detected, *rest = row
    author, until, waited = rest
    told = (act, comment, time, staff, Deed(deed), Reason(Ground(ground), law, facts))
    since = waited if waited >= 0 else None
    return Decision(*told, Cause(cause), bool(detected), author, until, since)


def _row(decided: Decision) -> tuple[str | int, ...]:
    reason = decided.reason
    told = (decided.id, decided.comment, decided.time, decided.staff, decided.deed.value)
    ground = reason.ground.value if reason.ground else ""
    why = (ground, reason.law, reason.facts, decided.cause.value, int(decided.detected))
    waited = NOT_WAITED if decided.waited is None else decided.waited
    return *told, *why, decided.author, decided.until, waited
