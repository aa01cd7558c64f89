"""Backup and restore of both stores, beside a ledger that goes on; an older one is seen."""

import asyncio

import apsw
import ledger_drafts as drafts

from bandeau.storage.place import open_place
from bandeau.storage.sqlite.ledger import SqliteLedger, verify_file

VKEY = drafts.signer().vkey


async def chosen(ledger, numbers):
    """Choices, and the checkpoint after them, as someone outside keeps it."""
    for number in numbers:
        await ledger.append(drafts.choice(number))
    return await ledger.published("checkpoint")


def faults(outcome):
    return [finding.fault for finding in outcome.findings]


def test_a_file_that_is_backed_up_beside_its_server(tmp_path):
    live, restored = tmp_path / "live", tmp_path / "restored"
    live.mkdir()
    restored.mkdir()
    ledger = SqliteLedger(live, drafts.signer())
    before = asyncio.run(chosen(ledger, range(5)))
    source = apsw.Connection(str(live / "ledger.sqlite"), flags=apsw.SQLITE_OPEN_READONLY)
    copy = apsw.Connection(str(restored / "ledger.sqlite"))
    with copy.backup("main", source, "main") as backup:
        backup.step()
    copy.close()
    source.close()
    after = asyncio.run(chosen(ledger, range(5, 9)))
    ledger.close()
    assert faults(verify_file(live, VKEY, [before, after])) == []
    assert faults(verify_file(restored, VKEY, [before])) == []
    assert faults(verify_file(restored, VKEY, [after])) == ["records cut off"]
    again = SqliteLedger(restored, drafts.signer())
    asyncio.run(chosen(again, [20]))
    again.close()
    assert faults(verify_file(restored, VKEY, [before])) == []
    assert "records cut off" in faults(verify_file(restored, VKEY, [after]))


def test_a_database_that_is_dumped_beside_its_server(postgres, tmp_path):
    address = postgres.database()
    place = open_place(address)
    keys = place.make_keys(drafts.ORIGIN, lambda size: bytes(range(size)))
    ledger = place.ledger(keys)
    before = asyncio.run(chosen(ledger, range(5)))
    dump = postgres.run("pg_dump", "--format=custom", address)
    after = asyncio.run(chosen(ledger, range(5, 9)))
    ledger.close()
    place.close()
    there = postgres.database()
    postgres.run("pg_restore", "--no-owner", f"--dbname={there}", given=dump)
    restored = open_place(there)
    vkey = restored.keys().signer.vkey
    assert vkey == keys.signer.vkey
    assert faults(restored.verify(vkey, [before])) == []
    assert faults(restored.verify(vkey, [after])) == ["records cut off"]
    ledger = restored.ledger(restored.keys())
    asyncio.run(chosen(ledger, [20]))
    ledger.close()
    assert faults(restored.verify(vkey, [before])) == []
    restored.close()
