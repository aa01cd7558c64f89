"""The outbox in one SQLite file, which several processes may share."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw

from bandeau.ledger.outbox import Event, Message, OutboxUnavailable, State, Withdrawal
from bandeau.storage.sqlite.writing import prepare, writing

FILE = "outbox.sqlite"
SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE message (
    id       TEXT PRIMARY KEY,
    vendor   TEXT NOT NULL,
    url      TEXT NOT NULL,
    body     BLOB NOT NULL,
    created  INTEGER NOT NULL,
    state    TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    status   TEXT NOT NULL,
    answered INTEGER NOT NULL
) STRICT;
CREATE INDEX message_due ON message (due) WHERE state = 'pending';
CREATE TABLE announced (
    event     TEXT NOT NULL,
    pseudonym TEXT NOT NULL,
    site      TEXT NOT NULL,
    time      INTEGER NOT NULL,
    purposes  TEXT NOT NULL,
    vendor    TEXT NOT NULL,
    PRIMARY KEY (event, pseudonym, vendor)
) STRICT;
CREATE TABLE reading (position INTEGER NOT NULL) STRICT;
INSERT INTO reading VALUES (0);
PRAGMA user_version = 1;
"""
_COLUMNS = "id, vendor, url, body, created, state, attempts, due, status, answered"
_PUT = "INSERT OR IGNORE INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_ALL = f"SELECT {_COLUMNS} FROM message ORDER BY created, id"  # noqa: S608 - constants
_CLAIM = f"""UPDATE message SET due = ?2, attempts = attempts + 1 WHERE id IN (
    SELECT id FROM message WHERE state = 'pending' AND due <= ?1 ORDER BY due LIMIT ?3
) RETURNING {_COLUMNS}"""  # noqa: S608
_SETTLE = (
    "UPDATE message SET state = ?, due = ?, status = ?, answered = ?"
    " WHERE id = ? AND state = 'pending'"
)
_RETRY = (
    "UPDATE message SET state = 'pending', attempts = 0, due = ?"
    " WHERE id = ? AND state <> 'delivered'"
)
_FORGET = "DELETE FROM message WHERE state <> 'pending' AND answered < ?"
_ANNOUNCE = "INSERT OR IGNORE INTO announced VALUES (?, ?, ?, ?, ?, ?)"
_ANNOUNCED = "SELECT event, pseudonym, site, time, purposes, vendor FROM announced"
_DONE = "DELETE FROM announced WHERE event = ? AND pseudonym = ? AND vendor = ?"
_READ_ON = "UPDATE reading SET position = max(position, ?)"


class SqliteOutbox:
    """An :class:`bandeau.ledger.outbox.Outbox` in ``directory``, made where there is none.

    Raises :class:`OutboxUnavailable` where it cannot be opened, is damaged, or was written by a
    newer program. May be used from several threads.
    """

    def __init__(self, directory: Path) -> None:
        path = directory / FILE
        self._path = path
        self._lock = threading.Lock()
        with self._translated():
            with contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            self._file = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
            try:
                prepare(self._file, path, _SCHEMA, SCHEMA_VERSION, "FULL", OutboxUnavailable)
            except BaseException:
                self._file.close()
                raise

    def close(self) -> None:
        """Close the file. Further calls are unavailable."""
        with self._lock:
            self._file.close()

    def announce(self, withdrawals: Sequence[Withdrawal]) -> None:
        """See the port."""
        rows = [
            (w.event.value, w.pseudonym, w.site, w.time, json.dumps(w.purposes), w.vendor)
            for w in withdrawals
        ]
        with self._writing():
            self._file.executemany(_ANNOUNCE, rows)

    def announced(self) -> tuple[Withdrawal, ...]:
        """See the port."""
        with self._lock, self._translated():
            return tuple(
                Withdrawal(Event(event), name, site, time, tuple(json.loads(purposes)), vendor)
                for event, name, site, time, purposes, vendor in self._file.execute(_ANNOUNCED)
            )

    def position(self) -> int:
        """See the port."""
        with self._lock, self._translated():
            for (position,) in self._file.execute("SELECT position FROM reading"):
                return int(str(position))
        raise OutboxUnavailable(f"{self._path}: holds no position")

    def queue(
        self, messages: Sequence[Message], position: int, done: Sequence[Withdrawal] = ()
    ) -> None:
        """See the port."""
        with self._writing():
            self._file.executemany(_PUT, map(_row, messages))
            gone = [(w.event.value, w.pseudonym, w.vendor) for w in done]
            self._file.executemany(_DONE, gone)
            self._file.execute(_READ_ON, (position,))

    def claim(self, now: int, until: int, count: int) -> tuple[Message, ...]:
        """See the port."""
        with self._lock, self._translated():
            due = "SELECT 1 FROM message WHERE state = 'pending' AND due <= ? LIMIT 1"
            if not self._file.execute(due, (now,)).fetchall():
                return ()
        with self._writing():
            return tuple(map(_message, self._file.execute(_CLAIM, (now, until, count)).fetchall()))

    def settle(self, messages: Sequence[Message]) -> None:
        """See the port."""
        rows = [(m.state.value, m.due, m.status, m.answered, m.id) for m in messages]
        with self._writing():
            self._file.executemany(_SETTLE, rows)

    def all(self) -> tuple[Message, ...]:
        """See the port."""
        with self._lock, self._translated():
            return tuple(map(_message, self._file.execute(_ALL)))

    def forget(self, before: int) -> None:
        """See the port."""
        with self._writing():
            self._file.execute(_FORGET, (before,))

    def retry(self, ids: Sequence[str], now: int) -> int:
        """See the port."""
        count = 0
        with self._writing():
            for message_id in ids:
                self._file.execute(_RETRY, (now, message_id))
                count += self._file.changes()
        return count

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, self._translated(), writing(self._file):
            yield

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn every failure of the database into the port's own error."""
        try:
            yield
        except (apsw.Error, OSError, ValueError) as error:
            raise OutboxUnavailable(f"{self._path}: {error}") from error


def _row(m: Message) -> tuple[object, ...]:
    made = (m.id, m.vendor, m.url, m.body, m.created)
    return *made, m.state.value, m.attempts, m.due, m.status, m.answered


def _message(row: tuple[Any, ...]) -> Message:
    name, vendor, url, body, created, state, attempts, due, status, answered = row
    stands = State(state), attempts, due, status, answered
    return Message(name, vendor, url, bytes(body), created, *stands)
