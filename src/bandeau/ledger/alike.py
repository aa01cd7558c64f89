"""Choices read fast: they differ in a few values, and what they share is parsed once.

An audit reads every body. Where a choice is byte for byte one that ``parse_record`` took, but for
values that are as the audit expects them, nothing is left to parse; whatever reads otherwise is
parsed whole, and then says exactly what is wrong.
"""

from __future__ import annotations

import re

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
        for shape in self._known.get(len(body), ()):
            if body.startswith(shape.start):
                time = shape.time_of(body, id.hex(), subject.hex(), prev)
                if time is not None:
                    return time
        return None


class _Shape:
    __slots__ = ("_expires", "_texts", "_time", "start")

    def __init__(self, body: bytes, spans: list[tuple[int, int]]) -> None:
        ends = [0, *(end for _, end in spans)]
        starts = [*(start for start, _ in spans), len(body)]
        self._texts = [body[end:start].decode() for end, start in zip(ends, starts, strict=True)]
        self._expires, self._time = slice(*spans[0]), slice(*spans[-1])
        self.start = self._texts[0].encode()

    def time_of(self, body: bytes, id: str, subject: str, prev: str | None) -> int | None:
        """See :meth:`Shapes.time_of`; all are hexadecimal."""
        expires, time = body[self._expires], body[self._time]
        if not (expires.isdigit() and time.isdigit() and expires[0] != _ZERO != time[0]):
            return None
        if id[12] not in "78" or id[16] not in "89ab":
            return None
        former = "null" if prev is None else f'"{prev}"'
        one, two, three, four, five, six = self._texts
        name = f"{id[:8]}-{id[8:12]}-{id[12:16]}-{id[16:20]}-{id[20:]}"
        told = f"{one}{expires.decode()}{two}{name}{three}{former}{four}{subject}{five}"
        return int(time) if f"{told}{time.decode()}{six}".encode() == body else None
