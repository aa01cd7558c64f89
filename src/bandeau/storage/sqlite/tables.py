"""Tables in one SQLite file.

Two connections: writes go one after another through a thread of their own, each a short
transaction that is on the disk when it returns (WAL, ``synchronous=FULL``); reads run inline on
a second connection, which WAL never keeps waiting behind a writer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import apsw

from bandeau.storage.migrating import migration
from bandeau.storage.sqlite.writing import WAIT_MS, known_version, writing
from bandeau.storage.tables import Rows, Statement, Steps, Value

Found = TypeVar("Found")
READ_WAIT_MS = 1_000


class SqliteTables:
    """Tables in the file ``path``, made or migrated to the schema ``version`` of ``migrations``.

    Whatever the database fails with becomes ``failure``, here and later: where the file cannot be
    opened, is damaged, or was written by a newer program.
    """

    def __init__(
        self, path: Path, migrations: Path, version: int, failure: type[Exception]
    ) -> None:
        self._path = path
        self._failure = failure
        with self._translated():
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._writer = _connect(path, WAIT_MS)
            try:
                self._migrate(migrations, version)
                self._reader = _connect(path, READ_WAIT_MS)
            except BaseException:
                self._writer.close()
                raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=path.stem)

    def close(self) -> None:
        """See the port."""
        self._thread.shutdown(wait=True)
        self._reader.close()
        self._writer.close()

    async def read(self, text: str, *values: Value) -> Rows:
        """See the port."""
        with self._translated():
            return _rows(self._reader, Statement(text, values))

    async def write(self, steps: Steps[Found], *, erasing: bool = False) -> Found:
        """See the port."""
        with self._translated():
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, _run, self._writer, steps, erasing)

    def whole(self, table: str) -> tuple[list[str], Iterator[tuple[Any, ...]]]:
        """Columns and rows of one table, for a copy of it."""
        columns = [str(row[1]) for row in self._reader.pragma("table_info", table, schema="main")]
        return columns, self._reader.execute(f"SELECT {', '.join(columns)} FROM {table}")  # noqa: S608 - names of ours

    def _migrate(self, migrations: Path, version: int) -> None:
        with writing(self._writer):
            found = known_version(self._writer, self._path, version, self._failure)
            if found < version:
                self._writer.execute(migration(migrations, "sqlite", found))
                self._writer.pragma("user_version", version)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (apsw.Error, OSError, RuntimeError) as error:
            raise self._failure(f"{self._path.name}: {error}") from error


def _run(writer: apsw.Connection, steps: Steps[Found], erasing: bool) -> Found:
    with writing(writer):
        found = _ended(writer, steps)
    if erasing:
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return found


def _ended(writer: apsw.Connection, steps: Steps[Found]) -> Found:
    try:
        statement = next(steps)
        while True:
            statement = steps.send(_rows(writer, statement))
    except StopIteration as ended:
        found: Found = ended.value
        return found


def _rows(connection: apsw.Connection, statement: Statement) -> Rows:
    named = {str(number): value for number, value in enumerate(statement.values, 1)}
    return connection.execute(statement.text, named).fetchall()


def _connect(path: Path, wait_ms: int) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(wait_ms)
    # What is erased is overwritten (L9).
    connection.execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;"
    ).fetchall()
    return connection
