"""Two checkpoints of one log: whether they tell one history, shown from what the log publishes.

A log that tells two visitors two histories signs two roots for one size, or two sizes of which
neither begins the other; both checkpoints together prove it, whatever the log says then.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from bandeau.ledger.checkpoint import Checkpoint
from bandeau.ledger.commitment import HASH_BYTES
from bandeau.ledger.tiles import WIDTH, Tile, TileNodes, edge_widths, tiles_for
from bandeau.ledger.tree import Node, ProofError, Prover

Read = Callable[[str], bytes]
"""Reads what a log publishes, by its path (C2SP tlog-tiles)."""


class View(StrEnum):
    """What two checkpoints show."""

    SAME = "same"
    CONTINUED = "continued"
    SPLIT = "split"
    UNSHOWN = "unshown"


@dataclass(frozen=True, slots=True)
class Compared:
    """Whether two checkpoints tell one history, and why."""

    view: View
    reason: str


class PublishedLog:
    """The tree of ``size`` leaves, read from tiles; nothing of them is trusted.

    ``published`` is the size of the tree whose tiles there are, at least as large: partial tiles
    are named by it.
    Every method raises :class:`ProofError` for a tile of another length, and what ``read`` raises.
    """

    def __init__(self, size: int, read: Read, published: int | None = None) -> None:
        self.size = size
        self._read = read
        self._published = size if published is None else published
        edges = edge_widths(self._published)
        self._widths = {(level, at): width for level, at, width in edges}
        self._nodes = TileNodes(self._tile)

    def needed(self, former: int) -> list[str]:
        """The paths of the tiles that :meth:`root` and :meth:`root_of` of ``former`` read."""

        def visit(node: Node) -> None:
            Prover(self.size, node).root()
            Prover(former, node).root()
            if former:
                Prover(self.size, node).consistency(former)

        return [tile.path for tile in tiles_for(self._published, visit)] if self.size else []

    def root(self) -> bytes:
        """The root that the tiles lead to."""
        return self.root_of(self.size)

    def root_of(self, former: int) -> bytes:
        """The root of the first ``former`` leaves."""
        return Prover(former, self._nodes).root()

    def consistency(self, former: int) -> tuple[bytes, ...]:
        """The proof that the first ``former`` leaves begin this tree; none from the empty one."""
        return Prover(self.size, self._nodes).consistency(former) if former else ()

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """The proof that leaf ``index`` is in this tree; raises ``ValueError`` if it is not."""
        return self._nodes.prover(self.size).inclusion(index)

    def _tile(self, level: int, index: int) -> bytes:
        tile = Tile(level, index, self._widths.get((level, index), WIDTH))
        data = self._read(tile.path)
        if len(data) != tile.width * HASH_BYTES:
            raise ProofError(f"{tile.path} has {len(data)} bytes")
        return data


def compare(
    first: Checkpoint, second: Checkpoint, read: Read | None, published: int | None = None
) -> Compared:
    """Whether two checkpoints, both signed by one log, tell one history.

    Where their sizes differ the log's tiles must lead from one to the other; without ``read`` that
    stays open, as it does where the tiles are not those of the later checkpoint. ``published`` is
    the size of the tree that ``read`` has the tiles of. Raises what ``read`` raises, and
    :class:`ProofError` for tiles of another length.
    """
    former, later = sorted((first, second), key=lambda each: each.size)
    if former.size == later.size:
        if former.root == later.root:
            return Compared(View.SAME, f"both have one root for {later.size} records")
        return Compared(View.SPLIT, f"the log signed two roots for {later.size} records")
    if read is None:
        return Compared(View.UNSHOWN, "the log's tiles are needed to compare two sizes")
    if published is not None and published < later.size:
        return Compared(View.UNSHOWN, f"only {published} records are published")
    return _by_tiles(former, later, PublishedLog(later.size, read, published))


def _by_tiles(former: Checkpoint, later: Checkpoint, log: PublishedLog) -> Compared:
    if log.root() != later.root:
        return Compared(View.UNSHOWN, f"the tiles do not lead to the signed {later.size} records")
    sizes = _sizes(former, later)
    if log.root_of(former.size) != former.root:
        return Compared(View.SPLIT, f"the log signed two histories: {sizes} begin otherwise")
    return Compared(View.CONTINUED, f"{sizes} begin alike")


def _sizes(former: Checkpoint, later: Checkpoint) -> str:
    return f"the {former.size} records of one and the {later.size} of the other"
