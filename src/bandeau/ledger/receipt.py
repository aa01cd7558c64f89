"""The receipt: what a visitor takes home, and checks without us (DESIGN section 4)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bandeau import limits
from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Verifier, decode, encode
from bandeau.ledger.commitment import SALT_BYTES, commit, leaf_hash
from bandeau.ledger.record import Record, RecordError, parse_record
from bandeau.ledger.tree import ProofError, verify_inclusion

VERSION = 1
_FIELDS = frozenset({"v", "id", "record", "salt", "index", "proof", "checkpoint", "key"})
_STRINGS = ("id", "record", "salt", "checkpoint", "key")
_PROOF_HASHES = 64


class ReceiptError(ValueError):
    """A receipt that proves nothing. The message says why."""


class Receipt(NamedTuple):
    """A record (its exact bytes) with the proof that the log holds it at ``index``."""

    id: str
    record: bytes
    salt: bytes
    index: int  # type: ignore[assignment]  # In place of tuple's method, which nobody asks here.
    proof: tuple[bytes, ...]
    checkpoint: bytes
    key: str

    def as_json(self) -> dict[str, object]:
        """The receipt as JSON values; hashes in base64."""
        return {
            "v": VERSION,
            "id": self.id,
            "record": self.record.decode(),
            "salt": encode(self.salt),
            "index": self.index,
            "proof": [encode(part) for part in self.proof],
            "checkpoint": self.checkpoint.decode(),
            "key": self.key,
        }


@dataclass(frozen=True, slots=True)
class Verified:
    """What a receipt proves."""

    record: Record
    index: int
    checkpoint: Checkpoint


def read_receipt(data: bytes) -> Mapping[str, object]:
    """The receipt in a file, alone or as ``{"receipt": …}``; raises :class:`ReceiptError`."""
    if len(data) > limits.RECEIPT_BYTES:
        raise ReceiptError(f"longer than {limits.RECEIPT_BYTES} bytes")
    try:
        found = json.loads(data, object_pairs_hook=_single)
    except (ValueError, RecursionError) as error:
        raise ReceiptError(f"not JSON: {error}") from error
    if isinstance(found, dict) and isinstance(found.get("receipt"), dict):
        found = found["receipt"]
    if not isinstance(found, dict):
        raise ReceiptError("not a receipt")
    return found


def verify_receipt(receipt: Mapping[str, object], vkey: str) -> Verified:
    """Check a receipt against the public key of its log, without network or database.

    Raises :class:`ReceiptError`; ``CheckpointError`` where ``vkey`` itself is none.
    """
    verifier = Verifier(vkey)
    held = _held(receipt)
    if held.key != verifier.vkey:
        raise ReceiptError("key: the receipt names another log")
    try:
        record = parse_record(held.record)
    except RecordError as error:
        raise ReceiptError(f"record: {error}") from error
    if record.id != held.id:
        raise ReceiptError("id: the record has another one")
    try:
        checkpoint = verifier.open(held.checkpoint)
    except CheckpointError as error:
        raise ReceiptError(f"checkpoint: {error}") from error
    leaf = leaf_hash(commit(held.salt, held.record))
    try:
        verify_inclusion(leaf, held.index, checkpoint.size, held.proof, checkpoint.root)
    except ProofError as error:
        raise ReceiptError(f"proof: {error}") from error
    return Verified(record, held.index, checkpoint)


def _held(receipt: Mapping[str, object]) -> Receipt:
    odd = _FIELDS ^ set(receipt)
    if odd:
        raise ReceiptError(f"missing or unknown: {', '.join(sorted(odd))[:200]}")
    if type(receipt["v"]) is not int or receipt["v"] != VERSION:
        raise ReceiptError(f"v: a receipt of version {VERSION} was expected")
    index, proof = receipt["index"], receipt["proof"]
    if type(index) is not int:
        raise ReceiptError("index: not a number")
    if not isinstance(proof, list) or len(proof) > _PROOF_HASHES:
        raise ReceiptError("proof: not a list of hashes")
    text = {name: _string(name, receipt[name]) for name in _STRINGS}
    return Receipt(
        id=text["id"],
        record=_bytes("record", text["record"]),
        salt=_hash("salt", text["salt"]),
        index=index,
        proof=tuple(_hash("proof", part) for part in proof),
        checkpoint=_bytes("checkpoint", text["checkpoint"]),
        key=text["key"],
    )


def _string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise ReceiptError(f"{name}: not a text")
    return value


def _bytes(name: str, value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise ReceiptError(f"{name}: not UTF-8") from None


def _hash(name: str, value: object) -> bytes:
    try:
        data = decode(_string(name, value))
    except CheckpointError as error:
        raise ReceiptError(f"{name}: {error}") from error
    if len(data) != SALT_BYTES:
        raise ReceiptError(f"{name}: not {SALT_BYTES} bytes")
    return data


def _single(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ReceiptError("a key stands twice")
    return found
