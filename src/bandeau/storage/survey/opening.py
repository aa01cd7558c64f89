"""Where the queue is: a file in a folder, or a PostgreSQL database, made where it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from bandeau.audit.queue import QueueUnavailable
from bandeau.storage.postgres.database import FAILURES, Database, translated
from bandeau.storage.postgres.schema import SchemaError, prepare
from bandeau.storage.postgres.tables import PostgresTables
from bandeau.storage.sqlite.tables import SqliteTables
from bandeau.storage.survey.queue import FILE, MIGRATIONS, SCHEMA, StoredQueue

_PARTS = {"survey": (SCHEMA, MIGRATIONS)}


@contextmanager
def open_queue(data: Path | str) -> Iterator[StoredQueue]:
    """The queue in ``data``, as ``settings.parse_data`` gives it.

    Raises :class:`QueueUnavailable`, without the password of an address.
    """
    if isinstance(data, str):
        with _database(data) as database:
            yield StoredQueue(PostgresTables(database, "survey", QueueUnavailable))
        return
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise QueueUnavailable(f"{data}: {error.strerror}") from error
    with closing(
        StoredQueue(SqliteTables(data / FILE, MIGRATIONS, SCHEMA, QueueUnavailable))
    ) as it:
        yield it


@contextmanager
def _database(address: str) -> Iterator[Database]:
    try:
        database = Database(address)
    except (*FAILURES, ValueError) as error:
        told = str(error) or type(error).__name__
        raise QueueUnavailable(f"PostgreSQL cannot be reached: {told}") from error
    with closing(database):
        _made(database)
        yield database


def _made(database: Database) -> None:
    async def work() -> None:
        async with database.connection() as db:
            await prepare(db, _PARTS)

    try:
        with translated(QueueUnavailable, "the survey cannot be opened"):
            database.run(work())
    except SchemaError as error:
        raise QueueUnavailable(f"the database was {error}") from error
