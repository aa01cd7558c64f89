"""Edit plans in memory: a page that was seen before is not scanned again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

from bandeau import limits
from bandeau.enforcement.engine import Engine
from bandeau.enforcement.exchange import Headers
from bandeau.enforcement.fields import joined
from bandeau.enforcement.pieces import Piece
from bandeau.enforcement.plan import Plan
from bandeau.enforcement.urls import Target

_SAMPLES = 128
_ALIKE = 4


class _Likeness(NamedTuple):
    """What a plan depends on, the page itself only by its length and bytes at even distances."""

    host: str
    base: str
    length: int
    samples: bytes


class Plans:
    """The plans of the pages last asked for, of one process.

    A page is known again by comparing it with the one that was planned, which is as fast as memory
    and faster than a hash that can be trusted; few pages are so alike that more than one must be
    compared. ``most`` bytes are kept at most, the longest unused go first.
    """

    def __init__(self, engine: Engine, most: int = limits.PLAN_CACHE_BYTES) -> None:
        self.engine = engine
        self._most = most
        self._kept: OrderedDict[_Likeness, list[Plan]] = OrderedDict()
        self.bytes_kept = 0

    def plan(self, page: bytes, host: str, base: Target) -> Plan:
        """The plan of ``page``, as ``host`` serves it."""
        size = len(page)
        key = _Likeness(self.engine.serves(host), base.url, size, page[:: max(1, size // _SAMPLES)])
        for plan in self._kept.get(key, ()):
            if plan.page == page:
                self._kept.move_to_end(key)
                return plan
        plan = self.engine.plan(page, host, base)
        self._keep(key, plan)
        return plan

    def _keep(self, key: _Likeness, plan: Plan) -> None:
        if plan.bytes_kept > self._most:
            return
        alike = self._kept.setdefault(key, [])
        self._kept.move_to_end(key)
        if len(alike) == _ALIKE:
            self.bytes_kept -= alike.pop(0).bytes_kept
        alike.append(plan)
        self.bytes_kept += plan.bytes_kept
        while self.bytes_kept > self._most:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        key, alike = next(iter(self._kept.items()))
        self.bytes_kept -= alike.pop(0).bytes_kept
        if not alike:
            del self._kept[key]


class Planned:
    """A page of which all is known, as if it were scanned: ``pieces`` are its form for a choice."""

    def __init__(self, plan: Plan, pieces: Sequence[Piece]) -> None:
        self.lang = plan.lang
        self.is_document = plan.is_document
        self.rebased = plan.rebased
        self._pieces = pieces

    def feed(self, chunk: bytes) -> Sequence[Piece]:
        """All pieces, for all of the page."""
        return self._pieces

    def close(self) -> Sequence[Piece]:
        """Nothing is left."""
        return ()


UNREAD = Planned(Plan(b"", (), "", is_document=False, rebased=False, overflowed=False), ())
"""What a page tells before it is read."""


def is_short(headers: Headers) -> bool:
    """Whether the site says that the whole body is short, so that it is there already."""
    length = joined(headers, b"content-length")
    return length.isdigit() and len(length) < 12 and int(length) <= limits.PLAN_PAGE_BYTES
