"""The tree as C2SP tlog-tiles: files of 256 hashes that never change once full.

The tile at level L and index N holds the hashes of the complete subtrees of 256^L leaves from
N * 256 on. The rightmost tile of a level may be partial.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias, TypeVar

from bandeau.ledger.commitment import HASH_BYTES, pair_hash
from bandeau.ledger.tree import Node, Prover

HEIGHT = 8
WIDTH = 1 << HEIGHT
TILE_BYTES = WIDTH * HASH_BYTES
PAIR_BYTES = 2 * HASH_BYTES
ENTRIES = -1
_HELD = 256
BETWEEN = (2, 4, 6)
"""The heights in a full tile whose nodes are kept beside it: from there any other is one hash."""
BETWEEN_BYTES = sum(TILE_BYTES >> height for height in BETWEEN)
_FOURTH = TILE_BYTES >> 2
_SIXTH = _FOURTH + (TILE_BYTES >> 4)
_PATH = re.compile(
    r"tile/(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/"
    r"(?P<index>(x[0-9]{3}/){0,6}[0-9]{3})(\.p/(?P<width>[1-9][0-9]{0,2}))?",
    re.ASCII,
)
_PROOF = re.compile(r"proof/([1-9][0-9]{0,17})/(0|[1-9][0-9]{0,17})", re.ASCII)
ReadTile = Callable[[int, int], bytes]
Rows: TypeAlias = tuple[bytes, bytes, bytes]
Found = TypeVar("Found", bytes, Rows)


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


def parse_proof(path: str) -> tuple[int, int] | None:
    """The size and index of the proof that ``path`` names, or ``None`` where it names none."""
    found = _PROOF.fullmatch(path)
    return (int(found[1]), int(found[2])) if found else None


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
            written.append(Written(level, index + place, rows[0], _between(rows)))
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
        self._beside: dict[int, dict[int, Rows]] = {}

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

    def prover(self, size: int) -> Prover:
        """What makes proofs for the first ``size`` leaves."""
        return Prover(size, self, self._ways)

    def _ways(self, index: int, size: int) -> list[bytes]:
        """The hashes beside the way of a leaf up through those of its tiles that are full."""
        way: list[bytes] = []
        level, place = 0, index
        while (at := place // WIDTH) < size >> HEIGHT * (level + 1):
            tile = self._tile(level, at)
            if len(tile) != TILE_BYTES:
                break
            inside = place % WIDTH
            for row in (tile, *self._between(level, at, tile)):
                start = (inside ^ 1) * HASH_BYTES
                above = (inside >> 1 ^ 1) * PAIR_BYTES
                # As pair_hash does, without the call: this is most of a proof.
                joined = sha256(b"\x01" + row[above : above + PAIR_BYTES]).digest()
                way += row[start : start + HASH_BYTES], joined
                inside >>= 2
            level, place = level + 1, at
        return way

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
        if len(tile) == TILE_BYTES:
            row = self._between(level, index, tile)[within // 2 - 1]
            start >>= within & ~1
            if within & 1:
                return pair_hash(row[start : start + PAIR_BYTES])
            return row[start : start + HASH_BYTES]
        left = (height - 1, 2 * position)
        right = (height - 1, 2 * position + 1)
        if left in self._known or right in self._known:
            return pair_hash(self(*left) + self(*right))
        return tile_root(tile[start : start + (HASH_BYTES << within)])

    def _between(self, level: int, index: int, tile: bytes) -> Rows:
        """The nodes of a full tile at the heights of ``BETWEEN``; those read last are at hand."""
        held = self._beside.setdefault(level, {})
        rows = held.get(index)
        if rows is None:
            kept = self._read_between(level, index) or _between(tile_rows(tile))
            rows = (kept[:_FOURTH], kept[_FOURTH:_SIXTH], kept[_SIXTH:])
            _hold(held, index, rows)
        return rows

    def _tile(self, level: int, index: int) -> bytes:
        """A tile; the full ones of each level that were read last are at hand."""
        held = self._full.setdefault(level, {})
        tile = held.get(index)
        if tile is None:
            tile = self._read(level, index)
            if len(tile) == TILE_BYTES:
                _hold(held, index, tile)
        return tile


def _hold(held: dict[int, Found], index: int, found: Found) -> None:
    """Keep what was read; where there is no room, the oldest goes."""
    if len(held) >= _HELD:
        del held[next(iter(held))]
    held[index] = found


def _between(rows: Sequence[bytes]) -> bytes:
    """What is kept beside a full tile, of its nodes by height (see :class:`Written`)."""
    return b"".join(rows[height] for height in BETWEEN)


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
