"""The proof of one record as text that other programs read (C2SP tlog-proof)."""

from __future__ import annotations

from bandeau.ledger.checkpoint import encode
from bandeau.ledger.receipt import Receipt

HEADER = "c2sp.org/tlog-proof@v1"


def tlog_proof(receipt: Receipt) -> bytes:
    """The text that proves the entry of ``receipt``, whose salt stands in the ``extra`` line.

    The entry is the record's commitment (:func:`bandeau.ledger.commitment.commit`).
    """
    lines = [HEADER, f"extra {encode(receipt.salt)}", f"index {receipt.index}"]
    lines += [encode(part) for part in receipt.proof]
    return "\n".join([*lines, "", ""]).encode() + receipt.checkpoint
