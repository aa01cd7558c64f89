"""Word lists: whole words found in a text at one pass, however they are written.

Case and diacritics make no difference, nor do letters of another script that look the same, nor
characters that show nothing. A list's length hardly matters (Aho-Corasick).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from ahocorasick_rs import AhoCorasick

REFUSES = "!"
_UNSEEN = frozenset({"Mn", "Me", "Cf"})
_BETWEEN = re.compile(r"[\W_]+")
_ALIKE = str.maketrans(
    {
        **dict(zip("авекмнорстухіјѕԁԛԝһӏ", "abekmhopctyxijsdqwhl", strict=True)),
        **dict(zip("αβεηικνορτυχϲϳ", "abenikvoptuxcj", strict=True)),
        **dict(zip("ıłøđħɑɡ", "ilodhag", strict=True)),
        **{"æ": "ae", "œ": "oe", "þ": "th", "ð": "d"},
    }
)


class Found(NamedTuple):
    """An entry of a list that a text contains, as the list writes it."""

    word: str
    refuses: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    found: Found
    pattern: str


class WordList:
    """The entries of one list: words or phrases, ``*`` at the end for any ending, ``!`` in front
    of what is refused rather than held. Entries in which nothing can be found are left aside."""

    def __init__(self, entries: Iterable[str]) -> None:
        made = (_entry(each) for each in dict.fromkeys(entries))
        self._entries = [entry for entry in made if entry.pattern.strip()]
        patterns = [entry.pattern for entry in self._entries]
        self._search = AhoCorasick(patterns) if patterns else None

    def found(self, text: str) -> tuple[Found, ...]:
        """What of the list ``text`` contains, in the order of the list."""
        if self._search is None:
            return ()
        hits = self._search.find_matches_as_indexes(f" {fold(text)} ", overlapping=True)
        return tuple(self._entries[number].found for number in sorted({hit[0] for hit in hits}))


def entries(text: str) -> list[str]:
    """The entries of a list's file: one a line; what follows ``#`` is a remark."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def fold(text: str) -> str:
    """The words of ``text`` in one form, a space between them."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    if not plain.isascii():
        shown = "".join(char for char in plain if unicodedata.category(char) not in _UNSEEN)
        plain = shown.translate(_ALIKE)
    return _BETWEEN.sub(" ", plain).strip()


def _entry(written: str) -> _Entry:
    refuses = written.startswith(REFUSES)
    word = written.removeprefix(REFUSES).strip()
    end = "" if word.endswith("*") else " "
    return _Entry(Found(word, refuses), f" {fold(word)}{end}")
