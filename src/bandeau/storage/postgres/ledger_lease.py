"""Who sequences: one process at a time, by a lease that ends when its holder does not renew it.

Every transaction of the sequencer moves the lease's row from the size that it knows to the next;
so one that lost its lease, or whose database went back, cannot commit. The primary keys of leaf
and checkpoint would refuse it too.
"""

from __future__ import annotations

from bandeau import limits
from bandeau.storage.postgres.database import Connection

_TAKE = """
UPDATE lease SET epoch = epoch + 1, holder = $2, until = now() + $3::text::interval
WHERE log = $1 AND (until < now() OR holder = $2) RETURNING epoch, size
"""
_KEEP = """
UPDATE lease SET size = $4, until = now() + $5::text::interval
WHERE log = $1 AND epoch = $2 AND size = $3
"""
_GIVE = "UPDATE lease SET until = now() WHERE log = $1 AND epoch = $2"
_LENGTH = f"{limits.LEDGER_LEASE_SECONDS} seconds"


class LeaseLost(Exception):
    """Another process sequences now, or the database is not as it was left."""


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
        row = await db.fetchrow(_TAKE, self._log, self._holder, _LENGTH)
        self._epoch = row[0] if row else None
        return self.held

    async def move(self, db: Connection, size: int, grown: int) -> None:
        """Renew it as the log grows from ``size``; raises :class:`LeaseLost`."""
        told = await db.execute(_KEEP, self._log, self._epoch, size, grown, _LENGTH)
        if told != "UPDATE 1":
            raise LeaseLost("another process sequences the ledger now")

    async def give(self, db: Connection) -> None:
        """Let the next one take it at once."""
        if self._epoch is not None:
            await db.execute(_GIVE, self._log, self._epoch)
        self.forget()

    def forget(self) -> None:
        """What it says is not known any more."""
        self._epoch = None
