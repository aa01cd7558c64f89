"""A flipped byte, wherever it is: verify finds it, or it changes nothing that can be read."""

from __future__ import annotations

import asyncio
import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import apsw
import ledger_drafts as drafts
import pytest

from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.sqlite.ledger import SqliteLedger, verify_file
from bandeau.storage.sqlite.ledger_file import NAME
from bandeau.storage.sqlite.ledger_kept import NAME as KEPT

VKEY = drafts.signer().vkey
CHOICES = 290
FLIPS = 250
# What verify reads by the table, and what a server finds by its indexes.
QUERIES = (
    "SELECT * FROM leaf NOT INDEXED ORDER BY idx",
    "SELECT id, idx FROM leaf INDEXED BY sqlite_autoindex_leaf_1 ORDER BY id",
    "SELECT subject, idx FROM leaf INDEXED BY leaf_history WHERE subject IS NOT NULL"
    " ORDER BY subject, idx",
    "SELECT level, idx, hashes FROM tile NOT INDEXED ORDER BY rowid",
    "SELECT level, idx FROM tile ORDER BY level, idx",
    "SELECT level, idx, nodes FROM beside NOT INDEXED ORDER BY rowid",
    "SELECT level, idx FROM beside ORDER BY level, idx",
    "SELECT size, note FROM checkpoint ORDER BY size",
    "SELECT hash, data FROM artefact NOT INDEXED ORDER BY rowid",
    "SELECT hash FROM artefact ORDER BY hash",
    "SELECT type, name, tbl_name, sql FROM sqlite_master",
    "PRAGMA user_version",
)


def filled(directory: Path) -> SqliteLedger:
    """A ledger with a record of each kind, an erasure and two artefacts; still open."""
    ledger = SqliteLedger(directory, drafts.signer(), drafts.counting())

    async def work() -> None:
        await ledger.append(drafts.terms())
        await ledger.append(drafts.notice())
        await ledger.append(drafts.item(1_000, "ana"))
        for start in range(1, CHOICES, 29):
            batch = [drafts.choice(n, f"visitor {n % 100}") for n in range(start, start + 29)]
            await asyncio.gather(*map(ledger.append, batch))
        await ledger.append(drafts.erasure(2_000, drafts.record_id(5)))

    asyncio.run(work())
    return ledger


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("honest")
    filled(directory).close()
    assert verify_file(directory, VKEY).findings == ()
    return directory


@pytest.fixture
def copied(honest: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(honest, tmp_path / "copy"))


def findings(directory: Path) -> object:
    """What verify has to say, be it that it cannot read."""
    try:
        return verify_file(directory, VKEY).findings
    except LedgerUnavailable as error:
        return str(error)


def content(directory: Path) -> list[object]:
    db = apsw.Connection(str(directory / NAME))
    try:
        return [db.execute(query).fetchall() for query in QUERIES]
    finally:
        db.close()


def flips(path: Path, count: int, seed: int) -> Iterator[int]:
    """Change one byte of a file, hand out where, and change it back, ``count`` times."""
    whole, chosen = path.read_bytes(), random.Random(seed)
    for _ in range(count):
        place, bit = chosen.randrange(len(whole)), 1 << chosen.randrange(8)
        path.write_bytes(whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :])
        yield place
    path.write_bytes(whole)


@pytest.mark.parametrize("table", ["leaf", "tile", "beside", "checkpoint", "artefact"])
def test_a_flipped_byte_in_each_column_of_each_table_is_found(copied: Path, table: str) -> None:
    db = apsw.Connection(str(copied / NAME))
    chosen = random.Random(7)
    columns = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
    rows = [row for (row,) in db.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]
    for column in columns:
        for row in {rows[0], rows[-1], chosen.choice(rows)}:
            value = db.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).get
            if value is None:
                continue
            if isinstance(value, int):
                changed: object = value ^ 1 << 20
            else:
                at = chosen.randrange(len(value))
                changed = value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :]
            db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, row))
            assert findings(copied), (table, column, row)
            moved = db.execute(f"SELECT rowid FROM {table} WHERE {column} IS ?", (changed,)).get
            db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, moved))
    db.close()
    assert findings(copied) == ()


@pytest.mark.parametrize("value", ["NULL", "1 << 40", "'text'", "1.5"])
def test_a_value_of_another_type_is_found_without_a_trace(copied: Path, value: str) -> None:
    """Where a byte of a row's header flips, anything stands in a column of a strict table."""
    db = apsw.Connection(str(copied / NAME))
    db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    db.execute("PRAGMA writable_schema = ON")
    db.execute(
        "UPDATE sqlite_master SET sql = replace(replace(sql, 'STRICT', ''), 'NOT NULL', '')"
        " WHERE type = 'table'"
    )
    schema = db.execute("SELECT sql FROM sqlite_master").fetchall()
    assert not any("STRICT" in (sql or "") for (sql,) in schema)
    db.close()
    db = apsw.Connection(str(copied / NAME))
    for table, column in (
        *(("leaf", each) for each in ("id", "subject", "body", "salt", "commitment", "next")),
        *(("tile", each) for each in ("level", "idx", "hashes")),
        *(("checkpoint", "note"), ("artefact", "hash"), ("artefact", "data")),
    ):
        held, row = db.execute(f"SELECT {column}, rowid FROM {table} ORDER BY rowid LIMIT 1").get
        if value == "NULL" and held is None:
            continue
        db.execute(f"UPDATE {table} SET {column} = {value} WHERE rowid = {row}")
        assert findings(copied), (table, column)
        db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = {row}", (held,))
    db.close()


@pytest.mark.slow
def test_a_flipped_byte_anywhere_in_the_file_is_found_or_means_nothing(copied: Path) -> None:
    before, found = content(copied), 0
    for place in flips(copied / NAME, FLIPS, 11):
        if findings(copied):
            found += 1
        else:
            assert content(copied) == before, place
    assert found > FLIPS // 2
    assert findings(copied) == ()


@pytest.mark.slow
def test_a_flipped_byte_in_the_log_of_a_killed_server_is_found_or_means_nothing(
    tmp_path: Path,
) -> None:
    live, killed = tmp_path / "live", tmp_path / "killed"
    live.mkdir()
    killed.mkdir()
    ledger = filled(live)
    for number in range(3_000, 3_020):  # After the erasure, which has emptied the log.
        asyncio.run(ledger.append(drafts.choice(number)))
    ledger._sequencer.keep()
    log = f"{NAME}-wal"
    held = {name: (live / name).read_bytes() for name in (NAME, log, KEPT)}
    ledger.close()

    def restore() -> None:
        (killed / f"{NAME}-shm").unlink(missing_ok=True)
        for name, data in held.items():
            (killed / name).write_bytes(data)

    restore()
    before, found = content(killed), 0
    chosen = random.Random(13)
    for _ in range(FLIPS // 5):
        restore()
        place = chosen.randrange(len(held[log]))
        flipped = bytearray(held[log])
        flipped[place] ^= 1 << chosen.randrange(8)
        (killed / log).write_bytes(flipped)
        if findings(killed):
            found += 1
        else:
            assert content(killed) == before, place
    assert found
