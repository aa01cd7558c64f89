"""Whoever edits the ledger is found out, with what was edited and where."""

import asyncio
import shutil
from pathlib import Path

import apsw
import ledger_drafts as drafts
import pytest

from bandeau.ledger.commitment import commit, leaf_hash
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.sqlite.ledger import SqliteLedger, verify_file
from bandeau.storage.sqlite.ledger_file import NAME

VKEY = drafts.signer().vkey
RECORDS = 300


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    directory = tmp_path_factory.mktemp("honest")
    ledger = SqliteLedger(directory, drafts.signer(), drafts.counting())

    async def work():
        await ledger.append(drafts.terms())
        for start in range(1, RECORDS - 1, 23):
            numbers = range(start, min(start + 23, RECORDS - 1))
            batch = [ledger.append(drafts.choice(n, f"visitor {n % 100}")) for n in numbers]
            await asyncio.gather(*batch)
        await ledger.append(drafts.erasure(RECORDS, drafts.record_id(5)))

    asyncio.run(work())
    ledger.close()
    assert verify_file(directory, VKEY).findings == ()
    assert verify_file(directory, VKEY).records == RECORDS
    return directory


@pytest.fixture
def ledger(honest, tmp_path):
    shutil.copytree(honest, tmp_path / "copy")
    db = apsw.Connection(str(tmp_path / "copy" / NAME))
    yield db
    db.close()


def findings(db):
    outcome = verify_file(Path(db.filename).parent, VKEY)
    return [(finding.fault, finding.index) for finding in outcome.findings]


def flipped(value):
    """``value`` with one byte changed, at its beginning, middle and end; numbers with one bit."""
    if isinstance(value, int):
        return [value ^ 1, value ^ 64]
    return [
        value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
        for at in {0, len(value) // 2, len(value) - 1}
    ]


@pytest.mark.slow
@pytest.mark.parametrize("table", ["leaf", "tile", "checkpoint"])
def test_one_changed_byte_in_any_value_of_any_row_is_found(ledger, table):
    columns = [name for _, name, *_ in ledger.execute(f"PRAGMA table_info({table})")]
    ids = [n for (n,) in ledger.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]
    chosen = ids if table != "leaf" else [n for n in ids if n % 37 in (0, 5) or n > RECORDS - 3]
    for rowid in chosen:
        for column in columns:
            query = f"SELECT {column} FROM {table} WHERE rowid = ?"
            ((value,),) = ledger.execute(query, (rowid,)).fetchall()
            if value is None:
                continue
            for changed in flipped(value):
                ledger.execute("SAVEPOINT edit")
                try:
                    ledger.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?",
                                   (changed, rowid))  # fmt: skip
                except apsw.ConstraintError:
                    ledger.execute("ROLLBACK TO edit; RELEASE edit")
                    continue
                ledger.execute("RELEASE edit")
                assert findings(ledger), (table, rowid, column, changed)
                target = changed if column == columns[0] and table != "tile" else rowid
                ledger.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, target))
    assert findings(ledger) == []


def test_an_edited_body_is_named(ledger):
    ((body,),) = ledger.execute("SELECT body FROM leaf WHERE idx = 42").fetchall()
    ledger.execute("UPDATE leaf SET body = ? WHERE idx = 42",
                   (body.replace(b'"social":true', b'"social":false'),))  # fmt: skip
    assert ("record edited", 42) in findings(ledger)
    assert ("record replaced", 42) in findings(ledger)


def test_a_forged_record_with_its_own_commitment_is_named(ledger):
    ((body,),) = ledger.execute("SELECT body FROM leaf WHERE idx = 290").fetchall()
    forged = body.replace(b'"social":true', b'"social":false')
    ledger.execute("UPDATE leaf SET body = ?, salt = ?, commitment = ? WHERE idx = 290",
                   (forged, bytes(32), commit(bytes(32), forged)))  # fmt: skip
    assert ("record replaced", 290) in findings(ledger)


def test_a_forged_record_with_its_tile_does_not_match_the_signed_root(ledger):
    ((body,),) = ledger.execute("SELECT body FROM leaf WHERE idx = 290").fetchall()
    forged = body.replace(b'"social":true', b'"social":false')
    made = commit(bytes(32), forged)
    ledger.execute("UPDATE leaf SET body = ?, salt = ?, commitment = ? WHERE idx = 290",
                   (forged, bytes(32), made))  # fmt: skip
    ((tile,),) = ledger.execute("SELECT hashes FROM tile WHERE level = 0 AND idx = 1").fetchall()
    at = (290 - 256) * 32
    ledger.execute("UPDATE tile SET hashes = ? WHERE level = 0 AND idx = 1",
                   (tile[:at] + leaf_hash(made) + tile[at + 32 :],))  # fmt: skip
    faults = dict(findings(ledger))
    assert 250 < faults["history does not match its checkpoint"] <= 290


def test_swapped_rows_are_named(ledger):
    ledger.execute(
        "UPDATE leaf SET idx = -1 WHERE idx = 7; UPDATE leaf SET idx = 7 WHERE idx = 8;"
        "UPDATE leaf SET idx = 8 WHERE idx = -1"
    )
    found = findings(ledger)
    assert ("record replaced", 7) in found
    assert ("record replaced", 8) in found


def test_a_missing_row_is_named(ledger):
    ledger.execute("DELETE FROM leaf WHERE idx = 100")
    assert ("record missing", 100) in findings(ledger)


def test_truncation_is_found(ledger):
    ledger.execute("DELETE FROM leaf WHERE idx >= 280")
    assert ("records cut off", 280) in findings(ledger)


