"""Reports of comments in tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from bandeau import limits
from bandeau.features.comments.grounds import Ground
from bandeau.features.comments.reports import Filed, Outcome, Report, Reported
from bandeau.storage.comments.decisions import decisions_of, decisions_read
from bandeau.storage.comments.store import COLUMNS, comments_of
from bandeau.storage.tables import Rows, Statement, Steps, Tables, listed

_KEPT = (
    "id, tag, comment, page, time, ground, said, name, email, lang, readers, outcome, decided,"
    " decision"
)
_MADE: Callable[..., Report] = Report
_SHOWN = "SELECT id FROM comment WHERE id = $1 AND state = 'published'"
_KNOWN = "SELECT id FROM report WHERE id = $1"
_WAITS = (
    "INSERT INTO reported (object, turn, since, reports, readers) VALUES ($1, $2, $3, 1, $4)"
    " ON CONFLICT (object) DO UPDATE SET reports = reported.reports + 1,"
    " readers = reported.readers + $4,"
    " turn = CASE WHEN reported.turn > $2 THEN $2 ELSE reported.turn END RETURNING reports"
)
_FILE = f"INSERT INTO report ({_KEPT}, number) VALUES ({listed(1, 15)})"  # noqa: S608 - constants
_TAKE = f"{_FILE} ON CONFLICT DO NOTHING"
REPORTS = f"SELECT {_KEPT} FROM report WHERE id > $1 ORDER BY id LIMIT $2"  # noqa: S608
CLOSED = f"SELECT {_KEPT} FROM report WHERE decision = $1 AND email <> '' ORDER BY id"  # noqa: S608
_FILED = f"SELECT {_KEPT} FROM report WHERE tag = $1"  # noqa: S608
_QUEUE = (
    f"SELECT {COLUMNS}, since, readers, turn"  # noqa: S608
    " FROM reported JOIN comment ON comment.id = reported.object"
)
_BEHIND = " WHERE (turn, since, object) > ($2, $3, $4)"
_WAITING = "SELECT object FROM reported LIMIT $1"


class StoredReports:
    """A :class:`bandeau.features.comments.reports.ReportStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def file(self, report: Report) -> bool:
        """See the port."""
        return await self._tables.write(_filing(report))

    async def filed(self, tag: str) -> Filed | None:
        """See the port."""
        found = reports_of(await self._tables.read(_FILED, tag))
        return next(iter(await self._with_decisions(found)), None)

    async def reported(self, limit: int, after: str = "") -> Sequence[Reported]:
        """See the port."""
        place = _place(after)
        rows = await self._tables.read(waiting(follows=bool(place)), limit, *place)
        return [_reported(row) for row in rows]

    async def waiting(self, most: int) -> int:
        """See the port."""
        return len(await self._tables.read(_WAITING, most))

    async def reports(self, comments: Collection[str]) -> Mapping[str, Sequence[Report]]:
        """See the port."""
        if not comments:
            return {}
        names = listed(3, len(comments))
        rows = await self._tables.read(
            f"SELECT {_KEPT} FROM report WHERE comment IN ({names})"  # noqa: S608
            " AND outcome = 'open' AND (number <= $1 OR ground IN ('illegal', 'child-abuse'))"
            " ORDER BY comment, time, id LIMIT $2",
            limits.COMMENT_REPORTS_SHOWN,
            limits.COMMENT_REPORTS_READ,
            *comments,
        )
        gathered: dict[str, list[Report]] = {}
        for report in reports_of(rows):
            gathered.setdefault(report.comment, []).append(report)
        return gathered

    async def purge(self, decided_before: int, sent_before: int) -> None:
        """See the port."""
        await self._tables.write(_purging(decided_before, sent_before), erasing=True)

    async def _with_decisions(self, found: Sequence[Report]) -> list[Filed]:
        named = sorted({report.decision for report in found if report.decision})
        rows = await self._tables.read(decisions_read(len(named)), *named) if named else []
        known = {decision.id: decision for decision in decisions_of(rows)}
        return [Filed(report, known.get(report.decision)) for report in found]


def waiting(*, follows: bool) -> str:
    """The statement that reads who waits; ``follows`` behind a place."""
    return f"{_QUEUE}{_BEHIND if follows else ''} ORDER BY turn, since, object LIMIT $1"


def _filing(report: Report) -> Steps[bool]:
    if not (yield Statement(_SHOWN, (report.comment,))):
        return False
    if (yield Statement(_KNOWN, (report.id,))):
        return True
    turn = 0 if report.ground.is_notice else 1
    values = (report.comment, turn, report.time, report.readers)
    ((number,),) = yield Statement(_WAITS, values)
    yield Statement(_FILE, (*_row(report), int(number)))
    return True


def taking(report: Report) -> Steps[None]:
    """Keep a report of elsewhere; one that is open makes its comment wait for a decision."""
    if (yield Statement(_KNOWN, (report.id,))):
        return
    number = 1
    if report.outcome is Outcome.OPEN:
        turn = 0 if report.ground.is_notice else 1
        ((number,),) = yield Statement(_WAITS, (report.comment, turn, report.time, report.readers))
    yield Statement(_TAKE, (*_row(report), int(number)))


def _purging(decided_before: int, sent_before: int) -> Steps[None]:
    yield Statement(
        "DELETE FROM report WHERE outcome IN ('kept', 'removed', 'gone') AND decided < $1"
        " AND id NOT IN (SELECT report FROM appeal WHERE ruling = 'open')",
        (decided_before,),
    )
    yield Statement("DELETE FROM report WHERE time < $1", (sent_before,))
    yield Statement(
        "DELETE FROM appeal WHERE report <> '' AND report NOT IN (SELECT id FROM report)"
    )
    yield Statement("DELETE FROM reported WHERE since < $1", (sent_before,))


def _place(mark: str) -> tuple[int, int, str] | tuple[()]:
    """The place that a mark names; none for what is no mark."""
    turn, _, rest = mark.partition(".")
    since, _, comment = rest.partition(".")
    if turn in ("0", "1") and since.isascii() and since.isdecimal() and len(since) < 16:
        return int(turn), int(since), comment
    return ()


def _reported(row: Sequence[Any]) -> Reported:
    *told, since, readers, turn = row
    comment = comments_of([tuple(told)])[0]
    return Reported(comment, since, readers, f"{turn}.{since}.{comment.id}")


def reports_read(count: int) -> str:
    """The statement that reads so many reports by their ids."""
    names = listed(1, count)
    return f"SELECT {_KEPT} FROM report WHERE id IN ({names})"  # noqa: S608


def reports_of(rows: Rows) -> list[Report]:
    """Rows of reports as values."""
    return [_report(row) for row in rows]


def _report(row: Sequence[Any]) -> Report:
    *who, ground, said, name, email, lang, readers, outcome, decided, decision = row
    told = (said, name, email, lang, readers, Outcome(outcome), decided, decision)
    return _MADE(*who, Ground(ground), *told)


def _row(report: Report) -> tuple[str | int, ...]:
    who = (report.id, report.tag, report.comment, report.page, report.time)
    said = (report.ground.value, report.text, report.name, report.email, report.lang)
    return *who, *said, report.readers, report.outcome.value, report.decided, report.decision
