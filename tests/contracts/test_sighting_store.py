"""What every store of sightings guarantees, and what only a file can promise."""

from __future__ import annotations

import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import apsw
import pytest

from bandeau import limits
from bandeau.enforcement.sightings import (
    Kind,
    Sighting,
    SightingStore,
    SightingsUnavailable,
    Teller,
)
from bandeau.storage.memory_sightings import MemorySightings
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.ledger import open_schema
from bandeau.storage.postgres.sightings import PostgresSightings
from bandeau.storage.sqlite.sightings import FILE, SqliteSightings
from bandeau.storage.suffixes import public_suffixes

registrable = public_suffixes().registrable
DAY = date(2026, 11, 25)


def sighting(name: str = "a.test", **changes: object) -> Sighting:
    plain = Sighting(Kind.HOST, name, Teller.SITE, "markup", "/été", DAY, DAY)
    return replace(plain, **changes)  # type: ignore[arg-type]


def opened(folder: Path) -> SqliteSightings:
    return SqliteSightings(folder / FILE, registrable)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SightingStore]:
    if request.param == "postgres":
        database = Database(request.getfixturevalue("postgres").database())
        open_schema(database)
        yield PostgresSightings(database, registrable)
        database.close()
        return
    if request.param == "memory":
        yield MemorySightings(registrable)
        return
    file = opened(tmp_path)
    yield file
    file.close()


def test_nothing_was_seen_at_first(store: SightingStore) -> None:
    assert store.all() == ()
    store.add(())
    assert store.all() == ()


def test_a_sighting_comes_back_as_it_went_in(store: SightingStore) -> None:
    put = {
        sighting(),
        sighting("_ga", kind=Kind.COOKIE, teller=Teller.BROWSER, days=3, times=9),
        sighting("clé 'x'; --", kind=Kind.STORAGE, last_day=DAY + timedelta(1), days=2),
    }
    store.add(put)
    assert set(store.all()) == put


def test_batches_add_up(store: SightingStore) -> None:
    store.add([sighting(times=2)])
    tomorrow = DAY + timedelta(1)
    store.add([sighting(first_day=tomorrow, last_day=tomorrow), sighting("b.test")])
    assert set(store.all()) == {
        sighting(last_day=tomorrow, days=2, times=3),
        sighting("b.test"),
    }


def test_one_name_may_be_of_two_kinds(store: SightingStore) -> None:
    both = {sighting("user.data", kind=Kind.COOKIE), sighting("user.data", kind=Kind.STORAGE)}
    store.add(both)
    assert set(store.all()) == both


def test_folded_names_replace_what_they_stand_for(store: SightingStore) -> None:
    store.add([sighting("slot-A1", kind=Kind.COOKIE), sighting("slot-B2", kind=Kind.COOKIE)])
    store.add([sighting("slot-C3", kind=Kind.COOKIE)])
    assert set(store.all()) == {sighting("slot-*", kind=Kind.COOKIE, times=3)}


def test_what_is_kept_is_bounded(store: SightingStore) -> None:
    store.add([sighting("real.test", times=2)])
    store.add([sighting(f"n{n}.flood{n}.test") for n in range(limits.SIGHTINGS_KEPT)])
    kept = store.all()
    assert len(kept) == limits.SIGHTINGS_KEPT
    assert sighting("real.test", times=2) in kept


# Files.


def test_a_file_outlives_the_process_and_is_its_owners_alone(tmp_path: Path) -> None:
    first = opened(tmp_path)
    first.add([sighting()])
    first.close()
    second = opened(tmp_path)
    assert second.all() == (sighting(),)
    second.close()
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


WRITING = """
import sys
from pathlib import Path
sys.path.append(sys.argv[2])
from test_sighting_store import opened, sighting
store = opened(Path(sys.argv[1]))
print("open", flush=True)
sys.stdin.readline()
for _ in range(100):
    store.add([sighting(), sighting("other.test")])
store.close()
"""


@pytest.mark.slow
def test_several_processes_share_a_file(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITING, str(tmp_path), str(Path(__file__).parent)]
    writers = [
        subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == "open\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    store = opened(tmp_path)
    assert set(store.all()) == {sighting(times=300), sighting("other.test", times=300)}
    store.close()


def test_a_newer_schema_is_refused_and_not_touched(tmp_path: Path) -> None:
    opened(tmp_path).close()
    file = apsw.Connection(str(tmp_path / FILE))
    file.pragma("user_version", 99)
    with pytest.raises(SightingsUnavailable, match="99"):
        opened(tmp_path)
    assert file.pragma("user_version") == 99
    file.close()


def test_what_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"not a database at all, but long enough" * 50)
    with pytest.raises(SightingsUnavailable, match="move it away"):
        opened(tmp_path)
    with pytest.raises(SightingsUnavailable):
        SqliteSightings(tmp_path / "nowhere" / FILE, registrable)


def test_a_row_of_another_hand_is_unavailable(tmp_path: Path) -> None:
    store = opened(tmp_path)
    file = apsw.Connection(str(tmp_path / FILE))
    file.execute("INSERT INTO sightings VALUES ('?', 'x', 'site', '', '', 'someday', '', 1, 1)")
    file.close()
    with pytest.raises(SightingsUnavailable):
        store.all()
    store.close()


def test_a_closed_store_is_unavailable(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.close()
    with pytest.raises(SightingsUnavailable):
        store.add([sighting()])
    with pytest.raises(SightingsUnavailable):
        store.all()


def test_a_batch_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.add([sighting()])
    store._file.execute(
        "CREATE TRIGGER full AFTER INSERT ON sightings WHEN new.name = 'z.test' "
        "BEGIN SELECT raise(ABORT, 'disk full'); END"
    )
    with pytest.raises(SightingsUnavailable, match="disk full"):
        store.add([sighting("b.test"), sighting("z.test")])
    assert store.all() == (sighting(),)
    store.close()
