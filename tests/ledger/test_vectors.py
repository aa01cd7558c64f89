"""Vectors and verifiers that are not ours: Go's sumdb, certificate transparency, tlog-scales.

The roots and proofs are those that certificate transparency implementations share; they are over
the leaves in ``LEAVES``.
"""

import hashlib
import random

import pytest
from tlog_scales import tlog as other

from bandeau.ledger.checkpoint import CheckpointError, Verifier, split_note
from bandeau.ledger.commitment import EMPTY_ROOT, leaf_hash, node_hash
from bandeau.ledger.retrace import Growing
from bandeau.ledger.tiles import Head, Tile, TileNodes, extend, parse_path
from bandeau.ledger.tree import (
    Frontier,
    ProofError,
    Prover,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [
    bytes.fromhex(each)
    for each in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
SIGNED = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"
    "KE6RyyBwJnAM=\n"
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33W"
    "Wd1RvMc+QQ=\n"
)


def prover(leaves):
    hashes = [leaf_hash(each) for each in leaves]

    def node(height, position):
        level = hashes
        for _ in range(height):
            level = [node_hash(*level[at : at + 2]) for at in range(0, len(level) - 1, 2)]
        return level[position]

    return Prover(len(leaves), node)


def test_roots_of_the_known_leaves():
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    tree, growing = Frontier(), Growing()
    for leaf, root in zip(LEAVES, ROOTS, strict=True):
        tree.append(leaf_hash(leaf))
        growing.extend([leaf_hash(leaf)])
        assert tree.root().hex() == growing.root().hex() == root


@pytest.mark.parametrize("at", INCLUSION)
def test_known_inclusion_proofs(at):
    index, size = at
    proof = prover(LEAVES[:size]).inclusion(index)
    assert [part.hex() for part in proof] == INCLUSION[at]
    root = bytes.fromhex(ROOTS[size - 1])
    verify_inclusion(leaf_hash(LEAVES[index]), index, size, proof, root)


@pytest.mark.parametrize("at", CONSISTENCY)
def test_known_consistency_proofs(at):
    former, size = at
    proof = prover(LEAVES[:size]).consistency(former)
    assert [part.hex() for part in proof] == CONSISTENCY[at]
    roots = [bytes.fromhex(ROOTS[each - 1]) for each in at]
    verify_consistency(former, size, *roots, proof)


@pytest.mark.slow
def test_another_implementation_accepts_our_proofs_and_no_changed_one():
    drawn = random.Random(9162)
    for _ in range(300):
        size = drawn.randint(1, 400)
        leaves = [b"leaf %d" % n for n in range(size)]
        made, index = prover(leaves), drawn.randrange(size)
        former = drawn.randint(1, size)
        roots = [prover(leaves[:former]).root(), made.root()]
        inclusion = other.InclusionProof(index, size, list(made.inclusion(index)))
        inclusion.check(leaf_hash(leaves[index]), roots[1])
        path = list(made.consistency(former))
        other.ConsistencyProof(former, size, path).check(*roots)
        if path:
            at = drawn.randrange(len(path))
            path[at] = bytes([path[at][0] ^ 1]) + path[at][1:]
            with pytest.raises(ProofError):
                verify_consistency(former, size, *roots, path)


def test_the_growing_tree_makes_the_tiles_that_the_log_serves():
    tree, head, filled, written = Growing(), Head(), {}, {}
    for start in range(0, 66_100, 100):
        leaves = [hashlib.sha256(b"%d" % (start + n)).digest() for n in range(100)]
        room = 256 - tree.size % 256
        for part in (leaves[:room], leaves[room:]):
            tree.extend(part)
        head, tiles = extend(head, leaves)
        written |= {(tile.level, tile.index): tile.hashes for tile in tiles}
    filled = {(level, index): tile for level, index, tile in tree.filled}
    filled |= {(level, index): tile for level, index, tile in tree.edges()}
    assert filled == written
    assert (1, 0) in filled

    def node(height, position):
        return tile_node(filled, height, position)

    assert tree.root() == tree.copy().root() == Prover(tree.size, node).root()


def tile_node(tiles, height, position):
    return TileNodes(lambda level, index: tiles[level, index])(height, position)


def test_notes_signed_by_go_are_read():
    text, signatures = split_note((TEXT + "\n" + SIGNED).encode())
    assert text == TEXT
    assert [name for name, _ in signatures] == ["PeterNeumann", "EnochRoot"]
    for vkey in (PETER, ENOCH):
        # Its signature holds; it is only no checkpoint that was signed.
        with pytest.raises(CheckpointError, match="size"):
            Verifier(vkey).open((TEXT + "\n" + SIGNED).encode())
    with pytest.raises(CheckpointError, match="does not fit"):
        Verifier(PETER).open((TEXT.replace("think", "thank") + "\n" + SIGNED).encode())


def test_manglings_that_go_refuses_are_refused():
    mangled = [PETER[:end] for end in range(len(PETER))]
    mangled += [PETER[start:] for start in range(1, len(PETER))]
    mangled += [PETER[:at] + chr(ord(PETER[at]) + 1) + PETER[at + 1 :] for at in range(len(PETER))]
    mangled += [
        "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY==",
        "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    ]
    for vkey in mangled:
        with pytest.raises(CheckpointError):
            Verifier(vkey)
    peter = SIGNED.splitlines(keepends=True)[0]
    for note in (
        TEXT,
        TEXT + "\n",
        TEXT + "\n" + peter[:-1],
        "\x01" + TEXT + "\n" + peter,
        TEXT + "\n" + "— Bad Name " + peter.split(" ")[2][:-1],
        TEXT + "\n" + peter + "Unexpected line.\n",
        TEXT + "\n" + peter * 101,
    ):
        with pytest.raises(CheckpointError):
            Verifier(PETER).open(note.encode())


@pytest.mark.parametrize(
    ("path", "tile"),
    [
        ("tile/0/001", Tile(0, 1)),
        ("tile/0/001.p/5", Tile(0, 1, 5)),
        ("tile/5/x123/x456/078", Tile(5, 123_456_078)),
        ("tile/5/x123/x456/078.p/2", Tile(5, 123_456_078, 2)),
        ("tile/0/x003/x057/500", Tile(0, 3_057_500)),
        ("tile/5/123/456/078", None),
        ("tile/-1/x123/x456/078", None),
    ],
)
def test_paths_of_tiles_as_go_spells_them(path, tile):
    assert parse_path(path) == tile
    assert tile is None or tile.path == path


def test_no_changed_byte_of_a_proof_is_accepted():
    for former, size in CONSISTENCY:
        roots = [bytes.fromhex(ROOTS[each - 1]) for each in (former, size)]
        proof = prover(LEAVES[:size]).consistency(former)
        for changed in altered([*roots, *proof]):
            with pytest.raises(ProofError):
                verify_consistency(former, size, *changed[:2], changed[2:])
    for index, size in INCLUSION:
        root = bytes.fromhex(ROOTS[size - 1])
        proof = prover(LEAVES[:size]).inclusion(index)
        for leaf, top, *path in altered([leaf_hash(LEAVES[index]), root, *proof]):
            with pytest.raises(ProofError):
                verify_inclusion(leaf, index, size, path, top)


def altered(hashes):
    """``hashes`` with one byte changed, for each byte of each."""
    for place, whole in enumerate(hashes):
        for at in range(len(whole)):
            made = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            yield [*hashes[:place], made, *hashes[place + 1 :]]
