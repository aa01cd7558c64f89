"""What goes on in a newsroom, by day: comments, reports, and how long decisions take. Pure."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bandeau.features.comments.model import State

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Counted:
    """Counts by day; a day is a number of days since 1970, in UTC.

    ``states`` are of comments by the day of writing and the state that they are in now, ``reports``
    of reports and, second, of the notices among them, by the day of sending. ``waits`` are how long
    each decision took, in milliseconds, by its day.
    """

    states: Mapping[tuple[int, State], int] = field(default_factory=dict)
    reports: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    waits: Mapping[int, Sequence[int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Day:
    """One day. ``median`` is the median time to decision in milliseconds, ``None`` where nothing
    that waited was decided."""

    start: int
    states: Mapping[State, int]
    reports: int
    notices: int
    decisions: int
    median: int | None


class FigureStore(Protocol):
    """Counts what a site keeps."""

    async def counted(self, since: int) -> Counted:
        """All counts from a day on. Raises :class:`CommentsUnavailable`."""
        ...


def days(counted: Counted, today: int, count: int) -> list[Day]:
    """The last ``count`` days up to ``today``, oldest first."""
    return [_day(counted, number) for number in range(today - count + 1, today + 1)]


def _day(counted: Counted, number: int) -> Day:
    states = {state: counted.states.get((number, state), 0) for state in State}
    reports, notices = counted.reports.get(number, (0, 0))
    waits = counted.waits.get(number, ())
    median = int(statistics.median(waits)) if waits else None
    return Day(number * DAY_MS, states, reports, notices, len(waits), median)
