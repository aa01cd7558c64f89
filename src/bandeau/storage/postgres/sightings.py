"""Sightings in PostgreSQL: a batch joins what is kept, one process after another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from bandeau.enforcement.folding import Registrable
from bandeau.enforcement.sightings import Kind, Sighting, SightingsUnavailable, Teller, joined
from bandeau.storage.postgres.database import Connection, Database, translated

_TURN = "SELECT FROM reading WHERE name = 'sightings' FOR UPDATE"
_ALL = "SELECT kind, name, teller, place, page, first_day, last_day, days, times FROM sightings"
_PUT = """
INSERT INTO sightings VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (kind, name) DO UPDATE SET teller = $3, place = $4, page = $5,
    first_day = $6, last_day = $7, days = $8, times = $9
"""
_DROP = "DELETE FROM sightings WHERE kind = $1 AND name = $2"


class PostgresSightings:
    """A :class:`SightingStore` in a database whose tables are there already."""

    def __init__(self, database: Database, registrable: Registrable) -> None:
        self._database = database
        self._registrable = registrable

    def close(self) -> None:
        """Nothing to close: the database stays open."""

    def add(self, batch: Iterable[Sighting]) -> None:
        """See the port."""
        with translated(SightingsUnavailable, "sightings"):
            self._database.run(self._add(tuple(batch)))

    def all(self) -> tuple[Sighting, ...]:
        """See the port."""

        async def work() -> tuple[Sighting, ...]:
            async with self._database.connection() as db:
                return await _read(db)

        with translated(SightingsUnavailable, "sightings"):
            return self._database.run(work())

    async def _add(self, batch: tuple[Sighting, ...]) -> None:
        async with self._database.connection() as db, db.transaction():
            await db.execute(_TURN)
            before = {sighting.key: sighting for sighting in await _read(db)}
            after = {s.key: s for s in joined(before.values(), batch, self._registrable)}
            gone = [(kind.value, name) for kind, name in before if (kind, name) not in after]
            changed = [s for key, s in after.items() if before.get(key) != s]
            await db.executemany(_DROP, gone)
            await db.executemany(_PUT, [row_of(sighting) for sighting in changed])


async def _read(db: Connection) -> tuple[Sighting, ...]:
    return tuple(_sighting(*row) for row in await db.fetch(_ALL))


def _sighting(kind: str, name: str, teller: str, where: str, page: str, *rest: Any) -> Sighting:
    first, last, days, times = rest
    span = date.fromisoformat(first), date.fromisoformat(last)
    return Sighting(Kind(kind), name, Teller(teller), where, page, *span, days, times)


def row_of(s: Sighting) -> tuple[str | int, ...]:
    """A sighting as its table has it."""
    first, last = s.first_day.isoformat(), s.last_day.isoformat()
    return s.kind.value, s.name, s.teller.value, s.where, s.page, first, last, s.days, s.times
