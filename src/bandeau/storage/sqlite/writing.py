"""A file made ready for its one writer, and write transactions on it.

apsw's own ``with connection`` waits for the lock without letting go of the interpreter: no other
thread runs meanwhile, not even one of this process that holds the lock. Ours begins at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import apsw

WAIT_MS = 5_000
"""How long a writer waits for another."""


@contextmanager
def writing(db: apsw.Connection) -> Iterator[None]:
    """All that happens inside is kept together, or none of it. Raises ``apsw.Error``."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def prepare(
    db: apsw.Connection,
    path: Path,
    schema: str,
    version: int,
    synchronous: Literal["FULL", "NORMAL"],
    failure: Callable[[str], Exception],
) -> None:
    """Make the tables of ``schema`` where there are none; raises ``failure`` and ``apsw.Error``."""
    db.set_busy_timeout(WAIT_MS)
    db.execute(f"PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}").fetchall()
    with writing(db):
        found = known_version(db, path, version, failure)
        if found == 0:
            db.execute(schema)


def known_version(
    db: apsw.Connection, path: Path, version: int, failure: Callable[[str], Exception]
) -> int:
    """The version of the tables in ``db``; raises ``failure`` for one after ``version``."""
    found = int(db.pragma("user_version"))
    if found > version:
        raise failure(
            f"{path} has schema version {found}, and this program knows up to {version}: "
            "run a newer one"
        )
    return found
