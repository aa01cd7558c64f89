"""Cookies in both directions, as bytes: nothing is rebuilt from a parsed dictionary.

A parsed jar loses cookies with odd names and values (measured in the reference report), which
would log visitors out; so each segment that may pass leaves as it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bandeau import limits
from bandeau.enforcement.verdict import Effect, Verdict
from bandeau.policy.model import CookieRule

JudgeName = Callable[[str], Verdict]
_WORD = re.compile(rb"[^\x00-\x20\x7f;,=\"]+")
_EXPIRIES = 60


@dataclass(frozen=True, slots=True)
class Jar:
    """A ``Cookie`` header judged: what may reach the site, and what was withheld."""

    kept: bytes
    denied: tuple[Verdict, ...]


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

    ``reserved`` names are Bandeau's own and never do. A header over the limits is withheld whole.
    """
    if len(header) > limits.COOKIE_HEADER_BYTES:
        return Jar(b"", ())
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
    return Jar(b"; ".join(kept), tuple(denied.values()))


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


def expire_seen(
    denied: Iterable[str], rules: Callable[[str], Sequence[CookieRule]], host: str, secure: bool
) -> list[bytes]:
    """``Set-Cookie`` lines that end cookies which the terminal just sent (rules W4, W5).

    Each is ended as declared, and on the host itself and its parents with path ``/``, since
    nothing in a request tells with which attributes a cookie was set.
    """
    lines: list[bytes] = []
    for subject in denied:
        name = subject.encode("latin-1", "replace")
        if not _WORD.fullmatch(name):
            continue
        declared = [(rule.domain, rule.path) for rule in rules(subject)]
        everywhere = [(domain, "/") for domain in (None, *_parents(host))]
        for domain, path in dict.fromkeys(declared + everywhere):
            lines += _expiry(name, domain, path, host, secure)
    return list(dict.fromkeys(lines))[:_EXPIRIES]


def expire_declared(rules: Iterable[CookieRule], host: str, secure: bool) -> list[bytes]:
    """``Set-Cookie`` lines that end declared cookies without having seen them (rule W5).

    A cookie under another path or with ``HttpOnly`` is invisible here, yet its rule says where
    it is. Names with ``*`` cannot be guessed and end when they are next seen.
    """
    lines: list[bytes] = []
    for rule in rules:
        if "*" not in rule.name:
            lines += _expiry(rule.name.encode(), rule.domain, rule.path, host, secure)
    return list(dict.fromkeys(lines))[:_EXPIRIES]


def _expiry(name: bytes, domain: str | None, path: str, host: str, secure: bool) -> list[bytes]:
    if domain is not None and not _within(host, domain):
        return []
    line = name + b"=; Path=" + path.encode() + b"; Max-Age=0"
    if name.startswith(b"__Host-") and domain is not None:
        return []
    if domain is not None:
        line += b"; Domain=" + domain.encode("idna" if not domain.isascii() else "ascii")
    if secure:
        line += b"; Secure"
    return [line]


def _within(host: str, domain: str) -> bool:
    bare = domain.lstrip(".").lower()
    return host == bare or host.endswith("." + bare)


def _parents(host: str) -> list[str]:
    """Domains above ``host`` and itself that could hold its cookies: at least two labels."""
    labels = host.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in host:
        return []
    return [".".join(labels[i:]) for i in range(len(labels) - 1)]
