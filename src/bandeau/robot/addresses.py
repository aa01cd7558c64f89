"""Which address a host name leads to, and whether a stranger's page may be followed there.

Rules are those of Chromium's ``--host-resolver-rules``: ``MAP PATTERN TARGET[:PORT]``, with
``~NOTFOUND`` as a target, and ``EXCLUDE PATTERN``, separated by commas.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NOT_FOUND = "~NOTFOUND"
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


class RulesFaulty(ValueError):
    """A rule that cannot be understood. The message quotes it."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rule leads: a name, an address or ``~NOTFOUND``; ``port`` where it is changed."""

    host: str
    port: int | None = None


@dataclass(frozen=True, slots=True)
class ResolveRules:
    """Rules in their order. An exclusion wins over every mapping, then the first mapping counts."""

    mappings: tuple[tuple[str, Target], ...] = ()
    exclusions: tuple[str, ...] = ()

    def target(self, host: str, port: int) -> Target | None:
        """Where the rules lead ``host``, or ``None`` where it is looked up as ever."""
        if any(_matches(pattern, host, port) for pattern in self.exclusions):
            return None
        found = (to for pattern, to in self.mappings if _matches(pattern, host, port))
        return next(found, None)


def resolve_rules(text: str) -> ResolveRules:
    """Read rules. Raises :class:`RulesFaulty`."""
    mappings, exclusions = [], []
    for rule in filter(None, (part.strip() for part in text.split(","))):
        match rule.split():
            case [verb, pattern, to] if verb.upper() == "MAP":
                mappings.append((pattern.lower(), _target(to, rule)))
            case [verb, pattern] if verb.upper() == "EXCLUDE":
                exclusions.append(pattern.lower())
            case _:
                raise RulesFaulty(f"not a rule: {rule!r}; say MAP PATTERN ADDRESS[:PORT]")
    return ResolveRules(tuple(mappings), tuple(exclusions))


def _target(text: str, rule: str) -> Target:
    if text.upper().endswith("NOTFOUND"):
        return Target(NOT_FOUND)
    try:
        host, port = host_and_port(text)
    except ValueError:
        raise RulesFaulty(f"not an address with a port: {rule!r}") from None
    return Target(host, port)


def host_and_port(text: str) -> tuple[str, int | None]:
    """``[::1]:443``, ``a.test:80`` or ``a.test``. Raises ``ValueError``."""
    bare = text.count(":") > 1 and not text.startswith("[")
    host, colon, port = (text, "", "") if bare or text.endswith("]") else text.rpartition(":")
    host = (host if colon or bare or text.endswith("]") else text).strip("[]").lower()
    number = int(port) if colon else None
    if not host or (number is not None and not 0 < number < 65536):
        raise ValueError(text)
    return host, number


def _matches(pattern: str, host: str, port: int) -> bool:
    return fnmatchcase(host, pattern) or fnmatchcase(f"{host}:{port}", pattern)


def is_public(text: str) -> bool:
    """Whether an address is one of the open Internet, whichever way it is written or wrapped."""
    address = ipaddress.ip_address(text.partition("%")[0])
    return all(each.is_global and not each.is_multicast for each in _meant(address))


def _meant(address: Address) -> Iterable[Address]:
    """The address, and the ones that lie within it."""
    yield address
    if isinstance(address, ipaddress.IPv6Address):
        teredo = address.teredo or ()
        inner = (address.ipv4_mapped, address.sixtofour, *teredo)
        yield from (each for each in inner if each is not None)
        if address in _TRANSLATED:
            yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
