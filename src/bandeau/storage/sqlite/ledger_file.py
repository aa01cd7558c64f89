"""The ledger's file: its schema, how it is opened, and the statements over it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import apsw

from bandeau.ledger.commitment import HASH_BYTES
from bandeau.ledger.draft import Draft
from bandeau.ledger.record import artefact_hash, erased_id_bytes
from bandeau.ledger.sequence import Batch, Entry, Former
from bandeau.ledger.store import LedgerUnavailable, Stored
from bandeau.ledger.tiles import ENTRIES, TILE_BYTES, WIDTH, Head, Tile, Written, edge_widths
from bandeau.ledger.verify import Row, id_bytes
from bandeau.storage.migrating import migration

NAME = "ledger.sqlite"
SCHEMA = 3
WRITER_WAIT_MS = 5_000
READER_WAIT_MS = 250
WAL_PAGES = 4_000
_PAGE = 256
_NUMBER, _BYTES, _NONE = frozenset({int}), frozenset({bytes}), frozenset({type(None)})
_FILLED, _MAYBE = _BYTES, _BYTES | _NONE
_TYPES = (_NUMBER, _FILLED, _MAYBE, _MAYBE, _MAYBE, _FILLED, _NUMBER | _NONE)
"""Of the columns of ``leaf``, in their order."""

_MIGRATIONS = Path(__file__).parent / "migrations"
# What Row._make does after it has counted the columns, in a third of the time.
_as_row: Callable[[Sequence[Any]], Row] = partial(tuple.__new__, Row)
_INSERT = (
    "INSERT INTO leaf (idx, id, subject, body, salt, commitment, next) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = (
    "SELECT idx, id, subject, body, salt, commitment, next FROM leaf"
    " WHERE idx >= ? AND idx < ? ORDER BY idx"
)


def open_writer(path: Path) -> apsw.Connection:
    """A connection that commits durably: write-ahead log, synchronous in full."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    db.set_busy_timeout(WRITER_WAIT_MS)
    check_version(db, path)
    db.pragma("journal_mode", "wal")
    db.pragma("synchronous", "full")
    db.pragma("wal_autocheckpoint", WAL_PAGES)
    return db


def open_reader(path: Path) -> apsw.Connection:
    """A connection that only reads, and never waits long. Raises :class:`LedgerUnavailable`."""
    try:
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        db.set_busy_timeout(READER_WAIT_MS)
        version = check_version(db, path)
    except apsw.Error as error:
        raise LedgerUnavailable(f"{path}: {error}") from error
    if version != SCHEMA:
        db.close()
        older = f"has schema {version} of {SCHEMA}: start bandeau serve, which brings it up to date"
        raise LedgerUnavailable(f"{path}: {older if version else 'holds no ledger'}")
    return db


def check_version(db: apsw.Connection, path: Path) -> int:
    """The schema that the file has, 0 where it is new; refuses what a newer Bandeau has written."""
    version = int(db.pragma("user_version"))
    if version > SCHEMA:
        db.close()
        raise LedgerUnavailable(
            f"{path}: written by a newer Bandeau (schema {version}, this one knows {SCHEMA});"
            " upgrade Bandeau"
        )
    return version


def inode(path: Path) -> int:
    """Which file stands under ``path`` now; 0 where none does.

    SQLite would go on writing to a file that was removed, and every choice in it would be lost.
    """
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def prepare(db: apsw.Connection, path: Path, note: bytes) -> None:
    """Lay out an empty ledger with its first checkpoint, or bring an older one up to date.

    In one transaction: what fails leaves the old state. Another process may just have done it.
    """
    if check_version(db, path) == SCHEMA:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        found = int(db.pragma("user_version"))
        if found < SCHEMA:
            db.execute(migration(_MIGRATIONS, "sqlite", found))
            db.pragma("user_version", SCHEMA)
        if found == 0:
            db.execute("INSERT INTO checkpoint VALUES (0, ?)", (note,))
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def last_checkpoint(db: apsw.Connection) -> tuple[int, bytes]:
    """The size and note of the latest checkpoint; raises :class:`LedgerUnavailable`."""
    for size, note in db.execute("SELECT size, note FROM checkpoint ORDER BY size DESC LIMIT 1"):
        return size, note
    raise LedgerUnavailable("the ledger has lost its checkpoints; run bandeau ledger verify")


def checkpoint_of(db: apsw.Connection, size: int) -> bytes | None:
    """The note that was signed for ``size``, or ``None``."""
    for (note,) in db.execute("SELECT note FROM checkpoint WHERE size = ?", (size,)):
        return bytes(note)
    return None


