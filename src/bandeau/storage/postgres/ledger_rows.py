"""The statements over the log's tables. Each raises what the driver raises.

The content of records is beside them (``ledger_content``): no statement names both, so that it can
be on other nodes.

Where a record is looked for by its id or subject, ``log`` is compared here: in the statement it
would offer the primary key, all of it, to a plan that was made while the table was small.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from asyncpg import UniqueViolationError

from bandeau.ledger.commitment import HASH_BYTES
from bandeau.ledger.draft import Draft
from bandeau.ledger.record import artefact_hash, erased_id_bytes
from bandeau.ledger.sequence import Batch, Former
from bandeau.ledger.store import LedgerUnavailable, Stored
from bandeau.ledger.tiles import ENTRIES, WIDTH, Head, Tile, Written, edge_widths
from bandeau.ledger.verify import Row
from bandeau.storage.postgres import ledger_content as content
from bandeau.storage.postgres.database import Connection
from bandeau.storage.postgres.ledger_content import Name
from bandeau.storage.postgres.script import Statement

_LEAVES = """
INSERT INTO leaf (log, seq, rid, subj, commitment, next)
SELECT $1, * FROM unnest($2::bigint[], $3::uuid[], $4::bytea[], $5::bytea[], $6::bigint[])
"""
_TILES = """
INSERT INTO tile (log, level, idx, hashes)
SELECT $1, * FROM unnest($2::integer[], $3::bigint[], $4::bytea[])
ON CONFLICT (log, level, idx) DO UPDATE SET hashes = excluded.hashes
"""
# A record's commitment is asked for only where others may follow it.
_KNOWN = """
SELECT log, rid, tag, subj, seq, NULL::bytea FROM leaf WHERE rid = ANY($1::uuid[])
UNION ALL
SELECT log, rid, tag, subj, seq, NULL::bytea FROM leaf WHERE tag = ANY($2::bytea[])
UNION ALL
SELECT log, rid, tag, subj, seq, commitment FROM leaf
WHERE subj = ANY($3::bytea[]) AND subj IS NOT NULL AND next IS NULL
"""
_FOLLOWED = """
UPDATE leaf SET next = new.seq FROM unnest($2::bigint[], $3::bigint[]) AS new (former, seq)
WHERE leaf.log = $1 AND leaf.seq = new.former
"""
_ERASED = "UPDATE leaf SET rid = NULL, subj = NULL, tag = $3 WHERE log = $1 AND seq = $2"
_ROWS = """
SELECT seq, rid, tag, subj, commitment, next FROM leaf
WHERE log = $1 AND seq > $2 ORDER BY seq LIMIT $3
"""
_STRAYS = """
SELECT held.subj, held.rid FROM unnest($1::bytea[], $2::uuid[]) AS held (subj, rid)
LEFT JOIN leaf ON leaf.rid = held.rid AND coalesce(leaf.subj, ''::bytea) = held.subj
WHERE leaf.seq IS NULL
"""


class Known(NamedTuple):
    """What the log holds already of a batch of drafts.

    ``indexes`` are those of records that are kept, by id, erased ones too; ``erasable`` those of
    choices that the drafts erase and that are still held, by id; ``owners`` their names, by index;
    ``formers`` the latest record of each subject.
    """

    indexes: dict[str, int]
    erasable: dict[str, int]
    owners: dict[int, Name]
    formers: dict[str, Former]


async def known(db: Connection, log: int, drafts: Sequence[Draft]) -> Known:
    """All that placing ``drafts`` asks of the log, in one way to the server."""
    tags = {erased_id_bytes(draft.id): draft.id for draft in drafts}
    ids = [*tags.values(), *(draft.erases for draft in drafts if draft.erases)]
    subjects = {bytes.fromhex(draft.subject) for draft in drafts if draft.subject}
    told = Known({}, {}, {}, {})
    for its, rid, tag, subj, seq, commitment in await db.fetch(
        _KNOWN, ids, list(tags), list(subjects)
    ):
        if its != log:
            continue
        if commitment is not None:
            told.formers[subj.hex()] = Former(seq, commitment)
        elif rid is None:
            told.indexes[tags[tag]] = seq
        else:
            told.indexes[str(rid)] = seq
            if subj is not None:
                told.erasable[str(rid)] = seq
                told.owners[seq] = subj, rid
    return told


async def keep(db: Connection, batch: Batch) -> None:
    """The content of a batch, which no leaf names yet: first of all in a transaction."""
    kept = [
        content.Kept(bytes.fromhex(e.subject) or None, e.id, e.body, e.salt) for e in batch.entries
    ]
    try:
        await content.keep(db, kept)
    except UniqueViolationError:
        await db.execute("ROLLBACK")
        await db.execute("BEGIN")
        await content.drop(db, [(row.subject, row.id) for row in kept])
        await content.keep(db, kept)


async def write(db: Connection, log: int, batch: Batch, owners: Mapping[int, Name]) -> None:
    """Leaves, successors and erasures of one batch, in the caller's transaction."""
    rows = [
        (e.index, e.id, bytes.fromhex(e.subject) or None, e.commitment, e.next)
        for e in batch.entries
    ]
    await db.execute(_LEAVES, log, *zip(*rows, strict=True))
    if batch.followed:
        await db.execute(_FOLLOWED, log, *zip(*batch.followed.items(), strict=True))
    if batch.erased:
        await content.drop(db, [owners[index] for index in batch.erased])
        gone = [(log, index, bytes.fromhex(tag)) for index, tag in batch.erased.items()]
        await db.executemany(_ERASED, gone)


