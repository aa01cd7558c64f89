"""A receipt proves its record to someone who has only the public key."""

import asyncio
import json

import ledger_drafts as drafts
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.ledger.checkpoint import CheckpointError, Signer
from bandeau.ledger.receipt import ReceiptError, read_receipt, verify_receipt
from bandeau.storage.memory import MemoryLedger

pytestmark = pytest.mark.slow

VKEY = drafts.signer().vkey


async def _receipts(count):
    ledger = MemoryLedger(drafts.signer(), drafts.counting())
    return [await ledger.append(drafts.choice(number)) for number in range(count)]


RECEIPTS = asyncio.run(_receipts(6))
FILE = json.dumps(RECEIPTS[5].as_json(), ensure_ascii=False, separators=(",", ":")).encode()


def test_each_receipt_holds_and_says_what_was_chosen():
    for index, receipt in enumerate(RECEIPTS):
        verified = verify_receipt(read_receipt(json.dumps(receipt.as_json()).encode()), VKEY)
        assert (verified.index, verified.record.id) == (index, drafts.record_id(index))
        assert verified.checkpoint.size == index + 1


def test_the_answer_of_a_choice_is_read_as_its_receipt():
    answer = json.dumps({"choice": {}, "receipt": RECEIPTS[0].as_json()}).encode()
    assert read_receipt(answer) == RECEIPTS[0].as_json()


@pytest.mark.parametrize("bit", [0x01, 0x02, 0x10, 0x20, 0x80])
def test_every_single_changed_byte_is_refused_with_a_reason(bit):
    for place in range(len(FILE)):
        changed = FILE[:place] + bytes([FILE[place] ^ bit]) + FILE[place + 1 :]
        with pytest.raises(ReceiptError) as caught:
            verify_receipt(read_receipt(changed), VKEY)
        assert str(caught.value)


def test_every_cut_receipt_is_refused():
    for length in range(len(FILE)):
        with pytest.raises(ReceiptError):
            verify_receipt(read_receipt(FILE[:length]), VKEY)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"index": 4}, "proof"),
        ({"index": True}, "index"),
        ({"index": -1}, "proof"),
        ({"v": True}, "v:"),
        ({"v": 2}, "v:"),
        ({"proof": []}, "proof"),
        ({"proof": ["AAAA"]}, "proof"),
        ({"proof": "x"}, "proof"),
        ({"proof": ["A" * 43 + "="] * 65}, "proof"),
        ({"salt": None}, "salt"),
        ({"record": "\ud800"}, "record"),
        ({"record": "{}"}, "record"),
        ({"id": drafts.record_id(9)}, "id"),
        ({"checkpoint": ""}, "checkpoint"),
        ({"key": "x"}, "key"),
        ({"more": 1}, "more"),
    ],
)
def test_reasons_name_the_part_that_is_wrong(changes, reason):
    with pytest.raises(ReceiptError, match=reason):
        verify_receipt({**RECEIPTS[5].as_json(), **changes}, VKEY)


def test_a_record_of_another_receipt_does_not_fit():
    mixed = {**RECEIPTS[5].as_json(), "record": RECEIPTS[4].record.decode(), "id": RECEIPTS[4].id}
    with pytest.raises(ReceiptError, match="proof"):
        verify_receipt(mixed, VKEY)


def test_another_log_of_the_same_name_is_not_believed():
    forger = Signer(drafts.ORIGIN, bytes(32))
    with pytest.raises(ReceiptError, match="key"):
        verify_receipt(RECEIPTS[0].as_json(), forger.vkey)
    with pytest.raises(ReceiptError, match="checkpoint"):
        verify_receipt({**RECEIPTS[0].as_json(), "key": forger.vkey}, forger.vkey)
    with pytest.raises(CheckpointError):
        verify_receipt(RECEIPTS[0].as_json(), "nonsense")


@given(st.binary(max_size=200))
def test_bytes_that_are_no_receipt(data):
    with pytest.raises(ReceiptError):
        verify_receipt(read_receipt(data), VKEY)


def test_limits_of_a_receipt_file():
    for data in (b" " * (limits.RECEIPT_BYTES + 1), b"[" * 100_000, b'{"v":1,"v":1}', b"[1]"):
        with pytest.raises(ReceiptError):
            read_receipt(data)
