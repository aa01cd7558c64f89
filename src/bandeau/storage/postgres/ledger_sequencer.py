"""Places records: rows, tiles and signed checkpoint of a batch in one transaction."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from bandeau import limits
from bandeau.ledger.checkpoint import Signer
from bandeau.ledger.commitment import EMPTY_ROOT
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.sequence import admitted, sequence
from bandeau.ledger.store import LedgerRefused, LedgerUnavailable
from bandeau.storage.postgres import ledger_content as content
from bandeau.storage.postgres import ledger_rows as rows
from bandeau.storage.postgres.database import Connection, Database
from bandeau.storage.postgres.ledger_lease import Lease, kept
from bandeau.storage.postgres.ledger_round import begun, meanwhile
from bandeau.storage.postgres.ledger_tree import Tree, replayed
from bandeau.storage.postgres.schema import make_partitions
from bandeau.storage.postgres.script import COMMIT, script
from bandeau.storage.waiting import Answer

_PARTITIONS_SECONDS = 3_600
_RENEW_SECONDS = limits.LEDGER_LEASE_SECONDS / 3


class Sequencer:
    """Sequences one log while this process holds its lease. On the database's own loop only.

    After any error it forgets what it knew, and takes the lease and reads the tree anew.
    """

    def __init__(
        self,
        database: Database,
        log: int,
        signer: Signer,
        random: Callable[[int], bytes],
        holder: str,
    ) -> None:
        self._database = database
        self._log = log
        self._signer = signer
        self._random = random
        self._lease = Lease(log, holder)
        self._tree = Tree(log, signer)
        self._asked = self._renewed = self._partitioned = float("-inf")

    async def prepare(self) -> None:
        """Begin the log where it is new, and check that its head is ours.

        Raises :class:`LedgerUnavailable`.
        """
        async with self._database.connection() as db:
            await self._begin(db)
            async with db.transaction(isolation="repeatable_read", readonly=True):
                await self._tree.load(db)

    async def holds(self) -> bool:
        """Whether this process sequences; looks whether it may, a few times for each lease."""
        if self._lease.held:
            return True
        now = time.monotonic()
        if now - self._asked < _RENEW_SECONDS / 2:
            return False
        self._asked = now
        async with self._database.connection() as db:
            if await self._lease.take(db):
                try:
                    await self._tree.load(db)
                except BaseException:
                    self._lease.forget()
                    raise
                self._renewed = now
        return self._lease.held

    async def step(self, own: Sequence[Draft], *, drain: bool) -> list[Answer]:
        """One durable step for ``own`` drafts and, to ``drain`` it, for the inbox.

        Raises :class:`LeaseLost` where nothing was kept because another process sequences.
        """
        try:
            async with self._database.connection() as db:
                await self._partition(db)
                return await self._step(db, own, drain=drain)
        except BaseException:
            self._lease.forget()
            raise

    async def give(self) -> None:
        """Let another process sequence at once."""
        if self._lease.held:
            async with self._database.connection() as db:
                await self._lease.give(db)

    async def answers(self, db: Connection, drafts: Sequence[Draft]) -> list[Answer]:
        """What became of drafts that were placed, by whomever."""
        found = await replayed(db, self._log, self._signer.vkey, [draft.id for draft in drafts])
        return [_answer(draft, found) for draft in drafts]

    async def _begin(self, db: Connection) -> None:
        async with db.transaction():
            query = "INSERT INTO lease VALUES ($1, 0, 0, '', now()) ON CONFLICT DO NOTHING"
            if await db.execute(query, self._log) == "INSERT 0 1":
                note = self._signer.sign(0, EMPTY_ROOT)
                query = "INSERT INTO checkpoint VALUES ($1, 0, $2)"
                await db.execute(query, self._log, note)

    async def _step(self, db: Connection, own: Sequence[Draft], *, drain: bool) -> list[Answer]:
        now = time.monotonic()
        fresh: dict[str, Receipt | LedgerRefused] = {}
        others = await content.inbox(db, limits.LEDGER_BATCH) if drain else []
        if others or own:
            fresh = await self._place(db, [*others, *own], others)
            self._renewed = now
        elif now - self._renewed >= _RENEW_SECONDS:
            await self._lease.term().move(db, self._tree.size, self._tree.size)
            self._renewed = now
        self._tree.seen = self._tree.size
        old = [draft for draft in own if draft.id not in fresh]
        if old:
            given = await self.answers(db, old)
            fresh |= {draft.id: answer for draft, answer in zip(old, given, strict=True)}
        return [fresh[draft.id] for draft in own]

    async def _place(
        self, db: Connection, drafts: Sequence[Draft], others: Sequence[Draft]
    ) -> dict[str, Receipt | LedgerRefused]:
        """Write what is new, and take ``others`` out of the inbox.

        Answers come back by draft id; a replay has none.
        """
        term, size = self._lease.term(), self._tree.size
        async with begun(db):
            known = await rows.known(db, self._log, drafts)
            placed, refused = admitted(drafts, known.indexes, known.erasable)
            if not placed:
                await content.placed(db, others)
                await term.move(db, size, size)
                await db.execute("COMMIT")
                return {**refused}
            batch = sequence(size, placed, known.formers, known.erasable, self._random)
            async with meanwhile(rows.keep(db, batch)):
                tiles, note, given = self._tree.grow(batch)
            await rows.write(db, self._log, batch, known.owners)
            await rows.show(db, (data for draft in placed for data in draft.artefacts))
            await content.placed(db, others)
            signs = term.sign(size, self._tree.size, note)
            with kept():
                await db.execute(script(rows.tiles(self._log, tiles), *signs, COMMIT))
        return {**refused, **given}

    async def _partition(self, db: Connection) -> None:
        now = time.monotonic()
        if now - self._partitioned >= _PARTITIONS_SECONDS:
            await make_partitions(db, int(time.time() * 1000))
            self._partitioned = now


def _answer(draft: Draft, found: dict[str, Receipt | None]) -> Answer:
    if draft.id not in found:
        if draft.erases:
            return LedgerRefused(f"no choice {draft.erases} is held")
        raise LedgerUnavailable(f"{draft.id} is not in the ledger")
    return found[draft.id] or LedgerRefused(f"{draft.id} was erased")