async def show(db: Connection, artefacts: Iterable[bytes]) -> None:
    """Keep what was shown."""
    shown = [(bytes.fromhex(artefact_hash(data)), data) for data in artefacts]
    if shown:
        query = "INSERT INTO artefact VALUES ($1, $2) ON CONFLICT DO NOTHING"
        await db.executemany(query, shown)


def tiles(log: int, changed: Sequence[Written]) -> Statement:
    """Keeps tiles as they are now."""
    columns = zip(*((tile.level, tile.index, tile.hashes) for tile in changed), strict=True)
    return _TILES, (log, *columns)


async def find(db: Connection, log: int, record_id: str) -> Stored | None:
    """One record by its id, erased or not."""
    query = "SELECT log, seq, subj, next FROM leaf WHERE rid = $1::uuid"
    for its, index, subj, following in await db.fetch(query, record_id):
        if its == log:
            held = await content.held(db, subj, [record_id])
            body, salt = held.get(record_id, (None, None))
            return Stored(record_id, index, body, salt, following is not None)
    query = "SELECT log, seq, next FROM leaf WHERE tag = $1"
    for its, index, following in await db.fetch(query, erased_id_bytes(record_id)):
        if its == log:
            return Stored(record_id, index, None, None, following is not None)
    return None


async def history(db: Connection, log: int, subject: bytes, count: int) -> list[Stored]:
    """The latest records of a subject that are held, newest first."""
    query = """
        SELECT rid, seq, next FROM (
            SELECT log, rid, seq, next FROM leaf WHERE subj = $2 AND rid IS NOT NULL OFFSET 0
        ) AS placed WHERE log = $1 ORDER BY seq DESC LIMIT $3
    """
    placed = [(str(rid), *more) for rid, *more in await db.fetch(query, log, subject, count)]
    held = await content.held(db, subject, [name for name, _, _ in placed]) if placed else {}
    return [
        Stored(name, seq, *held[name], following is not None)
        for name, seq, following in placed
        if name in held
    ]


