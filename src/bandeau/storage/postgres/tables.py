"""Tables in a PostgreSQL database."""

from __future__ import annotations

from typing import Any, TypeVar

from bandeau.storage.postgres.database import Connection, Database, translated
from bandeau.storage.tables import Rows, Statement, Steps, Value

Found = TypeVar("Found")


class PostgresTables:
    """Tables in ``database`` that are there already; it fails with ``failure``, named ``what``."""

    def __init__(self, database: Database, what: str, failure: type[Exception]) -> None:
        self._database = database
        self._what = what
        self._failure = failure

    def close(self) -> None:
        """Nothing to close: the database stays open."""

    async def read(self, text: str, *values: Value) -> Rows:
        """See the port."""

        async def work() -> Rows:
            async with self._database.connection() as db:
                return await _rows(db, Statement(text, values))

        with translated(self._failure, self._what):
            return await self._database.ask(work())

    async def write(self, steps: Steps[Found], *, erasing: bool = False) -> Found:
        """See the port; what PostgreSQL keeps of rows until VACUUM is its operator's to say."""

        async def work() -> Found:
            async with self._database.connection() as db, db.transaction():
                return await _run(db, steps)

        with translated(self._failure, self._what):
            return await self._database.ask(work())


async def _run(db: Connection, steps: Steps[Found]) -> Found:
    try:
        statement = next(steps)
        while True:
            statement = steps.send(await _rows(db, statement))
    except StopIteration as ended:
        found: Found = ended.value
        return found


async def _rows(db: Connection, statement: Statement) -> Rows:
    found: list[Any] = await db.fetch(statement.text, *statement.values)
    return [tuple(row) for row in found]
