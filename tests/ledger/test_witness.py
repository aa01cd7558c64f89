"""A witness signs what continues the history that it has seen, and nothing else."""

import hashlib

import ledger_drafts as drafts
import pytest

from bandeau import limits
from bandeau.ledger.checkpoint import Signer, Verifier
from bandeau.ledger.commitment import EMPTY_ROOT, leaf_hash
from bandeau.ledger.cosignature import Cosigner, WitnessKey, cosignatures, with_lines
from bandeau.ledger.tree import Frontier, Prover, fold
from bandeau.ledger.witness import Request, Witness, WitnessError, parse_request, parse_size

LOG = drafts.signer()
KEY = Verifier(LOG.vkey)
COSIGNER = Cosigner("witness.test/w1", bytes(range(1, 33)))
WITNESS = Witness(COSIGNER, [KEY])
TIME = 1_700_000_000


def leaves(count, fork=10**9):
    return [leaf_hash(b"%d" % (n if n < fork else -n)) for n in range(count)]


def root_of(hashes):
    tree = Frontier()
    for leaf in hashes:
        tree.append(leaf)
    return tree.root()


def checkpoint(size, fork=10**9, signer=LOG):
    return signer.sign(size, root_of(leaves(size, fork)))


def proof(former, size, fork=10**9):
    hashes = leaves(size, fork)

    def node(height, position):
        return root_of(hashes[position << height : (position + 1) << height])

    return Prover(size, node).consistency(former) if former else ()


def judged(former, size, latest, *, fork=10**9, made=None):
    request = Request(former, proof(former, size, fork) if made is None else made,
                      checkpoint(size, fork))  # fmt: skip
    return WITNESS.judge(parse_request(request.body), latest, TIME)


def test_the_first_checkpoint_of_a_log_is_cosigned():
    verdict = judged(0, 5, None)
    assert verdict.status == 200
    assert verdict.keep == KEY.open(checkpoint(5))
    note = with_lines(checkpoint(5), [verdict.body.decode()])
    assert cosignatures(note, [WitnessKey(COSIGNER.vkey)])[0].time == TIME


def test_what_continues_is_cosigned_and_the_same_again():
    for former, size in ((5, 9), (8, 9), (1, 2), (5, 5), (64, 100)):
        assert judged(former, size, KEY.open(checkpoint(former))).status == 200


def test_another_size_is_answered_with_the_right_one():
    for former in (0, 4, 6):
        verdict = judged(former, 9, KEY.open(checkpoint(5)))
        assert (verdict.status, verdict.body, verdict.keep) == (409, b"5\n", None)
        assert verdict.media_type == "text/x.tlog.size"
        assert parse_size(verdict.body) == 5


def test_a_fork_is_never_cosigned():
    latest = KEY.open(checkpoint(5))
    assert judged(5, 9, latest, fork=3).status == 422
    verdict = judged(5, 5, latest, fork=3)
    assert (verdict.status, verdict.body, verdict.keep) == (409, b"5\n", None)


def test_a_smaller_tree_is_never_cosigned():
    latest = KEY.open(checkpoint(9))
    assert judged(9, 5, latest, made=()).status == 400
    assert judged(5, 5, latest).status == 409
    assert judged(0, 5, latest).status == 409


def test_proofs_that_are_none_are_refused():
    latest = KEY.open(checkpoint(5))
    right = proof(5, 9)
    for made in ((), right[:-1], (*right, right[0]), (right[0], *right), right[::-1]):
        assert judged(5, 9, latest, made=made).status == 422
    assert judged(0, 9, None, made=right).status == 422
    assert judged(5, 5, latest, made=right).status == 422


def test_unknown_logs_and_keys():
    stranger = Signer("elsewhere.test/log", bytes(32))
    request = Request(0, (), checkpoint(5, signer=stranger))
    assert WITNESS.judge(request, None, TIME).status == 404
    assert WITNESS.origin(request) is None
    impostor = Signer(drafts.ORIGIN, bytes(32))
    assert WITNESS.judge(Request(0, (), checkpoint(5, signer=impostor)), None, TIME).status == 403
    both = with_lines(checkpoint(5), [checkpoint(5, signer=impostor).decode().split("\n\n")[1]])
    assert WITNESS.judge(Request(0, (), both), None, TIME).status == 200
    assert WITNESS.judge(Request(0, (), b"no note"), None, TIME).status == 400


def test_an_empty_tree_has_one_root():
    assert WITNESS.judge(Request(0, (), LOG.sign(0, EMPTY_ROOT)), None, TIME).status == 200
    assert WITNESS.judge(Request(0, (), LOG.sign(0, bytes(32))), None, TIME).status == 409


def test_the_protocols_own_example_is_read():
    body = (
        "old 20852014\n"
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
        "\n"
        "example.com/behind-the-sofa\n"
        "20852163\n"
        "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
        "\n"
        "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhc"
        "yv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    ).encode()
    request = parse_request(body)
    assert (request.old, len(request.proof)) == (20_852_014, 4)
    assert request.body == body


@pytest.mark.parametrize(
    "body",
    [
        b"", b"old 1", b"old 1\n\n", b"old 01\n\nx", b"new 1\n\nx", b"old -1\n\nx", b"old 1 \n\nx",
        b"old 1\nAAAA\n\nx", b"old 1\n" + b"A" * 44 + b"\n\nx", b"\xff\n\nx",
        b"old 1\n" + b"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n" * 64 + b"\nx",
        b"x" * (limits.WITNESS_BODY_BYTES + 1),
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused(body):
    try:
        request = parse_request(body)
    except WitnessError:
        return
    assert WITNESS.judge(request, None, TIME).status == 400


def test_no_changed_byte_of_a_request_is_cosigned_as_something_else():
    latest = KEY.open(checkpoint(5))
    body = Request(5, proof(5, 9), checkpoint(9)).body
    for at in range(len(body)):
        changed = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        try:
            verdict = WITNESS.judge(parse_request(changed), latest, TIME)
        except WitnessError:
            continue
        assert verdict.status != 200
        assert verdict.keep is None


def test_sizes_are_read_strictly():
    for body in (b"", b"5", b"05\n", b"-1\n", b"5\n\n", b"five\n"):
        assert parse_size(body) is None
    assert hashlib.sha256(b"").digest() == EMPTY_ROOT
    assert fold([EMPTY_ROOT]) == EMPTY_ROOT
