"""What every ledger store promises, run over each of them."""

import asyncio
import hashlib

import ledger_drafts as drafts
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from postgres_shards import sharded

from bandeau.ledger.checkpoint import Verifier
from bandeau.ledger.commitment import EMPTY_ROOT, commit, leaf_hash
from bandeau.ledger.prove import receipt_for
from bandeau.ledger.receipt import verify_receipt
from bandeau.ledger.record import parse_record, policy_record_id
from bandeau.ledger.store import LedgerRefused, LedgerStore
from bandeau.ledger.tree import Frontier, verify_inclusion
from bandeau.ledger.verify import verify
from bandeau.storage.memory import MemoryLedger
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.evidence import open_evidence as postgres_evidence
from bandeau.storage.postgres.ledger import PostgresLedger
from bandeau.storage.sqlite.ledger import SqliteLedger, open_evidence

pytestmark = pytest.mark.slow

VKEY = drafts.signer().vkey
SERVED = {
    "postgres": lambda server: server.database(),
    "shards": lambda server: sharded(server, [server] * 3),
}


class Case:
    """One store under test, and what verification sees of it."""

    def __init__(self, kind, directory, address=None):
        self.kind, self.directory = kind, directory
        self.database = Database(address) if address else None
        self.store = self.open()

    def open(self) -> LedgerStore:
        if self.kind == "memory":
            return MemoryLedger(drafts.signer(), drafts.counting())
        if self.kind in ("postgres", "shards"):
            return PostgresLedger(self.database, drafts.signer(), drafts.counting())
        return SqliteLedger(self.directory, drafts.signer(), drafts.counting())

    def findings(self, known=()):
        if self.kind == "memory":
            return verify(self.store.evidence(), VKEY, known).findings
        held = postgres_evidence(self.database) if self.database else open_evidence(self.directory)
        with held as evidence:
            return verify(evidence, VKEY, known).findings

    def close(self):
        self.store.close()
        if self.database:
            self.database.close()


KINDS = ["memory", "sqlite", *(pytest.param(k, marks=pytest.mark.slow) for k in SERVED)]


@pytest.fixture(params=KINDS)
def place(request, tmp_path):
    address = None
    if request.param in SERVED:
        address = SERVED[request.param](request.getfixturevalue("postgres"))
    return request.param, tmp_path, address


@pytest.fixture
def case(place):
    made = Case(*place)
    yield made
    assert made.findings() == ()
    made.close()


def run(work):
    return asyncio.run(work)


def test_an_empty_log_has_a_signed_checkpoint(case):
    note = run(case.store.published("checkpoint"))
    opened = Verifier(VKEY).open(note)
    assert (opened.size, opened.root) == (0, EMPTY_ROOT)
    assert run(case.store.published("tile/0/000")) is None
    assert run(case.store.published("key")).decode() == VKEY


def test_what_is_closed_may_be_closed_again(place):
    closed = Case(*place)
    run(closed.store.append(drafts.choice(1)))
    closed.close()
    closed.close()
    again = Case(*place)
    assert again.findings() == ()
    again.close()


def test_a_choice_is_kept_and_proven(case):
    receipt = run(case.store.append(drafts.choice(1)))
    verified = verify_receipt(receipt.as_json(), VKEY)
    assert verified.record.purposes == {"social": True, "advertising": False}
    stored = run(case.store.find(drafts.record_id(1)))
    assert (stored.body, stored.index, stored.superseded) == (receipt.record, 0, False)
    assert run(case.store.find(drafts.record_id(2))) is None
    assert run(case.store.find("' OR 1=1")) is None


def test_a_replay_inserts_nothing_and_gets_the_same_receipt(case):
    async def work():
        first = await case.store.append(drafts.choice(1))
        await case.store.append(drafts.choice(2))
        again = await case.store.append(drafts.choice(1, social=False))
        both = await asyncio.gather(*(case.store.append(drafts.choice(3)) for _ in range(5)))
        return first, again, both, [leaf async for leaf in case.store.scan()]

    first, again, both, leaves = run(work())
    assert first == again
    assert len(set(both)) == 1
    assert len(leaves) == 3


def test_choices_of_one_subject_supersede_each_other_in_order(case):
    async def work():
        return await asyncio.gather(
            *(case.store.append(drafts.choice(n, "ana")) for n in range(20))
        )

    receipts = sorted(run(work()), key=lambda receipt: receipt.index)
    previous = None
    for receipt in receipts:
        assert parse_record(receipt.record).prev == previous
        previous = commit(receipt.salt, receipt.record).hex()
        stored = run(case.store.find(receipt.id))
        assert stored.superseded is (receipt is not receipts[-1])
    told = run(case.store.history(drafts.subject("ana"), 100))
    assert [stored.id for stored in told] == [receipt.id for receipt in reversed(receipts)]
    assert [stored.superseded for stored in told] == [False] + [True] * 19
    assert run(case.store.history(drafts.subject("ana"))) == told[:1]
    assert run(case.store.history(drafts.subject("eve"))) == []
    assert run(case.store.history("")) == []


