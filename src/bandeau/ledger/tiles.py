"""The tree as C2SP tlog-tiles: files of 256 hashes that never change once full.

The tile at level L and index N holds the hashes of the complete subtrees of 256^L leaves from
N * 256 on. The rightmost tile of a level may be partial.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from bandeau.ledger.commitment import HASH_BYTES, pair_hash
from bandeau.ledger.tree import Node, Prover

HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * HASH_BYTES
PAIR_BYTES = 2 * HASH_BYTES
ENTRIES = -1
_HELD = 32
BETWEEN = (2, 4, 6)
"""The heights in a full tile whose nodes are kept beside it: from there any other is one hash."""
BETWEEN_BYTES = sum(TILE_BYTES >> height for height in BETWEEN)
_STARTS = {end: sum(TILE_BYTES >> at for at in BETWEEN if at < end) for end in BETWEEN}
_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/"
    r"(?P<index>(x[0-9]{3}/){0,6}[0-9]{3})(\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)
ReadTile = Callable[[int, int], bytes]


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile or entry bundle: ``level`` is ``ENTRIES`` for a bundle, ``width`` 1 to 256."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """The name under which it is served."""
        digits = f"{self.index % 1000:03d}"
        rest = self.index // 1000
        while rest:
            digits = f"x{rest % 1000:03d}/{digits}"
            rest //= 1000
        level = "entries" if self.level == ENTRIES else str(self.level)
        return f"tile/{level}/{digits}" + (f".p/{self.width}" if self.width < WIDTH else "")


@dataclass(frozen=True, slots=True)
class Head:
    """The right edge of a tree: its size and the partial tile of each level, lowest first."""

    size: int = 0
    edges: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    """A tile as it stands after an append: full, or partial at the right edge.

    ``between`` are the nodes at the heights of ``BETWEEN``, lowest first, of a full one.
    """

    level: int
    index: int
    hashes: bytes
    between: bytes = b""


def parse_path(path: str) -> Tile | None:
    """The tile that ``path`` names, or ``None`` where it names none in its only spelling."""
    found = _PATH.fullmatch(path)
    if not found:
        return None
    level = ENTRIES if found["level"] == "entries" else int(found["level"])
    tile = Tile(
        level,
        int(found["index"].replace("x", "").replace("/", "")),
        int(found["width"] or WIDTH),
    )
    return tile if tile.path == path else None


def edge_widths(size: int) -> Iterator[tuple[int, int, int]]:
    """The (level, index, width) of every level's last tile; no tile where the width is 0."""
    level = 0
    while size:
        yield level, size // WIDTH, size % WIDTH
        size //= WIDTH
        level += 1


def extend(head: Head, leaves: Sequence[bytes]) -> tuple[Head, list[Written]]:
    """Append leaf hashes: the new head, and every tile that changed, each once."""
    edges = list(head.edges)
    written: list[Written] = []
    fresh, level, before = b"".join(leaves), 0, head.size
    while fresh:
        if level == len(edges):
            edges.append(b"")
        row = edges[level] + fresh
        index, fresh, whole = before // WIDTH, b"", len(row) // TILE_BYTES
        for place in range(whole):
            rows = tile_rows(row[place * TILE_BYTES : (place + 1) * TILE_BYTES])
            between = b"".join(rows[height] for height in BETWEEN)
            written.append(Written(level, index + place, rows[0], between))
            fresh += rows[HEIGHT]
        edges[level] = row[whole * TILE_BYTES :]
        if edges[level]:
            written.append(Written(level, index + whole, edges[level]))
        before //= WIDTH
        level += 1
    return Head(head.size + len(leaves), tuple(edges)), written


def tile_root(hashes: bytes) -> bytes:
    """The root over the hashes of a full tile, or over any power of two of them from two on."""
    return tile_rows(hashes)[-1]


def tile_rows(hashes: bytes) -> list[bytes]:
    """The nodes over a full tile, or over a power of two of hashes, by height, these included."""
    rows = [hashes]
    while len(hashes) > HASH_BYTES:
        pairs = range(0, len(hashes), PAIR_BYTES)
        # As pair_hash does, without the call: a tile has 255 of them.
        hashes = b"".join([sha256(b"\x01" + hashes[at : at + PAIR_BYTES]).digest() for at in pairs])
        rows.append(hashes)
    return rows


