"""Reads a TC string (IAB TCF 2.x): what it grants, object by object, or why it cannot be read.

Stricter than the reference where that takes a missing bit for a yes; no loop runs over ids that a
hostile string made up beyond the largest that the format has (65 535).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bandeau import limits

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_SIX = {letter: f"{value:06b}" for value, letter in enumerate(_ALPHABET)}
_DISCLOSED = 1


class NotReadable(ValueError):
    """The string is not one of version 2. The message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Consents:
    """What a string says. Times are seconds since 1970; sets hold ids.

    ``disclosed`` is ``None`` where the string has no such part (rule T3).
    """

    cmp: int
    created: float
    updated: float
    policy: int
    service_specific: bool
    special_features: frozenset[int]
    purposes: frozenset[int]
    legitimate_purposes: frozenset[int]
    vendors: frozenset[int]
    legitimate_vendors: frozenset[int]
    disclosed: frozenset[int] | None = None


@dataclass(slots=True)
class _Bits:
    text: str
    at: int = field(default=0)

    def take(self, count: int) -> str:
        run = self.text[self.at : self.at + count]
        if len(run) < count:
            raise NotReadable("it ends in the middle of a field")
        self.at += count
        return run

    def number(self, count: int) -> int:
        return int(self.take(count), 2)

    def ids(self, count: int) -> frozenset[int]:
        return frozenset(at for at, bit in enumerate(self.take(count), 1) if bit == "1")

    def vendors(self) -> frozenset[int]:
        most = self.number(16)
        return self._ranges(most) if self.number(1) else self.ids(most)

    def _ranges(self, most: int) -> frozenset[int]:
        runs: list[tuple[int, int]] = []
        for _ in range(self.number(12)):
            many = self.number(1)
            start = self.number(16)
            end = self.number(16) if many else start
            if not 0 < start <= end <= most:
                raise NotReadable("a range of vendors is out of its bounds")
            runs.append((start, end))
        # In their order each id is visited once, however many ranges claim it.
        found: set[int] = set()
        last = 0
        for start, end in sorted(runs):
            found.update(range(max(start, last + 1), end + 1))
            last = max(last, end)
        return frozenset(found)


def consents(string: str) -> Consents:
    """What a TC string says. Raises :class:`NotReadable`."""
    if len(string) > limits.AUDIT_TC_STRING_CHARACTERS:
        raise NotReadable("it is too long")
    core, *others = string.split(".")
    found = _core(_bits(core))
    for other in others:
        bits = _bits(other)
        if bits.number(3) == _DISCLOSED:
            found["disclosed"] = bits.vendors()
    return Consents(**found)  # type: ignore[arg-type]


def _bits(segment: str) -> _Bits:
    try:
        return _Bits("".join(_SIX[letter] for letter in segment))
    except KeyError:
        raise NotReadable("it holds a character that is none of its alphabet") from None


def _core(bits: _Bits) -> dict[str, object]:
    if bits.number(6) != 2:
        raise NotReadable("it is not of version 2")
    found: dict[str, object] = {
        "created": bits.number(36) / 10,
        "updated": bits.number(36) / 10,
        "cmp": bits.number(12),
    }
    bits.take(12 + 6 + 12 + 12)
    found["policy"] = bits.number(6)
    found["service_specific"] = bool(bits.number(1))
    bits.take(1)
    found["special_features"] = bits.ids(12)
    found["purposes"] = bits.ids(24)
    found["legitimate_purposes"] = bits.ids(24)
    bits.take(1 + 12)
    found["vendors"] = bits.vendors()
    found["legitimate_vendors"] = bits.vendors()
    return found
