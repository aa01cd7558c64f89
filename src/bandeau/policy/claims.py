"""What several trackers lay claim to at once, and what belongs to the site (rules P6, P7, C6)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bandeau import limits
from bandeau.policy.fault import Fault, Path, quoted
from bandeau.policy.glob import meet
from bandeau.policy.lines import Lines
from bandeau.policy.match import SiteHosts, suffixes
from bandeau.policy.model import Policy, Tracker
from bandeau.policy.terms import vendor_key

_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Claim:
    """One host, cookie, storage key, own path or snippet of one tracker.

    ``order`` counts through the file. ``domain`` is where a cookie goes, empty for the site;
    ``written`` is what the file says, where ``name`` was made of it.
    """

    order: int
    path: Path
    name: str
    tracker: Tracker
    domain: str = ""
    written: str = ""

    @property
    def shown(self) -> str:
        """What a message calls it."""
        return quoted(self.written or self.name)


def host_clashes(policy: Policy, lines: Lines) -> Iterator[Fault]:
    """Hosts under two purposes; a domain above counts, since a host stands for what is below."""
    claims = list(_hosts(policy))
    by_host: dict[str, list[Claim]] = {}
    for claim in claims:
        by_host.setdefault(claim.name, []).append(claim)
    firsts = {host: _first_per_purpose(same) for host, same in by_host.items()}
    for claim in claims:
        for domain in suffixes(claim.name):
            other = _rival(claim, firsts.get(domain, []))
            if other is not None:
                yield clash(claim, other, lines)
                break


def cookie_clashes(policy: Policy, lines: Lines) -> Iterator[Fault]:
    """Cookies of two purposes under one name.

    A ``Cookie`` header says neither domain nor path, so on the site's own hosts the name alone
    must tell the purpose; elsewhere cookies of unrelated domains are told apart.
    """
    zones: dict[str, list[Claim]] = {}
    for claim in _cookies(policy):
        zones.setdefault(_zone(claim.domain), []).append(claim)
    for claims in zones.values():
        yield from name_clashes(claims, lines)
    for claim in zones.get("", []):
        if meet(claim.name, policy.choice.cookie):
            message = (
                f"{quoted(claim.name)} takes in {policy.choice.cookie}, which carries the choice "
                "and serves nothing else; rename it, or set choice.cookie"
            )
            yield lines.fault(claim.path, "C6", message)


def storage_clashes(policy: Policy, lines: Lines) -> Iterator[Fault]:
    """Storage keys under two purposes."""
    yield from name_clashes(list(_storage(policy)), lines)


def owned_hosts(policy: Policy, lines: Lines) -> Iterator[Fault]:
    """Hosts of the site declared as someone else's, or under a purpose that needs consent."""
    site = SiteHosts(policy.site.hosts)
    exempt = {purpose.key for purpose in policy.purposes if purpose.exempt is not None}
    for claim in _hosts(policy):
        if claim.tracker.purpose in exempt and _is_publisher(claim.tracker, policy):
            continue
        host = site.related(claim.name)
        if host is not None:
            message = (
                f"{claim.name} belongs to the site (site.hosts has {host}), so its requests cannot "
                "be held back as a third party's; remove it here and declare its cookies alone, "
                "or, if another company runs it, list only your own hosts in site.hosts"
            )
            yield lines.fault(claim.path, "P7", message)


def _hosts(policy: Policy) -> Iterator[Claim]:
    order = 0
    for number, tracker in enumerate(policy.trackers):
        for index, host in enumerate(tracker.hosts):
            order += 1
            yield Claim(order, ("trackers", number, "hosts", index), host, tracker)


def _cookies(policy: Policy) -> Iterator[Claim]:
    site = SiteHosts(policy.site.hosts)
    order = 0
    for number, tracker in enumerate(policy.trackers):
        for index, rule in enumerate(tracker.cookies):
            order += 1
            domain = "" if site.receive(rule) else (rule.domain or "").removeprefix(".")
            yield Claim(order, ("trackers", number, "cookies", index), rule.name, tracker, domain)


