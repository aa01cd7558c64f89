"""Tables in memory, for tests that ask what is kept, and not where."""

from __future__ import annotations

from pathlib import Path

import apsw

from bandeau.storage.comments.store import MIGRATIONS, StoredComments
from bandeau.storage.migrating import migration
from bandeau.storage.tables import Rows, Statement, Steps, Value


class MemoryTables:
    """:class:`bandeau.storage.tables.Tables` on one connection, each write run where it is."""

    def __init__(self, migrations: Path) -> None:
        self._file = apsw.Connection(":memory:")
        self._file.execute(migration(migrations, "sqlite", 0))

    def close(self) -> None:
        self._file.close()

    async def read(self, text: str, *values: Value) -> Rows:
        return self._rows(Statement(text, values))

    async def write(self, steps: Steps, *, erasing: bool = False):  # type: ignore[no-untyped-def,type-arg]
        with self._file:
            try:
                statement = next(steps)
                while True:
                    statement = steps.send(self._rows(statement))
            except StopIteration as ended:
                return ended.value

    def _rows(self, statement: Statement) -> Rows:
        named = {str(number): value for number, value in enumerate(statement.values, 1)}
        return self._file.execute(statement.text, named).fetchall()


def memory_comments() -> StoredComments:
    """Comments that nothing outlives."""
    return StoredComments(MemoryTables(MIGRATIONS))
