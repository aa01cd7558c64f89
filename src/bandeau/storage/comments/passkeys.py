"""The passkeys of one site's staff in tables."""

from __future__ import annotations

from collections.abc import Sequence

from bandeau.features.comments.passkeys import Passkey
from bandeau.features.comments.staff import Role, Staff
from bandeau.storage.tables import Rows, Statement, Steps, Tables

_ANSWER = "DELETE FROM challenge WHERE tag = $1 AND asked = $2 AND until > $3 RETURNING tag"
_ADD = "INSERT INTO passkey VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING RETURNING id"
_OF = "SELECT id, staff, secret, signs, made FROM passkey WHERE staff = $1 ORDER BY made, id"
_FIND = (
    "SELECT p.id, p.staff, p.secret, p.signs, p.made, staff.role, staff.secret, staff.made"
    " FROM passkey p JOIN staff ON staff.name = p.staff WHERE p.id = $1"
)


class StoredPasskeys:
    """A :class:`bandeau.features.comments.passkeys.PasskeyStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def ask(self, tag: str, asked: str, until: int, now: int) -> None:
        """See the port."""
        await self._tables.write(_asking(tag, asked, until, now))

    async def answered(self, tag: str, asked: str, now: int) -> bool:
        """See the port."""
        return bool(await self._tables.write(_one(Statement(_ANSWER, (tag, asked, now)))))

    async def add(self, passkey: Passkey, most: int) -> bool:
        """See the port."""
        return await self._tables.write(_adding(passkey, most))

    async def find(self, passkey_id: str) -> tuple[Passkey, Staff] | None:
        """See the port."""
        rows = await self._tables.read(_FIND, passkey_id)
        if not rows:
            return None
        *kept, role, secret, made = rows[0]
        found = Passkey(*kept)
        return found, Staff(found.staff, Role(role), secret, made)

    async def used(self, passkey_id: str, signs: int) -> None:
        """See the port."""
        change = Statement("UPDATE passkey SET signs = $2 WHERE id = $1", (passkey_id, signs))
        await self._tables.write(_one(change))

    async def of(self, staff: str) -> Sequence[Passkey]:
        """See the port."""
        return [Passkey(*row) for row in await self._tables.read(_OF, staff)]

    async def remove(self, staff: str, passkey_id: str) -> bool:
        """See the port."""
        text = "DELETE FROM passkey WHERE staff = $1 AND id = $2 RETURNING id"
        steps = _one(Statement(text, (staff, passkey_id)))
        return bool(await self._tables.write(steps, erasing=True))


def _one(statement: Statement) -> Steps[Rows]:
    return (yield statement)


def _asking(tag: str, asked: str, until: int, now: int) -> Steps[None]:
    yield Statement("DELETE FROM challenge WHERE until <= $1", (now,))
    yield Statement("INSERT INTO challenge VALUES ($1, $2, $3)", (tag, asked, until))


def _adding(passkey: Passkey, most: int) -> Steps[bool]:
    known = yield Statement("SELECT name FROM staff WHERE name = $1", (passkey.staff,))
    if not known or len((yield Statement(_OF, (passkey.staff,)))) >= most:
        return False
    kept = (passkey.id, passkey.staff, passkey.key, passkey.signs, passkey.made)
    return bool((yield Statement(_ADD, kept)))