def _storage(policy: Policy) -> Iterator[Claim]:
    order = 0
    for number, tracker in enumerate(policy.trackers):
        for index, key in enumerate(tracker.storage):
            order += 1
            yield Claim(order, ("trackers", number, "storage", index), key, tracker)


def _first_per_purpose(claims: Iterable[Claim]) -> list[Claim]:
    firsts: dict[str, Claim] = {}
    for claim in claims:
        firsts.setdefault(claim.tracker.purpose, claim)
    return list(firsts.values())


def _rival(claim: Claim, others: Iterable[Claim]) -> Claim | None:
    for other in others:
        if other.tracker.purpose == claim.tracker.purpose:
            continue
        if other.name != claim.name or other.order < claim.order:
            return other
    return None


def name_clashes(claims: list[Claim], lines: Lines) -> Iterator[Fault]:
    """Claims of two purposes that some name fits both of; each later one is told once."""
    crowded = _crowded(claims)
    if crowded is not None:
        start = quoted(_start(crowded))
        message = f"over {limits.POLICY_PATTERNS_ALIKE} patterns have {start} before their *; "
        yield lines.fault(crowded.path, "schema", message + "begin them differently, or join some")
        return
    told: set[int] = set()
    for one, other in _meeting(_distinct(claims)):
        late, early = (one, other) if one.order > other.order else (other, one)
        if late.order not in told and _related(one.domain, other.domain):
            told.add(late.order)
            yield clash(late, early, lines)


def _crowded(claims: Iterable[Claim]) -> Claim | None:
    """The first pattern beyond ``limits.POLICY_PATTERNS_ALIKE`` that begin the same way."""
    counts: Counter[str] = Counter()
    for claim in claims:
        if "*" in claim.name:
            counts[_start(claim)] += 1
            if counts[_start(claim)] > limits.POLICY_PATTERNS_ALIKE:
                return claim
    return None


def _distinct(claims: Iterable[Claim]) -> list[Claim]:
    """Claims without those that say the same again for the same purpose."""
    firsts: dict[tuple[str, str, str], Claim] = {}
    for claim in claims:
        firsts.setdefault((claim.name, claim.tracker.purpose, claim.domain), claim)
    return list(firsts.values())


def _meeting(claims: list[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Pairs of different purposes whose names meet; only names that begin alike are compared."""
    claims = sorted(claims, key=_start)
    starts = [_start(claim) for claim in claims]
    for position, claim in enumerate(claims):
        start = starts[position]
        # An exact name meets itself or a pattern that begins it, which finds it from its side.
        above = start + _LAST_CHARACTER if "*" in claim.name else start
        for other in claims[bisect_left(starts, start) : bisect_right(starts, above)]:
            if other.tracker.purpose != claim.tracker.purpose and meet(claim.name, other.name):
                yield claim, other


def _start(claim: Claim) -> str:
    return claim.name.partition("*")[0]


def _related(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def _zone(domain: str) -> str:
    """The last two labels: cookies whose domains share fewer never travel together."""
    return ".".join(domain.rsplit(".", 2)[-2:])


def _is_publisher(tracker: Tracker, policy: Policy) -> bool:
    site = policy.site
    names = (site.name, site.controller, site.controller.partition(",")[0])
    return vendor_key(tracker.vendor) in {vendor_key(name) for name in names}


def clash(claim: Claim, other: Claim, lines: Lines) -> Fault:
    """What is told of ``claim``, which ``other`` came before under another purpose."""
    message = (
        f"{claim.shown} is under {quoted(claim.tracker.purpose)} here, but "
        f"{other.shown} is under {quoted(other.tracker.purpose)} for "
        f"{quoted(other.tracker.vendor)} on line {lines.line(other.path)}; "
        "give both one purpose, or tell them apart"
    )
    return lines.fault(claim.path, "P6", message)
