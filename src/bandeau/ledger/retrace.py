"""Rows, tiles and signed checkpoints held against each other: three witnesses of one history.

While they agree, each leaf is hashed into one tree. From the first leaf on at which rows and tiles
differ there are two, until a signed checkpoint decides between them.
"""

from __future__ import annotations

import heapq
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import chain, pairwise

from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Verifier
from bandeau.ledger.commitment import EMPTY_ROOT, HASH_BYTES
from bandeau.ledger.tiles import BETWEEN, HEIGHT, WIDTH
from bandeau.ledger.tree import fold

Find = Callable[[str, int | None, str], None]
ReadTile = Callable[[int, int], bytes | None]


class Growing:
    """A tree that grows at its right edge, with the tile of each level that it fills.

    ``filled`` gathers (level, index, hashes) of every tile that became full, ``between`` its nodes
    (see :class:`bandeau.ledger.tiles.Written`).
    """

    def __init__(self) -> None:
        self.size = 0
        self.filled: list[tuple[int, int, bytes]] = []
        self.between: list[bytes] = []
        self._levels: list[list[list[bytes]]] = []

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaf hashes, at most up to the end of the lowest tile."""
        self.size += len(leaves)
        level = 0
        while leaves:
            if level == len(self._levels):
                self._levels.append(_empty())
            nodes = self._levels[level]
            nodes[0] += leaves
            _join(nodes)
            if not nodes[HEIGHT]:
                return
            self._levels[level] = _empty()
            level += 1
            self.filled.append((level - 1, (self.size >> HEIGHT * level) - 1, b"".join(nodes[0])))
            self.between.append(b"".join(chain.from_iterable(nodes[at] for at in BETWEEN)))
            leaves = nodes[HEIGHT]

    def root(self) -> bytes:
        """The root of all leaves so far."""
        if not self.size:
            return EMPTY_ROOT
        rows = (row for level in reversed(self._levels) for row in reversed(level))
        return fold(row[-1] for row in rows if len(row) & 1)

    def edges(self) -> Iterator[tuple[int, int, bytes]]:
        """The (level, index, hashes) of each partial tile."""
        for level, nodes in enumerate(self._levels):
            if nodes[0]:
                yield level, self.size >> HEIGHT * (level + 1), b"".join(nodes[0])

    def copy(self) -> Growing:
        """A tree that grows on its own from here."""
        twin = Growing()
        twin.size, twin.filled, twin.between = self.size, list(self.filled), list(self.between)
        twin._levels = [[list(row) for row in nodes] for nodes in self._levels]
        return twin


def _empty() -> list[list[bytes]]:
    """The nodes of a tile by their height in it: of none yet."""
    return [[] for _ in range(HEIGHT + 1)]


def _join(nodes: Sequence[list[bytes]]) -> None:
    """Hash what came in pairs, height by height, up to where nothing new is complete."""
    for low, high in pairwise(nodes):
        done, whole = 2 * len(high), len(low) & ~1
        if done == whole:
            return
        pairs = zip(low[done:whole:2], low[done + 1 : whole : 2], strict=True)
        high += [sha256(b"\x01" + left + right).digest() for left, right in pairs]


class Signed:
    """The checkpoints to be met, in the order of their sizes; those kept inside come as a stream.

    ``outside`` is what others hold; ``checked`` counts those from inside that were met; ``next`` is
    the size of the one to be met next.
    """

    def __init__(
        self,
        notes: Iterable[tuple[int, bytes]],
        outside: Iterable[Checkpoint],
        verifier: Verifier,
        find: Find,
    ) -> None:
        self._notes = iter(notes)
        self._verifier = verifier
        self._find = find
        self._waiting = [(each.size, at, each, False) for at, each in enumerate(outside)]
        heapq.heapify(self._waiting)
        self._count = len(self._waiting)
        self._read_to = -1
        self._any = False
        self.checked = 0
        self.next = 0
        self._look_ahead()

    def due(self, size: int) -> Iterator[Checkpoint]:
        """Those for trees of at most ``size`` leaves that have not been met yet."""
        while self.next <= size:
            _, _, checkpoint, inside = heapq.heappop(self._waiting)
            self.checked += inside
            self._look_ahead()
            yield checkpoint

    def rest(self) -> list[tuple[Checkpoint, bool]]:
        """Those that no size has reached, and whether each is kept inside."""
        while self._read_next():
            pass
        if not self._any:
            self._find("checkpoint missing", None, "no signed checkpoint is kept")
        return [(checkpoint, inside) for _, _, checkpoint, inside in sorted(self._waiting)]

    def most(self) -> int:
        """The largest size that a checkpoint kept inside vouches for and that was not met yet."""
        while self._read_next():
            pass
        return max((size for size, _, _, inside in self._waiting if inside), default=0)

    def _look_ahead(self) -> None:
        while not self._waiting or self._read_to < self._waiting[0][0]:
            if not self._read_next():
                break
        self.next = self._waiting[0][0] if self._waiting else 1 << 63

    def _read_next(self) -> bool:
        for size, note in self._notes:
            self._read_to = size
            try:
                checkpoint = self._verifier.open(note)
            except CheckpointError as error:
                self._find("checkpoint edited", None, f"kept for size {size}: {error}")
                return True
            if checkpoint.size != size:
                detail = f"kept for size {size}, it was signed for {checkpoint.size}"
                self._find("checkpoint edited", None, detail)
            self._any = True
            self._count += 1
            heapq.heappush(self._waiting, (checkpoint.size, self._count, checkpoint, True))
            return True
        return False


class Retrace:
    """Follows the log leaf by leaf, as its rows give them, and tells what does not fit.

    ``met`` is called after each checkpoint that was met; ``held`` are the sizes of those that hold.
    """

    def __init__(
        self,
        tiles: Iterable[tuple[int, int]],
        tile: ReadTile,
        between: ReadTile,
        signed: Signed,
        find: Find,
        met: Callable[[], None],
    ) -> None:
        self._unmet = set(tiles)
        self._tile = tile
        self._between = between
        self._signed = signed
        self._find = find
        self._met = met
        self._rows = Growing()
        self._tiles: Growing | None = None
        self._kept: tuple[int, bytes] = (-1, b"")
        self._doubtful: list[int] = []
        self._agreed = 0
        self._forked = False
        self.held = array("q")

    @property
    def size(self) -> int:
        """How many leaves there were so far."""
        return self._rows.size

    def start(self) -> None:
        """Meet the checkpoints of the empty tree."""
        for checkpoint in self._signed.due(0):
            self._meet(checkpoint)

    def kept(self, index: int) -> bytes:
        """The hash that a tile keeps for leaf ``index``; empty where none does."""
        return _slot(self._kept_tile(index // WIDTH), index % WIDTH)

    def _kept_tile(self, index: int) -> bytes:
        if self._kept[0] != index:
            self._kept = (index, self._tile(0, index) or b"")
        return self._kept[1]

    def room(self) -> int:
        """How many leaves can be added in one step: to the next checkpoint or end of a tile."""
        size = self._rows.size
        return min(self._signed.next - size, WIDTH - size % WIDTH)

    def add(self, leaves: Sequence[bytes]) -> None:
        """The next leaf hashes as their rows give them, at most as many as there is room for."""
        rows, start = self._rows, self._rows.size
        kept = self._kept_tile(start // WIDTH)[start % WIDTH * HASH_BYTES :]
        same = kept.startswith(b"".join(leaves))
        if not same and self._tiles is None:
            self._tiles = rows.copy()
        rows.extend(leaves)
        if self._tiles is not None:
            slots = [_slot(kept, at) for at in range(len(leaves))]
            self._doubtful += [start + at for at, leaf in enumerate(leaves) if slots[at] != leaf]
            self._tiles.extend([slot or leaf for slot, leaf in zip(slots, leaves, strict=True)])
        if rows.filled:
            self._compare_filled()
        if self._signed.next <= rows.size:
            for checkpoint in self._signed.due(rows.size):
                self._meet(checkpoint)

    def end(self) -> None:
        """Findings that only the last leaf decides."""
        for level, index, hashes in self._rows.edges():
            self._compare(level, index, [hashes])
        for level, index in sorted(self._unmet):
            self._find("tile unknown", None, f"level {level}, tile {index} is of no record")
        size = self.size
        for checkpoint, inside in self._signed.rest():
            whose = "a signed checkpoint counts" if inside else "a checkpoint from outside counts"
            detail = f"{whose} {checkpoint.size} records, {size} are here"
            self._find("records cut off", size, detail)
        if self._agreed < size and not self._forked:
            self._find("records not signed", self._agreed, "no checkpoint covers them")
        for index in self._doubtful:
            self._find("record and tile differ", index, "and no checkpoint tells which holds")

    def _compare_filled(self) -> None:
        """Full tiles of this step; while rows and tiles are in doubt, either side may be right."""
        sides = [self._rows] if self._tiles is None else [self._rows, self._tiles]
        filled = [zip(side.filled, side.between, strict=True) for side in sides]
        for same in zip(*filled, strict=True):
            level, index, _ = same[0][0]
            self._compare(level, index, [hashes for (_, _, hashes), _ in same])
            nodes = self._between(level, index)
            if nodes and nodes not in [between for _, between in same] and not self._forked:
                detail = f"level {level}, the nodes beside tile {index}"
                self._find("tile edited", index * WIDTH ** (level + 1), detail)
        for side in sides:
            side.filled.clear()
            side.between.clear()

    def _compare(self, level: int, index: int, right: Sequence[bytes]) -> None:
        self._unmet.discard((level, index))
        kept = self._tile(level, index) if level else self._kept_tile(index)
        span = WIDTH**level
        if not kept:
            self._find("tile missing", index * WIDTH * span, f"level {level}, tile {index}")
        elif level and kept not in right and not self._forked:
            place = next((i for i in range(WIDTH) if _slot(kept, i) != _slot(right[0], i)), 0)
            detail = f"level {level}, tile {index}, hash {place}"
            self._find("tile edited", (index * WIDTH + place) * span, detail)
        elif not level and len(kept) != len(right[0]):
            self._find("tile edited", index * WIDTH, f"level 0, tile {index}: {len(kept)} bytes")

    def _meet(self, checkpoint: Checkpoint) -> None:
        """A signed checkpoint decides between rows and tiles since the last one that held."""
        if self._forked:
            return
        if checkpoint.size != self.size:
            return
        if checkpoint.root == self._rows.root():
            for index in self._doubtful:
                self._find("tile edited", index, f"its hash in {_place(index)} is not the record's")
            self.held.append(checkpoint.size)
        elif self._tiles is not None and checkpoint.root == self._tiles.root():
            for index in self._doubtful:
                self._find("record replaced", index, "it is not the one that was signed")
            self._rows = self._tiles
        else:
            self._forked = True
            span = f"{self._agreed} to {checkpoint.size - 1}"
            detail = f"records {span} do not lead to the root signed for size {checkpoint.size}"
            self._find("history does not match its checkpoint", self._agreed, detail)
        self._tiles = None
        self._doubtful, self._agreed = [], checkpoint.size
        self._met()


def _slot(tile: bytes, place: int) -> bytes:
    return tile[place * HASH_BYTES : (place + 1) * HASH_BYTES]


def _place(index: int) -> str:
    return f"level 0, tile {index // WIDTH}, hash {index % WIDTH}"
