"""Names without what could tell one visitor from another.

A random subdomain, the end of a cookie's name or a part of a path may stand for a person. Such
parts are never kept: a host becomes the domain that was registered, the rest becomes ``*``.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bandeau import limits

Registrable = Callable[[str], str | None]
"""The domain that someone registered for a host: ``b.example`` for ``x.b.example``."""

_HOST = re.compile(r"[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
_COOKIE = re.compile(r"[!-:<>-~]+")
_APART = re.compile(r"([^A-Za-z0-9]+)")
_TURNS = re.compile(r"(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+")
_BEFORE_HEXADECIMAL = re.compile(r"([A-Z]{2,}|[a-z]*[g-z])[0-9a-f]{12,}")
_COUNTED = re.compile(r"([A-Za-z]?[a-z]{2,})[0-9]{1,3}")
_STARS = re.compile(r"\*(?:(?:[^A-Za-z0-9*]+[A-Za-z0-9]{1,4})*[^A-Za-z0-9*]+\*)+")
_LETTERS = re.compile(r"[A-Za-z0-9]")
_SEGMENTS = 5


def fold_host(host: str, registrable: Registrable) -> str | None:
    """``host``, or the domain above it where a label looks made up for one visitor.

    ``None`` for what is no name of a host on the web: addresses, single labels, odd characters.
    """
    name = host.lower().removesuffix(".")
    if len(name) > limits.SIGHTING_CHARACTERS or not _HOST.fullmatch(name):
        return None
    if name.rpartition(".")[2].isdigit():
        return None
    domain = registrable(name)
    if domain is None or domain == name:
        return name
    labels = name.removesuffix(domain).rstrip(".").split(".")
    return domain if len(labels) > 3 or any(map(_is_made_up, labels)) else name


def fold_cookie(name: str) -> str | None:
    """The name of a cookie as :func:`fold_key` has it; ``None`` too where no policy can name it."""
    return fold_key(name) if _COOKIE.fullmatch(name) else None


def fold_key(name: str) -> str | None:
    """The name of a cookie or storage key with ``*`` for what looks random.

    ``None`` where too little would be left to know it by, or where it holds a ``*`` itself,
    which a policy would read as a pattern.
    """
    if not 0 < len(name) <= limits.SIGHTING_CHARACTERS or "*" in name or not name.isprintable():
        return None
    return _usable("".join(map(_without_random, _without_numbers(_APART.split(name)))))


def alike(name: str) -> str | None:
    """The pattern that ``name`` would share with others like it: ``slot*`` for ``slot12``.

    ``None`` where it has no number in it, or is a pattern already.
    """
    if "*" in name or not any(character.isdigit() for character in name):
        return None
    first, *rest = _APART.split(name)
    pattern = _counted(first, whole=not first) + "".join(_counted(each) for each in rest)
    return _usable(pattern) if "*" in pattern else None


def fold_path(path: str) -> str:
    """The path of a page, without query, with ``*`` for parts that could be someone's own."""
    bare = path.partition("?")[0].partition("#")[0]
    segments = [_segment(each) for each in bare.split("/")[1 : _SEGMENTS + 2]]
    shown = "/" + "/".join(segments[:_SEGMENTS]) + ("/*" if len(segments) > _SEGMENTS else "")
    return shown if len(shown) <= limits.SIGHTING_PATH_CHARACTERS else "/*"


def is_random(word: str) -> bool:
    """Whether a run of ASCII letters and digits looks drawn by lot, or counts very far."""
    digits = sum(map(str.isdigit, word))
    if digits == len(word):
        return digits >= 5
    if not digits:
        return len(word) > 24
    if len(word) >= 16 or (len(word) >= 8 and _HEXADECIMAL.fullmatch(word)):
        return True
    turns = len(_TURNS.findall(word))
    return (turns >= 2 and len(word) >= 6) or (turns >= 3 and len(word) >= 5)


def _is_made_up(label: str) -> bool:
    words = _APART.split(label)
    # An address written as a name, or a long number in pieces: 82-64-1-2.subscribers.example.
    return len(_without_numbers(words)) < len(words) or any(map(is_random, words))


def _without_numbers(words: list[str]) -> list[str]:
    """Three words with numbers in them are one long number in pieces: a UUID, a moment."""
    numbered = [at for at, word in enumerate(words) if any(map(str.isdigit, word))]
    if len(numbered) < 3:
        return words
    return [*words[: numbered[0]], "*", *words[numbered[-1] + 1 :]]


def _without_random(word: str) -> str:
    known = _BEFORE_HEXADECIMAL.fullmatch(word)
    if known:
        return known[1] + "*"
    return "*" if word.isalnum() and is_random(word) else word


def _counted(word: str, *, whole: bool = True) -> str:
    counted = _COUNTED.fullmatch(word)
    if counted:
        return counted[1] + "*"
    return "*" if whole and any(map(str.isdigit, word)) else word


def _usable(pattern: str) -> str | None:
    joined = _STARS.sub("*", pattern)
    return joined if len(_LETTERS.findall(joined)) >= 2 else None


def _segment(text: str) -> str:
    if not text.isprintable() or "@" in text or "%40" in text or len(text) > 80:
        return "*"
    words = _APART.split(text)
    mixed = sum(bool(_TURNS.search(word)) for word in words)
    return "*" if mixed >= 3 or any(map(is_random, words)) else text