def test_a_rollback_of_all_tables_shows_against_a_kept_checkpoint(honest, tmp_path):
    shutil.copytree(honest, tmp_path / "live")
    shutil.copytree(honest, tmp_path / "backup")
    live = SqliteLedger(tmp_path / "live", drafts.signer())
    asyncio.run(live.append(drafts.choice(RECORDS + 1)))
    ahead = asyncio.run(live.published("checkpoint"))
    live.close()
    assert verify_file(tmp_path / "live", VKEY, [ahead]).findings == ()
    assert verify_file(tmp_path / "backup", VKEY).findings == ()
    outcome = verify_file(tmp_path / "backup", VKEY, [ahead])
    assert [finding.fault for finding in outcome.findings] == ["records cut off"]


def test_a_record_emptied_without_an_erasure_is_named(ledger):
    ledger.execute("UPDATE leaf SET body = NULL, salt = NULL, subject = NULL WHERE idx = 60")
    assert ("record emptied", 60) in findings(ledger)


def test_a_record_put_back_after_its_erasure_is_named(ledger):
    draft = drafts.choice(5, "visitor 5")
    body = draft.body()
    ledger.execute("UPDATE leaf SET body = ?, salt = ? WHERE body IS NULL", (body, bytes(32)))
    assert ("erasure undone", 5) in findings(ledger)


def test_lost_tiles_and_checkpoints_are_named(ledger):
    ledger.execute("DELETE FROM tile WHERE level = 1")
    assert ("tile missing", 0) in findings(ledger)
    ledger.execute("INSERT INTO tile VALUES (1, 0, zeroblob(32)), (2, 5, zeroblob(32))")
    assert {("tile edited", 0), ("tile unknown", None)} <= set(findings(ledger))
    ledger.execute("DELETE FROM checkpoint")
    assert ("checkpoint missing", None) in findings(ledger)


def test_a_row_far_away_does_not_stop_verification(ledger):
    ledger.execute("UPDATE leaf SET idx = 4611686018427387904 WHERE idx = 3")
    found = findings(ledger)
    assert ("record missing", 3) in found
    assert ("record out of order", 1 << 62) in found


@pytest.mark.slow
def test_flipped_bytes_of_the_raw_file_are_found_or_change_nothing(honest, tmp_path):
    shutil.copytree(honest, tmp_path / "raw")
    path = tmp_path / "raw" / NAME
    whole = path.read_bytes()
    dumped = content(path)
    for place in range(0, len(whole), len(whole) // 97):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :])
        try:
            found = verify_file(tmp_path / "raw", VKEY).findings
        except LedgerUnavailable as error:
            found = str(error)
        assert found or content(path) == dumped, place


def content(path):
    db = apsw.Connection(str(path))
    try:
        tables = ("leaf", "tile", "checkpoint")
        return [db.execute(f"SELECT * FROM {table}").fetchall() for table in tables]
    finally:
        db.close()


def test_a_fault_is_told_with_the_times_around_it_and_what_still_holds(ledger):
    ((body,),) = ledger.execute("SELECT body FROM leaf WHERE idx = 120").fetchall()
    ledger.execute("UPDATE leaf SET body = ? WHERE idx = 120",
                   (body.replace(b'"social":true', b'"social":false'),))  # fmt: skip
    outcome = verify_file(Path(ledger.filename).parent, VKEY)
    found = next(each for each in outcome.findings if each.index == 120)
    assert (found.after, found.before) == (drafts.NOW + 119, drafts.NOW + 121)
    assert 93 < outcome.holds.size <= 120
    assert outcome.holds.time <= drafts.NOW + 120


def test_what_is_cut_off_is_later_than_the_last_record(ledger):
    ledger.execute("DELETE FROM leaf WHERE idx >= 280")
    outcome = verify_file(Path(ledger.filename).parent, VKEY)
    found = next(each for each in outcome.findings if each.fault == "records cut off")
    assert (found.after, found.before) == (drafts.NOW + 279, None)


def test_an_edit_of_an_upper_tile_is_named_where_it_is(tmp_path):
    ledger = SqliteLedger(tmp_path, drafts.signer(), drafts.counting())

    async def work():
        for start in range(0, 700, 100):
            await asyncio.gather(
                *[ledger.append(drafts.choice(n)) for n in range(start, start + 100)]
            )

    asyncio.run(work())
    ledger.close()
    db = apsw.Connection(str(tmp_path / NAME))
    ((kept,),) = db.execute("SELECT hashes FROM tile WHERE level = 1").fetchall()
    db.execute("UPDATE tile SET hashes = ? WHERE level = 1", (kept[:40] + b"x" + kept[41:],))
    assert findings(db) == [("tile edited", 256)]
    db.execute("UPDATE tile SET hashes = ? WHERE level = 1", (kept,))
    ((body,),) = db.execute("SELECT body FROM leaf WHERE idx = 300").fetchall()
    db.execute("UPDATE leaf SET body = ? WHERE idx = 300", (body.replace(b"fr", b"de"),))
    assert {index for _, index in findings(db)} == {300}
    db.close()


def test_a_fault_that_only_its_row_shows_is_told_with_the_times_around_it(ledger):
    ledger.execute("UPDATE leaf SET subject = zeroblob(32) WHERE idx = 130")
    outcome = verify_file(Path(ledger.filename).parent, VKEY)
    times = {(found.after, found.before) for found in outcome.findings if found.index == 130}
    assert times == {(drafts.NOW + 129, drafts.NOW + 131)}


def test_a_ledger_of_faults_only_is_verified_too(ledger):
    ledger.execute("UPDATE leaf SET salt = zeroblob(32)")
    found = findings(ledger)
    assert {index for fault, index in found if fault == "record edited"} >= set(range(6, RECORDS))
