"""Counts by day, from the tables of comments."""

from __future__ import annotations

from bandeau import limits
from bandeau.features.comments.figures import DAY_MS, Counted
from bandeau.features.comments.model import State
from bandeau.storage.tables import Tables

_STATES = (
    "SELECT time / 86400000, state, COUNT(*) FROM comment WHERE time >= $1"
    " GROUP BY time / 86400000, state"
)
_REPORTS = (
    "SELECT time / 86400000, ground, COUNT(*) FROM report WHERE time >= $1"
    " GROUP BY time / 86400000, ground"
)
_WAITS = (
    "SELECT time / 86400000, waited FROM decision WHERE time >= $1 AND waited >= 0"
    " ORDER BY time DESC LIMIT $2"
)
_NOTICES = ("illegal", "child-abuse")


class StoredFigures:
    """A :class:`bandeau.features.comments.figures.FigureStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def counted(self, since: int) -> Counted:
        """See the port."""
        first = since * DAY_MS
        states = await self._tables.read(_STATES, first)
        reports: dict[int, tuple[int, int]] = {}
        for day, ground, count in await self._tables.read(_REPORTS, first):
            all_, notices = reports.get(day, (0, 0))
            reports[day] = all_ + count, notices + (count if ground in _NOTICES else 0)
        waits: dict[int, list[int]] = {}
        for day, waited in await self._tables.read(_WAITS, first, limits.FIGURES_DECISIONS):
            waits.setdefault(day, []).append(waited)
        return Counted({(day, State(state)): count for day, state, count in states}, reports, waits)
