"""What a report draws: time lines, who loaded whom, and notices outlined in their pictures."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bandeau.audit.evidence import Device, Kind, Phase, Seen
from bandeau.audit.loading import Chain
from bandeau.audit.matrix import Sort, Standing, Thing, host_of
from bandeau.audit.shown import Box, Notice

WIDTH, LANE, LABEL = 960, 26, 150
_PLACES, _MARGIN = 240, 24
_PNG = b"\x89PNG\r\n\x1a\n"
_WINDOWS = {Device.DESKTOP: 1280, Device.PHONE: 390}
"""How wide the window was, in the CSS pixels in which a notice is measured."""
_COLUMN, _ROW, _NODE = 230, 34, 190
LANES = ("Own requests", "Other hosts", "Cookies, storage", "Reads by script")
Standings = Mapping[tuple[Sort, str, int, Phase, str | None], Standing]


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, at ``x`` in lane ``y``; ``times`` of them stand in one place."""

    x: float
    y: float
    standing: Standing
    times: int


@dataclass(frozen=True, slots=True)
class Moment:
    """A page opened or a click, as a line from top to bottom."""

    x: float
    label: str
    click: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """One state in its seconds; lengths in the units of the drawing."""

    marks: tuple[Mark, ...]
    moments: tuple[Moment, ...]
    ticks: tuple[tuple[float, str], ...]
    height: int


@dataclass(frozen=True, slots=True)
class Node:
    """A host as a box."""

    x: float
    y: float
    name: str
    requests: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class Graph:
    """Boxes, and the paths between them."""

    nodes: tuple[Node, ...]
    paths: tuple[str, ...]
    width: float
    height: float
    more: int


@dataclass(frozen=True, slots=True)
class Outline:
    """A rectangle over a picture, in its pixels, with what it is."""

    box: Box
    label: str
    kind: str


def standings_of(things: Iterable[Thing]) -> Standings:
    """Whether each thing was allowed where it was seen."""
    return {
        (thing.sort, thing.name, cell.run, cell.phase, cell.purpose): cell.standing
        for thing in things
        for cell in thing.cells
    }


def timeline(run: int, seen: Seen, standings: Standings) -> Timeline:
    """What happened in one state, second by second."""
    length = max(seen.ended - seen.began, 0.001)

    def across(at: float) -> float:
        share = min(max((at - seen.began) / length, 0), 1)
        return LABEL + share * (WIDTH - LABEL - _MARGIN)

    found: dict[tuple[int, int, Standing], int] = {}
    for at, lane, standing, times in _events(run, seen, standings):
        place = round((across(at) - LABEL) / (WIDTH - LABEL) * _PLACES)
        found[place, lane, standing] = found.get((place, lane, standing), 0) + times
    marks = tuple(
        Mark(round(LABEL + place * (WIDTH - LABEL) / _PLACES, 1), _middle(lane), standing, times)
        for (place, lane, standing), times in sorted(found.items())
    )
    ticks = tuple((across(at), f"{at - seen.began:g} s") for at in _ticks(seen.began, seen.ended))
    moments = tuple(Moment(across(at), label, click) for at, label, click in _moments(seen))
    return Timeline(marks, moments, ticks, len(LANES) * LANE)


def _middle(lane: int) -> float:
    return lane * LANE + LANE / 2


def _events(
    run: int, seen: Seen, standings: Standings
) -> Iterator[tuple[float, int, Standing, int]]:
    state = (run, seen.phase, seen.purpose)
    for request in seen.requests:
        standing = standings.get((Sort.HOST, host_of(request.url), *state))
        yield request.at, int(standing is not None), standing or Standing.ALLOWED, 1
    for write in seen.writes:
        sort = Sort.COOKIE if write.kind is Kind.COOKIE else Sort.STORAGE
        standing = standings.get((sort, write.name, *state), Standing.UNKNOWN)
        yield write.at, 2, standing, 1
    for read in seen.reads:
        yield read.at, 3, Standing.UNKNOWN, read.times


def _moments(seen: Seen) -> Iterator[tuple[float, str, bool]]:
    if seen.choosing:
        yield seen.choosing.at, seen.choosing.action.replace("_", " "), True
    for visit in seen.visits:
        yield visit.at, "page", False


def _ticks(began: float, ended: float) -> Iterator[float]:
    length = ended - began
    step = next((each for each in (1, 2, 5, 10, 30, 60, 300) if length / each <= 12), 3_600)
    yield from (began + number * step for number in range(min(int(length // step) + 1, 13)))


def graph(loaded: Chain) -> Graph:
    """Who loaded whom, from left to right."""
    places = {host.name: (host.layer * _COLUMN, host.row * _ROW) for host in loaded.hosts}
    nodes = tuple(
        Node(*places[host.name], host.name, host.requests, host.standing) for host in loaded.hosts
    )
    layers = {host.name: host.layer for host in loaded.hosts}
    paths = tuple(
        _path(places[link.source], places[link.target])
        for link in loaded.links
        if layers[link.target] > layers[link.source]
    )
    width = max((node.x for node in nodes), default=0) + _NODE
    height = max((node.y for node in nodes), default=0) + _ROW
    return Graph(nodes, paths, width, height, loaded.more)


def _path(source: tuple[float, float], target: tuple[float, float]) -> str:
    x, y = source[0] + _NODE, source[1] + _ROW / 2 - 3
    to_x, to_y = target[0], target[1] + _ROW / 2 - 3
    bend = (to_x - x) / 2
    return f"M{x} {y}C{x + bend} {y} {to_x - bend} {to_y} {to_x} {to_y}"


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG in pixels; ``None`` for anything else."""
    if not data.startswith(_PNG) or data[12:16] != b"IHDR" or len(data) < 24:
        return None
    width, height = struct.unpack(">II", data[16:24])
    return (width, height) if 0 < width <= 20_000 and 0 < height <= 100_000 else None


def outlines(notice: Notice, device: Device, width: int) -> tuple[Outline, ...]:
    """The notice and its controls in a picture ``width`` pixels wide."""
    scale = width / _WINDOWS[device]
    controls = (
        Outline(_scaled(each.box, scale), f"{each.role.value}: {each.label}", each.role.value)
        for each in notice.controls
    )
    return (Outline(_scaled(notice.box, scale), "the notice", "notice"), *controls)


def _scaled(box: Box, scale: float) -> Box:
    return Box(box.x * scale, box.y * scale, box.width * scale, box.height * scale)
