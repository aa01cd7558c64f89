"""Choices read fast: they differ in a few values, and what they share is parsed once.

An audit reads every body. Where a choice is byte for byte one that ``parse_record`` took, but for
values that are as the audit expects them, nothing is left to parse; whatever reads otherwise is
parsed whole, and then says exactly what is wrong.
"""

from __future__ import annotations

import re
from binascii import hexlify
from collections.abc import Sequence
from itertools import pairwise
from struct import Struct

_SHAPES = 4_096
_ALIKE = 8
_ZERO = ord("0")
# The values that differ, in the order in which drafts write them. In what was parsed, no quotation
# mark stands inside a text unescaped, so that these keys are found where they seem to be.
_CHOICE = re.compile(
    rb'\{"action":"[a-z_]+","expires":([1-9][0-9]{0,14}),"gpc":[a-z]+,"id":"([0-9a-f-]{36})",'
    rb'"kind":"choice",.*,"prev":(null|"[0-9a-f]{64}"),.*,"subject":"([0-9a-f]{64})",'
    rb'"time":([1-9][0-9]{0,14}),"v":.*\}',
    re.DOTALL,
)


Told = tuple[bytes, bytes, bytes, str | None]
"""A body with what it should tell: its id in 16 bytes, the subject, and ``prev`` in hexadecimal."""


class Shapes:
    """The shapes of choices that were parsed: what stands around the values that differ."""

    def __init__(self) -> None:
        self._known: dict[int, list[_Shape]] = {}
        self._count = 0

    def learn(self, body: bytes) -> None:
        """Remember the shape of ``body``, which is a choice that ``parse_record`` took."""
        found = _CHOICE.fullmatch(body)
        if found is None:
            return
        if self._count >= _SHAPES:
            self._known.clear()
            self._count = 0
        self._count += 1
        shapes = self._known.setdefault(len(body), [])
        shapes.insert(0, _Shape(body, [found.span(group) for group in range(1, 6)]))
        del shapes[_ALIKE:]

    def time_of(self, body: bytes, id: bytes, subject: bytes, prev: str | None) -> int | None:
        """The time of ``body`` in Unix ms if it is of a known shape and its values are these.

        ``id`` has 16 bytes; ``prev`` is hexadecimal. ``None`` where it has to be parsed.
        """
        return self._time_of((body, id, subject, prev))

    def times_of(self, told: Sequence[Told]) -> list[int | None]:
        """The same for each of many, where those of one length are mostly of one shape."""
        times: list[int | None] = [None] * len(told)
        groups: dict[int, list[int]] = {}
        for place, each in enumerate(told):
            groups.setdefault(len(each[0]), []).append(place)
        for length, places in groups.items():
            group = told if len(places) == len(told) else [told[place] for place in places]
            found = next((shape.times_of(group) for shape in self._known.get(length, ())), None)
            for place, time in zip(places, found or map(self._time_of, group), strict=True):
                times[place] = time
        return times

    def _time_of(self, told: Told) -> int | None:
        for shape in self._known.get(len(told[0]), ()):
            if found := shape.times_of((told,)):
                return found[0]
        return None


class _Shape:
    __slots__ = ("_parts", "_texts")

    def __init__(self, body: bytes, spans: list[tuple[int, int]]) -> None:
        bounds = [0, *(place for span in spans for place in span), len(body)]
        lengths = (end - start for start, end in pairwise(bounds))
        self._parts = Struct("".join(f"{length}s" for length in lengths))
        self._texts = self._parts.unpack(body)[::2]

    def times_of(self, told: Sequence[Told]) -> list[int]:
        """The times of at least one body, all of this length; none unless all are of this shape."""
        bodies, ids, subjects, prevs = zip(*told, strict=True)
        parts = list(zip(*map(self._parts.unpack, bodies), strict=True))
        texts = zip(parts[::2], self._texts, strict=True)
        if not all(column.count(text) == len(told) for column, text in texts):
            return []
        expires, names, formers, subjs, times = parts[1::2]
        sound = (
            (_numbers(expires) and _numbers(times))
            and (_named(names, ids) and subjs == tuple(map(hexlify, subjects)))
            and formers == tuple(map(_former, prevs))
        )
        return list(map(int, times)) if sound else []


def _numbers(column: Sequence[bytes]) -> bool:
    return all(map(bytes.isdigit, column)) and min(column)[0] != _ZERO


def _named(names: Sequence[bytes], ids: Sequence[bytes]) -> bool:
    """Whether these 36 characters spell those 16 bytes, each a UUID of version 7 or 8."""
    digits = [name.replace(b"-", b"") for name in names]
    return (
        digits == list(map(hexlify, ids))
        and {name[8:24:5] for name in names} == {b"----"}
        and {id[6] >> 4 for id in ids} <= {7, 8}
        and {id[8] >> 6 for id in ids} == {2}
    )


def _former(prev: str | None) -> bytes:
    return b"null" if prev is None else b'"%b"' % prev.encode()
