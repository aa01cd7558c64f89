"""The Merkle tree of RFC 9162 (SHA-256), its proofs, and how they are verified. All pure.

A *node* is the complete subtree of 2^height leaves at a position of that height; whoever stores
the tree answers for nodes, and everything else is derived from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from hashlib import sha256

from bandeau.ledger.commitment import EMPTY_ROOT, node_hash

Node = Callable[[int, int], bytes]
Ways = Callable[[int, int], list[bytes]]
"""The hashes that a leaf is joined with on its way up in a tree of a size, as far as at hand."""
Range = tuple[int, int]


class ProofError(ValueError):
    """A proof that does not show what it claims. The message says why."""


class Prover:
    """Makes proofs for the first ``size`` leaves; ``node(height, position)`` reads the tree.

    ``ways(index, size)`` may give the beginning of an inclusion proof at once, up to a height at
    which the way has met complete subtrees only.
    """

    def __init__(self, size: int, node: Node, ways: Ways = lambda *_: []) -> None:
        self.size = size
        self._node = node
        self._ways = ways

    def root(self) -> bytes:
        """The root hash; that of no leaves is SHA-256 of nothing."""
        return self._edges[-1] if self.size else EMPTY_ROOT

    def inclusion(self, index: int) -> tuple[bytes, ...]:
        """The inclusion proof of leaf ``index`` (RFC 9162, 2.1.3.1); raises ``ValueError``."""
        if not 0 <= index < self.size:
            raise ValueError(f"no leaf {index} in a tree of {self.size}")
        way = self._ways(index, self.size)
        for height in range(len(way), (self.size - 1).bit_length()):
            way += self._beside(height, index >> height)
        return tuple(way)

    def inclusions(self, start: int, end: int) -> list[tuple[bytes, ...]]:
        """The inclusion proofs of leaves ``start`` to before ``end``, which share most of it.

        Raises ``ValueError``.
        """
        if not 0 <= start < end <= self.size:
            raise ValueError(f"no leaves {start} to {end} in a tree of {self.size}")
        ways: list[tuple[bytes, ...]] = [()]
        for height in reversed(range((self.size - 1).bit_length())):
            first, last = start >> height, end - 1 >> height
            places = range(first, last + 1)
            ways = [self._beside(height, at) + ways[(at >> 1) - (first >> 1)] for at in places]
        return ways

    def consistency(self, former: int) -> tuple[bytes, ...]:
        """The proof that the first ``former`` leaves are unchanged (RFC 9162, 2.1.4.1).

        ``former`` is between 1 and the size; raises ``ValueError``.
        """
        return tuple(self._hash(part) for part in consistency_ranges(former, self.size))

    def _beside(self, height: int, position: int) -> tuple[bytes, ...]:
        """The hash that a node is joined with on its way up, if it is."""
        end, sibling = self.size - 1 >> height, position ^ 1
        if sibling < end:
            return (self._node(height, sibling),)
        return (self._edges[height],) if sibling == end else ()

    def _hash(self, part: Range) -> bytes:
        return fold(self._node(*at) for at in subtrees(*part))

    @cached_property
    def _edges(self) -> list[bytes]:
        """The hash over the last node of each height, which may be incomplete, up to the root."""
        last = self.size - 1
        edges = [self._node(0, last)]
        for height in range(last.bit_length()):
            lone = not last >> height & 1
            left = b"" if lone else self._node(height, (last >> height) - 1)
            edges.append(edges[-1] if lone else node_hash(left, edges[-1]))
        return edges


class Frontier:
    """The root of a growing tree, from the few complete subtrees that it consists of."""

    def __init__(self) -> None:
        self.size = 0
        self._hashes: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        size = self.size
        while size & 1:
            leaf = node_hash(self._hashes.pop(), leaf)
            size >>= 1
        self._hashes.append(leaf)
        self.size += 1

    @classmethod
    def of(cls, size: int, node: Node) -> Frontier:
        """That of the first ``size`` leaves of a tree; raises what ``node`` raises."""
        found = cls()
        found.size = size
        found._hashes = [node(*at) for at in subtrees(0, size)]
        return found

    def extend(self, leaves: Sequence[bytes]) -> list[tuple[bytes, ...]]:
        """Add leaf hashes; gives the inclusion proof of each in the tree that has them all."""
        if not leaves:
            return []
        start, end = self.size, self.size + len(leaves) - 1
        self.size += len(leaves)
        row, edge = list(leaves), leaves[-1]
        levels: list[tuple[int, int, list[bytes]]] = []
        kept: list[bytes] = []
        while start != end:
            if start & 1:
                row.insert(0, self._hashes.pop())
            beside = [*row[: end - (start & ~1)], edge]
            levels.append((start, end, beside))
            if len(row) & 1:
                kept.append(row[-1])
            if end & 1:
                edge = node_hash(beside[-2], edge)
            # As node_hash does, without the call: most of a batch's hashes are these.
            pairs = zip(row[::2], row[1::2], strict=False)
            row = [sha256(b"\x01" + left + right).digest() for left, right in pairs]
            start, end = start >> 1, end >> 1
        upper = self._climb(start, edge, kept, complete=bool(row))
        self._hashes += reversed(kept)
        return _proofs(levels, upper)

    def _climb(
        self, place: int, edge: bytes, kept: list[bytes], *, complete: bool
    ) -> tuple[bytes, ...]:
        """The rest of the way up from one node, the last of its height, that holds all new leaves.

        What stays of the frontier is added to ``kept``, lowest first.
        """
        way: list[bytes] = []
        while place:
            if place & 1:
                left = self._hashes.pop()
                way.append(left)
                edge = node_hash(left, edge) if complete else b""
                if not complete:
                    kept.append(left)
            elif complete:
                kept.append(edge)
                complete = False
            place >>= 1
        if complete:
            kept.append(edge)
        return tuple(way)

    def root(self) -> bytes:
        """The root of all leaves so far."""
        return fold(self._hashes) if self._hashes else EMPTY_ROOT

    def copy(self) -> Frontier:
        """A frontier that grows on its own from here."""
        twin = Frontier()
        twin.size, twin._hashes = self.size, list(self._hashes)
        return twin


def _proofs(
    levels: Sequence[tuple[int, int, list[bytes]]], upper: tuple[bytes, ...]
) -> list[tuple[bytes, ...]]:
    """Proofs of new leaves, of which ``upper`` is where they go one way.

    ``levels`` are, lowest first, the first and last new position and the hashes from the even one
    at or before the first on.
    """
    ways = [upper]
    for start, end, hashes in reversed(levels):
        base, above = start & ~1, start >> 1
        joined = range(start, end + (end & 1))
        over = ways
        ways = [(hashes[(at ^ 1) - base], *over[(at >> 1) - above]) for at in joined]
        if not end & 1:
            ways.append(over[-1])
    return ways


def consistency_ranges(former: int, size: int) -> list[Range]:
    """The ranges of leaves whose hashes lead from the tree of ``former`` leaves to this one."""
    if not 0 < former <= size:
        raise ValueError(f"no proof from a tree of {former} to one of {size}")
    start, end = 0, size
    ranges: list[Range] = []
    while end != former:
        middle = start + _split(end - start)
        if former <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:
        ranges.append((start, end))
    return ranges[::-1]


def subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The (height, position) of the complete subtrees that leaves ``start`` to ``end`` consist of.

    ``start`` must be a multiple of the largest power of two that the range holds.
    """
    while start < end:
        height = (end - start).bit_length() - 1
        yield height, start >> height
        start += 1 << height


