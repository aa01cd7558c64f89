"""The ledger's file: durable, shared, refused when strange, clean after erasure."""

import asyncio
import subprocess
import sys
import textwrap
import threading
import time

import apsw
import ledger_drafts as drafts
import pytest

from bandeau import limits
from bandeau.ledger.checkpoint import Signer
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.sqlite import ledger_file
from bandeau.storage.sqlite.ledger import SqliteLedger, open_evidence, verify_file

VKEY = drafts.signer().vkey


def opened(directory, **changes):
    return SqliteLedger(directory, changes.pop("signer", drafts.signer()), **changes)


def append(ledger, *numbers):
    async def work():
        return await asyncio.gather(*(ledger.append(drafts.choice(n)) for n in numbers))

    return asyncio.run(work())


def test_it_commits_in_full_and_by_write_ahead_log(tmp_path):
    db = ledger_file.open_writer(tmp_path / "x.sqlite")
    assert (db.pragma("synchronous"), db.pragma("journal_mode")) == (2, "wal")
    db.close()


def test_what_was_acknowledged_is_there_after_a_restart(tmp_path):
    first = opened(tmp_path)
    receipts = append(first, *range(300))
    first.close()
    again = opened(tmp_path)
    assert append(again, 7)[0] == receipts[7]
    assert append(again, 300)[0].index == 300
    again.close()
    outcome = verify_file(tmp_path, VKEY)
    assert (outcome.records, outcome.findings) == (301, ())


def test_64_callers_share_commits(tmp_path):
    """While one commit waits for the disk, all who come meanwhile are gathered for the next."""
    traced, all_wait = [], threading.Event()

    def connect(path):
        db = ledger_file.open_writer(path)
        db.set_commit_hook(lambda: bool(traced.append(all_wait.wait(20))))
        return db

    all_wait.set()
    ledger = opened(tmp_path, connect=connect)
    traced.clear()
    all_wait.clear()

    async def work():
        callers = [asyncio.create_task(ledger.append(drafts.choice(n))) for n in range(64)]
        await asyncio.sleep(0)
        all_wait.set()
        await asyncio.gather(*callers)

    asyncio.run(work())
    ledger.close()
    assert len(traced) <= 2


def test_a_full_queue_and_a_closed_ledger_say_so(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "LEDGER_QUEUE", 0)
    ledger = opened(tmp_path)
    with pytest.raises(LedgerUnavailable, match="wait"):
        append(ledger, 1)
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerUnavailable, match="closed"):
        append(ledger, 1)
    with pytest.raises(LedgerUnavailable):
        asyncio.run(ledger.find(drafts.record_id(1)))


def test_close_commits_what_waits(tmp_path):
    async def work():
        ledger = opened(tmp_path)
        waiting = [asyncio.ensure_future(ledger.append(drafts.choice(n))) for n in range(50)]
        await asyncio.sleep(0)
        ledger.close()
        return await asyncio.gather(*waiting)

    assert len(asyncio.run(work())) == 50
    assert verify_file(tmp_path, VKEY).records == 50


def test_a_caller_that_left_hinders_nobody(tmp_path):
    async def work():
        ledger = opened(tmp_path)
        gone = asyncio.ensure_future(ledger.append(drafts.choice(1)))
        await asyncio.sleep(0)
        gone.cancel()
        await ledger.append(drafts.choice(2))
        ledger.close()

    asyncio.run(work())
    assert verify_file(tmp_path, VKEY).findings == ()


def test_two_ledgers_on_one_file_take_turns(tmp_path):
    one, two = opened(tmp_path), opened(tmp_path)
    for n in range(0, 40, 2):
        append(one, n)
        append(two, n + 1)
    assert append(two, 0) == append(one, 0)
    one.close()
    two.close()
    outcome = verify_file(tmp_path, VKEY)
    assert (outcome.records, outcome.findings) == (40, ())


def test_what_is_remembered_ends_with_what_another_process_records(tmp_path):
    ours, other = opened(tmp_path), opened(tmp_path)
    first, second = drafts.record_id(1), drafts.record_id(2)
    for number in (1, 2, 3):
        assert asyncio.run(ours.find(drafts.record_id(number))) is None
        asyncio.run(other.append(drafts.choice(number, "anna")))
        assert not asyncio.run(ours.find(drafts.record_id(number))).superseded
    assert asyncio.run(ours.find(first)).superseded
    assert asyncio.run(ours.find(second)).superseded
    asyncio.run(other.append(drafts.erasure(4, first)))
    assert asyncio.run(ours.find(first)).erased
    assert asyncio.run(ours.find("x" * 36)) is None
    ours.close()
    other.close()


