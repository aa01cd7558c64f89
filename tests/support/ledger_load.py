"""Processes that load one database with choices, and what must be true of it afterwards."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import ledger_drafts as drafts

from bandeau.ledger.verify import verify
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.evidence import open_evidence
from bandeau.storage.postgres.ledger import leaf_of

VKEY = drafts.signer().vkey
# A caller asks again with the same draft until it is answered, as a browser does.
SCRIPT = textwrap.dedent("""
    import asyncio, itertools, os, sys
    import ledger_drafts as drafts
    from bandeau.ledger.store import LedgerUnavailable
    from bandeau.storage.postgres.database import Database
    from bandeau.storage.postgres.ledger import PostgresLedger

    ledger = PostgresLedger(Database(sys.argv[1]), drafts.signer())
    start, count = int(sys.argv[2]), int(sys.argv[3])
    numbers = itertools.count(start) if not count else iter(range(start, start + count))

    async def caller():
        for number in numbers:
            draft = drafts.choice(number, f"visitor {number % 50}")
            while True:
                try:
                    receipt = await ledger.append(draft)
                    break
                except LedgerUnavailable:
                    await asyncio.sleep(0.05)
            os.write(1, receipt.id.encode() + b"\\n")

    async def work():
        await asyncio.gather(*(caller() for _ in range(32)))

    asyncio.run(work())
    ledger.close()
""")


class Process:
    """One Bandeau's ledger under load, and the ids that it has answered."""

    def __init__(self, address: str, start: int, count: int = 0) -> None:
        self.told = b""
        self._process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, address, str(start), str(count)],
            env={"PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._out = self._process.stdout

    def until(self, answers: int) -> None:
        """Wait until it has answered so many."""
        while self.told.count(b"\n") < answers:
            more = os.read(self._out.fileno(), 65_536)
            assert more, "it ended"
            self.told += more

    def more(self, answers: int) -> None:
        """Wait until it has answered so many more."""
        self.until(self.told.count(b"\n") + answers)

    def so_far(self) -> int:
        """How many it has answered by now."""
        while select.select([self._out], [], [], 0)[0]:
            more = os.read(self._out.fileno(), 65_536)
            assert more, "it ended"
            self.told += more
        return self.told.count(b"\n")

    def kill(self) -> None:
        """End it, if it has not ended."""
        self._process.kill()

    def end(self, number: int | None = None) -> list[str]:
        """What it had answered in the end, which ``number`` brings about."""
        if number is not None:
            self._process.send_signal(number)
        self.told += self._out.read()
        self._out.close()
        assert self._process.wait(60) == (0 if number is None else -number)
        return self.told.decode().split("\n")[:-1]


@contextmanager
def processes(address: str, *starts: int, count: int = 0) -> Iterator[list[Process]]:
    """One for each of ``starts``, the number of its first choice; killed at the end."""
    begun = [Process(address, start, count) for start in starts]
    try:
        yield begun
    finally:
        for process in begun:
            process.kill()


def check(address: str, answered: Sequence[str]) -> list[str]:
    """All that was answered is there, once, and proven; the ids of all that is there."""
    database = Database(address)
    try:
        with open_evidence(database) as evidence:
            outcome = verify(evidence, VKEY)
        with open_evidence(database) as evidence:
            kept = [leaf_of(row).id for row in evidence.rows]
    finally:
        database.close()
    assert outcome.findings == ()
    assert len(set(kept)) == len(kept)
    assert set(answered) <= set(kept)
    assert len(set(answered)) == len(answered)
    return kept
