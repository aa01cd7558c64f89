"""The tree against RFC 9162: published vectors, an oracle for every small tree, and mutations."""

import hashlib

import pytest

from bandeau.ledger.commitment import EMPTY_ROOT, commit, leaf_hash
from bandeau.ledger.tiles import Head, TileNodes, extend
from bandeau.ledger.tree import (
    Frontier,
    ProofError,
    Prover,
    verify_consistency,
    verify_inclusion,
)

MOST = 70


def oracle_root(leaves):
    """MTH of RFC 9162, 2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + oracle_root(leaves[:k]) + oracle_root(leaves[k:])).digest()


def oracle_path(m, leaves):
    """PATH of RFC 9162, 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*oracle_path(m, leaves[:k]), oracle_root(leaves[k:])]
    return [*oracle_path(m - k, leaves[k:]), oracle_root(leaves[:k])]


def oracle_subproof(m, leaves, whole):
    """SUBPROOF of RFC 9162, 2.1.4.1."""
    if m == len(leaves):
        return [] if whole else [oracle_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*oracle_subproof(m, leaves[:k], whole), oracle_root(leaves[k:])]
    return [*oracle_subproof(m - k, leaves[k:], False), oracle_root(leaves[:k])]


def prover(leaves, size=None):
    tiles = {}
    _, written = extend(Head(), leaves)
    tiles = {(tile.level, tile.index): tile.hashes for tile in written}
    return Prover(size or len(leaves), TileNodes(lambda level, at: tiles[level, at]))


LEAVES = [leaf_hash(f"entry {n}".encode()) for n in range(MOST)]
VECTOR_LEAVES = [leaf_hash(bytes.fromhex(text)) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
VECTOR_ROOTS = [bytes.fromhex(text) for text in (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)]  # fmt: skip


def test_published_roots_and_proofs():
    assert Prover(0, TileNodes(lambda *_: b"")).root() == EMPTY_ROOT == Frontier().root()
    assert EMPTY_ROOT.hex().startswith("e3b0c44298fc1c149afbf4c8996fb924")
    for size, root in enumerate(VECTOR_ROOTS, 1):
        assert prover(VECTOR_LEAVES[:size]).root() == root
    eight = prover(VECTOR_LEAVES)
    assert [part.hex() for part in eight.inclusion(5)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [part.hex() for part in eight.consistency(6)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_proofs_of_many_leaves_are_those_of_each():
    for size in range(1, MOST):
        made = prover(LEAVES[:size])
        each = [made.inclusion(index) for index in range(size)]
        for start in range(size):
            assert made.inclusions(start, size) == each[start:]
        assert made.inclusions(0, size // 2 + 1) == each[: size // 2 + 1]
        for start, end in ((0, size + 1), (-1, size), (size, size)):
            with pytest.raises(ValueError, match="no leaves"):
                made.inclusions(start, end)


def test_a_frontier_that_grows_by_batches_proves_each_leaf_of_them():
    for size in range(MOST):
        for end in range(size + 1, MOST):
            whole = prover(LEAVES[:end])
            growing = Frontier.of(size, prover(LEAVES[:size])._node if size else LEAVES)
            assert growing.extend([]) == []
            assert growing.extend(LEAVES[size:end]) == whole.inclusions(size, end)
            assert (growing.size, growing.root()) == (end, whole.root())
            one_by_one = growing.copy()
            one_by_one.append(LEAVES[0])
            assert growing.extend(LEAVES[:1])[0] == prover([*LEAVES[:end], LEAVES[0]]).inclusion(
                end
            )
            assert growing.root() == one_by_one.root()


def test_every_inclusion_proof_up_to_70():
    for size in range(1, MOST + 1):
        leaves = LEAVES[:size]
        root = oracle_root(leaves)
        made = prover(leaves)
        assert made.root() == root
        for index in range(size):
            proof = made.inclusion(index)
            assert list(proof) == oracle_path(index, leaves)
            verify_inclusion(leaves[index], index, size, proof, root)


def test_every_consistency_proof_up_to_70():
    roots = [oracle_root(LEAVES[:size]) for size in range(MOST + 1)]
    for size in range(1, MOST + 1):
        made = prover(LEAVES[:size])
        for former in range(1, size + 1):
            proof = made.consistency(former)
            assert list(proof) == oracle_subproof(former, LEAVES[:size], True)
            verify_consistency(former, size, roots[former], roots[size], proof)


def test_proofs_of_a_former_tree_come_from_the_tiles_of_a_later_one():
    later = prover(LEAVES, size=41)
    assert later.root() == oracle_root(LEAVES[:41])
    assert list(later.inclusion(40)) == oracle_path(40, LEAVES[:41])


def test_a_frontier_has_every_root():
    frontier = Frontier()
    for size, leaf in enumerate(LEAVES, 1):
        frontier.append(leaf)
        assert frontier.root() == oracle_root(LEAVES[:size])


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 33])
def test_no_changed_inclusion_proof_holds(size):
    made = prover(LEAVES[:size])
    root = made.root()
    for index in range(size):
        proof = made.inclusion(index)
        wrong = [(LEAVES[index], index, size, proof, flip(root))]
        wrong += [(flip(LEAVES[index]), index, size, proof, root)]
        wrong += [(LEAVES[index], index, size, (*proof, root), root)]
        wrong += [(LEAVES[index], other, size, proof, root) for other in range(-1, size + 2)
                  if other != index]  # fmt: skip
        wrong += [(LEAVES[index], index, size, changed, root) for changed in changes(proof)]
        for case in wrong:
            with pytest.raises(ProofError):
                verify_inclusion(*case)


@pytest.mark.parametrize(("former", "size"), [(1, 2), (3, 7), (4, 8), (6, 8), (8, 13), (32, 33)])
def test_no_changed_consistency_proof_holds(former, size):
    made, before = prover(LEAVES[:size]), prover(LEAVES[:former]).root()
    proof, root = made.consistency(former), made.root()
    wrong = [(former, size, flip(before), root, proof), (former, size, before, flip(root), proof)]
    wrong += [(former, size, before, root, (*proof, root))]
    wrong += [(former, size, before, root, changed) for changed in changes(proof)]
    wrong += [(0, size, before, root, proof), (size + 1, size, before, root, proof)]
    wrong += [(size, size, before, root, ()), (size, size, root, root, proof)]
    for case in wrong:
        with pytest.raises(ProofError):
            verify_consistency(*case)


def flip(data):
    return bytes([data[0] ^ 1]) + data[1:]


def changes(proof):
    for place, part in enumerate(proof):
        yield (*proof[:place], flip(part), *proof[place + 1 :])
        yield (*proof[:place], *proof[place + 1 :])
        if place and proof[place - 1] != part:
            yield (*proof[: place - 1], part, proof[place - 1], *proof[place + 1 :])


def test_a_proof_of_nothing_is_refused():
    for call in (lambda m: m.inclusion(3), lambda m: m.consistency(0), lambda m: m.consistency(4)):
        with pytest.raises(ValueError, match="no "):
            call(prover(LEAVES[:3]))


def test_a_commitment_hides_and_binds():
    one = commit(bytes(32), b"body")
    assert one == hashlib.sha256(b"bandeau/consent/v1" + bytes(32) + b"body").digest()
    assert one != commit(b"\x01" * 32, b"body")
    with pytest.raises(ValueError, match="32"):
        commit(b"", b"body")
