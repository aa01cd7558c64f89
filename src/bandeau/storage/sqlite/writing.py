"""One write transaction, begun so that waiting for another writer keeps nobody else waiting.

apsw's own ``with connection`` waits for the lock without letting go of the interpreter: no other
thread runs meanwhile, not even one of this process that holds the lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import apsw


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
