"""Who loaded whom: the hosts of a site's requests, in layers by how far they are from the page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from bandeau.audit.evidence import Evidence, Phase, Request
from bandeau.audit.matrix import ORDER, Sort, Standing, Thing, host_of
from bandeau.audit.report import phases

Counts = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Host:
    """A host; ``layer`` counts the steps from the page, ``row`` its place in the layer, from 0."""

    name: str
    layer: int
    row: int
    requests: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Link:
    """One host that led to another, and for how many requests."""

    source: str
    target: str
    requests: int


@dataclass(frozen=True, slots=True)
class Chain:
    """Hosts and links between them; ``more`` hosts were left out."""

    hosts: tuple[Host, ...]
    links: tuple[Link, ...]
    more: int = 0


def chain(
    evidence: Evidence, things: Iterable[Thing], among: Collection[Phase], most: int
) -> Chain:
    """Who loaded whom in the phases ``among``: at most ``most`` hosts, what was denied first.

    A redirect is laid to the host that sent it, everything else to the script or document that
    caused it; a host is never shown without those that led to it.
    """
    root = host_of(evidence.address)
    counts = _counts(evidence, among)
    standings = _standings(things, among)
    parents = _parents(root, counts)
    weights = _weights(root, counts)
    order = sorted(
        weights,
        key=lambda name: (
            -ORDER.index(standings.get(name, Standing.ALLOWED)),
            -weights[name],
            name,
        ),
    )
    kept = _kept(root, order, parents, most)
    hosts = tuple(
        Host(name, layer, row, weights.get(name, 0), standings.get(name, Standing.ALLOWED))
        for layer, names in enumerate(_layers(root, kept, parents))
        for row, name in enumerate(names)
    )
    links = tuple(
        Link(source, target, number)
        for (source, target), number in sorted(counts.items())
        if source in kept and target in kept and source != target
    )
    return Chain(hosts, links, len({root, *weights}) - len(hosts))


def _counts(evidence: Evidence, among: Collection[Phase]) -> Counts:
    counts: dict[tuple[str, str], int] = {}
    for _, seen in phases(evidence):
        if seen.phase in among:
            hosts = {request.id: host_of(request.url) for request in seen.requests}
            for request in seen.requests:
                pair = (_source(request, hosts), hosts[request.id])
                if all(pair):
                    counts[pair] = counts.get(pair, 0) + 1
    return counts


def _source(request: Request, hosts: Mapping[str, str]) -> str:
    before = hosts.get(request.redirected_from or "")
    return before or host_of(request.cause.url) or host_of(request.frame) or host_of(request.page)


def _standings(things: Iterable[Thing], among: Collection[Phase]) -> dict[str, Standing]:
    """The worst standing of each host in those phases; the site's own have none."""
    return {
        thing.name: max((cell.standing for cell in cells), key=ORDER.index)
        for thing in things
        if thing.sort is Sort.HOST
        and (cells := [cell for cell in thing.cells if cell.phase in among])
    }


def _parents(root: str, counts: Counts) -> dict[str, str]:
    """By whom each host was led to on the shortest way from the page."""
    led: dict[str, list[str]] = {}
    for source, target in sorted(counts):
        led.setdefault(source, []).append(target)
    parents: dict[str, str] = {root: ""}
    waiting = [root]
    for source in waiting:
        for target in led.get(source, ()):
            if target not in parents:
                parents[target] = source
                waiting.append(target)
    for _, target in counts:
        parents.setdefault(target, root)
    return parents


def _weights(root: str, counts: Counts) -> dict[str, int]:
    weights = {root: 0}
    for (_, target), number in counts.items():
        weights[target] = weights.get(target, 0) + number
    return weights


def _kept(root: str, order: Iterable[str], parents: Mapping[str, str], most: int) -> set[str]:
    kept = {root}
    for name in order:
        way = set(_way(name, parents)) - kept
        if len(kept) + len(way) <= most:
            kept |= way
    return kept


def _way(name: str, parents: Mapping[str, str]) -> Iterator[str]:
    while name:
        yield name
        name = parents.get(name, "")


def _layers(root: str, kept: Collection[str], parents: Mapping[str, str]) -> list[list[str]]:
    """The hosts by layers, each below those that stand beside what led to it."""
    layers = [[root]]
    while True:
        before = {name: place for place, name in enumerate(layers[-1])}
        following = [name for name in kept if name != root and parents.get(name) in before]
        if not following:
            return layers
        layers.append(sorted(following, key=lambda name: (before[parents[name]], name)))
