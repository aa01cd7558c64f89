"""The signature of a checkpoint in the form that OpenSSL checks, for who has nothing of ours."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from bandeau.ledger.checkpoint import (
    KEY_ID_BYTES,
    SIGNATURE_BYTES,
    CheckpointError,
    decode,
    split_note,
)
from bandeau.ledger.cosignature import Cosignature, WitnessKey, message


def detached(note: bytes, vkey: str) -> Mapping[str, bytes]:
    """``text`` (what was signed), ``signature`` (64 bytes) and ``key.pem`` of a checkpoint.

    ``openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in text -sigfile signature``. Raises
    :class:`CheckpointError` where ``vkey`` has signed nothing here.
    """
    name, key_id, packed = vkey.split("+", 2)
    text, signatures = split_note(note)
    for signer, signature in signatures:
        if signer == name and signature[:KEY_ID_BYTES].hex() == key_id:
            signed = signature[KEY_ID_BYTES:]
            return {"text": text.encode(), "signature": signed, "key.pem": _pem(packed)}
    raise CheckpointError("no signature by this key")


def detached_cosignature(text: str, key: WitnessKey, found: Cosignature) -> Mapping[str, bytes]:
    """The same of a cosignature over a checkpoint's ``text``: ``text``, ``signature``, ``pem``."""
    packed = found.line.rstrip("\n").rpartition(" ")[2]
    return {
        "text": message(text, found.time),
        "signature": decode(packed)[-SIGNATURE_BYTES:],
        "pem": _pem(key.vkey.split("+", 2)[2]),
    }


def _pem(packed: str) -> bytes:
    key = Ed25519PublicKey.from_public_bytes(decode(packed)[1:])
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
