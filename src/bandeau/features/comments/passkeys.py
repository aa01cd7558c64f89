"""Passkeys of the staff: what is kept of them, beside the password."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bandeau.features.comments.staff import Staff


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey: ``id`` and the public ``key`` in base64url, ``made`` in Unix seconds.

    ``signs`` is the authenticator's own count; it stays 0 where there is none.
    """

    id: str
    staff: str
    key: str
    signs: int
    made: int


class PasskeyStore(Protocol):
    """Passkeys of one site's staff. Times are Unix seconds.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def ask(self, tag: str, asked: str, until: int, now: int) -> None:
        """Know a challenge by its tag, that is asked for ``asked``; those that have ended go."""
        ...

    async def answered(self, tag: str, asked: str, now: int) -> bool:
        """Use a challenge up; false where it was not asked for that, has ended or was used."""
        ...

    async def add(self, passkey: Passkey, most: int) -> bool:
        """Keep a passkey; false where it is known, or its owner has ``most`` or is gone."""
        ...

    async def find(self, passkey_id: str) -> tuple[Passkey, Staff] | None:
        """The passkey of that id, and whose it is."""
        ...

    async def used(self, passkey_id: str, signs: int) -> None:
        """Remember how often a passkey signed."""
        ...

    async def of(self, staff: str) -> Sequence[Passkey]:
        """The passkeys of a member, the oldest first."""
        ...

    async def remove(self, staff: str, passkey_id: str) -> bool:
        """Remove one of a member's; false where it is none of theirs."""
        ...
