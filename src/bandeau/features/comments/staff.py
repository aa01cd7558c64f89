"""Who moderates: names, roles, passwords, and the sessions that a sign-in begins."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bandeau import limits

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
_HASHER = PasswordHasher()
# Verified for names that nobody has, so that they take as long as others: argon2's own defaults.
_NOBODY = (
    "$argon2id$v=19$m=65536,t=3,p=4$AAAAAAAAAAAAAAAAAAAAAA$XsTYOX"
    "9zZBUPSF/iJGQz0pYhGjJleLNYLdGPrNlEozk"
)


class Role(StrEnum):
    """What a member of the staff may do; these words are part of the command line."""

    EDITOR = "editor"
    """Judges comments."""
    MODERATOR = "moderator"
    """Judges authors too."""
    ADMINISTRATOR = "administrator"
    """Reads the log too."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of the staff; ``secret`` is the password's argon2 hash, ``made`` Unix seconds."""

    name: str
    role: Role
    secret: str
    made: int

    @property
    def judges_authors(self) -> bool:
        """Whether authors may be suspended and banned."""
        return self.role is not Role.EDITOR

    @property
    def reads_log(self) -> bool:
        """Whether the log of all acts may be read."""
        return self.role is Role.ADMINISTRATOR


class StaffError(Exception):
    """A name or password that cannot be used. The message says why."""


def staff_name(raw: str) -> str:
    """The one form of a name; raises :class:`StaffError`."""
    name = raw.strip().lower()
    if not _NAME.fullmatch(name):
        raise StaffError(
            "a name is a letter or digit, then letters, digits, '.', '_' and '-', at most 40"
        )
    return name


def hashed(password: str, random: Callable[[int], bytes]) -> str:
    """The argon2id hash of a password, with its parameters; raises :class:`StaffError`."""
    least, most = limits.STAFF_PASSWORD_LEAST, limits.STAFF_PASSWORD_CHARACTERS
    if not least <= len(password) <= most:
        raise StaffError(f"a password has {least} to {most} characters")
    return _HASHER.hash(_plain(password), salt=random(_HASHER.salt_len))


def matches(staff: Staff | None, password: str) -> bool:
    """Whether it is their password; as slow for nobody. Takes a tenth of a second or less."""
    secret = staff.secret if staff else _NOBODY
    given = _plain(password[: limits.STAFF_PASSWORD_CHARACTERS + 1])
    try:
        return _HASHER.verify(secret, given) and staff is not None
    except (VerificationError, InvalidHashError):
        return False


def session_tag(token: str) -> str:
    """What is kept of a session's token: nobody who reads the tables can use it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


class StaffStore(Protocol):
    """Staff of one site, with their sessions. Times are Unix seconds.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def add(self, staff: Staff) -> bool:
        """Add a member; false where the name is taken."""
        ...

    async def remove(self, name: str) -> bool:
        """Remove a member, and end their sessions; false where there is none."""
        ...

    async def change(self, name: str, secret: str) -> bool:
        """Give a member another password, and end their sessions; false where there is none."""
        ...

    async def all(self) -> Sequence[Staff]:
        """All members, by name."""
        ...

    async def find(self, name: str) -> Staff | None:
        """The member of that name."""
        ...

    async def begin(self, tag: str, name: str, until: int, now: int) -> None:
        """Begin a session, until a fixed time; those that have ended go."""
        ...

    async def session(self, tag: str, now: int) -> Staff | None:
        """Whose session it is, where it has not ended."""
        ...

    async def end(self, tag: str) -> None:
        """End a session."""
        ...


def _plain(password: str) -> str:
    """The same password, whichever keyboard composed its letters."""
    return unicodedata.normalize("NFC", password)
