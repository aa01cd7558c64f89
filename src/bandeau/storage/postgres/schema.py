"""The schema of a database: made or migrated at start, and its monthly partitions made ahead."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import asyncpg

from bandeau.storage.comments import store as comments
from bandeau.storage.migrating import migration
from bandeau.storage.postgres.database import Connection

SCHEMA = 3
MONTHS_AHEAD = 2
Parts: TypeAlias = Mapping[str, tuple[int, Path]]
"""Parts of a database that have schemas of their own, each with its newest and its revisions."""
_SITE: Parts = {
    "bandeau": (SCHEMA, Path(__file__).parent / "migrations"),
    "comments": (comments.SCHEMA, comments.MIGRATIONS),
}
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


async def prepare(db: Connection, parts: Parts = _SITE) -> None:
    """Bring the schema of ``parts`` up to date, in one transaction.

    Processes that start at once take turns. Raises :class:`SchemaError` where a newer program
    wrote it.
    """
    found = await _versions(db, parts)
    if all(found.get(part) == newest for part, (newest, _) in parts.items()):
        return
    # Another process may be making it just now.
    with contextlib.suppress(*_JUST_MADE):
        await db.execute(_VERSION)
    for part in parts:
        query = "INSERT INTO schema_version VALUES ($1, 0) ON CONFLICT DO NOTHING"
        await db.execute(query, part)
    async with db.transaction():
        await db.execute("SELECT version FROM schema_version FOR UPDATE")
        found = await _versions(db, parts)
        for part, (newest, migrations) in parts.items():
            if found[part] < newest:
                await db.execute(migration(migrations, "postgresql", found[part]))
                query = "UPDATE schema_version SET version = $1 WHERE name = $2"
                await db.execute(query, newest, part)


async def version(db: Connection) -> int:
    """The ledger's schema in the database, 0 where there is none. Raises :class:`SchemaError`."""
    return (await _versions(db, _SITE)).get("bandeau", 0)


async def _versions(db: Connection, parts: Parts) -> dict[str, int]:
    if not await db.fetchval("SELECT to_regclass('schema_version') IS NOT NULL"):
        return {}
    rows = await db.fetch("SELECT name, version FROM schema_version")
    found: dict[str, int] = {row["name"]: row["version"] for row in rows}
    for part, (newest, _) in parts.items():
        if found.get(part, 0) > newest:
            raise SchemaError(
                f"written by a newer Bandeau (schema {found[part]}, this one knows {newest});"
                " upgrade Bandeau"
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
