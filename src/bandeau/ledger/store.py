"""The port that the ledger is kept behind. One contract suite runs over every store."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt


class LedgerUnavailable(Exception):
    """The ledger can be neither read nor written now. Nothing half-written is left behind."""


class LedgerRefused(ValueError):
    """The ledger works, and will never take this draft. The message says why."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One record as it is kept. ``body`` and ``salt`` are ``None`` once it is erased.

    ``superseded`` tells that its subject has a later record, even if that one was erased since:
    an old acceptance never comes back to life.
    """

    id: str
    index: int
    body: bytes | None
    salt: bytes | None
    superseded: bool

    @property
    def erased(self) -> bool:
        """Whether only the commitment is left."""
        return self.body is None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One line of an export: the public commitment, and the record unless it is erased."""

    index: int
    id: str | None
    body: bytes | None
    salt: bytes | None
    commitment: bytes


class LedgerStore(Protocol):
    """An append-only log of records. Every method raises :class:`LedgerUnavailable`.

    Indexes start at 0 and have no gap; what has been acknowledged never changes but by erasure.
    """

    async def append(self, draft: Draft) -> Receipt:
        """Keep the record: durable, in the tree and under a signed checkpoint before this returns.

        Idempotent by id: a replay inserts nothing and gets the same receipt, byte for byte. Records
        of one subject are chained in the order of their indexes. An erasure removes the content,
        salt, id and subject of its target in the same step, which leaves the tree as it is.
        Raises :class:`LedgerRefused` for an erasure whose target is no choice that is still held,
        and for the replay of a record that was erased. What a draft brings along (``artefacts``)
        is kept in the same step.
        """
        ...

    async def find(self, record_id: str) -> Stored | None:
        """The record of that id; an erased one is found by whoever still knows its id."""
        ...

    async def history(self, subject: str, count: int = 1) -> Sequence[Stored]:
        """The records of ``subject`` that are still held, newest first, at most ``count`` of them.

        What stands for a subject is the first of them, unless it is superseded: then the newest
        one was erased.
        """
        ...

    async def published(self, path: str) -> bytes | None:
        """What the log shows to all under ``path`` (C2SP tlog-tiles), or ``None``.

        ``checkpoint``; ``checkpoint/SIZE`` for each one ever signed; ``key``, the verifier key;
        ``tile/LEVEL/INDEX``; ``tile/entries/INDEX``, whose entries are commitments only;
        ``artefact/HASH``, what was shown to visitors. What is made of the tiles has a path too:
        ``proof/SIZE/INDEX``, the inclusion proof of one record in one tree, its hashes joined.
        """
        ...

    def scan(self, start: int = 0) -> AsyncIterator[Leaf]:
        """Every leaf from index ``start`` on, in order, up to a size fixed at the first step."""
        ...
