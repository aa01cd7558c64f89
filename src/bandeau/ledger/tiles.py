"""The tree as C2SP tlog-tiles: files of 256 hashes that never change once full.

The tile at level L and index N holds the hashes of the complete subtrees of 256^L leaves from
N * 256 on. The rightmost tile of a level may be partial.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bandeau.ledger.commitment import HASH_BYTES, pair_hash
from bandeau.ledger.tree import Node, Prover

HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * HASH_BYTES
ENTRIES = -1
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
    """A tile as it stands after an append: full, or partial at the right edge."""

    level: int
    index: int
    hashes: bytes


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
            tile = row[place * TILE_BYTES : (place + 1) * TILE_BYTES]
            written.append(Written(level, index + place, tile))
            fresh += tile_root(tile)
        edges[level] = row[whole * TILE_BYTES :]
        if edges[level]:
            written.append(Written(level, index + whole, edges[level]))
        before //= WIDTH
        level += 1
    return Head(head.size + len(leaves), tuple(edges)), written


def tile_root(hashes: bytes) -> bytes:
    """The root over the hashes of a full tile, or over any power of two of them from two on."""
    while len(hashes) > HASH_BYTES:
        pairs = range(0, len(hashes), 2 * HASH_BYTES)
        hashes = b"".join([pair_hash(hashes[at : at + 2 * HASH_BYTES]) for at in pairs])
    return hashes


class TileNodes:
    """Answers for the nodes of a tree kept as tiles. What is complete never changes: it remembers.

    ``remember`` bounds the nodes kept in memory; the store may live for years.
    """

    def __init__(self, read: ReadTile, remember: int = 65_536) -> None:
        self._read = read
        self._remember = remember
        self._known: dict[tuple[int, int], bytes] = {}
        self._full: dict[int, tuple[int, bytes]] = {}

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

        In the tile that grows its halves will be asked for too, so they are remembered; in one of
        long ago they will not.
        """
        level, within = divmod(height, HEIGHT)
        first = position << within
        tile = self._tile(level, first // WIDTH)
        if within > 1 and (len(tile) < TILE_BYTES or (height - 1, 2 * position + 1) in self._known):
            return pair_hash(self(height - 1, 2 * position) + self(height - 1, 2 * position + 1))
        start = first % WIDTH * HASH_BYTES
        hashes = tile[start : start + (HASH_BYTES << within)]
        return tile_root(hashes) if within > 1 else pair_hash(hashes)

    def _tile(self, level: int, index: int) -> bytes:
        """A tile; the full one of each level that was read last is at hand."""
        at, tile = self._full.get(level, (-1, b""))
        if at == index:
            return tile
        tile = self._read(level, index)
        if len(tile) == TILE_BYTES:
            self._full[level] = index, tile
        return tile


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
