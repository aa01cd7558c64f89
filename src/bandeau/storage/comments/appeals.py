"""Appeals against decisions on comments, in tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from bandeau.features.comments.appeals import Appeal, Lodged, Ruling, Statement
from bandeau.features.comments.grounds import Reason
from bandeau.features.comments.queue import Act, Deed
from bandeau.storage.comments.decisions import (
    decisions_of,
    decisions_read,
    last_on_author,
    removals_read,
)
from bandeau.storage.comments.queue import judging, logging, standing
from bandeau.storage.comments.reports import reports_of, reports_read
from bandeau.storage.comments.store import COLUMNS, comments_of
from bandeau.storage.tables import Rows, Steps, Tables, listed
from bandeau.storage.tables import Statement as Sql

_KEPT = "id, decision, comment, report, time, said, ruling, decided, staff, answer"
_DECIDED = "SELECT id FROM decision WHERE id = $1"
_LODGE = (
    f"INSERT INTO appeal ({_KEPT}) VALUES ({listed(1, 10)})"  # noqa: S608 - constants
    " ON CONFLICT DO NOTHING RETURNING id"
)
APPEALS = f"SELECT {_KEPT} FROM appeal WHERE id > $1 ORDER BY id LIMIT $2"  # noqa: S608
_OPEN = f"SELECT {_KEPT} FROM appeal WHERE ruling = 'open'"  # noqa: S608
_OF_REPORT = (
    f"SELECT {_KEPT} FROM appeal WHERE report = $1"  # noqa: S608
    " ORDER BY time DESC, id DESC LIMIT 1"
)
_BEHIND = " AND (time, id) > (SELECT time, id FROM appeal WHERE id = $2)"
_WAITING = "SELECT id FROM appeal WHERE ruling = 'open' LIMIT $1"
_RULE = (
    "UPDATE appeal SET ruling = $2, decided = $3, staff = $4, answer = $5"
    " WHERE id = $1 AND ruling = 'open' RETURNING decision, report"
)
_RESTORED = "UPDATE report SET outcome = 'kept', decided = $2, decision = $3 WHERE decision = $1"
_REMOVED = "UPDATE report SET outcome = 'removed', decided = $2 WHERE id = $1"
_BECAUSE = "UPDATE report SET decision = $2 WHERE id = $1"
_LOOKED_AT = "UPDATE report SET decided = $2 WHERE id = $1"
_RULINGS = {Deed.UPHOLD: Ruling.UPHELD, Deed.REVERSE: Ruling.REVERSED}


class StoredAppeals:
    """A :class:`bandeau.features.comments.appeals.AppealStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def lodge(self, appeal: Appeal) -> bool:
        """See the port."""
        return await self._tables.write(_lodging(appeal))

    async def statements(self, comments: Collection[str]) -> Mapping[str, Statement]:
        """See the port."""
        if not comments:
            return {}
        rows = await self._tables.read(removals_read(len(comments)), *comments)
        last = {decision.comment: decision for decision in decisions_of(rows)}
        if not last:
            return {}
        named = [decision.id for decision in last.values()]
        told = await self._tables.read(appeals_read(len(named)), *named)
        appeals = {each.decision: each for each in appeals_of(told) if not each.report}
        return {
            comment: Statement(decision, appeals.get(decision.id))
            for comment, decision in last.items()
        }

    async def of_report(self, report: str) -> Appeal | None:
        """See the port."""
        return next(iter(appeals_of(await self._tables.read(_OF_REPORT, report))), None)

    async def appeals(self, limit: int, after: str = "") -> Sequence[Lodged]:
        """See the port."""
        more = (after,) if after else ()
        rows = await self._tables.read(appealing(follows=bool(after)), limit, *more)
        return await self._about(appeals_of(rows))

    async def lodged(self, appeal_id: str) -> Lodged | None:
        """See the port."""
        rows = await self._tables.read(f"{_OPEN} AND id = $1", appeal_id)
        return next(iter(await self._about(appeals_of(rows))), None)

    async def waiting(self, most: int) -> int:
        """See the port."""
        return len(await self._tables.read(_WAITING, most))

    async def rule(self, act: Act, consequence: Act | None, reason: Reason) -> bool:
        """See the port."""
        return await self._tables.write(_ruling(act, consequence, reason))

    async def _about(self, appeals: Sequence[Appeal]) -> list[Lodged]:
        if not appeals:
            return []
        decided = sorted({each.decision for each in appeals})
        rows = await self._tables.read(decisions_read(len(decided)), *decided)
        decisions = {each.id: each for each in decisions_of(rows)}
        about = sorted({each.comment for each in appeals})
        names = listed(1, len(about))
        rows = await self._tables.read(
            f"SELECT {COLUMNS} FROM comment WHERE id IN ({names})",  # noqa: S608
            *about,
        )
        comments = {each.id: each for each in comments_of(rows)}
        named = sorted({each.report for each in appeals if each.report})
        rows = await self._tables.read(reports_read(len(named)), *named) if named else []
        reports = {each.id: each for each in reports_of(rows)}
        return [
            Lodged(a, decisions[a.decision], comments.get(a.comment), reports.get(a.report))
            for a in appeals
            if a.decision in decisions and (not a.comment or a.comment in comments)
        ]


def appealing(*, follows: bool) -> str:
    """The statement that reads open appeals; ``follows`` behind one of them."""
    return f"{_OPEN}{_BEHIND if follows else ''} ORDER BY time, id LIMIT $1"


def appeals_read(count: int) -> str:
    """The statement that reads the appeals against so many decisions."""
    names = listed(1, count)
    return f"SELECT {_KEPT} FROM appeal WHERE decision IN ({names})"  # noqa: S608


def appeals_of(rows: Rows) -> list[Appeal]:
    """Rows of appeals as values."""
    return [_appeal(row) for row in rows]


def _appeal(row: Sequence[Any]) -> Appeal:
    appeal, decision, comment, report, time, said, ruling, decided, staff, answer = row
    told = (appeal, decision, comment, report, time, said)
    return Appeal(*told, Ruling(ruling), decided, staff, answer)


def taking(appeal: Appeal) -> Steps[None]:
    """Keep an appeal of elsewhere, whose decision is there."""
    yield from _lodging(appeal)


def _lodging(appeal: Appeal) -> Steps[bool]:
    if not (yield Sql(_DECIDED, (appeal.decision,))):
        return False
    who = (appeal.id, appeal.decision, appeal.comment, appeal.report, appeal.time, appeal.text)
    told = (appeal.ruling.value, appeal.decided, appeal.staff, appeal.answer)
    return bool((yield Sql(_LODGE, (*who, *told))))


def _ruling(act: Act, consequence: Act | None, reason: Reason) -> Steps[bool]:
    ruling = _RULINGS[act.deed]
    values = (act.object, ruling.value, act.time, act.staff, reason.facts)
    ruled = yield Sql(_RULE, values)
    for decision, report in ruled:
        yield from logging(act, Ruling.OPEN.value, ruling.value)
        if consequence:
            yield from _reversing(consequence, reason, decision, report)
        elif report:
            yield Sql(_LOOKED_AT, (report, act.time))
    return bool(ruled)


def _reversing(act: Act, reason: Reason, decision: str, report: str) -> Steps[None]:
    if act.deed is Deed.RESTORE:
        if (yield from last_on_author(act.object)) == decision:
            yield from standing(act, 0, reason)
        return
    changed = yield from judging(act, reason)
    if report:
        yield Sql(_REMOVED, (report, act.time))
        if changed:
            yield Sql(_BECAUSE, (report, act.id))
    elif changed:
        yield Sql(_RESTORED, (decision, act.time, act.id))
