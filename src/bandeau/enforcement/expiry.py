"""``Set-Cookie`` lines that end what a choice denies, each with the cookie's own attributes.

A cookie ends only under its own name, domain, path and partition (rule W5), and nothing in a
request tells with which of them it was set: what is declared is tried first, then what can be.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product

from bandeau import limits
from bandeau.policy.model import CookieRule

_NAME = re.compile(rb"[^\x00-\x1f\x7f;=]*")
_STEPS = 4

Place = tuple[str | None, str]
"""A cookie's domain (``None``: the host alone) and its path."""


@dataclass(frozen=True, slots=True)
class Where:
    """The request whose answer ends cookies: its host and path, and whether it came over TLS.

    ``spared`` are hosts whose visitor may have decided otherwise there: what they share stays.
    """

    host: str
    path: str
    secure: bool
    spared: tuple[str, ...] = ()

    def reaches(self, domain: str) -> bool:
        """Whether a cookie of ``domain`` is this host's to end."""
        return _within(self.host, domain) and not any(
            _within(other, domain) for other in self.spared
        )


def end_seen(
    denied: Iterable[str], rules: Callable[[str], Sequence[CookieRule]], where: Where
) -> list[bytes]:
    """Lines that end cookies which the terminal just sent (rules W4, W5).

    Each is ended as declared, then under ``/`` on the host and on each domain above it, then
    under each path above the one asked for. What does not fit into one answer comes with the next.
    """
    seen = [name.encode("latin-1", "replace") for name in denied]
    names = [name for name in seen if _NAME.fullmatch(name)]
    declared = (
        (name, (rule.domain, rule.path)) for name in names for rule in rules(name.decode("latin-1"))
    )
    domains = [None, *_domains(where.host)]
    deeper = product(_paths(where.path), domains)
    places = chain(
        declared,
        product(names, product(domains, ["/"])),
        ((name, (domain, path)) for (path, domain), name in product(deeper, names)),
    )
    return _within_limit(places, where)


def end_declared(rules: Iterable[CookieRule], where: Where) -> list[bytes]:
    """Lines that end declared cookies without having seen them (rule W5).

    Those that this request could not carry, being for another path, come first. Names with ``*``
    cannot be guessed and end when they are next seen.
    """
    exact = [rule for rule in rules if "*" not in rule.name]
    hidden_first = sorted(exact, key=lambda rule: _covers(rule.path, where.path))
    places = ((rule.name.encode(), (rule.domain, rule.path)) for rule in hidden_first)
    return _within_limit(places, where)


def _within_limit(places: Iterable[tuple[bytes, Place]], where: Where) -> list[bytes]:
    lines = (line for name, place in places for line in _lines(name, place, where))
    return list(islice(dict.fromkeys(lines), limits.EXPIRY_LINES))


def _lines(name: bytes, place: Place, where: Where) -> Iterator[bytes]:
    """Over TLS one line for the cookie of its own and one for the partitioned (CHIPS)."""
    domain, path = place
    if domain is not None and not where.reaches(domain):
        return
    if name.startswith((b"__Host-", b"__Secure-")) and not where.secure:
        return
    if name.startswith(b"__Host-") and place != (None, "/"):
        return
    # Without a name there must be a value, or it is no cookie.
    line = (name + b"=" if name else b"=x") + b"; Path=" + path.encode() + b"; Max-Age=0"
    if domain is not None:
        line += b"; Domain=" + domain.encode()
    if not where.secure:
        yield line
        return
    yield line + b"; Secure"
    yield line + b"; Secure; SameSite=None; Partitioned"


def _within(host: str, domain: str) -> bool:
    bare = domain.lstrip(".").lower()
    return host == bare or host.endswith("." + bare)


def _domains(host: str) -> list[str]:
    """The host and the domains above it that could hold its cookies: at least two labels."""
    labels = host.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in host:
        return []
    return [".".join(labels[i:]) for i in range(len(labels) - 1)]


def _paths(path: str) -> list[str]:
    """The paths but ``/`` whose cookies a request for ``path`` carries, nearest to ``/`` first."""
    steps = path.split("?", 1)[0].split("/")[1 : _STEPS + 1]
    found = []
    for count, step in enumerate(steps, 1):
        above = "/" + "/".join(steps[:count])
        if step and _is_path(above):
            found += [above, above + "/"]
    return found


def _is_path(text: str) -> bool:
    return text.isascii() and text.isprintable() and ";" not in text


def _covers(path: str, asked: str) -> bool:
    """Whether a request for ``asked`` carries cookies of ``path`` (RFC 6265, 5.1.4)."""
    return asked == path or asked.startswith(path if path.endswith("/") else path + "/")