def test_terms_are_kept_once_under_their_digest(case):
    async def work():
        await case.store.append(drafts.terms())
        await case.store.append(drafts.terms())
        return await case.store.find(policy_record_id(drafts.TERMS))

    assert parse_record(run(work()).body).terms == '{"v":1}'


def test_erasure_leaves_the_tree_and_every_other_proof(case):
    async def work():
        mine = await case.store.append(drafts.choice(1, "ana"))
        other = await case.store.append(drafts.choice(2, "ben"))
        before = await case.store.published("tile/entries/000.p/2")
        erased = await case.store.append(drafts.erasure(3, drafts.record_id(1)))
        return mine, other, before, erased

    mine, other, before, erased = run(work())
    stored = run(case.store.find(drafts.record_id(1)))
    assert (stored.body, stored.salt, stored.erased) == (None, None, True)
    assert run(case.store.history(drafts.subject("ana"))) == []
    assert run(case.store.published("tile/entries/000.p/2")) == before
    for receipt in (mine, other, erased):
        verify_receipt(receipt.as_json(), VKEY)
    assert run(receipt_for(case.store, drafts.record_id(1))) is None
    # A replay of the erasure gets its receipt again.
    assert run(case.store.append(drafts.erasure(3, drafts.record_id(1)))) == erased


def test_what_cannot_be_erased_is_refused(case):
    async def work():
        await case.store.append(drafts.terms())
        await case.store.append(drafts.choice(1))
        await case.store.append(drafts.erasure(2, drafts.record_id(1)))
        for draft in (
            drafts.erasure(3, drafts.record_id(9)),
            drafts.erasure(4, drafts.record_id(1)),
            drafts.erasure(5, drafts.record_id(2)),
            drafts.erasure(6, policy_record_id(drafts.TERMS)),
            drafts.choice(1),
        ):
            with pytest.raises(LedgerRefused):
                await case.store.append(draft)

    run(work())


def test_an_erased_withdrawal_does_not_revive_the_consent_before_it(case):
    async def work():
        await case.store.append(drafts.choice(1, "ana"))
        await case.store.append(drafts.choice(2, "ana", social=False))
        await case.store.append(drafts.erasure(3, drafts.record_id(2)))
        former = await case.store.find(drafts.record_id(1))
        return former, await case.store.history(drafts.subject("ana"))

    former, held = run(work())
    assert former.superseded
    assert held == [former]


def test_an_outsider_recomputes_the_tree_from_what_is_published(case):
    async def work():
        for start in range(0, 300, 50):
            numbers = range(start, start + 50)
            await asyncio.gather(*(case.store.append(drafts.choice(n)) for n in numbers))
        paths = ("tile/entries/000", "tile/entries/001.p/44", "tile/0/000", "tile/0/001.p/44",
                 "tile/1/000.p/1", "checkpoint")  # fmt: skip
        return [await case.store.published(path) for path in paths]

    full, partial, tile, edge, above, note = run(work())
    commitments = [
        bundle[at + 2 : at + 34] for bundle in (full, partial) for at in range(0, len(bundle), 34)
    ]
    leaves = [hashlib.sha256(b"\x00" + c).digest() for c in commitments]
    assert b"".join(leaves) == tile + edge
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
        if frontier.size == 256:
            assert frontier.root() == above
    checkpoint = Verifier(VKEY).open(note)
    assert (checkpoint.size, checkpoint.root) == (300, frontier.root())
    for path in ("tile/0/001", "tile/0/001.p/45", "tile/entries/001.p/45", "tile/1/000", "x",
                 "tile/entries/002.p/1", "checkpoint/301", "checkpoint/01"):  # fmt: skip
        assert run(case.store.published(path)) is None
    assert run(case.store.published("checkpoint/300")) == note


def test_a_receipt_can_be_made_again_later(case):
    async def work():
        for start in range(0, 520, 104):
            numbers = range(start, start + 104)
            await asyncio.gather(*(case.store.append(drafts.choice(n)) for n in numbers))
        return [await receipt_for(case.store, drafts.record_id(n)) for n in (0, 255, 300, 519)]

    for receipt in run(work()):
        assert verify_receipt(receipt.as_json(), VKEY).checkpoint.size == 520
    assert run(receipt_for(case.store, drafts.record_id(600))) is None


def test_a_proof_is_published_for_each_record_in_each_tree(case):
    async def work():
        for start in range(0, 520, 104):
            numbers = range(start, start + 104)
            await asyncio.gather(*(case.store.append(drafts.choice(n)) for n in numbers))
        leaves = [leaf_hash(leaf.commitment) async for leaf in case.store.scan()]
        asked = [(1, 0), (2, 0), (256, 255), (257, 3), (300, 299), (520, 0), (520, 519)]
        proofs = [await case.store.published(f"proof/{size}/{index}") for size, index in asked]
        wrong = ("521/0", "520/520", "0/0", "520/-1", "520/01", "520/x", "520", "520/0/", "520/٣")
        absent = [await case.store.published(f"proof/{name}") for name in wrong]
        return leaves, dict(zip(asked, proofs, strict=True)), absent

    leaves, proofs, absent = run(work())
    for (size, index), proof in proofs.items():
        frontier = Frontier()
        for leaf in leaves[:size]:
            frontier.append(leaf)
        parts = [proof[at : at + 32] for at in range(0, len(proof), 32)]
        verify_inclusion(leaves[index], index, size, parts, frontier.root())
    assert set(absent) == {None}


