"""Tiles and their names, as C2SP tlog-tiles has them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandeau.ledger.commitment import leaf_hash
from bandeau.ledger.tiles import (
    ENTRIES,
    Head,
    Tile,
    TileNodes,
    edge_widths,
    extend,
    inclusion_tiles,
    parse_path,
)
from bandeau.ledger.tree import Frontier, Prover, verify_inclusion


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(2, 5, 17), "tile/2/005.p/17"),
        (Tile(ENTRIES, 1000, 1), "tile/entries/x001/000.p/1"),
        (Tile(63, 999), "tile/63/999"),
    ],
)
def test_paths_of_the_specification(tile, path):
    assert tile.path == path
    assert parse_path(path) == tile


@pytest.mark.parametrize(
    "path",
    ["", "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/x000/001", "tile/0/001/002",
     "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000/", "/tile/0/000",
     "tile/0/000\n", "tile/-1/000", "tile/0/../000", "tile/0/٠٠٠", "tile/entry/000"],
)  # fmt: skip
def test_other_spellings_name_nothing(path):
    assert parse_path(path) is None


def test_the_example_of_the_specification():
    # A tree of 70 000 has a partial tile of width 112, 17 and 1 at levels 0, 1 and 2.
    assert list(edge_widths(70_000)) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(edge_widths(256)) == [(0, 1, 0), (1, 0, 1)]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_any_batches_make_the_same_tiles(batches):
    leaves = [leaf_hash(n.to_bytes(4)) for n in range(sum(batches))]
    whole = {(t.level, t.index): t.hashes for t in extend(Head(), leaves)[1]}
    head, tiles, at = Head(), {}, 0
    for count in batches:
        head, written = extend(head, leaves[at : at + count])
        assert len({(t.level, t.index) for t in written}) == len(written)
        tiles |= {(t.level, t.index): t.hashes for t in written}
        at += count
    assert tiles == whole
    assert [len(edge) // 32 for edge in head.edges] == [w for _, _, w in edge_widths(head.size)]
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    prover = Prover(at, TileNodes(lambda level, index: tiles[level, index]))
    assert prover.root() == frontier.root()
    for index in {0, at // 2, at - 1}:
        needed = {(t.level, t.index): t for t in inclusion_tiles(index, at)}
        small = TileNodes(
            lambda level, n, needed=needed: tiles[level, n][: needed[level, n].width * 32]
        )
        proof = Prover(at, small).inclusion(index)
        verify_inclusion(leaves[index], index, at, proof, frontier.root())


def test_a_log_of_many_levels_appends_without_reading_old_leaves():
    head, reads = Head(), []
    tiles = {}
    for start in range(0, 70_000, 1000):
        head, written = extend(head, [leaf_hash(n.to_bytes(4)) for n in range(start, start + 1000)])
        assert len(written) <= 8
        tiles |= {(t.level, t.index): t.hashes for t in written}

    def read(level, index):
        reads.append((level, index))
        return tiles[level, index]

    nodes = TileNodes(read)
    Prover(70_000, nodes).inclusion(69_999)
    assert len(set(reads)) <= 8
    reads.clear()
    Prover(70_000, nodes).inclusion(69_998)
    assert len(reads) <= 20


def test_nodes_beside_a_full_tile_are_those_that_its_hashes_lead_to():
    leaves = [leaf_hash(n.to_bytes(4)) for n in range(2 * 256)]
    written = {(t.level, t.index): t for t in extend(Head(), leaves)[1]}

    def read(level, index):
        return written[level, index].hashes

    plain = TileNodes(read)
    kept = TileNodes(read, between=lambda level, index: written[level, index].between)
    for height in range(9):
        for position in range(512 >> height):
            assert kept(height, position) == plain(height, position)


def test_a_proof_by_whole_tiles_is_the_one_made_node_by_node():
    leaves = [leaf_hash(n.to_bytes(4)) for n in range(66_000)]
    written = {(t.level, t.index): t for t in extend(Head(), leaves)[1]}
    nodes = TileNodes(
        lambda level, index: written[level, index].hashes,
        between=lambda level, index: written[level, index].between,
    )
    for size in (1, 255, 256, 257, 65_535, 65_536, 65_537, 66_000):
        for index in {0, 1, 254, 255, 256, 65_279, 65_280, 65_535, 65_999, size - 1}:
            if index < size:
                plain = Prover(size, nodes).inclusion(index)
                assert nodes.prover(size).inclusion(index) == plain
                verify_inclusion(leaves[index], index, size, plain, Prover(size, nodes).root())


def test_memory_of_nodes_is_bounded():
    tiles = {(t.level, t.index): t.hashes for t in extend(Head(), [bytes(32)] * 256)[1]}
    nodes = TileNodes(lambda level, index: tiles[level, index], remember=10)
    assert nodes(7, 1) == nodes(7, 1)
    assert len(nodes._known) <= 10
