"""Comments in one SQLite file.

Two connections: writes go one after another through a thread of their own, each a short
transaction that is on the disk when it returns (WAL, ``synchronous=FULL``); reads run
inline on a second connection, which WAL never keeps waiting behind a writer.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apsw

from bandeau.features.comments.model import Comment
from bandeau.features.comments.store import CommentsUnavailable

SCHEMA_VERSION = 1
WRITE_WAIT_MS = 5_000
READ_WAIT_MS = 1_000

_SCHEMA = f"""
CREATE TABLE comments (
    id       TEXT PRIMARY KEY,
    page     TEXT NOT NULL,
    name     TEXT NOT NULL,
    html     TEXT NOT NULL,
    time     INTEGER NOT NULL,
    reply_to TEXT REFERENCES comments (id),
    receipt  TEXT NOT NULL
) STRICT;
CREATE INDEX comments_page_time ON comments (page, time, id);
PRAGMA user_version = {SCHEMA_VERSION};
"""
_COLUMNS = "id, page, name, html, time, reply_to, receipt"
_ADD = f"INSERT INTO comments ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"  # noqa: S608 - constants
_FIND = f"SELECT {_COLUMNS} FROM comments WHERE id = ?"  # noqa: S608
_COUNT = "SELECT count(*) FROM comments WHERE page = ?"
_FIRST = f"""SELECT {_COLUMNS} FROM comments WHERE page = ?1
    ORDER BY time DESC, id DESC LIMIT ?2"""  # noqa: S608
_AFTER = f"""SELECT {_COLUMNS} FROM comments WHERE page = ?1
    AND (time, id) < (SELECT time, id FROM comments WHERE id = ?3 AND page = ?1)
    ORDER BY time DESC, id DESC LIMIT ?2"""  # noqa: S608

_FORGET = "UPDATE comments SET receipt = '' WHERE receipt IN (SELECT value FROM json_each(?))"


class SqliteComments:
    """A :class:`CommentStore` in the file ``path``, made where there is none.

    Raises :class:`CommentsUnavailable` where it cannot be opened, is damaged, or was written
    by a newer program.
    """

    def __init__(self, path: Path) -> None:
        with _translated():
            _make_private(path)
            self._writer = _connect(path, WRITE_WAIT_MS)
            try:
                _migrate(self._writer)
                self._reader = _connect(path, READ_WAIT_MS)
            except BaseException:
                self._writer.close()
                raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="comments")

    def close(self) -> None:
        """Let the write under way end, then close the file. Further calls are unavailable."""
        self._thread.shutdown(wait=True)
        self._reader.close()
        self._writer.close()

    async def add(self, comment: Comment) -> bool:
        """See the port."""
        with _translated():
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, _add, self._writer, comment)

    async def page(self, path: str, limit: int, after: str | None = None) -> tuple[Comment, ...]:
        """See the port."""
        if after is None:
            return tuple(Comment(*row) for row in self._read(_FIRST, (path, limit)))
        return tuple(Comment(*row) for row in self._read(_AFTER, (path, limit, after)))

    async def count(self, path: str) -> int:
        """See the port."""
        return int(self._read(_COUNT, (path,))[0][0])

    async def find(self, comment_id: str) -> Comment | None:
        """See the port."""
        rows = self._read(_FIND, (comment_id,))
        return Comment(*rows[0]) if rows else None

    async def forget(self, receipts: Collection[str]) -> None:
        """See the port."""
        with _translated():
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, _forget, self._writer, list(receipts))

    def _read(self, query: str, values: tuple[str | int, ...]) -> list[tuple[Any, ...]]:
        with _translated():
            return self._reader.execute(query, values).fetchall()


def _add(writer: apsw.Connection, comment: Comment) -> bool:
    row = (
        comment.id,
        comment.page,
        comment.name,
        comment.html,
        comment.time,
        comment.reply_to,
        comment.receipt,
    )
    writer.execute(_ADD, row)
    return writer.changes() == 1


def _forget(writer: apsw.Connection, receipts: list[str]) -> None:
    """Overwrite what is taken off, and keep no copy of it in the write-ahead log."""
    writer.pragma("secure_delete", True)
    try:
        writer.execute(_FORGET, (json.dumps(receipts),))
        if writer.changes():
            writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        writer.pragma("secure_delete", False)


def _make_private(path: Path) -> None:
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _connect(path: Path, wait_ms: int) -> apsw.Connection:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    connection.set_busy_timeout(wait_ms)
    connection.execute(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
    ).fetchall()
    return connection


def _migrate(writer: apsw.Connection) -> None:
    writer.transaction_mode = "IMMEDIATE"
    with writer:
        found = writer.pragma("user_version")
        if found > SCHEMA_VERSION:
            raise CommentsUnavailable(
                f"the comments have schema version {found}, and this program knows up to "
                f"{SCHEMA_VERSION}: run a newer one"
            )
        if found == 0:
            writer.execute(_SCHEMA)


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn every failure of the database into the port's own error."""
    try:
        yield
    except (apsw.Error, OSError, RuntimeError) as error:
        raise CommentsUnavailable(f"comments: {error}") from error
