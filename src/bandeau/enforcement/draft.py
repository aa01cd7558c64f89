"""Blocks for the policy file, from what was seen and is not declared: a draft for its publisher.

What a thing is for, only the publisher can know. Where no vendor is known, the purpose that asks
most of a visitor stands in its place, marked, so that a draft pasted unread opens nothing
without consent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from bandeau.enforcement.folding import Registrable
from bandeau.enforcement.sightings import Kind, Sighting, Teller, is_declared
from bandeau.policy.check import load
from bandeau.policy.fault import PolicyError
from bandeau.policy.match import Matcher
from bandeau.policy.vendors import Vendor, Vendors
from bandeau.policy.words import Words

ASSUMED_PURPOSE = "advertising"
DECIDE = "DECIDE"
"""Marks, in a draft, what its publisher must look into before it is true."""


@dataclass(frozen=True, slots=True)
class Group:
    """Sightings that seem to be of one vendor; ``purpose`` is ``None`` where nobody can say.

    ``known`` tells whether the vendor is one of the table, or named after a domain; ``beside``
    whether that domain is the site's own, so that its hosts may be the publisher's too.
    """

    vendor: str
    purpose: str | None
    known: bool
    beside: bool
    sightings: tuple[Sighting, ...]

    @property
    def times(self) -> int:
        """How often any of it was seen."""
        return sum(s.times for s in self.sightings)


def undeclared(sightings: Iterable[Sighting], matcher: Matcher) -> tuple[Sighting, ...]:
    """Those that the policy of ``matcher`` does not declare today."""
    return tuple(s for s in sightings if not is_declared(s.kind, s.name, matcher))


def grouped(
    sightings: Iterable[Sighting],
    vendors: Vendors,
    registrable: Registrable,
    site: str,
    hosts: Iterable[str] = (),
) -> tuple[Group, ...]:
    """``sightings`` by vendor, those seen most often first.

    Cookies and storage keys that no vendor is known for belong to ``site``, on whose ``hosts``
    they are, until its publisher says otherwise.
    """
    own = {registrable(host) for host in hosts} - {None}
    groups: dict[tuple[str, str | None, bool, bool], list[Sighting]] = {}
    for each in sorted(sightings, key=lambda s: (list(Kind).index(s.kind), s.name)):
        vendor = _vendor(each, vendors)
        if vendor is not None:
            key = (vendor.name, vendor.purpose, True, False)
        elif each.kind is Kind.HOST:
            domain = registrable(each.name) or each.name
            key = (domain, None, False, domain in own)
        else:
            key = (site, None, False, False)
        groups.setdefault(key, []).append(each)
    found = [Group(*key, tuple(members)) for key, members in groups.items()]
    return tuple(sorted(found, key=lambda group: (-group.times, group.vendor)))


@dataclass(frozen=True, slots=True)
class Drafted:
    """A group with the text that declares it in a policy file.

    ``clash`` is why a policy would not hold with that text in it, or ``None``.
    """

    group: Group
    text: str
    clash: str | None = None

    def __str__(self) -> str:
        """The text to paste: as comments where it clashes."""
        if self.clash is None:
            return self.text
        commented = "".join(f"# {line}\n" for line in self.text.splitlines())
        return f"# Left out: {self.clash}\n{commented}"


Written = Callable[[str], str]
"""A cookie's entry by its name, TOML."""


def by_name(name: str) -> str:
    """The entry of a cookie of which no more than the name is known."""
    return f"{{ name = {_text(name)} }}"


def drafted(
    groups: Iterable[Group], policy_file: bytes, words: Words, cookie: Written = by_name
) -> tuple[Drafted, ...]:
    """A text for each group, which the policy file passes its check with, one after another.

    A purpose that the file does not declare comes before the first block that needs it. Raises
    ``PolicyError`` where the file itself does not hold.
    """
    policy, _ = load(policy_file, words)
    declared = frozenset(purpose.key for purpose in policy.purposes)

    def clash(text: str) -> str | None:
        return _clash(policy_file + text.encode(), words)

    listed = tuple(groups)
    all_at_once = _drafted(listed, declared, lambda text: None, cookie)
    holds = clash("".join(f"\n{each}" for each in all_at_once)) is None
    return all_at_once if holds else _drafted(listed, declared, clash, cookie)


def _drafted(
    groups: Iterable[Group],
    declared: frozenset[str],
    clash: Callable[[str], str | None],
    cookie: Written,
) -> tuple[Drafted, ...]:
    purposes, accepted = set(declared), ""
    found = []
    for group in groups:
        purpose = group.purpose or ASSUMED_PURPOSE
        text = block(group, cookie)
        text = text if purpose in purposes else f"[purposes.{purpose}]\n\n{text}"
        why = clash(f"{accepted}\n{text}")
        found.append(Drafted(group, text, why))
        if why is None:
            purposes.add(purpose)
            accepted += f"\n{text}"
    return tuple(found)


def block(group: Group, cookie: Written = by_name) -> str:
    """The ``[[trackers]]`` block that declares ``group``, TOML, with what is left to decide."""
    purpose = group.purpose or ASSUMED_PURPOSE
    lines = ["[[trackers]]", f"vendor = {_text(group.vendor)}{_unsure_of_vendor(group)}"]
    unsure = f"  # {DECIDE}: assumed until you know what it is for" if not group.purpose else ""
    lines.append(f"purpose = {_text(purpose)}{unsure}")
    hosts = [_text(s.name) for s in group.sightings if s.kind is Kind.HOST]
    cookies = [cookie(s.name) for s in group.sightings if s.kind is Kind.COOKIE]
    keys = [_text(s.name) for s in group.sightings if s.kind is Kind.STORAGE]
    listed = (("hosts", hosts), ("cookies", cookies), ("storage", keys))
    lines += [f"{name} = {_list(values)}" for name, values in listed if values]
    return "\n".join(lines) + "\n"


def _clash(policy_file: bytes, words: Words) -> str | None:
    try:
        load(policy_file, words)
    except PolicyError as error:
        fault = next(fault for fault in error.faults if fault.severity == "error")
        return fault.message
    return None


def _vendor(s: Sighting, vendors: Vendors) -> Vendor | None:
    match s.kind:
        case Kind.HOST:
            return vendors.host(s.name)
        case Kind.COOKIE:
            return vendors.cookie(s.name)
        case Kind.STORAGE:
            return vendors.storage(s.name)


def _unsure_of_vendor(group: Group) -> str:
    if group.known:
        return ""
    if all(s.kind is Kind.HOST for s in group.sightings):
        yours = "; or if you run it yourself, put it into site.hosts instead"
        return f"  # {DECIDE}: name the company{yours if group.beside else ''}"
    own = any(s.teller is Teller.SITE for s in group.sightings)
    who = "yours, or of a script that you load" if own else "of whom, browsers do not say"
    return f"  # {DECIDE}: {who}; split the block by vendor and purpose"


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's, but for the bare DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _list(values: list[str]) -> str:
    if len(values) == 1:
        return f"[{values[0]}]"
    return "[\n" + "".join(f"    {value},\n" for value in values) + "]"
