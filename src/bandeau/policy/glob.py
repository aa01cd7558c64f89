"""Names with ``*`` in them: does one match, do two meet, which of many match.

``*`` stands for any characters, none included; nothing else is special, and case counts.
No regular expression: a visitor chooses the names, and several ``*`` would backtrack.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Glob:
    """One pattern. ``parts`` are the literal pieces between its stars."""

    parts: tuple[str, ...]

    @classmethod
    def of(cls, pattern: str) -> Glob:
        """The pattern as written in the policy."""
        return cls(tuple(pattern.split("*")))

    @property
    def exact(self) -> bool:
        """Whether there is no star."""
        return len(self.parts) == 1

    def matches(self, name: str) -> bool:
        """Whether ``name`` fits, in time linear in its length for each part."""
        first, last = self.parts[0], self.parts[-1]
        if self.exact:
            return name == first
        end = len(name) - len(last)
        at = len(first)
        if at > end or not name.startswith(first) or not name.endswith(last):
            return False
        for part in self.parts[1:-1]:
            found = name.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True


def meet(one: str, other: str) -> bool:
    """Whether some name fits both patterns."""
    if "*" not in one:
        return Glob.of(other).matches(one)
    if "*" not in other:
        return Glob.of(one).matches(other)
    a, b = one.split("*"), other.split("*")
    starts = a[0].startswith(b[0]) or b[0].startswith(a[0])
    # With a star on both sides, what lies between the ends can always be written down.
    return starts and (a[-1].endswith(b[-1]) or b[-1].endswith(a[-1]))


class Globs(Generic[T]):
    """Many patterns, each with a value; asking costs the same for 10 as for 10,000.

    Patterns are found by the text before their first star, else by the text after their last;
    only those that both begin and end with a star are tried one by one.
    """

    def __init__(self, patterns: Iterable[tuple[str, T]]) -> None:
        self._exact: dict[str, list[tuple[int, T]]] = {}
        self._starts: dict[str, list[tuple[int, Glob, T]]] = {}
        self._ends: dict[str, list[tuple[int, Glob, T]]] = {}
        for order, (pattern, value) in enumerate(patterns):
            glob = Glob.of(pattern)
            if glob.exact:
                self._exact.setdefault(pattern, []).append((order, value))
            elif glob.parts[0]:
                self._starts.setdefault(glob.parts[0], []).append((order, glob, value))
            else:
                self._ends.setdefault(glob.parts[-1], []).append((order, glob, value))
        self._start_lengths = sorted({len(start) for start in self._starts})
        self._end_lengths = sorted({len(end) for end in self._ends})

    def exact(self, name: str) -> tuple[T, ...]:
        """Values of the patterns without a star that are ``name``, in the order given."""
        return tuple(value for _, value in self._exact.get(name, ()))

    def all(self, name: str) -> tuple[T, ...]:
        """Values of every pattern that ``name`` fits, in the order given."""
        found = list(self._exact.get(name, ()))
        found += [(order, value) for order, glob, value in self._near(name) if glob.matches(name)]
        return tuple(value for _, value in sorted(found, key=lambda each: each[0]))

    def _near(self, name: str) -> Iterator[tuple[int, Glob, T]]:
        for length in _up_to(len(name), self._start_lengths):
            yield from self._starts.get(name[:length], ())
        for length in _up_to(len(name), self._end_lengths):
            yield from self._ends.get(name[len(name) - length :], ())


def _up_to(most: int, lengths: list[int]) -> Iterator[int]:
    return takewhile(lambda length: length <= most, lengths)
