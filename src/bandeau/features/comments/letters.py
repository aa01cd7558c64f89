"""Letters to readers: when one is due, to whom, and how little of that is kept. Pure.

An address is kept sealed, under a key that is not in the tables, and only while it is needed.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import idna
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bandeau import limits
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.reports import Report

NONCE_BYTES = 12
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
_LOCAL_CHARACTERS = 64


class Kind(StrEnum):
    """What a letter is for."""

    SIGN_IN = "sign-in"
    CONFIRM = "confirm"
    REPLY = "reply"
    DECISION = "decision"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter as it waits. Times are Unix seconds.

    ``box`` is sealed: address, language, and what its text names. ``receipt`` is the record that
    allows it, empty where the law asks for it; ``ends`` when it is worth nothing any more,
    ``watch`` whose replies it tells of.
    """

    id: str
    receipt: str
    box: str
    made: int
    ends: int
    due: int
    watch: str = ""
    attempts: int = 0


@dataclass(frozen=True, slots=True)
class Content:
    """What is sealed in a letter's box; ``told`` is the statement that it holds, if any."""

    kind: Kind
    address: str
    lang: str
    base: str
    link: str
    stop: str = ""
    name: str = ""
    told: str = ""


@dataclass(frozen=True, slots=True)
class Watch:
    """One address that one consent subject wants replies told to.

    ``address`` is a keyed hash of it, ``box`` sealed; it counts once it is ``confirmed``.
    """

    id: str
    subject: str
    receipt: str
    address: str
    box: str
    lang: str
    base: str
    made: int
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class News:
    """A reply that was published, and who wants to know of it."""

    reply: str
    page: str
    name: str
    watch: Watch


@dataclass(frozen=True, slots=True)
class Concerned:
    """A decision of staff, where the author that it concerns wants to be told, and the notices
    that it closed whose senders left an address."""

    decision: Decision
    watches: Sequence[Watch]
    filed: Sequence[Report] = ()


def parse_address(raw: str) -> str | None:
    """The one form of a mail address, its domain in ASCII; ``None`` for what is none.

    Local parts in other than ASCII, and quoted ones, are not taken.
    """
    local, at, domain = raw.strip().rpartition("@")
    try:
        plain = idna.encode(domain.lower(), uts46=True).decode() if at else ""
    except (idna.IDNAError, UnicodeError):
        return None
    fits = len(local) <= _LOCAL_CHARACTERS and len(plain) <= limits.MAIL_ADDRESS_CHARACTERS
    if not (fits and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(plain)):
        return None
    address = f"{local}@{plain}"
    return address if len(address) <= limits.MAIL_ADDRESS_CHARACTERS else None


def address_tag(key: bytes, address: str) -> str:
    """What is kept of an address to know it again, in whatever case it was written."""
    return hmac.digest(key, f"address\0{address.lower()}".encode(), "sha256").hex()


def seal(key: bytes, nonce: bytes, content: Content) -> str:
    """``content`` under a key of the site, as text; ``nonce`` is :data:`NONCE_BYTES` at random."""
    told = [getattr(content, name) for name in Content.__slots__]
    box = AESGCM(_key(key)).encrypt(nonce, json.dumps(told).encode(), None)
    return base64.urlsafe_b64encode(nonce + box).decode()


def unseal(key: bytes, box: str) -> Content | None:
    """What :func:`seal` sealed; ``None`` for what this key did not."""
    data = base64.urlsafe_b64decode(box)
    try:
        told = AESGCM(_key(key)).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None)
    except (InvalidTag, ValueError):
        return None
    kind, *texts = json.loads(told)
    return Content(Kind(kind), *texts)


def proof_of(key: bytes, act: str, watch: str) -> str:
    """What a link of a letter proves: that who has it reads that mailbox."""
    return hmac.digest(key, f"watch\0{act}\0{watch}".encode(), "sha256").hex()[:40]


def proves(key: bytes, act: str, watch: str, proof: str) -> bool:
    """Whether ``proof`` is :func:`proof_of` of the same."""
    return hmac.compare_digest(proof_of(key, act, watch).encode(), proof.encode())


def due_after(letter: Letter, now: int, fraction: float) -> int | None:
    """When a letter that could not be sent is tried again; ``None`` for never.

    Waiting times grow fourfold, each shortened by up to half by ``fraction`` (0 to 1).
    """
    if letter.attempts >= limits.MAIL_ATTEMPTS:
        return None
    wait = limits.MAIL_WAIT_SECONDS * 4 ** (letter.attempts - 1)
    due = now + max(1, int(wait * (1 - fraction / 2)))
    return due if due < letter.ends else None


def _key(key: bytes) -> bytes:
    return hmac.digest(key, b"bandeau/letters/v1", "sha256")


class LetterStore(Protocol):
    """Letters that wait, and who wants which. Times are Unix seconds.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def post(self, letter: Letter, most: int) -> bool:
        """Keep a letter to be sent; false where ``most`` wait already. Idempotent by ``id``."""
        ...

    async def claim(self, now: int, until: int, count: int) -> Sequence[Letter]:
        """Letters that are due, counted as tried; no one else gets them before ``until``."""
        ...

    async def later(self, letter_id: str, due: int) -> None:
        """Try a letter again then."""
        ...

    async def drop(self, letter_ids: Collection[str]) -> None:
        """Keep these letters no more."""
        ...

    async def watch(self, watch: Watch, comment: str) -> Watch:
        """Tell of replies to ``comment``; gives the watch of that subject and address."""
        ...

    async def watched(self, watch_id: str) -> Watch | None:
        """The watch of that id."""
        ...

    async def watches(self, after: str, count: int) -> Sequence[Watch]:
        """Watches by id, those behind ``after``."""
        ...

    async def confirm(self, watch_id: str) -> bool:
        """Let a watch count; false where there is none."""
        ...

    async def unwatch(self, watch_ids: Collection[str]) -> None:
        """Erase these watches, and letters that wait for them."""
        ...

    async def withdrawn(self, subjects: Collection[str]) -> None:
        """Erase what these subjects wanted to be told."""
        ...

    async def news(self, count: int) -> Sequence[str]:
        """Replies that were published to what is watched, and decisions on that or its author.

        Those by their ids that were not told of yet.
        """
        ...

    async def of(self, reply: str) -> Sequence[News]:
        """Who wants to know of a reply: confirmed watches, but none of its own author."""
        ...

    async def concerned(self, decision: str) -> Concerned | None:
        """The decision of that id, with whom it concerns: confirmed watches only."""
        ...

    async def tell(self, reply: str, letters: Sequence[Letter], now: int) -> None:
        """Keep the letters about a reply or a decision, which then counts as told."""
        ...

    async def tidy(self, unconfirmed: int, told: int) -> None:
        """Erase watches that nobody confirmed since then, and news that is older than ``told``."""
        ...
