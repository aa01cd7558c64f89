"""Since when: the times of the sound records around each fault.

The log is read once and may be long, so that only one time in 256 is kept, and those next to what
was found wrong.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

UNSOUND = -1
_EVERY = 256


class Moments:
    """Times of records in Unix milliseconds, gathered while a log is read from its beginning."""

    def __init__(self) -> None:
        self._count = 0
        self._sampled = -_EVERY
        self._recent = array("q")
        self._kept: dict[int, int] = {}
        self._order: list[int] = []
        self._asked: list[int] = []
        self._waiting = False

    def add(self, times: Sequence[int]) -> None:
        """The times of the next records; ``UNSOUND`` in place of those that are not sound."""
        self._recent.extend(times)
        start, self._count = self._count, self._count + len(times)
        first = next((at for at, time in enumerate(times) if time != UNSOUND), None)
        if first is not None and (self._waiting or start - self._sampled >= _EVERY):
            self._kept[start + first] = times[first]
            self._sampled, self._waiting = start, False
        for index in self._asked:
            self._keep_around(index)
        self._asked.clear()

    def note(self, index: int | None) -> None:
        """Something is wrong at ``index``: keep the times next to it."""
        if index is None:
            return
        if index >= self._count:
            self._asked.append(index)
        self._keep_around(index)
        self._waiting = True

    def settle(self) -> None:
        """What came so far is agreed upon; its times are needed no more, but for the last."""
        if len(self._recent) > 1:
            del self._recent[:-1]

    def around(self, index: int | None) -> tuple[int | None, int | None]:
        """The times of the nearest sound records before and after ``index``, if any."""
        if index is None:
            return None, None
        at = self._sorted()
        later = bisect_right(at, index)
        return self.before(index), self._kept[at[later]] if later < len(at) else None

    def before(self, index: int) -> int | None:
        """The time of the nearest sound record before ``index``."""
        at = self._sorted()
        place = bisect_left(at, index)
        return self._kept[at[place - 1]] if place else None

    def _sorted(self) -> list[int]:
        if len(self._order) != len(self._kept):
            self._order = sorted(self._kept)
        return self._order

    def _keep_around(self, index: int) -> None:
        start = self._count - len(self._recent)
        if index >= start:
            self._keep(range(min(index, self._count) - 1, start - 1, -1), start)
            self._keep(range(index + 1, self._count), start)

    def _keep(self, places: range, start: int) -> None:
        # Where everything is wrong, looking far for each would take for ever.
        for place in places[:_EVERY]:
            if self._recent[place - start] != UNSOUND:
                self._kept[place] = self._recent[place - start]
                return
