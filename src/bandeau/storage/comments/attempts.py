"""Attempts at one site in tables, and the key of the day."""

from __future__ import annotations

from bandeau.storage.tables import Statement, Steps, Tables

_ATTEMPT = (
    "INSERT INTO attempt VALUES ($1, 1, $2)"
    " ON CONFLICT (tag) DO UPDATE SET failures = attempt.failures + 1 RETURNING failures"
)
_NEW = "INSERT INTO attempt_key VALUES ($1, $2) ON CONFLICT (day) DO NOTHING"


class StoredAttempts:
    """An :class:`bandeau.features.comments.attempts.AttemptStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def key(self, day: int, fresh: str) -> str:
        """See the port."""
        return await self._tables.write(_renewing(day, fresh), erasing=True)

    async def attempt(self, tag: str, most: int, until: int, now: int) -> bool:
        """See the port."""
        return await self._tables.write(_attempting(tag, most, until, now))

    async def forgive(self, tag: str) -> None:
        """See the port."""
        await self._tables.write(_forgiving(tag))


def _renewing(day: int, fresh: str) -> Steps[str]:
    yield Statement("DELETE FROM attempt_key WHERE day < $1", (day,))
    yield Statement(_NEW, (day, fresh))
    ((key,),) = yield Statement("SELECT key FROM attempt_key WHERE day = $1", (day,))
    return str(key)


def _attempting(tag: str, most: int, until: int, now: int) -> Steps[bool]:
    yield Statement("DELETE FROM attempt WHERE until <= $1", (now,))
    ((count,),) = yield Statement(_ATTEMPT, (tag, until))
    return int(count) <= most


def _forgiving(tag: str) -> Steps[None]:
    yield Statement("DELETE FROM attempt WHERE tag = $1", (tag,))
