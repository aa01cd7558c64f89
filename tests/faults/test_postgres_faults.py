"""Several processes on one database: killed, taken over from, and cut off from their server.

What was answered is there, once, and proven, whoever dies.
"""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import contextmanager

import ledger_drafts as drafts
import pytest
from postgres_server import PostgresServer

from bandeau.ledger.verify import verify
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.evidence import open_evidence
from bandeau.storage.postgres.ledger import leaf_of

pytestmark = pytest.mark.slow

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

    def __init__(self, address, start, count=0):
        self.told = b""
        self._process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, address, str(start), str(count)],
            env={"PYTHONPATH": ":".join(sys.path)},
            stdout=subprocess.PIPE,
        )

    def until(self, answers):
        """Wait until it has answered so many."""
        while self.told.count(b"\n") < answers:
            more = os.read(self._process.stdout.fileno(), 65_536)
            assert more, "it ended"
            self.told += more

    def more(self, answers):
        """Wait until it has answered so many more."""
        self.until(self.told.count(b"\n") + answers)

    def end(self, number=None):
        """What it had answered in the end, which ``number`` brings about."""
        if number is not None:
            self._process.send_signal(number)
        self.told += self._process.stdout.read()
        self._process.stdout.close()
        assert self._process.wait(60) == (0 if number is None else -number)
        return self.told.decode().split("\n")[:-1]


@contextmanager
def processes(address, *starts, count=0):
    begun = [Process(address, start, count) for start in starts]
    try:
        yield begun
    finally:
        for process in begun:
            process._process.kill()


def check(address, answered):
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


def test_two_processes_at_once(postgres):
    address = postgres.database()
    with processes(address, 0, 1_000_000, count=500) as (one, two):
        answered = one.end() + two.end()
    assert sorted(check(address, answered)) == sorted(answered)
    assert len(answered) == 1000
    assert postgres.sql("SELECT count(*) FROM inbox", address.rpartition("/")[2]) == "0\n"


def test_another_process_takes_over_from_one_that_is_killed(postgres):
    address = postgres.database()
    with processes(address, 0) as (holder,):
        holder.until(100)
        with processes(address, 1_000_000) as (other,):
            other.until(100)
            answered = holder.end(signal.SIGKILL)
            other.more(200)
            answered += other.end(signal.SIGKILL)
    with processes(address, 2_000_000, count=50) as (last,):
        answered += last.end()
    check(address, answered)


def test_a_server_that_dies_and_comes_back_loses_nothing():
    server = PostgresServer()
    try:
        address = server.database()
        with processes(address, 0, 1_000_000) as (one, two):
            one.until(100)
            two.until(100)
            for _ in range(2):
                server.kill()
                server.start()
                one.more(200)
                two.more(200)
            answered = one.end(signal.SIGKILL) + two.end(signal.SIGKILL)
        with processes(address, 2_000_000, count=50) as (last,):
            answered += last.end()
        check(address, answered)
    finally:
        server.stop()


@pytest.mark.slow
def test_nothing_answered_is_lost_in_many_rounds(postgres):
    address = postgres.database()
    answered = []
    for turn in range(20):
        with processes(address, 2 * turn * 1_000_000, (2 * turn + 1) * 1_000_000) as both:
            both[turn % 2].until(50 + turn * 37 % 200)
            for process in both:
                answered += process.end(signal.SIGKILL)
    with processes(address, 90_000_000, count=50) as (last,):
        answered += last.end()
    check(address, answered)
