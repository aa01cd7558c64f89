"""The lists that the auditor knows third parties and cookies by, from their text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from bandeau import limits
from bandeau.audit.finding import Source
from bandeau.policy.glob import Globs
from bandeau.policy.match import suffixes

_ROW = "\t"
_HOST_RULE = re.compile(r"\|\|([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)\^(?:\$third-party|\$3p)?")
_VERSION = re.compile(r"! ?(?:Version|Last modified): *(.{1,60})")
PURPOSES = MappingProxyType(
    {
        "ad": "advertising",
        "marketing": "advertising",
        "analytics": "statistics",
        "social": "social",
        "consent-provider": "functioning",
        "Marketing": "advertising",
        "Analytics": "statistics",
        "Personalization": "personalisation",
        "Functional": "functioning",
        "Necessary": "functioning",
        "Security": "functioning",
    }
)
"""The product's own purpose for a category of either list; none where sites differ."""


class ListError(ValueError):
    """A list is not what it should be; the message says what and in which line."""


@dataclass(frozen=True, slots=True)
class Party:
    """Who is behind a domain."""

    name: str
    category: str


@dataclass(frozen=True, slots=True)
class ListedCookie:
    """A cookie of a list; ``domain`` is empty where it is set on anybody's."""

    name: str
    category: str
    domain: str
    platform: str


class Parties:
    """Companies by their domains; the nearest domain above a host answers."""

    def __init__(self, text: str) -> None:
        self.source = source_of(text)
        self._domains: dict[str, Party] = {}
        for name, category, domains in _rows(text, 3):
            for domain in domains.split():
                self._domains.setdefault(domain, Party(name, category))

    def host(self, host: str) -> Party | None:
        """Whose ``host`` is."""
        return next((self._domains[s] for s in suffixes(host) if s in self._domains), None)


class ListedCookies:
    """Cookies by name; a ``*`` in it stands for any characters."""

    def __init__(self, text: str) -> None:
        self.source = source_of(text)
        listed = [ListedCookie(*row) for row in _rows(text, 4)]
        self._names = Globs((each.name, each) for each in listed)

    def all(self, name: str) -> tuple[ListedCookie, ...]:
        """Every entry that ``name`` fits, those with the longest pattern first."""
        found = self._names.all(name)
        return tuple(sorted(found, key=lambda each: -len(each.name)))


@dataclass(frozen=True, slots=True)
class HostRules:
    """Hosts that a list of blocking rules names whole; each stands for its subdomains."""

    hosts: frozenset[str]
    source: Source

    def names(self, host: str) -> bool:
        """Whether ``host`` or a domain above it is on the list."""
        return any(each in self.hosts for each in suffixes(host))


def source_of(text: str) -> Source:
    """What the first line of a table says of it, with the digest of all of it."""
    name, _, rest = text.partition("\n")[0].removeprefix("# ").partition(_ROW)
    version, _, licence = rest.partition(_ROW)
    return Source(name, version, _digest(text), licence)


def host_rules(name: str, text: str) -> HostRules:
    """The host rules (``||host^``) of a list in EasyPrivacy's syntax; others are left out.

    Raises :class:`ListError` where there is none or over ``limits.AUDIT_HOST_RULES``.
    """
    version, hosts = "", set()
    for line in text.splitlines():
        rule = _HOST_RULE.fullmatch(line.strip().lower())
        if rule:
            hosts.add(rule[1])
        elif not version and (said := _VERSION.match(line)):
            version = said[1].strip()
        if len(hosts) > limits.AUDIT_HOST_RULES:
            raise ListError(f"{name}: over {limits.AUDIT_HOST_RULES} hosts; name a shorter list")
    if not hosts:
        raise ListError(f'{name}: no rule such as "||tracker.example^" in it; name another file')
    return HostRules(frozenset(hosts), Source(name, version, _digest(text), "as its file says"))


def _rows(text: str, fields: int) -> Iterator[list[str]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("# "):
            continue
        row = line.split(_ROW)
        if len(row) != fields:
            raise ListError(f"line {number}: {len(row)} fields instead of {fields}")
        yield row


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
