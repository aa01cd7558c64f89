"""Checkpoints: the tree's size and root, signed (C2SP signed-note and tlog-checkpoint, Ed25519)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from bandeau import limits

ED25519 = b"\x01"
SIGNATURES = 64
KEY_ID_BYTES = 4
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64
TEXT_LINES = 3
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_NAME = re.compile(r"[^\s+]+")
_KEY_ID = re.compile(r"[0-9a-f]{8}", re.ASCII)


class CheckpointError(ValueError):
    """Bytes that are no checkpoint, or one that its key did not sign. The message says why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log vouches for: its first ``size`` leaves have this ``root``."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{encode(self.root)}\n"


class Signer:
    """Signs the checkpoints of one log; ``seed`` is the 32-byte Ed25519 secret."""

    def __init__(self, origin: str, seed: bytes) -> None:
        if not _NAME.fullmatch(origin):
            raise CheckpointError("an origin is a name without spaces or plus")
        self.origin = origin
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._key.public_key().public_bytes_raw()
        self._id = _key_id(origin, public)
        self.vkey = f"{origin}+{self._id.hex()}+{encode(ED25519 + public)}"

    def sign(self, size: int, root: bytes) -> bytes:
        """The signed note for the tree of ``size`` leaves."""
        return self._signed(Checkpoint(self.origin, size, root).text)

    def note(self, text: str) -> bytes:
        """The signed note of another ``text``, which ends with a line break.

        Raises :class:`CheckpointError` for one that reads as a checkpoint, or as no note's text.
        """
        note = self._signed(text)
        if not text.endswith("\n") or split_note(note)[0] != text:
            raise CheckpointError("not the text of a note")
        if _is_checkpoint(text):
            raise CheckpointError("a checkpoint is signed by its log alone")
        return note

    def _signed(self, text: str) -> bytes:
        signature = encode(self._id + self._key.sign(text.encode()))
        return f"{text}\n— {self.origin} {signature}\n".encode()


class Verifier:
    """The public key of one log, from its ``name+keyid+key`` string."""

    def __init__(self, vkey: str) -> None:
        """Raises :class:`CheckpointError` for anything but one Ed25519 verifier key."""
        name, _, rest = vkey.strip().partition("+")
        key_id, _, packed = rest.partition("+")
        key = decode(packed)
        if not _NAME.fullmatch(name) or not _KEY_ID.fullmatch(key_id):
            raise CheckpointError("a verifier key reads name+id+key")
        if key[:1] != ED25519 or len(key) != 1 + PUBLIC_KEY_BYTES:
            raise CheckpointError("the verifier key is not an Ed25519 key")
        if _key_id(name, key[1:]).hex() != key_id:
            raise CheckpointError("the verifier key does not belong to its name and id")
        self.name = name
        self.vkey = vkey.strip()
        self._id = bytes.fromhex(key_id)
        self._key = Ed25519PublicKey.from_public_bytes(key[1:])

    def open(self, note: bytes) -> Checkpoint:
        """The checkpoint in ``note``, its signature checked; other signatures are ignored.

        Raises :class:`CheckpointError`.
        """
        checkpoint = parse_text(self.text(note))
        if checkpoint.origin != self.name:
            raise CheckpointError(f"signed for another log, {checkpoint.origin[:100]}")
        return checkpoint

    def text(self, note: bytes) -> str:
        """The text of any ``note`` that this key signed, its signature checked.

        Raises :class:`CheckpointError`.
        """
        text, signatures = split_note(note)
        mine = [s for name, s in signatures if name == self.name and s[:4] == self._id]
        if not mine:
            raise CheckpointError("no signature by this key")
        for signature in mine:
            try:
                self._key.verify(signature[KEY_ID_BYTES:], text.encode())
            except InvalidSignature:
                raise CheckpointError("the signature does not fit the text") from None
        return text


def split_note(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    """The text and the (name, key id and signature) lines of a signed note.

    Raises :class:`CheckpointError` for anything outside C2SP signed-note.
    """
    if len(note) > limits.CHECKPOINT_BYTES:
        raise CheckpointError(f"longer than {limits.CHECKPOINT_BYTES} bytes")
    try:
        whole = note.decode()
    except UnicodeDecodeError:
        raise CheckpointError("not UTF-8") from None
    if any(c < " " and c != "\n" for c in whole):
        raise CheckpointError("a control character")
    text, blank, tail = whole.rpartition("\n\n")
    lines = tail.removesuffix("\n").split("\n")
    if not blank or not tail.endswith("\n") or len(lines) > SIGNATURES:
        raise CheckpointError("not a text, an empty line and signatures")
    return text + "\n", [_signature(line) for line in lines]


def parse_text(text: str) -> Checkpoint:
    """The checkpoint that a note's text spells; raises :class:`CheckpointError`.

    Extension lines are refused: nobody can audit them, and our logs write none.
    """
    lines = text.split("\n")
    if len(lines) != TEXT_LINES + 1 or lines[-1] or not lines[0]:
        raise CheckpointError("not origin, size and root")
    if not _SIZE.fullmatch(lines[1]):
        raise CheckpointError("the size is not a number")
    root = decode(lines[2])
    if len(root) != hashlib.sha256().digest_size:
        raise CheckpointError("the root is not a hash")
    return Checkpoint(lines[0], int(lines[1]), root)


def _is_checkpoint(text: str) -> bool:
    """Whether a reader that knows extension lines, unlike this one, takes it for a checkpoint."""
    lines = text.split("\n")
    return len(lines) > TEXT_LINES and _SIZE.fullmatch(lines[1]) is not None


def encode(data: bytes) -> str:
    """Standard base64."""
    return base64.b64encode(data).decode()


def decode(text: str) -> bytes:
    """The inverse of :func:`encode`, in its only spelling; raises :class:`CheckpointError`."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise CheckpointError("not base64") from None
    if encode(data) != text:
        raise CheckpointError("not base64 in its shortest form")
    return data


def _signature(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    if len(parts) != TEXT_LINES or parts[0] != "—" or not _NAME.fullmatch(parts[1]):
        raise CheckpointError("a signature line that reads otherwise than — name signature")
    signature = decode(parts[2])
    if len(signature) <= KEY_ID_BYTES:
        raise CheckpointError("a signature without content")
    return parts[1], signature


def _key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:KEY_ID_BYTES]