def covering_checkpoint(db: apsw.Connection, index: int) -> tuple[int, bytes]:
    """The first checkpoint that covers ``index``: the one that its receipt was given with."""
    query = "SELECT size, note FROM checkpoint WHERE size > ? ORDER BY size LIMIT 1"
    for size, note in db.execute(query, (index,)):
        return size, note
    raise LedgerUnavailable(f"no checkpoint covers index {index}; run bandeau ledger verify")


def load_head(db: apsw.Connection, size: int) -> Head:
    """The right edge of the tree of ``size``; raises :class:`LedgerUnavailable` if tiles lack."""
    edges = []
    for level, index, width in edge_widths(size):
        edge = read_tile(db, level, index) or b""
        if len(edge) != width * HASH_BYTES:
            raise LedgerUnavailable(
                f"tile {level}/{index} does not fit the tree; run bandeau ledger verify"
            )
        edges.append(edge)
    return Head(size, tuple(edges))


def read_tile(db: apsw.Connection, level: int, index: int) -> bytes | None:
    """The hashes of one tile, full or partial."""
    query = "SELECT hashes FROM tile WHERE level = ? AND idx = ?"
    for (hashes,) in db.execute(query, (level, index)):
        return blob(hashes)
    return None


def read_between(db: apsw.Connection, level: int, index: int) -> bytes:
    """The nodes beside a full tile; nothing where none are kept."""
    query = "SELECT nodes FROM beside WHERE level = ? AND idx = ?"
    for (nodes,) in db.execute(query, (level, index)):
        return blob(nodes)
    return b""


def beside_nothing(db: apsw.Connection) -> Iterator[str]:
    """Nodes that are kept beside a tile that is not there, or not full."""
    query = (
        "SELECT level, idx FROM beside EXCEPT SELECT level, idx FROM tile WHERE length(hashes) = ?"
    )
    for level, index in db.execute(query, (TILE_BYTES,)):
        yield f"nodes of level {level}, tile {index}, which is not full"


def served_tile(db: apsw.Connection, tile: Tile) -> bytes | None:
    """A tile or entry bundle as published, in exactly the width asked for, or ``None``."""
    if tile.level == ENTRIES:
        query = "SELECT commitment FROM leaf WHERE idx >= ? ORDER BY idx LIMIT ?"
        kept = [bytes(c) for (c,) in db.execute(query, (tile.index * WIDTH, tile.width))]
        found = b"".join(len(c).to_bytes(2) + c for c in kept)
        return found if len(kept) == tile.width else None
    hashes = (read_tile(db, tile.level, tile.index) or b"")[: tile.width * HASH_BYTES]
    return hashes if len(hashes) == tile.width * HASH_BYTES else None


def find(db: apsw.Connection, record_id: str) -> Stored | None:
    """One record by its id, erased or not."""
    query = "SELECT idx, body, salt, next FROM leaf WHERE id IN (?, ?)"
    keys = (id_bytes(record_id), erased_id_bytes(record_id))
    for index, body, salt, following in db.execute(query, keys):
        return Stored(record_id, index, body, salt, following is not None)
    return None


def history(db: apsw.Connection, subject: bytes, count: int) -> list[Stored]:
    """The latest records of a subject that are held, newest first."""
    query = "SELECT idx, id, body, salt, next FROM leaf WHERE subject = ? ORDER BY idx DESC LIMIT ?"
    return [
        Stored(text_id(key), index, body, salt, following is not None)
        for index, key, body, salt, following in db.execute(query, (subject, count))
    ]


def artefact(db: apsw.Connection, key: bytes) -> bytes | None:
    """What was shown, by its hash."""
    for (data,) in db.execute("SELECT data FROM artefact WHERE hash = ?", (key,)):
        return bytes(data)
    return None


def known_indexes(db: apsw.Connection, ids: Iterable[str]) -> dict[str, int]:
    """The index of each record that is already kept, by its id."""
    names = list(ids)
    wanted = dict(zip(map(id_bytes, names), names, strict=True))
    wanted.update(zip(map(erased_id_bytes, names), names, strict=True))
    query = "SELECT id, idx FROM carray(?) CROSS JOIN leaf ON id = value"
    return {wanted[key]: index for key, index in db.execute(query, _array(wanted))}


