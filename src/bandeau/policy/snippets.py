"""Texts that inline scripts are known by: which of many does a script contain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from ahocorasick_rs import BytesAhoCorasick

T = TypeVar("T")


def literal_of(snippet: str) -> str:
    """The longest piece of ``snippet`` between its stars."""
    return max(snippet.split("*"), key=len)


class Snippets(Generic[T]):
    """Many snippets, each with a value, looked for at once: 10,000 cost hardly more than 10.

    ``*`` stands for any characters, none included; nothing else is special, and case counts.
    """

    def __init__(self, snippets: Iterable[tuple[str, T]]) -> None:
        self._by_literal: dict[bytes, list[tuple[int, list[bytes], T]]] = {}
        for order, (snippet, value) in enumerate(snippets):
            parts = [part for part in snippet.encode().split(b"*") if part]
            if parts:
                entry = (order, parts, value)
                self._by_literal.setdefault(max(parts, key=len), []).append(entry)
        self._literals = list(self._by_literal)
        self._search = BytesAhoCorasick(self._literals)

    def __bool__(self) -> bool:
        return bool(self._literals)

    def mentioned(self, text: bytes) -> bool:
        """Whether ``text`` may contain any, to be asked before a look at each script in it."""
        return bool(self._search.find_matches_as_indexes(text))

    def all(self, text: bytes) -> tuple[T, ...]:
        """Values of every snippet that ``text`` contains, in the order given."""
        found = {at for at, _, _ in self._search.find_matches_as_indexes(text, overlapping=True)}
        entries = [entry for at in found for entry in self._by_literal[self._literals[at]]]
        held = [(order, value) for order, parts, value in entries if _contains(text, parts)]
        return tuple(value for _, value in sorted(held, key=lambda each: each[0]))


def _contains(text: bytes, parts: list[bytes]) -> bool:
    """Whether ``parts`` follow each other in ``text``."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True
