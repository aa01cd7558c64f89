"""The signed cookies: the choice that enforcement reads, the receipt under ``/.bandeau/``, and
the single items that a visitor loaded, until the browser is closed.

The choice cookie reads ``1.<terms>.<mask>~<made at>.<record>.<signature>``. All before ``~`` has
few distinct values, so a cache can key on it; what follows binds it to one ledger record, so that
a copy kept from before a withdrawal is known to be out of date.
"""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from itsdangerous import BadSignature, Signer

from bandeau import limits
from bandeau.choice.model import Choice

VERSION = "1"
VISITOR_BYTES = 16
NOTED = "noted"
"""Stands in the choice cookie of a site that asks for nothing: its information bar was closed."""
_CHOICE = re.compile(
    r"1\.(?P<terms>[0-9a-f]{16})\.(?P<mask>[01]{1,24})~(?P<made>[0-9a-f]{1,12})\.(?P<record>[\w-]{22})",
    re.ASCII,
)
_ITEMS = re.compile(
    r"1~(?P<record>[\w-]{22})\.(?P<choice>0|[\w-]{22})"
    rf"(?P<items>(?:\.[0-9a-f]{{16}}){{1,{limits.ITEMS}}})",
    re.ASCII,
)
_RECEIPT = re.compile(r"1~(?P<visitor>[\w-]{22})\.(?P<record>[\w-]{22})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A choice cookie whose signature held: the mask follows the sorted purposes of ``terms``."""

    terms: str
    mask: str
    made_at: int
    record_id: str

    def open(self, keys: Sequence[str]) -> Choice | None:
        """The choice, given the purposes of its terms; ``None`` where they do not fit."""
        if len(keys) != len(self.mask):
            return None
        answers = {key: bit == "1" for key, bit in zip(keys, self.mask, strict=True)}
        return Choice(self.terms, answers, self.record_id, self.made_at)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A receipt cookie whose signature held: who this terminal is to the ledger alone."""

    visitor: bytes
    record_id: str


@dataclass(frozen=True, slots=True)
class Loaded:
    """A cookie of loaded items whose signature held.

    ``record_id`` is the latest item's record, ``choice_id`` that of the choice which held when it
    was made, if any; ``digests`` name the items, the latest last.
    """

    record_id: str
    choice_id: str | None
    digests: tuple[str, ...]


class Seal:
    """Writes and reads both cookies of one site.

    ``keys`` are secret, oldest first: the last one signs, all of them verify. ``site`` goes into
    the signature, so that a cookie of another site with the same keys does not hold here.
    """

    def __init__(self, keys: Sequence[bytes], site: str) -> None:
        self._choice = _signer(keys, f"bandeau.choice.{site}")
        self._receipt = _signer(keys, f"bandeau.receipt.{site}")
        self._items = _signer(keys, f"bandeau.items.{site}")

    def write_choice(self, choice: Choice) -> str:
        """The value of the choice cookie."""
        body = f"{choice_mask(choice)}~{choice.made_at:x}.{_pack(choice.record_id)}"
        return self._choice.sign(body).decode()

    def read_choice(self, value: str) -> Sealed | None:
        """The sealed choice, or ``None`` for anything that this site did not write."""
        found = _CHOICE.fullmatch(_unsign(self._choice, value) or "")
        if not found:
            return None
        record_id = _unpack(found["record"])
        if record_id is None:
            return None
        return Sealed(found["terms"], found["mask"], int(found["made"], 16), record_id)

    def write_receipt(self, ticket: Ticket) -> str:
        """The value of the receipt cookie."""
        visitor = base64.urlsafe_b64encode(ticket.visitor).decode().rstrip("=")
        return self._receipt.sign(f"{VERSION}~{visitor}.{_pack(ticket.record_id)}").decode()

    def read_receipt(self, value: str) -> Ticket | None:
        """The ticket, or ``None`` for anything that this site did not write."""
        found = _RECEIPT.fullmatch(_unsign(self._receipt, value) or "")
        if not found:
            return None
        record_id = _unpack(found["record"])
        if record_id is None:
            return None
        return Ticket(base64.urlsafe_b64decode(found["visitor"] + "=="), record_id)

    def write_items(self, loaded: Loaded) -> str:
        """The value of the cookie of loaded items."""
        choice = _pack(loaded.choice_id) if loaded.choice_id else "0"
        body = ".".join((f"{VERSION}~{_pack(loaded.record_id)}", choice, *loaded.digests))
        return self._items.sign(body).decode()

    def read_items(self, value: str) -> Loaded | None:
        """The loaded items, or ``None`` for anything that this site did not write."""
        found = _ITEMS.fullmatch(_unsign(self._items, value) or "")
        if not found:
            return None
        record_id = _unpack(found["record"])
        choice_id = _unpack(found["choice"]) if found["choice"] != "0" else None
        if record_id is None or (choice_id is None and found["choice"] != "0"):
            return None
        return Loaded(record_id, choice_id, tuple(found["items"][1:].split(".")))


def choice_mask(choice: Choice) -> str:
    """``1.<terms>.<mask>``: what many visitors share, the purposes in alphabetical order."""
    mask = "".join("01"[choice.answers[key]] for key in sorted(choice.answers))
    return f"{VERSION}.{choice.terms}.{mask}"


def _signer(keys: Sequence[bytes], salt: str) -> Signer:
    return Signer(list(keys), salt=salt, digest_method=hashlib.sha256, key_derivation="hmac")


def _unsign(signer: Signer, value: str) -> str | None:
    if len(value) > limits.CHOICE_COOKIE_BYTES or not value.isascii():
        return None
    try:
        return signer.unsign(value).decode("ascii", "replace")
    except BadSignature:
        return None


def _pack(record_id: str) -> str:
    return base64.urlsafe_b64encode(uuid.UUID(record_id).bytes).decode().rstrip("=")


def _unpack(packed: str) -> str | None:
    raw = base64.urlsafe_b64decode(packed + "==")
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != packed:
        return None
    return str(uuid.UUID(bytes=raw))
