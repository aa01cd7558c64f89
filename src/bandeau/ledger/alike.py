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
_DASH = frozenset(b"-")
_UUID_BYTES = 16
_VERSIONS = frozenset(b"78")
_VARIANTS = frozenset(b"89ab")
# The values that differ, in the order in which drafts write them. In what was parsed, no quotation
# mark stands inside a text unescaped, so that these keys are found where they seem to be.
_CHOICE = re.compile(
    rb'\{"action":"[a-z_]+","expires":([1-9][0-9]{0,14}),"gpc":[a-z]+,"id":"([0-9a-f-]{36})",'
    rb'"kind":"choice",.*,"prev":(null|"[0-9a-f]{64}"),.*,"subject":"([0-9a-f]{64})",'
    rb'"time":([1-9][0-9]{0,14}),"v":.*\}',
    re.DOTALL,
)


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
        return self.times_of([body], [id], [subject], [prev])[0]

    def times_of(
        self,
        bodies: Sequence[bytes],
        ids: Sequence[bytes],
        subjects: Sequence[bytes],
        prevs: Sequence[str | None],
    ) -> list[int | None]:
        """The same for each of many, where those of one length are mostly of one shape."""
        if len({*map(len, bodies)}) == 1:
            return self._of_one_length(bodies, ids, subjects, prevs)
        groups: dict[int, list[int]] = {}
        for place, body in enumerate(bodies):
            groups.setdefault(len(body), []).append(place)
        times: list[int | None] = [None] * len(bodies)
        for places in groups.values():
            found = self._of_one_length(
                [bodies[at] for at in places],
                [ids[at] for at in places],
                [subjects[at] for at in places],
                [prevs[at] for at in places],
            )
            for place, time in zip(places, found, strict=True):
                times[place] = time
        return times

    def _of_one_length(
        self,
        bodies: Sequence[bytes],
        ids: Sequence[bytes],
        subjects: Sequence[bytes],
        prevs: Sequence[str | None],
    ) -> list[int | None]:
        """The times of at least one body, all of one length."""
        shapes = self._known.get(len(bodies[0]), ())
        for shape in shapes:
            if found := shape.times_of(bodies, ids, subjects, prevs):
                return found
        if len(bodies) == 1:
            return [None]
        singly = zip(bodies, ids, subjects, prevs, strict=True)
        return [self.time_of(*each) for each in singly]


class _Shape:
    __slots__ = ("_parts", "_texts")

    def __init__(self, body: bytes, spans: list[tuple[int, int]]) -> None:
        bounds = [0, *(place for span in spans for place in span), len(body)]
        lengths = (end - start for start, end in pairwise(bounds))
        self._parts = Struct("".join(f"{length}s" for length in lengths))
        self._texts = self._parts.unpack(body)[::2]

    def times_of(
        self,
        bodies: Sequence[bytes],
        ids: Sequence[bytes],
        subjects: Sequence[bytes],
        prevs: Sequence[str | None],
    ) -> list[int | None]:
        """The times of at least one body, all of this length; none unless all are of this shape."""
        parts = list(zip(*map(self._parts.unpack, bodies), strict=True))
        texts = zip(parts[::2], self._texts, strict=True)
        if not all(column.count(text) == len(bodies) for column, text in texts):
            return []
        expires, names, formers, owners, times = parts[1::2]
        sound = (
            (_numbers(expires) and _numbers(times))
            and (_named(names, ids) and _spelled(owners, subjects))
            and formers == tuple(map(_former, prevs))
        )
        return list(map(int, times)) if sound else []


def _numbers(column: Sequence[bytes]) -> bool:
    """Whether these texts of one length are numbers that do not begin with a zero."""
    joined = b"".join(column)
    return joined.isdigit() and _ZERO not in joined[:: len(column[0])]


def _spelled(texts: Sequence[bytes], values: Sequence[bytes]) -> bool:
    """Whether these texts of one even length are the hexadecimal digits of those values."""
    whole = {*map(len, values)} == {len(texts[0]) // 2}
    return whole and b"".join(texts) == hexlify(b"".join(values))


def _named(names: Sequence[bytes], ids: Sequence[bytes]) -> bool:
    """Whether these 36 characters spell those 16 bytes, each a UUID of version 7 or 8."""
    joined = b"".join(names)
    # No dash is elsewhere: without those of all names, 32 digits of each are left.
    return (
        {*map(len, ids)} == {_UUID_BYTES}
        and joined.replace(b"-", b"") == hexlify(b"".join(ids))
        and {*joined[8::36], *joined[13::36], *joined[18::36], *joined[23::36]} == _DASH
        and _VERSIONS.issuperset(joined[14::36])
        and _VARIANTS.issuperset(joined[19::36])
    )


def _former(prev: str | None) -> bytes:
    return b"null" if prev is None else b'"%b"' % prev.encode()
