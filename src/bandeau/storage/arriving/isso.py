"""isso: its SQLite file, which is never written to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw

from bandeau.features.comments.foreign import Drop, Foreign, Form, Unreadable
from bandeau.storage.arriving.moments import of_seconds

_TAKEN = (
    "SELECT CAST(comments.id AS INTEGER), CAST(comments.parent AS INTEGER),"
    " CAST(threads.uri AS BLOB), CAST(comments.author AS BLOB), CAST(comments.text AS BLOB),"
    " comments.created, comments.mode FROM comments JOIN threads ON threads.id = comments.tid"
    " ORDER BY comments.id"
)
_NEEDED = {
    "threads": {"id", "uri"},
    "comments": {"id", "tid", "parent", "author", "text", "created", "mode"},
}
_SHOWN, _WAITS = 1, 2


def isso(path: Path) -> Iterator[Foreign]:
    """The comments of a database; raises :class:`Unreadable`."""
    try:
        if not path.is_file():
            raise Unreadable("cannot be read: no such file")
        address = f"{path.absolute().as_uri()}?mode=ro"
        flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        file = apsw.Connection(address, flags=flags)
        try:
            file.execute("PRAGMA trusted_schema = OFF")
            _require_isso(file)
            for row in file.execute(_TAKEN):
                yield _comment(row)
        finally:
            file.close()
    except (apsw.Error, OSError, UnicodeError) as error:
        raise Unreadable(f"cannot be read: {error}") from error


def _require_isso(file: apsw.Connection) -> None:
    for table, needed in _NEEDED.items():
        query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
        there = file.execute(query, (table,)).fetchall()
        columns = {str(row[1]) for row in file.execute(f"PRAGMA table_info({table})")}
        if not there or needed - columns:
            raise Unreadable(f"is no database of isso: it has no table {table} of its kind")


def _comment(row: tuple[Any, ...]) -> Foreign:
    number, parent, address, name, text, created, mode = row
    shown = mode in (_SHOWN, _WAITS)
    return Foreign(
        key=str(number),
        parent="" if parent is None else str(parent),
        url=_text(address),
        name=_text(name),
        text=_text(text),
        form=Form.MARKDOWN,
        time=of_seconds(created),
        line=number,
        drop=None if shown else Drop.DELETED,
        waits=mode == _WAITS,
    )


def _text(value: bytes | None) -> str:
    """A text of a file that anything may have written to."""
    return (value or b"").decode("utf-8", "replace")
