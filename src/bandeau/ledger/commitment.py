"""Commitments and tree hashes: what of a record is public, and survives its erasure."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

DOMAIN = b"bandeau/consent/v1"
SALT_BYTES = 32
HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()


def commit(salt: bytes, body: bytes) -> bytes:
    """The commitment to a record: SHA-256 over a domain, 32 random bytes and the exact body.

    Without the salt nobody can tell whether a guessed body is the one; so destroying body and
    salt erases the record while the tree stands.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} bytes")
    return sha256(DOMAIN + salt + body).digest()


def commits(salts: Iterable[bytes], bodies: Iterable[bytes]) -> list[bytes]:
    """:func:`commit` of many, whose salts have their length."""
    pairs = zip(salts, bodies, strict=True)
    return [sha256(DOMAIN + salt + body).digest() for salt, body in pairs]


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf (RFC 9162, 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """:func:`leaf_hash` of many."""
    return [sha256(b"\x00" + entry).digest() for entry in entries]


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (RFC 9162, 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def pair_hash(pair: bytes) -> bytes:
    """The hash of an inner node over two hashes that stand side by side."""
    return sha256(b"\x01" + pair).digest()
