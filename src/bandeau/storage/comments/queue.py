"""Queues, pasts and the log of one site in tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bandeau.features.comments.grounds import Reason
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import (
    BY_MODERATOR,
    CONDUCTS,
    NO_REASON,
    STATES,
    Act,
    Deed,
    Past,
    reasons_after,
)
from bandeau.storage.comments.decisions import dismissed, excluded, judged, restored
from bandeau.storage.comments.store import COLUMNS, comments_of, turning
from bandeau.storage.tables import Statement, Steps, Tables, listed

REPORTED, DISMISSED = "reported", "dismissed"
_OLDEST = f"SELECT {COLUMNS} FROM comment WHERE state = $1"  # noqa: S608 - constants
_PLACE = "(SELECT time, id FROM comment WHERE id = $3)"
_HELD = "SELECT id FROM comment WHERE state = 'held' LIMIT $1"
_FIND = f"SELECT {COLUMNS} FROM comment WHERE id = $1"  # noqa: S608
_MOVE = (
    "UPDATE comment SET state = $2, reasons = $3 WHERE id = $1 AND state = $4 AND reasons = $5"
    " RETURNING id"
)
_OF_AUTHOR = (
    f"SELECT {COLUMNS} FROM comment WHERE author = $1 AND state <> 'gone'"  # noqa: S608
    " ORDER BY time DESC, id DESC LIMIT $2"
)
_APPROVED = "UPDATE author SET approved = approved + 1 WHERE id = $1"
_CONDUCT = "SELECT conduct, until FROM author WHERE id = $1"
_CHANGE = "UPDATE author SET conduct = $2, until = $3 WHERE id = $1"
_LOG = "INSERT INTO act VALUES ($1, $2, $3, $4, $5, $6, $7)"
_ACTS = "SELECT id, time, staff, act, object, was, became FROM act"
_OLDER = " WHERE (time, id) < (SELECT time, id FROM act WHERE id = $2)"


class StoredQueue:
    """A :class:`bandeau.features.comments.queue.QueueStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def queue(self, state: State, limit: int, after: str = "") -> Sequence[Comment]:
        """See the port."""
        more = (after,) if after else ()
        text = queued(oldest=state is State.HELD, follows=bool(after))
        return comments_of(await self._tables.read(text, state.value, limit, *more))

    async def held(self, most: int) -> int:
        """See the port."""
        return len(await self._tables.read(_HELD, most))

    async def pasts(self, authors: Collection[str]) -> Mapping[str, Past]:
        """See the port."""
        known = sorted({author for author in authors if author})
        if not known:
            return {}
        names = listed(1, len(known))
        counted = await self._tables.read(
            f"SELECT author, state, COUNT(*) FROM comment WHERE author IN ({names})"  # noqa: S608
            " GROUP BY author, state",
            *known,
        )
        conducts = await self._tables.read(
            f"SELECT id, conduct, until FROM author WHERE id IN ({names})",  # noqa: S608
            *known,
        )
        counts: dict[str, dict[State, int]] = {}
        for author, state, count in counted:
            counts.setdefault(author, {})[State(state)] = count
        return {
            author: Past(counts.get(author, {}), Conduct(conduct), until)
            for author, conduct, until in conducts
        }

    async def perform(self, acts: Sequence[Act], until: int = 0, reason: Reason = NO_REASON) -> int:
        """See the port."""
        return await self._tables.write(_performing(acts, until, reason))

    async def of_author(self, author: str, limit: int) -> Sequence[Comment]:
        """See the port."""
        return comments_of(await self._tables.read(_OF_AUTHOR, author, limit))

    async def log(self, limit: int, before: str = "") -> Sequence[Act]:
        """See the port."""
        more = (before,) if before else ()
        text = f"{_ACTS}{_OLDER if before else ''} ORDER BY time DESC, id DESC LIMIT $1"
        rows = await self._tables.read(text, limit, *more)
        return [
            Act(act_id, time, staff, Deed(deed), on, was, became)
            for act_id, time, staff, deed, on, was, became in rows
        ]


def queued(*, oldest: bool, follows: bool) -> str:
    """The statement that reads a queue; ``follows`` behind one of its comments."""
    beyond, way = (">", "ASC") if oldest else ("<", "DESC")
    rest = f" AND (time, id) {beyond} {_PLACE}" if follows else ""
    return f"{_OLDEST}{rest} ORDER BY time {way}, id {way} LIMIT $2"


def _performing(acts: Sequence[Act], until: int, reason: Reason) -> Steps[int]:
    count = 0
    for act in acts:
        if act.deed in STATES:
            count += yield from judging(act, reason)
        elif act.deed is Deed.DISMISS:
            count += yield from _dismissing(act, reason)
        elif act.deed in CONDUCTS:
            count += yield from standing(act, until, reason)
    return count


def judging(act: Act, reason: Reason) -> Steps[int]:
    """Put a comment where ``act`` says, for that reason; 1 where that changes anything."""
    state = STATES[act.deed]
    while True:
        rows = yield Statement(_FIND, (act.object,))
        before = next(iter(comments_of(rows)), None)
        if before is None or before.state is State.GONE or _is_so(before, act):
            return 0
        reasons = " ".join(reasons_after(act.deed, before))
        was = (before.state.value, " ".join(before.reasons))
        if (yield Statement(_MOVE, (act.object, state.value, reasons, *was))):
            break  # else another process changed it meanwhile
    yield from turning(before, state)
    yield from judged(act, before, reason)
    if act.deed is Deed.APPROVE:
        yield Statement(_APPROVED, (before.author,))
    yield from logging(act, before.state.value, state.value)
    return 1


def _dismissing(act: Act, reason: Reason) -> Steps[int]:
    rows = yield Statement(_FIND, (act.object,))
    before = next(iter(comments_of(rows)), None)
    if before is None or not (yield from dismissed(act, before, reason)):
        return 0
    yield from logging(act, REPORTED, DISMISSED)
    return 1


def _is_so(comment: Comment, act: Act) -> bool:
    judged = act.deed is Deed.APPROVE or comment.reasons[:1] == (BY_MODERATOR,)
    return judged and comment.state is STATES[act.deed]


def standing(act: Act, until: int, reason: Reason) -> Steps[int]:
    """Let an author stand as ``act`` says, for that reason; 1 where that changes anything."""
    known = yield Statement(_CONDUCT, (act.object,))
    conduct = CONDUCTS[act.deed]
    ends = until if conduct is Conduct.SUSPENDED else 0
    if not known or tuple(known[0]) == (conduct.value, ends):
        return 0
    yield Statement(_CHANGE, (act.object, conduct.value, ends))
    if conduct is Conduct.OK:
        yield from restored(act, reason)
    else:
        yield from excluded(act, reason, ends)
    yield from logging(act, known[0][0], conduct.value)
    return 1


def logging(act: Act, was: str, became: str) -> Steps[None]:
    """Write ``act`` into the log."""
    who = (act.id, act.time, act.staff, act.deed.value, act.object)
    yield Statement(_LOG, (*who, was, became))
