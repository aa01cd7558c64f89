"""Cosignatures of witnesses over checkpoints (C2SP tlog-cosignature, v1: Ed25519 with a time).

A cosignature says that, at its time, the checkpoint was the largest that the witness had seen of
this log, and continued all that it had seen before.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bandeau.ledger.checkpoint import (
    KEY_ID_BYTES,
    PUBLIC_KEY_BYTES,
    SIGNATURE_BYTES,
    CheckpointError,
    decode,
    encode,
    split_note,
)

ALGORITHM = b"\x04"
_TIME_BYTES = 8
_MOST_SECONDS = (1 << 63) - 1
_NAME = re.compile(r"[^\s+]+")
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cosignature:
    """Who vouched for a checkpoint, and when, in Unix seconds. ``line`` is the note's line."""

    witness: str
    time: int
    line: str


class Cosigner:
    """A witness's own key; ``seed`` is the 32-byte Ed25519 secret, used for nothing else."""

    def __init__(self, name: str, seed: bytes) -> None:
        """Raises :class:`CheckpointError` for a name with spaces or plus."""
        if not _NAME.fullmatch(name):
            raise CheckpointError("a witness's name has no spaces and no plus")
        self.name = name
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._key.public_key().public_bytes_raw()
        self._id = _key_id(name, public)
        self.vkey = f"{name}+{self._id.hex()}+{encode(ALGORITHM + public)}"

    def cosign(self, text: str, time: int) -> str:
        """The signature line, with its newline, for a checkpoint's ``text`` at Unix ``time``."""
        signature = self._key.sign(message(text, time))
        packed = encode(self._id + time.to_bytes(_TIME_BYTES) + signature)
        return f"— {self.name} {packed}\n"


class WitnessKey:
    """A witness's public key, from its ``name+keyid+key`` string."""

    def __init__(self, vkey: str) -> None:
        """Raises :class:`CheckpointError` for anything but one Ed25519 cosigner key."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, packed = rest.partition("+")
        key = decode(packed)
        if not _NAME.fullmatch(name) or not _KEY_ID.fullmatch(key_id):
            raise CheckpointError("a witness key reads name+id+key")
        if key[:1] != ALGORITHM or len(key) != 1 + PUBLIC_KEY_BYTES:
            raise CheckpointError("the witness key is not an Ed25519 cosigner key (type 4)")
        if _key_id(name, key[1:]).hex() != key_id:
            raise CheckpointError("the witness key does not belong to its name and id")
        self.name = name
        self.vkey = vkey.strip()
        self.key_id = key_id
        self._key = Ed25519PublicKey.from_public_bytes(key[1:])

    def check(self, text: str, signature: bytes) -> int:
        """The time of ``signature`` (key id, time and signature) over a checkpoint's ``text``.

        Raises :class:`CheckpointError` where it is not by this key over this text.
        """
        if len(signature) != KEY_ID_BYTES + _TIME_BYTES + SIGNATURE_BYTES:
            raise CheckpointError("a cosignature of another length")
        time = int.from_bytes(signature[KEY_ID_BYTES : KEY_ID_BYTES + _TIME_BYTES])
        if time > _MOST_SECONDS:
            raise CheckpointError("a cosignature's time is out of range")
        try:
            self._key.verify(signature[KEY_ID_BYTES + _TIME_BYTES :], message(text, time))
        except InvalidSignature:
            raise CheckpointError(f"the cosignature by {self.name} does not fit the text") from None
        return time


def cosignatures(note: bytes, keys: Iterable[WitnessKey]) -> list[Cosignature]:
    """The cosignatures in ``note`` by ``keys``, each checked; those by others are ignored.

    Raises :class:`CheckpointError` where the note is none, or one by a known key does not hold.
    """
    text, signatures = split_note(note)
    found = []
    for key in keys:
        for name, signature in signatures:
            if name == key.name and signature[:KEY_ID_BYTES].hex() == key.key_id:
                line = f"— {name} {encode(signature)}\n"
                found.append(Cosignature(name, key.check(text, signature), line))
    return found


def with_lines(note: bytes, lines: Sequence[str]) -> bytes:
    """``note`` with further signature lines, each once."""
    fresh = [line.encode() for line in dict.fromkeys(lines)]
    return note + b"".join(line for line in fresh if line not in note)


def message(text: str, time: int) -> bytes:
    """What a witness signs at Unix ``time`` (seconds) over a checkpoint's ``text``."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ALGORITHM + public).digest()[:KEY_ID_BYTES]