@pytest.mark.slow
def test_processes_that_start_at_once_make_one_ledger(tmp_path):
    script = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        import ledger_drafts as drafts
        from bandeau.storage.sqlite.ledger import SqliteLedger
        ledger = SqliteLedger(Path(sys.argv[1]), drafts.signer())
        async def work():
            for n in range(20):
                await ledger.append(drafts.choice(int(sys.argv[2]) * 100 + n))
        asyncio.run(work())
        ledger.close()
    """)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, tmp_path, str(n)],
            env={"PYTHONPATH": ":".join(sys.path)},
        )
        for n in range(3)
    ]
    assert [process.wait(60) for process in started] == [0, 0, 0]
    outcome = verify_file(tmp_path, VKEY)
    assert (outcome.records, outcome.findings) == (60, ())


def test_a_newer_schema_is_refused(tmp_path):
    opened(tmp_path).close()
    db = apsw.Connection(str(tmp_path / ledger_file.NAME))
    db.pragma("user_version", ledger_file.SCHEMA + 1)
    db.close()
    with pytest.raises(LedgerUnavailable, match="newer Bandeau"):
        opened(tmp_path)
    with pytest.raises(LedgerUnavailable, match="newer Bandeau"):
        verify_file(tmp_path, VKEY)


def test_another_key_and_a_strange_file_are_refused(tmp_path):
    opened(tmp_path).close()
    with pytest.raises(LedgerUnavailable, match="not by this log's key"):
        opened(tmp_path, signer=Signer(drafts.ORIGIN, bytes(32)))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / ledger_file.NAME).write_bytes(b"not a database" * 1000)
    with pytest.raises(LedgerUnavailable, match="not a database"):
        opened(tmp_path / "other")
    with pytest.raises(LedgerUnavailable, match="no such file"):
        verify_file(tmp_path / "none", VKEY)


def test_a_damaged_head_is_not_signed_over(tmp_path):
    ledger = opened(tmp_path)
    append(ledger, 1, 2, 3)
    ledger.close()
    db = apsw.Connection(str(tmp_path / ledger_file.NAME))
    db.execute("UPDATE tile SET hashes = zeroblob(96)")
    db.close()
    with pytest.raises(LedgerUnavailable, match="ledger verify"):
        opened(tmp_path)


def test_a_ledger_that_goes_back_is_not_signed_over(tmp_path):
    ledger = opened(tmp_path)
    append(ledger, 1)
    db = apsw.Connection(str(tmp_path / ledger_file.NAME))
    db.execute("DELETE FROM checkpoint WHERE size > 0; DELETE FROM leaf; DELETE FROM tile")
    with pytest.raises(LedgerUnavailable, match="went back"):
        append(ledger, 2)
    with pytest.raises(LedgerUnavailable, match="went back"):
        append(ledger, 3)
    db.close()
    ledger.close()


def test_erased_content_is_in_no_file(tmp_path):
    ledger = opened(tmp_path)
    for start in range(0, 1000, 100):
        append(ledger, *range(start, start + 100))
    erased = [drafts.choice(n) for n in (0, 499, 999)]

    async def erase():
        for number, draft in enumerate(erased, 2000):
            await ledger.append(drafts.erasure(number, draft.id))

    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert all(draft.id.encode() in held for draft in erased)
    asyncio.run(erase())
    held = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for draft in erased:
        for trace in (draft.id.encode(), bytes.fromhex(draft.id.replace("-", "")),
                      draft.subject.encode()):  # fmt: skip
            assert trace not in held
    ledger.close()
    assert verify_file(tmp_path, VKEY).findings == ()


def test_erasing_beside_a_long_audit_holds_nobody_up(tmp_path):
    ledger = opened(tmp_path)
    append(ledger, 1, 2)
    text = drafts.record_id(1).encode()
    with open_evidence(tmp_path) as audit:
        assert len(list(audit.rows)) == 2
        started = time.monotonic()
        asyncio.run(ledger.append(drafts.erasure(3, drafts.record_id(1))))
        append(ledger, 4, 5)
        assert time.monotonic() - started < ledger_file.WRITER_WAIT_MS / 1000
    # The audit is over: the next record takes the erased text out of the write-ahead log.
    append(ledger, 6)
    assert text not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    ledger.close()
    assert verify_file(tmp_path, VKEY).findings == ()


def test_a_file_that_is_removed_or_replaced_takes_no_more_choices(tmp_path):
    ledger = opened(tmp_path)
    append(ledger, 1)
    (tmp_path / ledger_file.NAME).rename(tmp_path / "moved")
    for number in (2, 3):
        with pytest.raises(LedgerUnavailable):
            append(ledger, number)
    ledger.close()
