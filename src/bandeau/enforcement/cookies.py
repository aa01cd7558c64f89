"""Cookies in both directions, as bytes: nothing is rebuilt from a parsed dictionary.

A parsed jar loses cookies with odd names and values (measured in the reference report), which
would log visitors out; so each segment that may pass leaves as it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from bandeau import limits
from bandeau.enforcement.verdict import Effect, Reason, Verdict

JudgeName = Callable[[str], Verdict]


@dataclass(frozen=True, slots=True)
class Jar:
    """A ``Cookie`` header judged: what may reach the site, and what was withheld.

    ``undeclared`` are those of ``denied`` that no tracker declares.
    """

    kept: bytes
    denied: tuple[Verdict, ...]
    undeclared: tuple[Verdict, ...]


def segments(header: bytes) -> list[tuple[bytes, bytes]]:
    """(name, whole segment) of a ``Cookie`` header, in order; a segment without ``=`` has no name.

    Empty segments are left out. Names are bytes, since a browser sends what it was given.
    """
    found = []
    for part in header.split(b";"):
        segment = part.strip(b" \t")
        if segment:
            name, equals, _ = segment.partition(b"=")
            found.append((name.rstrip(b" \t") if equals else b"", segment))
    return found


def judge_jar(header: bytes, judge: JudgeName, reserved: frozenset[bytes]) -> Jar:
    """What of a ``Cookie`` header reaches the site (rules P2, R2).

    ``reserved`` names are Bandeau's own and never do. A header over the limit is withheld whole;
    what is denied of it is told all the same, so that it can be ended.
    """
    kept: list[bytes] = []
    denied: dict[str, Verdict] = {}
    for name, segment in segments(header)[: limits.COOKIES]:
        if name in reserved:
            continue
        verdict = judge(name.decode("latin-1"))
        if verdict.effect is Effect.PASS:
            kept.append(segment)
        else:
            denied.setdefault(verdict.subject, verdict)
    whole = len(header) <= limits.COOKIE_HEADER_BYTES
    unknown = tuple(v for v in denied.values() if v.reason is Reason.UNDECLARED)
    return Jar(b"; ".join(kept) if whole else b"", tuple(denied.values()), unknown)


def value_of(header: bytes, name: str) -> str | None:
    """The value of the cookie ``name`` where it stands exactly once, else ``None``.

    A script can shadow a cookie with another path or domain; a doubled one is therefore no
    evidence of anything (DESIGN section 3).
    """
    if name.encode() not in header or len(header) > limits.COOKIE_HEADER_BYTES:
        return None
    values = _values(name).findall(b";" + header)
    return values[0].strip(b" \t").decode("latin-1") if len(values) == 1 else None


@lru_cache(maxsize=8)
def _values(name: str) -> re.Pattern[bytes]:
    """What finds the segments of a cookie, cut as :func:`segments` does."""
    return re.compile(rb";[ \t]*" + re.escape(name.encode()) + rb"[ \t]*=([^;]*)")


def judge_set_cookie(line: bytes, judge: JudgeName, reserved: frozenset[bytes]) -> Verdict:
    """Whether one ``Set-Cookie`` line may reach the terminal (rules P1, R1)."""
    # Without `=` a browser keeps a value that has no name.
    stated, equals, _ = line.split(b";", 1)[0].partition(b"=")
    name = stated.strip(b" \t") if equals else b""
    verdict = judge(name.decode("latin-1"))
    if name in reserved:
        return Verdict(Effect.STRIP, verdict.reason, verdict.subject)
    return verdict
