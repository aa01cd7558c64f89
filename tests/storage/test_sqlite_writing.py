"""Waiting for another writer of one SQLite file, even one in the same process."""

from __future__ import annotations

import threading
from pathlib import Path

import apsw
import pytest

from bandeau.storage.sqlite.writing import writing


def opened(path: Path) -> apsw.Connection:
    db = apsw.Connection(str(path))
    db.set_busy_timeout(5_000)
    db.execute("PRAGMA journal_mode = WAL; CREATE TABLE IF NOT EXISTS t (n INTEGER)").fetchall()
    return db


def test_who_waits_lets_the_others_work(tmp_path: Path) -> None:
    one, other = opened(tmp_path / "f"), opened(tmp_path / "f")
    failed: list[Exception] = []

    def add(db: apsw.Connection) -> None:
        try:
            for number in range(300):
                with writing(db):
                    db.execute("INSERT INTO t VALUES (?)", (number,))
        except apsw.Error as error:
            failed.append(error)

    threads = [threading.Thread(target=add, args=(db,)) for db in (one, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert one.execute("SELECT count(*) FROM t").fetchall() == [(600,)]
    one.close()
    other.close()


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    db = opened(tmp_path / "f")
    with pytest.raises(ValueError, match="enough"), writing(db):
        db.execute("INSERT INTO t VALUES (1)")
        raise ValueError("enough")
    assert db.execute("SELECT count(*) FROM t").fetchall() == [(0,)]
    assert not db.in_transaction
    db.close()