def test_scan_gives_every_leaf_from_a_start_on(case):
    async def work():
        for n in range(3):
            await case.store.append(drafts.choice(n))
        await case.store.append(drafts.erasure(3, drafts.record_id(1)))
        return [leaf async for leaf in case.store.scan(1)]

    leaves = run(work())
    assert [(leaf.index, leaf.id is None) for leaf in leaves] == [(1, True), (2, False), (3, False)]
    assert leaf_hash(commit(leaves[1].salt, leaves[1].body)) == leaf_hash(leaves[1].commitment)


def test_a_checkpoint_kept_outside_shows_another_history(case):
    run(case.store.append(drafts.choice(1)))
    kept = run(case.store.published("checkpoint"))
    run(case.store.append(drafts.choice(2)))
    assert case.findings([kept]) == ()
    other = MemoryLedger(drafts.signer())
    run(other.append(drafts.choice(1)))
    forked = run(other.published("checkpoint"))
    assert [finding.fault for finding in case.findings([forked])] == [
        "history does not match its checkpoint"
    ]
    ahead = drafts.signer().sign(9, bytes(32))
    assert [finding.fault for finding in case.findings([ahead])] == ["records cut off"]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["choose", "replay", "erase"]), st.integers(0, 12), st.integers(0, 3)
    ),
    max_size=25,
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_any_order_of_events_leads_every_store_to_the_same_bytes(steps, tmp_path_factory, postgres):
    directory = tmp_path_factory.mktemp("ledger")

    async def play(store):
        answers = []
        for number, (what, target, visitor) in enumerate(steps, 100):
            draft = {
                "choose": lambda n=number, v=visitor: drafts.choice(n, f"v{v}"),
                "replay": lambda t=target, v=visitor: drafts.choice(100 + t, f"v{v}"),
                "erase": lambda n=number, t=target: drafts.erasure(n, drafts.record_id(100 + t)),
            }[what]()
            try:
                answers.append((await store.append(draft)).as_json())
            except LedgerRefused:
                answers.append("refused")
        answers += [await store.find(drafts.record_id(100 + n)) for n in range(25)]
        answers += [await store.history(drafts.subject(f"v{n}"), 3) for n in range(4)]
        answers.append(await store.published("checkpoint"))
        return [*answers, *[leaf async for leaf in store.scan()]]

    cases = [
        Case("memory", directory),
        Case("sqlite", directory),
        Case("postgres", directory, postgres.database()),
    ]
    try:
        first, *others = [asyncio.run(play(case.store)) for case in cases]
        assert others == [first, first]
        assert [case.findings() for case in cases] == [()] * 3
    finally:
        for case in cases:
            case.close()


def test_items_are_kept_beside_choices_and_follow_upon_each_other(case):
    for draft in (
        drafts.choice(1, "anna"),
        drafts.item(2, "anna"),
        drafts.item(3, "anna"),
        drafts.item(4, "bert"),
    ):
        receipt = run(case.store.append(draft))
    assert verify_receipt(receipt.as_json(), VKEY).record.vendor == "Télégramme"
    (latest,) = run(case.store.history(drafts.subject("anna")))
    assert (latest.id, latest.superseded) == (drafts.record_id(1), False)
    older, newer = (run(case.store.find(drafts.record_id(n))) for n in (2, 3))
    assert (older.superseded, newer.superseded) == (True, False)
    assert parse_record(newer.body).prev is not None
    assert case.findings() == ()
    run(case.store.append(drafts.erasure(5, drafts.record_id(3))))
    assert run(case.store.find(drafts.record_id(3))).erased


def test_what_was_shown_is_kept_beside_its_record(case):
    async def work():
        first = await case.store.append(drafts.notice())
        again = await case.store.append(drafts.notice())
        other = await case.store.append(drafts.notice(b"<p>Another</p>", 1))
        return first, again, other, await case.store.published("artefact/" + "0" * 64)

    first, again, other, none = run(work())
    assert first == again != other
    assert none is None
    shown = verify_receipt(other.as_json(), VKEY).record.artefacts
    assert set(shown) == {"notice.html", "policy.toml"}
    kept = {name: run(case.store.published(f"artefact/{key}")) for name, key in shown.items()}
    assert kept == {"notice.html": b"<p>Another</p>", "policy.toml": b"[site]"}


def test_an_audit_is_kept_once_with_its_report(case):
    async def work():
        first = await case.store.append(drafts.audit(b"one"))
        again = await case.store.append(drafts.audit(b"one"))
        return first, again, await case.store.append(drafts.audit(b"other"))

    first, again, other = run(work())
    assert first == again != other
    kept = verify_receipt(other.as_json(), VKEY).record.artefacts
    assert run(case.store.published(f"artefact/{kept['report.json']}")) == b"other"
