"""kill -9 in the middle of 64 concurrent choices: what was answered is there, once, and proven."""

import os
import signal
import subprocess
import sys
import textwrap

import ledger_drafts as drafts
import pytest

from bandeau.storage.sqlite.ledger import SqliteLedger, open_evidence, verify_file
from bandeau.storage.sqlite.ledger_file import text_id

VKEY = drafts.signer().vkey
SCRIPT = textwrap.dedent("""
    import asyncio, itertools, os, sys
    from pathlib import Path
    import ledger_drafts as drafts
    from bandeau.storage.sqlite.ledger import SqliteLedger

    ledger = SqliteLedger(Path(sys.argv[1]), drafts.signer())
    numbers = itertools.count(int(sys.argv[2]))

    async def caller():
        while True:
            receipt = await ledger.append(drafts.choice(next(numbers)))
            os.write(1, receipt.id.encode() + b"\\n")

    async def work():
        await asyncio.gather(*(caller() for _ in range(64)))

    asyncio.run(work())
""")


def killed_after(directory, start, answers):
    """The ids that a server had answered when it was killed, ``answers`` or a few more."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, directory, str(start)],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
    )
    told = b""
    while told.count(b"\n") < answers:
        told += os.read(process.stdout.fileno(), 65_536)
    process.send_signal(signal.SIGKILL)
    told += process.stdout.read()
    process.stdout.close()
    assert process.wait(30) == -signal.SIGKILL
    return told.decode().split("\n")[:-1]


def check(directory, rounds, seed):
    answered = []
    for turn in range(rounds):
        answered += killed_after(directory, turn * 1_000_000, 100 + (turn * seed) % 400)
        outcome = verify_file(directory, VKEY)
        assert outcome.findings == ()
        with open_evidence(directory) as evidence:
            kept = [text_id(row.id) for row in evidence.rows]
        assert len(set(kept)) == len(kept)
        assert set(answered) <= set(kept)
    SqliteLedger(directory, drafts.signer()).close()


@pytest.mark.slow
def test_nothing_answered_is_lost(tmp_path):
    check(tmp_path, 4, 97)


@pytest.mark.slow
def test_nothing_answered_is_lost_in_many_rounds(tmp_path):
    check(tmp_path, 40, 61)
