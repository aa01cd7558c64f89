"""What each third party has learnt, kept in memory and bounded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

KEPT = 200


class Kind(StrEnum):
    """How a browser came into contact."""

    SCRIPT = "script"
    PIXEL = "pixel"
    BEACON = "beacon"
    IFRAME = "iframe"
    VISIT = "visit"


class Known(StrEnum):
    """By what a visitor was told apart from others."""

    NEW = "new"
    COOKIE = "cookie"
    FIRST_PARTY = "first-party"
    STORAGE = "storage"


@dataclass(frozen=True, slots=True)
class Contact:
    """One request, as the company that received it reads it. ``at`` is in Unix seconds."""

    company: str
    kind: Kind
    at: float
    page: str
    visitor: str
    known: Known
    referrer: str
    address: str
    agent: str
    detail: str = ""


class Board:
    """The last contacts of all companies. ``version`` changes with every change."""

    def __init__(self) -> None:
        self.version = 0
        self._contacts: deque[Contact] = deque(maxlen=KEPT)

    def record(self, contact: Contact) -> None:
        """Keep ``contact``, letting the oldest go beyond ``KEPT``."""
        self._contacts.append(contact)
        self.version += 1

    def forget(self) -> None:
        """Wipe the board; browsers keep their cookies."""
        self._contacts.clear()
        self.version += 1

    def of(self, company: str) -> tuple[Contact, ...]:
        """What ``company`` received, newest first."""
        return tuple(c for c in reversed(self._contacts) if c.company == company)

    def pages_of(self, company: str, visitor: str) -> tuple[str, ...]:
        """Pages that ``company`` knows ``visitor`` to have read, newest first, each once."""
        seen = (c.page for c in self.of(company) if c.visitor == visitor and c.page)
        return tuple(dict.fromkeys(seen))
