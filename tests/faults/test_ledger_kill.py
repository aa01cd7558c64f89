"""kill -9 in the middle of 64 concurrent choices: what was answered is there, once, and proven.

The normal run kills 20 times at the store and 5 times over HTTP. `BANDEAU_KILL_ROUNDS=200` makes it
200 and 50.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import textwrap

import httpx
import ledger_drafts as drafts
import pytest
from publisher import POLICY
from served import PATIENCE, exported, run, served

from bandeau.storage.sqlite.ledger import SqliteLedger, open_evidence, verify_file
from bandeau.storage.sqlite.ledger_file import text_id

ROUNDS = int(os.environ.get("BANDEAU_KILL_ROUNDS", "20"))
HTTP_ROUNDS = max(1, ROUNDS // 4)
CALLERS = 64
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
            number = next(numbers)
            receipt = await ledger.append(drafts.choice(number, f"visitor {number % 500}"))
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
    assert process.wait(PATIENCE) == -signal.SIGKILL
    return told.decode().split("\n")[:-1]


@pytest.mark.slow
@pytest.mark.timeout(600 + 10 * ROUNDS)
def test_nothing_answered_is_lost_or_doubled(tmp_path):
    answered = []
    moments = random.Random(61)
    for turn in range(ROUNDS):
        answered += killed_after(tmp_path, turn * 1_000_000, moments.randint(1, 400))
        outcome = verify_file(tmp_path, VKEY)
        assert outcome.findings == ()
        with open_evidence(tmp_path) as evidence:
            kept = [text_id(row.id) for row in evidence.rows]
        assert len(set(kept)) == len(kept) == outcome.records
        assert len(set(answered)) == len(answered)
        assert set(answered) <= set(kept)
    SqliteLedger(tmp_path, drafts.signer()).close()


@pytest.mark.slow
@pytest.mark.timeout(600 + 30 * HTTP_ROUNDS)
def test_over_http_nothing_answered_is_lost_or_doubled(tmp_path):
    policy, data = tmp_path / "policy.toml", tmp_path / "data"
    policy.write_text(POLICY, encoding="utf-8")
    answered: list[str] = []
    moments = random.Random(97)
    for _ in range(HTTP_ROUNDS):
        with served(policy, data) as server:
            answered += asyncio.run(choose_until_killed(server, moments.randint(1, 300)))
        verified = run("ledger", "verify", "--data", data)
        assert verified.returncode == 0, verified.stdout
        kept = [line["id"] for line in exported(data)]
        assert len(set(kept)) == len(kept)
        assert len(set(answered)) == len(answered)
        assert set(answered) <= set(kept)


async def choose_until_killed(server, answers):
    """The ids that visitors were given who choose again and again until the server is killed."""
    answered = []

    async def visitor(client):
        while True:
            try:
                answer = await client.post("/.bandeau/choice", json={"action": "accept_all"})
            except httpx.HTTPError:
                return
            assert answer.status_code == 200
            answered.append(answer.json()["receipt"]["id"])
            if len(answered) == answers:
                server.kill()

    limits = httpx.Limits(max_connections=CALLERS)
    async with httpx.AsyncClient(base_url=server.url, limits=limits, timeout=60) as client:
        await asyncio.gather(*(visitor(client) for _ in range(CALLERS)))
    return answered
