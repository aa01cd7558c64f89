"""The schema of a database: made or migrated at start, and its monthly partitions made ahead."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from bandeau.storage.migrating import migration
from bandeau.storage.postgres.database import Connection

SCHEMA = 3
MONTHS_AHEAD = 2
_MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = """
CREATE TABLE IF NOT EXISTS schema_version (
    name text PRIMARY KEY,
    version integer NOT NULL
)
"""

_JUST_MADE = (
    asyncpg.UniqueViolationError,
    asyncpg.DuplicateTableError,
    asyncpg.DuplicateObjectError,
)


class SchemaError(Exception):
    """The database has a schema that this program does not know. The message says what to do."""


async def prepare(db: Connection) -> None:
    """Bring the schema up to date, in one transaction; processes that start at once take turns.

    Raises :class:`SchemaError` where a newer program wrote it.
    """
    if await version(db) == SCHEMA:
        return
    # Another process may be making it just now.
    with contextlib.suppress(*_JUST_MADE):
        await db.execute(_VERSION)
    await db.execute("INSERT INTO schema_version VALUES ('bandeau', 0) ON CONFLICT DO NOTHING")
    async with db.transaction():
        found = await db.fetchval("SELECT version FROM schema_version FOR UPDATE")
        if found < SCHEMA:
            await db.execute(migration(_MIGRATIONS, "postgresql", found))
            await db.execute("UPDATE schema_version SET version = $1", SCHEMA)


async def version(db: Connection) -> int:
    """The schema that the database has, 0 where there is none. Raises :class:`SchemaError`."""
    if not await db.fetchval("SELECT to_regclass('schema_version') IS NOT NULL"):
        return 0
    found = int(await db.fetchval("SELECT version FROM schema_version") or 0)
    if found > SCHEMA:
        raise SchemaError(
            f"written by a newer Bandeau (schema {found}, this one knows {SCHEMA}); upgrade Bandeau"
        )
    return found


async def make_partitions(db: Connection, milliseconds: int) -> None:
    """Partitions for the month of a Unix time in milliseconds and those after it.

    Where records of a month are in the default partition already, they stay there, and so do the
    later ones of that month. A database whose content is on shards leaves the months to them.
    """
    if await db.fetchval("SELECT to_regclass('consent_rest') IS NULL"):
        return
    for name, start, end in _months(milliseconds):
        if await db.fetchval("SELECT to_regclass($1) IS NOT NULL", name):
            continue
        query = "SELECT EXISTS (SELECT FROM consent_rest WHERE rid >= $1 AND rid < $2)"
        if not await db.fetchval(query, start, end):
            await db.execute(
                f"CREATE TABLE IF NOT EXISTS {name} PARTITION OF consent"
                f" FOR VALUES FROM ('{start}') TO ('{end}')"
            )


def _months(milliseconds: int) -> Iterator[tuple[str, uuid.UUID, uuid.UUID]]:
    """Name and bounds of partitions: a UUIDv7 begins with its time."""
    now = datetime.fromtimestamp(milliseconds / 1000, UTC)
    first = now.year * 12 + now.month - 1
    for month in range(first, first + MONTHS_AHEAD + 1):
        yield f"consent_{month // 12}_{month % 12 + 1:02}", _bound(month), _bound(month + 1)


def _bound(month: int) -> uuid.UUID:
    start = datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return uuid.UUID(int=int(start.timestamp()) * 1000 << 80)