def formers(db: apsw.Connection, drafts: Iterable[Draft]) -> dict[str, Former]:
    """The latest record of each subject among ``drafts``."""
    subjects = {bytes.fromhex(draft.subject) for draft in drafts if draft.subject}
    if not subjects:
        return {}
    query = (
        "SELECT subject, idx, commitment FROM carray(?) CROSS JOIN leaf ON subject = value"
        " WHERE next IS NULL AND subject IS NOT NULL"
    )
    found = db.execute(query, _array(subjects))
    return {subject.hex(): Former(index, commitment) for subject, index, commitment in found}


def erasable(db: apsw.Connection, drafts: Iterable[Draft]) -> dict[str, int]:
    """The index of each choice that ``drafts`` erase and that is still held, by its id."""
    wanted = {id_bytes(draft.erases): draft.erases for draft in drafts if draft.erases}
    if not wanted:
        return {}
    query = "SELECT id, idx FROM carray(?) CROSS JOIN leaf ON id = value WHERE subject IS NOT NULL"
    return {wanted[key]: index for key, index in db.execute(query, _array(wanted))}


def write(
    db: apsw.Connection, batch: Batch, tiles: Iterable[Written], artefacts: Iterable[bytes]
) -> None:
    """Rows, successors, erasures, tiles and artefacts of one batch, in the caller's transaction."""
    db.executemany(_INSERT, [_row(entry) for entry in batch.entries])
    followed = [(new, old) for old, new in batch.followed.items()]
    db.executemany("UPDATE leaf SET next = ? WHERE idx = ?", followed)
    if batch.erased:
        db.pragma("secure_delete", True)
        query = "UPDATE leaf SET id = ?, subject = NULL, body = NULL, salt = NULL WHERE idx = ?"
        tagged = [(bytes.fromhex(tag), index) for index, tag in batch.erased.items()]
        db.executemany(query, tagged)
    shown = [(bytes.fromhex(artefact_hash(data)), data) for data in artefacts]
    db.executemany("INSERT OR IGNORE INTO artefact VALUES (?, ?)", shown)
    query = "INSERT INTO tile VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET hashes = excluded.hashes"
    changed = list(tiles)
    db.executemany(query, [(tile.level, tile.index, tile.hashes) for tile in changed])
    full = [(tile.level, tile.index, tile.between) for tile in changed if tile.between]
    query = "INSERT INTO beside VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET nodes = excluded.nodes"
    db.executemany(query, full)


def scrub(db: apsw.Connection) -> bool:
    """Empty the write-ahead log of what was erased; ``False`` while a reader still holds it.

    It never waits: an audit may read for minutes, and choices go on meanwhile.
    """
    db.pragma("secure_delete", False)
    db.set_busy_timeout(0)
    try:
        busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()[0]
    except apsw.BusyError:
        return False
    finally:
        db.set_busy_timeout(WRITER_WAIT_MS)
    return not busy


def rows(db: apsw.Connection, start: int, end: int) -> Iterator[Row]:
    """Stored records from index ``start`` to before ``end``."""
    return chain.from_iterable(_pages(db, start, end))


def _pages(db: apsw.Connection, start: int, end: int) -> Iterator[Iterable[Row]]:
    found = db.execute(_SELECT, (start, end))
    while page := list(islice(found, _PAGE)):
        yield map(_as_row if _readable(page) else _repaired, page)


def _readable(page: Sequence[Sequence[object]]) -> bool:
    """Whether each column holds what the schema says, which a damaged file may not."""
    columns = zip(_TYPES, zip(*page, strict=True), strict=True)
    return all(allowed.issuperset(map(type, column)) for allowed, column in columns)


def _repaired(values: Sequence[Any]) -> Row:
    row = Row._make(values)
    return Row(
        row.index,
        blob(row.id),
        None if row.subject is None else blob(row.subject),
        None if row.body is None else blob(row.body),
        None if row.salt is None else blob(row.salt),
        blob(row.commitment),
        None if row.next is None else number(row.next),
    )


def blob(value: object) -> bytes:
    """Bytes as read, and some that nothing has where a damaged file holds none."""
    return value if isinstance(value, bytes) else b"?"


def number(value: object) -> int:
    """A number as read, and one that no log has where a damaged file holds none."""
    return value if isinstance(value, int) else -1


def text_id(key: bytes) -> str:
    """A record id as people read it, from its 16 bytes."""
    text = key.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _row(entry: Entry) -> tuple[object, ...]:
    subject = bytes.fromhex(entry.subject) if entry.subject else None
    key = id_bytes(entry.id)
    return entry.index, key, subject, entry.body, entry.salt, entry.commitment, entry.next


def _array(keys: Iterable[bytes]) -> tuple[object]:
    """Keys to look up, each once, as SQLite reads them without copying."""
    return (apsw.carray(tuple(keys)),)