async def last_checkpoint(db: Connection, log: int) -> tuple[int, bytes]:
    """The size and note of the latest checkpoint; raises :class:`LedgerUnavailable`."""
    query = "SELECT size, note FROM checkpoint WHERE log = $1 ORDER BY size DESC LIMIT 1"
    row = await db.fetchrow(query, log)
    if row is None:
        raise LedgerUnavailable("the ledger has lost its checkpoints; run bandeau ledger verify")
    return int(row[0]), bytes(row[1])


async def checkpoint_of(db: Connection, log: int, size: int) -> bytes | None:
    """The note that was signed for ``size``, or ``None``."""
    query = "SELECT note FROM checkpoint WHERE log = $1 AND size = $2"
    return _bytes(await db.fetchval(query, log, size))


async def covering_checkpoint(db: Connection, log: int, index: int) -> tuple[int, bytes]:
    """The first checkpoint that covers ``index``: the one that its receipt was given with."""
    query = "SELECT size, note FROM checkpoint WHERE log = $1 AND size > $2 ORDER BY size LIMIT 1"
    row = await db.fetchrow(query, log, index)
    if row is None:
        raise LedgerUnavailable(f"no checkpoint covers index {index}; run bandeau ledger verify")
    return int(row[0]), bytes(row[1])


async def load_head(db: Connection, log: int, size: int) -> Head:
    """The right edge of the tree of ``size``; raises :class:`LedgerUnavailable` if tiles lack."""
    edges = []
    for level, index, width in edge_widths(size):
        edge = await read_tile(db, log, level, index) or b""
        if len(edge) != width * HASH_BYTES:
            raise LedgerUnavailable(
                f"tile {level}/{index} does not fit the tree; run bandeau ledger verify"
            )
        edges.append(edge)
    return Head(size, tuple(edges))


async def read_tile(db: Connection, log: int, level: int, index: int) -> bytes | None:
    """The hashes of one tile, full or partial."""
    query = "SELECT hashes FROM tile WHERE log = $1 AND level = $2 AND idx = $3"
    return _bytes(await db.fetchval(query, log, level, index))


async def served_tile(db: Connection, log: int, tile: Tile) -> bytes | None:
    """A tile or entry bundle as published, in exactly the width asked for, or ``None``."""
    if tile.level == ENTRIES:
        query = """
            SELECT commitment FROM leaf WHERE log = $1 AND seq >= $2 AND seq < $3 ORDER BY seq
        """
        start = tile.index * WIDTH
        kept = [bytes(c) for (c,) in await db.fetch(query, log, start, start + tile.width)]
        found = b"".join(len(c).to_bytes(2) + c for c in kept)
        return found if len(kept) == tile.width else None
    hashes = (await read_tile(db, log, tile.level, tile.index) or b"")[: tile.width * HASH_BYTES]
    return hashes if len(hashes) == tile.width * HASH_BYTES else None


async def artefact(db: Connection, key: bytes) -> bytes | None:
    """What was shown, by its hash."""
    return _bytes(await db.fetchval("SELECT data FROM artefact WHERE hash = $1", key))


async def rows(db: Connection, log: int, after: int, count: int) -> list[Row]:
    """At most ``count`` stored records after the index ``after``."""
    leaves = await db.fetch(_ROWS, log, after, count)
    names = [(subj, rid) for _, rid, _, subj, _, _ in leaves if rid is not None]
    held = await content.held_by_many(db, names)
    return [_row(leaf, held.get((leaf[3] or content.NO_SUBJECT, leaf[1]))) for leaf in leaves]


async def strays(db: Connection, names: Sequence[Name]) -> list[Name]:
    """Those of ``names``, of records whose content is held, which no leaf has."""
    return [(subj, rid) for subj, rid in await db.fetch(_STRAYS, *zip(*names, strict=True))]


def _row(leaf: Sequence[Any], held: tuple[bytes, bytes] | None) -> Row:
    seq, rid, tag, subj, commitment, following = leaf
    body, salt = held or (None, None)
    key = rid.bytes if rid is not None else tag or b""
    return Row(seq, key, subj, body, salt, commitment, following)


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
