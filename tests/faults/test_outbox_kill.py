"""kill -9 between sending and marking as sent: the vendor hears it again, under the same id."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from webhooks import receiving

from bandeau import limits
from bandeau.ledger.outbox import Message, State
from bandeau.storage.sqlite.outbox import SqliteOutbox

NOW = 1_800_000_000
SCRIPT = textwrap.dedent("""
    import asyncio, os, signal, sys
    from pathlib import Path
    from publisher import POLICY
    from bandeau.policy.parse import parse
    from bandeau.storage.sqlite.outbox import SqliteOutbox
    from bandeau.web.courier import Courier

    class Dying(SqliteOutbox):
        def settle(self, messages):
            if int(sys.argv[3]):
                os.kill(os.getpid(), signal.SIGKILL)
            super().settle(messages)

    outbox = Dying(Path(sys.argv[1]))
    policy = parse(POLICY.encode())
    told = (policy, None, outbox, b"k" * 32, lambda: int(sys.argv[2]), lambda: 0.0)
    asyncio.run(Courier(*told, private=True).send())
    outbox.close()
""")


def send(folder: Path, now: int, *, dies: bool) -> int:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(folder), str(now), str(int(dies))],
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    return process.wait(60)


@pytest.mark.slow
def test_what_was_sent_and_not_marked_is_sent_again(tmp_path: Path) -> None:
    with receiving() as receiver:
        outbox = SqliteOutbox(tmp_path)
        outbox.queue([Message("msg_1", "Ads", receiver.url, b"{}", NOW, due=NOW)], 1)
        assert send(tmp_path, NOW, dies=True) == -signal.SIGKILL
        first = receiver.next()
        (kept,) = outbox.all()
        assert (kept.state, kept.due) == (State.PENDING, NOW + limits.OUTBOX_CLAIM_SECONDS)
        assert send(tmp_path, kept.due - 1, dies=False) == 0
        assert receiver.told.empty()
        assert send(tmp_path, kept.due, dies=False) == 0
        again = receiver.next()
        assert again.headers["webhook-id"] == first.headers["webhook-id"] == "msg_1"
        assert (again.body, receiver.told.empty()) == (first.body, True)
        (done,) = outbox.all()
        assert (done.state, done.attempts) == (State.DELIVERED, 2)
        outbox.close()