def fold(hashes: Iterable[bytes]) -> bytes:
    """The root over complete subtrees of falling size; at least one."""
    parts = list(hashes)
    total = parts.pop()
    while parts:
        total = node_hash(parts.pop(), total)
    return total


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that ``leaf`` (a leaf hash) is at ``index`` under ``root`` (RFC 9162, 2.1.3.2).

    Raises :class:`ProofError`.
    """
    if not 0 <= index < size:
        raise ProofError(f"the tree of {size} has no leaf {index}")
    node, last, total = index, size - 1, leaf
    for part in proof:
        if not last:
            raise ProofError("the proof is too long")
        if node & 1 or node == last:
            total = node_hash(part, total)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            total = node_hash(total, part)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    if total != root:
        raise ProofError("the proof leads to another root")


def verify_consistency(
    former: int, size: int, former_root: bytes, root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of ``former`` leaves is the beginning of that of ``size`` (2.1.4.2).

    Raises :class:`ProofError`.
    """
    if not 0 < former <= size:
        raise ProofError(f"a tree of {former} cannot begin one of {size}")
    if former == size:
        if proof or former_root != root:
            raise ProofError("two trees of one size differ")
        return
    path = list(proof)
    if former & (former - 1) == 0:
        path.insert(0, former_root)
    if not path:
        raise ProofError("the proof is too short")
    before, after = _walk(former - 1, size - 1, path)
    if before != former_root:
        raise ProofError("the proof leads to another former root")
    if after != root:
        raise ProofError("the proof leads to another root")


def _walk(node: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    while node & 1:
        node, last = node >> 1, last >> 1
    before = after = path[0]
    for part in path[1:]:
        if not last:
            raise ProofError("the proof is too long")
        if node & 1 or node == last:
            before, after = node_hash(part, before), node_hash(part, after)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            after = node_hash(after, part)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofError("the proof is too short")
    return before, after


def _split(count: int) -> int:
    """The largest power of two below ``count``, which is at least 2."""
    return 1 << (count - 1).bit_length() - 1
