"""Values that could tell one visitor from all others."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote

from bandeau.audit.foreign_json import read_foreign
from bandeau.enforcement.folding import is_random

LEAST_CHARACTERS = 8
_MOST_CHARACTERS = 4_096
_APART = re.compile(r"[^A-Za-z0-9]+")
_MOMENT = re.compile(r"1\d{9}(\d{3})?")
_DAY = re.compile(r"20\d\d-?[01]\d-?[0-3]\d.*")
_HEX = re.compile(r"[0-9a-fA-F]+")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def is_identifier(value: str) -> bool:
    """Whether ``value`` holds something drawn by lot that is long enough to be one person's.

    Points in time, words, sizes and settings are not.
    """
    return bool(pieces_of(value))


def pieces_of(value: str) -> frozenset[str]:
    """The parts of ``value`` that could be an identifier, each to be looked for elsewhere."""
    text = unquote(value[:_MOST_CHARACTERS]).strip("\"' ")
    if (inside := unpacked(text)) != text and not pieces_of(inside):
        return frozenset()
    found = {text} if _UUID.fullmatch(text) else set(_UUID.findall(text))
    words = [each for each in _APART.split(_UUID.sub(" ", text)) if each]
    found |= {each for each in words if _is_piece(each)}
    long = [each for each in words if each.isdigit() and len(each) >= LEAST_CHARACTERS]
    # Such as GA1.2.1234567890.1700000000: two numbers, of which one is a moment.
    if len(long) > 1:
        found |= {each for each in long if not _DAY.fullmatch(each)}
    return frozenset(found)


def unpacked(text: str) -> str:
    """The JSON object that base64 holds; ``text`` itself where it holds none."""
    if not text.startswith("eyJ"):
        return text
    try:
        inside = base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
        return inside.decode() if isinstance(read_foreign(inside), dict) else text
    except ValueError:
        return text


def _is_piece(word: str) -> bool:
    if len(word) < LEAST_CHARACTERS or _MOMENT.fullmatch(word) or _DAY.fullmatch(word):
        return False
    if word.isdigit():
        return len(word) >= LEAST_CHARACTERS
    return (any(map(str.isdigit, word)) and is_random(word)) or _is_scrambled(word)


def _is_scrambled(word: str) -> bool:
    """Letters alone, as base 62 may draw them: large and small ones in turn."""
    if len(word) < 2 * LEAST_CHARACTERS or _HEX.fullmatch(word):
        return len(word) >= 2 * LEAST_CHARACTERS
    turns = sum(a.isupper() and b.islower() for a, b in zip(word[1:], word, strict=False))
    return turns * 5 >= len(word)
