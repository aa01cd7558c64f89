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
            if shape.fits(body):
                return shape.read(body, id, subject, prev)
        return None


class _Shape:
    __slots__ = ("_after", "_around", "_before", "_numbers", "_spans")

    def __init__(self, body: bytes, spans: list[tuple[int, int]]) -> None:
        ends = [0, *(end for _, end in spans)]
        starts = [*(start for start, _ in spans), len(body)]
        around = [slice(*pair) for pair in zip(ends, starts, strict=True)]
        self._before = body[around[0]]
        self._after = body[around[-1]]
        self._around = [(place, body[place]) for place in around[1:-1]]
        self._spans = [slice(*span) for span in spans]
        self._numbers = spans[0][0], spans[-1][0]

    def fits(self, body: bytes) -> bool:
        """Whether ``body``, which is as long, has the same bytes around the same places."""
        (first, one), (second, two), (third, three), (fourth, four) = self._around
        return (
            body.startswith(self._before)
            and body[first] == one
            and body[second] == two
            and body[third] == three
            and body[fourth] == four
            and body.endswith(self._after)
        )

    def read(self, body: bytes, id: bytes, subject: bytes, prev: str | None) -> int | None:
        """See :meth:`Shapes.time_of`."""
        expires, name, former, whose, time = self._spans
        told = b"null" if prev is None else b'"%b"' % prev.encode()
        if body[former] != told or body[whose] != subject.hex().encode():
            return None
        if not _is_id(body[name], id) or any(body[at] == _ZERO for at in self._numbers):
            return None
        return int(body[time]) if (body[expires] + body[time]).isdigit() else None


def _is_id(name: bytes, id: bytes) -> bool:
    return (
        name.replace(b"-", b"") == id.hex().encode()
        and name[8:24:5] == b"----"
        and name[14] in b"78"
        and name[19] in b"89ab"
    )
