"""Names drawn from a seed, so that nothing can key on them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TypeVar

_T = TypeVar("_T")
_CONSONANTS = "bcdfglmnprstv"
_VOWELS = "aeiou"


class Names:
    """The names of one site. The same seed, site and key give the same name, in any order."""

    def __init__(self, seed: int, site: str) -> None:
        self._root = f"{seed}/{site}"

    def drawn(self, key: str) -> Random:
        """A source of chance of its own for ``key``."""
        return Random(f"{self._root}/{key}")

    def word(self, key: str, syllables: int = 3) -> str:
        """A word that means nothing, in lower case letters."""
        chance = self.drawn(key)
        pairs = (chance.choice(_CONSONANTS) + chance.choice(_VOWELS) for _ in range(syllables))
        return "".join(pairs)

    def host(self, key: str) -> str:
        """A registrable domain under ``.test``."""
        return self.word(f"host {key}", 5) + ".test"

    def one(self, key: str, choices: Sequence[_T]) -> _T:
        """One of ``choices``."""
        return self.drawn(key).choice(choices)
