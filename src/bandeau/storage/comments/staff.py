"""The staff of one site in tables."""

from __future__ import annotations

from collections.abc import Sequence

from bandeau.features.comments.staff import Role, Staff
from bandeau.storage.tables import Rows, Statement, Steps, Tables

_ALL = "SELECT name, role, secret, made FROM staff ORDER BY name"
_FIND = "SELECT name, role, secret, made FROM staff WHERE name = $1"
_ADD = "INSERT INTO staff VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO NOTHING RETURNING name"
_CHANGE = "UPDATE staff SET secret = $2 WHERE name = $1 RETURNING name"
_REMOVE = "DELETE FROM staff WHERE name = $1 RETURNING name"
_SIGNED_OUT = "DELETE FROM session WHERE name = $1"
_BEGIN = "INSERT INTO session VALUES ($1, $2, $3)"
_SESSION = (
    "SELECT staff.name, staff.role, staff.secret, staff.made FROM session"
    " JOIN staff ON staff.name = session.name WHERE session.tag = $1 AND session.until > $2"
)


class StoredStaff:
    """A :class:`bandeau.features.comments.staff.StaffStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def add(self, staff: Staff) -> bool:
        """See the port."""
        values = (staff.name, staff.role.value, staff.secret, staff.made)
        return bool(await self._tables.write(_one(Statement(_ADD, values))))

    async def remove(self, name: str) -> bool:
        """See the port."""
        steps = _removing(name)
        return await self._tables.write(steps, erasing=True)

    async def change(self, name: str, secret: str) -> bool:
        """See the port."""
        steps = _signing_out(name, Statement(_CHANGE, (name, secret)))
        return await self._tables.write(steps, erasing=True)

    async def all(self) -> Sequence[Staff]:
        """See the port."""
        return _staff(await self._tables.read(_ALL))

    async def find(self, name: str) -> Staff | None:
        """See the port."""
        return next(iter(_staff(await self._tables.read(_FIND, name))), None)

    async def begin(self, tag: str, name: str, until: int, now: int) -> None:
        """See the port."""
        await self._tables.write(_beginning(tag, name, until, now))

    async def session(self, tag: str, now: int) -> Staff | None:
        """See the port."""
        return next(iter(_staff(await self._tables.read(_SESSION, tag, now))), None)

    async def end(self, tag: str) -> None:
        """See the port."""
        await self._tables.write(_one(Statement("DELETE FROM session WHERE tag = $1", (tag,))))


def _staff(rows: Rows) -> list[Staff]:
    return [Staff(name, Role(role), secret, made) for name, role, secret, made in rows]


def _one(statement: Statement) -> Steps[Rows]:
    return (yield statement)


def _signing_out(name: str, change: Statement) -> Steps[bool]:
    yield Statement(_SIGNED_OUT, (name,))
    return bool((yield change))


def _removing(name: str) -> Steps[bool]:
    yield Statement("DELETE FROM passkey WHERE staff = $1", (name,))
    return (yield from _signing_out(name, Statement(_REMOVE, (name,))))


def _beginning(tag: str, name: str, until: int, now: int) -> Steps[None]:
    yield Statement("DELETE FROM session WHERE until <= $1", (now,))
    yield Statement(_BEGIN, (tag, name, until))
