"""The keys of a site in its database: the first process makes them, all others read them."""

from __future__ import annotations

from bandeau.storage.keys import Keys, KeysError, Random, format_keys, made, parse_keys, turned
from bandeau.storage.postgres.database import Database, translated

_NAME = "bandeau"
_WHERE = "the keys in the database"
_GET = "SELECT content FROM keyring WHERE name = $1"


def load_or_create(database: Database, origin: str, randomness: Random) -> Keys:
    """The keys, made under ``origin`` where there are none yet. Raises :class:`KeysError`.

    A ledger whose keys are gone gets no new ones.
    """
    content = format_keys(made(origin, randomness)).decode()

    async def work() -> None:
        async with database.connection() as db:
            query = """
                INSERT INTO keyring SELECT $1, $2 WHERE NOT EXISTS (SELECT FROM checkpoint)
                ON CONFLICT DO NOTHING
            """
            await db.execute(query, _NAME, content)

    with translated(KeysError, _WHERE):
        database.run(work())
    return load(database)


def load(database: Database) -> Keys:
    """The keys; raises :class:`KeysError` where there are none that can be used."""

    async def work() -> str | None:
        async with database.connection() as db:
            found: str | None = await db.fetchval(_GET, _NAME)
            return found

    with translated(KeysError, _WHERE):
        content = database.run(work())
    if content is None:
        raise KeysError(f"{_WHERE}: none; if they are kept in a file, name it with --keys")
    return parse_keys(_WHERE, content.encode())


def rotate_cookie_key(database: Database, randomness: Random) -> Keys:
    """Add a cookie key (see :func:`bandeau.storage.keys.rotate_cookie_key`)."""

    async def work() -> Keys:
        async with database.connection() as db, db.transaction():
            content = await db.fetchval(_GET + " FOR UPDATE", _NAME)
            if content is None:
                raise KeysError(f"{_WHERE}: none; if they are kept in a file, name it with --keys")
            keys = turned(parse_keys(_WHERE, content.encode()), randomness)
            query = "UPDATE keyring SET content = $2 WHERE name = $1"
            await db.execute(query, _NAME, format_keys(keys).decode())
            return keys

    with translated(KeysError, _WHERE):
        return database.run(work())
