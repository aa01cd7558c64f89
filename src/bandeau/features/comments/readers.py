"""Readers who sign in to comment: what is kept of them, and how long a session stands.

Nothing here names a person but the name that a reader chose to be shown by. What tells two readers
apart is a keyed hash of what they proved: an address, or a subject of the paper's own accounts.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bandeau.features.comments.words import fold
from bandeau.ledger.record import RecordError, parse_record
from bandeau.ledger.store import Stored


@dataclass(frozen=True, slots=True)
class Reader:
    """Who signed in; ``id`` is random, ``name`` what is shown under comments."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Session:
    """A session of a reader, bound to a consent subject and to the record that allowed it."""

    reader: Reader
    subject: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A sign-in under way: good once, until then, for one consent subject only.

    ``subject`` is that subject's tag, ``who`` the tag of what will be proven by coming back.
    """

    subject: str
    who: str


def reader_tag(key: bytes, way: str, who: str) -> str:
    """What is kept of an identity; ``key`` is the site's subject key, ``way`` how it was proven."""
    return hmac.digest(key, f"reader\0{way}\0{who}".encode(), "sha256").hex()


def token_tag(token: str) -> str:
    """What is kept of a secret that is given to a reader."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def name_key(name: str) -> str:
    """The same for all names that a reader would take for one: see :func:`words.fold`."""
    return fold(name).replace(" ", "") or name.casefold()


def unbroken(held: Sequence[Stored], receipt: str, purpose: str) -> bool:
    """Whether every choice since ``receipt`` granted ``purpose``, that one included.

    ``held`` is what the ledger holds of one subject, newest first (``LedgerStore.history``).
    """
    for stored in held:
        if stored.body is None:
            return False
        try:
            record = parse_record(stored.body)
        except RecordError:
            return False
        if not record.purposes.get(purpose):
            return False
        if stored.id == receipt:
            return not held[0].superseded
    return False


class ReaderStore(Protocol):
    """Readers of one site. Times are Unix seconds.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def issue(self, tag: str, ticket: Ticket, until: int, now: int) -> None:
        """Keep a ticket under the tag of its token; those that have ended go."""
        ...

    async def ticket(self, tag: str, now: int) -> Ticket | None:
        """The ticket, where it has neither ended nor been used."""
        ...

    async def spend(self, tag: str, until: int, now: int) -> bool:
        """Know a one-time value until then; false where it is known already."""
        ...

    async def known(self, who: str) -> Reader | None:
        """The reader of that tag."""
        ...

    async def named(self, name: str) -> bool:
        """Whether a reader has that name, or one that looks the same."""
        ...

    async def bound(self, subject: str) -> Sequence[str]:
        """The ids of the readers who signed in under the subject of that tag."""
        ...

    async def enter(self, ticket: str, who: str, reader: Reader) -> Reader | None:
        """Use up the ticket of that tag; give the reader of ``who``, added if there was none.

        ``None``, and nothing changes, where the name is another's or the ticket is used up.
        An empty ``ticket`` is none.
        """
        ...

    async def begin(self, tag: str, session: Session, until: int, now: int) -> None:
        """Begin a session, until a fixed time; those that have ended go."""
        ...

    async def session(self, tag: str, now: int) -> Session | None:
        """The session of that tag, where it has not ended."""
        ...

    async def follow(self, tag: str, receipt: str) -> None:
        """Bind a session to a later record."""
        ...

    async def end(self, tag: str) -> None:
        """End a session."""
        ...

    async def withdrawn(self, subjects: Collection[str]) -> None:
        """End all sessions and tickets of these subjects."""
        ...

    async def forget(self, subjects: Collection[str]) -> Collection[str]:
        """The same, and erase each reader who signed in under no other subject: their ids."""
        ...