class TileNodes:
    """Answers for the nodes of a tree kept as tiles. What is complete never changes: it remembers.

    ``between`` reads the nodes kept beside a full tile (see :class:`Written`), nothing where there
    are none. ``remember`` bounds the nodes kept in memory; the store may live for years.
    """

    def __init__(
        self, read: ReadTile, remember: int = 65_536, between: ReadTile = lambda *_: b""
    ) -> None:
        self._read = read
        self._read_between = between
        self._remember = remember
        self._known: dict[tuple[int, int], bytes] = {}
        self._full: dict[int, dict[int, bytes]] = {}
        self._beside: dict[int, dict[int, bytes]] = {}

    def __call__(self, height: int, position: int) -> bytes:
        """The hash of one complete subtree; raises what ``read`` raises."""
        above = height % HEIGHT
        if not above:
            start = position % WIDTH * HASH_BYTES
            tile = self._tile(height // HEIGHT, position // WIDTH)
            return tile[start : start + HASH_BYTES]
        found = self._known.get((height, position))
        if found is None:
            found = self._inside(height, position)
            if len(self._known) >= self._remember:
                self._known.clear()
            self._known[height, position] = found
        return found

    def _inside(self, height: int, position: int) -> bytes:
        """A node between the levels of the tiles.

        In the tile that grows its halves were mostly asked for before, one of them at least.
        """
        level, within = divmod(height, HEIGHT)
        first = position << within
        index, start = first // WIDTH, first % WIDTH * HASH_BYTES
        tile = self._tile(level, index)
        if within == 1:
            return pair_hash(tile[start : start + PAIR_BYTES])
        kept = self._between(level, index) if len(tile) == TILE_BYTES else b""
        if kept:
            return _kept_node(kept, within, position % (WIDTH >> within))
        left = (height - 1, 2 * position)
        right = (height - 1, 2 * position + 1)
        if left in self._known or right in self._known:
            return pair_hash(self(*left) + self(*right))
        return tile_root(tile[start : start + (HASH_BYTES << within)])

    def _between(self, level: int, index: int) -> bytes:
        """The nodes beside a full tile; those of each level that were read last are at hand."""
        held = self._beside.setdefault(level, {})
        kept = held.get(index)
        if kept is None:
            kept = self._read_between(level, index)
            _hold(held, index, kept)
        return kept

    def _tile(self, level: int, index: int) -> bytes:
        """A tile; the full ones of each level that were read last are at hand."""
        held = self._full.setdefault(level, {})
        tile = held.get(index)
        if tile is None:
            tile = self._read(level, index)
            if len(tile) == TILE_BYTES:
                _hold(held, index, tile)
        return tile


def _hold(held: dict[int, bytes], index: int, data: bytes) -> None:
    """Keep what was read; where there is no room, the oldest goes."""
    if len(held) >= _HELD:
        del held[next(iter(held))]
    held[index] = data


def _kept_node(kept: bytes, within: int, place: int) -> bytes:
    """The node at a height in a full tile, from those kept beside it."""
    start = _STARTS[within & ~1]
    if within & 1:
        start += place * PAIR_BYTES
        return pair_hash(kept[start : start + PAIR_BYTES])
    start += place * HASH_BYTES
    return kept[start : start + HASH_BYTES]


def tiles_for(size: int, visit: Callable[[Node], object]) -> list[Tile]:
    """The tiles of the tree of ``size`` that answer for every node that ``visit`` asks for."""
    wanted: dict[tuple[int, int], None] = {}

    def note(height: int, position: int) -> bytes:
        level, above = divmod(height, HEIGHT)
        wanted[level, (position << above) // WIDTH] = None
        return b""

    visit(note)
    widths = {(level, at): width for level, at, width in edge_widths(size)}
    return [Tile(level, at, widths.get((level, at), WIDTH)) for level, at in wanted]


def inclusion_tiles(index: int, size: int) -> list[Tile]:
    """The tiles that a client reads to prove leaf ``index`` in the tree of ``size``."""
    return tiles_for(size, lambda node: Prover(size, node).inclusion(index))


def tiles_since(former: int, size: int) -> Iterator[Tile]:
    """Every tile and entry bundle that the tree of ``size`` has and that of ``former`` lacks.

    Full ones come once in the life of a log, partial ones at each size.
    """
    level, before, after = 0, former, size
    while after:
        for index in range(before // WIDTH, -(-after // WIDTH)):
            width = min(WIDTH, after - index * WIDTH)
            if index * WIDTH + width > before:
                yield Tile(level, index, width)
                if not level:
                    yield Tile(ENTRIES, index, width)
        level, before, after = level + 1, before // WIDTH, after // WIDTH
