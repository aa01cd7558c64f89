"""Sightings in one SQLite file, which several processes may share.

What is kept is bounded, so a batch reads it whole, joins in memory, and writes what changed, in
one transaction. A batch lost with the machine is seen again, so the disk is not waited for.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import apsw

from bandeau.enforcement.folding import Registrable
from bandeau.enforcement.sightings import Kind, Sighting, SightingsUnavailable, Teller, joined
from bandeau.storage.sqlite.writing import prepare, writing

FILE = "trackers.sqlite"
SCHEMA_VERSION = 1

_SCHEMA = f"""
CREATE TABLE sightings (
    kind      TEXT NOT NULL,
    name      TEXT NOT NULL,
    teller    TEXT NOT NULL,
    place     TEXT NOT NULL,
    page      TEXT NOT NULL,
    first_day TEXT NOT NULL,
    last_day  TEXT NOT NULL,
    days      INTEGER NOT NULL,
    times     INTEGER NOT NULL,
    PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = {SCHEMA_VERSION};
"""
_ALL = "SELECT kind, name, teller, place, page, first_day, last_day, days, times FROM sightings"
_PUT = "INSERT OR REPLACE INTO sightings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DROP = "DELETE FROM sightings WHERE kind = ? AND name = ?"


class SqliteSightings:
    """A :class:`SightingStore` in the file ``path``, made where there is none.

    Raises :class:`SightingsUnavailable` where it cannot be opened, is damaged, or was written by
    a newer program. May be used from several threads, one after another.
    """

    def __init__(self, path: Path, registrable: Registrable) -> None:
        self._path = path
        self._registrable = registrable
        self._lock = threading.Lock()
        with self._translated():
            _make_private(path)
            self._file = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                prepare(self._file, path, _SCHEMA, SCHEMA_VERSION, "NORMAL", SightingsUnavailable)
            except BaseException:
                self._file.close()
                raise

    def close(self) -> None:
        """Close the file. Further calls are unavailable."""
        with self._lock:
            self._file.close()

    def add(self, batch: Iterable[Sighting]) -> None:
        """See the port."""
        with self._lock, self._translated(), writing(self._file):
            before = _read(self._file)
            after = {s.key: s for s in joined(before.values(), batch, self._registrable)}
            gone = [key for key in before if key not in after]
            changed = [s for key, s in after.items() if before.get(key) != s]
            self._file.executemany(_DROP, gone)
            self._file.executemany(_PUT, map(_row, changed))

    def all(self) -> tuple[Sighting, ...]:
        """See the port."""
        with self._lock, self._translated():
            return tuple(_read(self._file).values())

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn every failure of the database into the port's own error."""
        try:
            yield
        except (apsw.NotADBError, apsw.CorruptError, ValueError) as error:
            damage = f"{self._path}: {error}; move it away: what is on the site is seen again"
            raise SightingsUnavailable(damage) from error
        except (apsw.Error, OSError) as error:
            raise SightingsUnavailable(f"{self._path}: {error}") from error


def _read(file: apsw.Connection) -> dict[tuple[Kind, str], Sighting]:
    found = map(_sighting, file.execute(_ALL))
    return {sighting.key: sighting for sighting in found}


def _sighting(row: tuple[Any, ...]) -> Sighting:
    kind, name, teller, where, page, first, last, days, times = row
    span = date.fromisoformat(first), date.fromisoformat(last)
    return Sighting(Kind(kind), name, Teller(teller), where, page, *span, days, times)


def _row(s: Sighting) -> tuple[str | int, ...]:
    first, last = s.first_day.isoformat(), s.last_day.isoformat()
    return s.kind.value, s.name, s.teller.value, s.where, s.page, first, last, s.days, s.times


def _make_private(path: Path) -> None:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
