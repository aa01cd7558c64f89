"""A database whose content and inbox are on three shards, by subject, as examples/shards says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from postgres_server import PostgresServer

from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.ledger import open_schema

SCRIPTS = Path(__file__).parents[2] / "examples" / "shards"


def sharded(home: PostgresServer, shards: Sequence[PostgresServer]) -> str:
    """The address of a new database at ``home``, with one on each of the three ``shards``."""
    address = home.database()
    database = Database(address)
    open_schema(database)
    database.close()
    distribute(home, address, shards)
    return address


def distribute(home: PostgresServer, address: str, shards: Sequence[PostgresServer]) -> None:
    """Move content and inbox of the database at ``address`` to the three ``shards``."""
    words = []
    for number, shard in enumerate(shards):
        at = urlsplit(shard.database())
        name = at.path[1:]
        for script in ("shard.sql", "months.sql"):
            shard.script(SCRIPTS / script, name)
        for key, value in (("host", at.hostname), ("port", at.port), ("db", name)):
            words.append(f"{key}{number}={value}")
        words.append(f"user{number}=bandeau")
    home.script(SCRIPTS / "home.sql", urlsplit(address).path[1:], *words)
