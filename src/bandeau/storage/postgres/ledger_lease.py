"""Who sequences: one process at a time, by a lease that ends when its holder does not renew it.

Every transaction of the sequencer moves the lease's row from the size that it knows to the next;
so one that lost its lease, or whose database went back, cannot commit. The primary keys of leaf
and checkpoint would refuse it too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncpg

from bandeau import limits
from bandeau.storage.postgres.database import Connection
from bandeau.storage.postgres.script import Statement

_TAKE = """
UPDATE lease SET epoch = epoch + 1, holder = $2, until = now() + $3 * interval '1 second'
WHERE log = $1 AND (until < now() OR holder = $2) RETURNING epoch, size
"""
_KEEP = """
UPDATE lease SET size = $4, until = now() + $5 * interval '1 second'
WHERE log = $1 AND epoch = $2 AND size = $3
"""
# Where the lease was lost there is no size, which must not be null: so all before it fails too.
_SIGNED = """
INSERT INTO checkpoint (log, size, note)
VALUES ($1, (SELECT size FROM lease WHERE log = $1 AND epoch = $2 AND size = $3), $4)
"""
_GIVE = "UPDATE lease SET until = now() WHERE log = $1 AND epoch = $2"
_LOST = "another process sequences the ledger now"


class LeaseLost(Exception):
    """Another process sequences now, or the database is not as it was left."""


@dataclass(frozen=True, slots=True)
class Term:
    """One holding of the lease."""

    log: int
    epoch: int

    async def move(self, db: Connection, size: int, grown: int) -> None:
        """Renew it as the log grows from ``size``; raises :class:`LeaseLost`."""
        query, values = self._keep(size, grown)
        if await db.execute(query, *values) != "UPDATE 1":
            raise LeaseLost(_LOST)

    def sign(self, size: int, grown: int, note: bytes) -> tuple[Statement, ...]:
        """The same with the checkpoint of a log that grew, for a script inside :func:`kept`."""
        return (
            self._keep(size, grown),
            (_SIGNED, (self.log, self.epoch, grown, note)),
        )

    def _keep(self, size: int, grown: int) -> Statement:
        return _KEEP, (self.log, self.epoch, size, grown, limits.LEDGER_LEASE_SECONDS)


@contextmanager
def kept() -> Iterator[None]:
    """Around a script that signs: raises :class:`LeaseLost`."""
    try:
        yield
    except asyncpg.NotNullViolationError as error:
        raise LeaseLost(_LOST) from error


class Lease:
    """The lease of one log as this process knows it; ``holder`` is a name of its own."""

    def __init__(self, log: int, holder: str) -> None:
        self._log = log
        self._holder = holder
        self._epoch: int | None = None

    @property
    def held(self) -> bool:
        """Whether it was ours when we last looked."""
        return self._epoch is not None

    async def take(self, db: Connection) -> bool:
        """Take it where it has ended, or is ours already."""
        row = await db.fetchrow(_TAKE, self._log, self._holder, limits.LEDGER_LEASE_SECONDS)
        self._epoch = row[0] if row else None
        return self.held

    def term(self) -> Term:
        """What lets rounds be committed while it is held; raises :class:`LeaseLost`."""
        if self._epoch is None:
            raise LeaseLost(_LOST)
        return Term(self._log, self._epoch)

    async def give(self, db: Connection) -> None:
        """Let the next one take it at once."""
        if self._epoch is not None:
            await db.execute(_GIVE, self._log, self._epoch)
        self.forget()

    def forget(self) -> None:
        """What it says is not known any more."""
        self._epoch = None
