"""Static files are whole at every moment, whichever write fails."""

import asyncio
import re

import ledger_drafts as drafts
import pytest

from bandeau.ledger.checkpoint import Verifier
from bandeau.ledger.consistency import PublishedLog
from bandeau.storage import static_log
from bandeau.storage.anchors import Anchors, write_durably
from bandeau.storage.memory import MemoryLedger
from bandeau.storage.static_log import publish, read_static

KEY = Verifier(drafts.signer().vkey)


def grown(store, numbers):
    async def work():
        for number in numbers:
            await store.append(drafts.choice(number))

    asyncio.run(work())


def holds(out):
    """The size of what is published, all of whose tiles are there and lead to the signed root."""
    checkpoint = KEY.open((out / "checkpoint").read_bytes())
    assert PublishedLog(checkpoint.size, read_static(out)).root() == checkpoint.root
    return checkpoint.size


@pytest.mark.parametrize("done", [False, True])
def test_a_write_that_fails_leaves_a_log_that_holds(tmp_path, monkeypatch, done):
    store, anchors = MemoryLedger(drafts.signer(), drafts.counting()), Anchors(tmp_path / "anchors")
    out = tmp_path / "out"
    grown(store, range(250))
    asyncio.run(publish(store, anchors, out))
    writes = 0

    def failing(path, data):
        nonlocal writes
        writes += 1
        if done or writes != failing.at:
            write_durably(path, data)
        if writes == failing.at:
            raise OSError("no space left")

    monkeypatch.setattr(static_log, "write_durably", failing)
    numbers = iter(range(250, 10_000))
    for at in range(1, 7):
        grown(store, [next(numbers) for _ in range(60)])
        writes, failing.at = 0, at
        before = holds(out)
        try:
            asyncio.run(publish(store, anchors, out))
        except OSError:
            assert holds(out) >= before
        failing.at = 0
        asyncio.run(publish(store, anchors, out))
        assert holds(out) == 250 + 60 * at
    partial = [path for path in out.rglob("*.p") if (out / re.sub(r"\.p$", "", str(path))).exists()]
    assert partial == []


def test_temporary_files_do_not_stay(tmp_path):
    store = MemoryLedger(drafts.signer(), drafts.counting())
    grown(store, range(3))
    done = asyncio.run(publish(store, Anchors(tmp_path / "anchors"), tmp_path / "out"))
    names = {str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*.*")}
    assert names == {"tile/0/000.p", "tile/entries/000.p"}
    assert (done.size, done.former, done.files) == (3, 0, 4)
