"""The statements over the ledger's tables. Each raises what the driver raises.

Where a record is looked for by its id or subject, ``log`` is compared here: in the statement it
would offer the primary key, all of it, to a plan that was made while the table was small.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bandeau.ledger.commitment import HASH_BYTES
from bandeau.ledger.draft import Draft
from bandeau.ledger.record import Kind, artefact_hash
from bandeau.ledger.sequence import Batch, Former
from bandeau.ledger.store import LedgerUnavailable, Stored
from bandeau.ledger.tiles import ENTRIES, WIDTH, Head, Tile, Written, edge_widths
from bandeau.ledger.verify import Row, erased_id_bytes
from bandeau.storage.postgres.database import Connection

NO_SUBJECT = b""
_ACCEPT = """
INSERT INTO inbox (rid, subj, kind, moment, before, after, erases, artefacts)
SELECT $1, $2, $3, $4, $5, $6, $7, $8 ON CONFLICT DO NOTHING
"""
_ACCEPT_MANY = """
INSERT INTO inbox (rid, subj, kind, moment, before, after, erases, artefacts)
SELECT *, '{}'::bytea[] FROM unnest(
    $1::uuid[], $2::bytea[], $3::text[], $4::bigint[], $5::bytea[], $6::bytea[], $7::text[]
) ON CONFLICT DO NOTHING
"""
_INBOX = """
SELECT rid, subj, kind, moment, before, after, erases, artefacts FROM inbox ORDER BY rid LIMIT $1
"""
_LEAVES = """
INSERT INTO leaf (log, seq, rid, subj, commitment, next)
SELECT $1, * FROM unnest($2::bigint[], $3::uuid[], $4::bytea[], $5::bytea[], $6::bigint[])
"""
_CONTENT = """
INSERT INTO consent (subj, rid, body, salt)
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::bytea[], $4::bytea[])
"""
_TILES = """
INSERT INTO tile (log, level, idx, hashes)
SELECT $1, * FROM unnest($2::integer[], $3::bigint[], $4::bytea[])
ON CONFLICT (log, level, idx) DO UPDATE SET hashes = excluded.hashes
"""
_FOLLOWED = "UPDATE leaf SET next = $3 WHERE log = $1 AND seq = $2"
_ERASED_CONTENT = """
DELETE FROM consent WHERE (subj, rid) IN (SELECT subj, rid FROM leaf WHERE log = $1 AND seq = $2)
"""
_ERASED = "UPDATE leaf SET rid = NULL, subj = NULL, tag = $3 WHERE log = $1 AND seq = $2"
_ROWS = """
SELECT leaf.seq, leaf.rid, leaf.tag, leaf.subj, consent.body, consent.salt, leaf.commitment,
    leaf.next
FROM leaf LEFT JOIN consent
ON consent.subj = coalesce(leaf.subj, ''::bytea) AND consent.rid = leaf.rid
"""


async def accept(db: Connection, drafts: Sequence[Draft]) -> None:
    """Put drafts into the inbox, in one transaction; who is there already stays as it is."""
    bare = [draft for draft in drafts if not draft.artefacts]
    async with db.transaction():
        if bare:
            await db.execute(_ACCEPT_MANY, *zip(*map(_waiting, bare), strict=True))
        for draft in drafts:
            if draft.artefacts:
                await db.execute(_ACCEPT, *_waiting(draft), draft.artefacts)


async def inbox(db: Connection, count: int) -> list[Draft]:
    """At most ``count`` drafts that wait for their place."""
    return [
        Draft(str(rid), Kind(kind), moment, before, after, subj.hex(), erases, tuple(artefacts))
        for rid, subj, kind, moment, before, after, erases, artefacts in await db.fetch(
            _INBOX, count
        )
    ]


async def placed(db: Connection, drafts: Sequence[Draft]) -> None:
    """Take drafts out of the inbox."""
    await db.execute("DELETE FROM inbox WHERE rid = ANY($1::uuid[])", [d.id for d in drafts])


async def waiting(db: Connection, ids: Sequence[str]) -> set[str]:
    """Those of ``ids`` that wait in the inbox."""
    query = "SELECT rid FROM inbox WHERE rid = ANY($1::uuid[])"
    return {str(rid) for (rid,) in await db.fetch(query, ids)}


async def known_indexes(db: Connection, log: int, ids: Iterable[str]) -> dict[str, int]:
    """The index of each record that is already kept, by its id, erased ones too."""
    wanted = {erased_id_bytes(name): name for name in ids}
    query = """
        SELECT log, rid, tag, seq FROM leaf WHERE rid = ANY($1::uuid[])
        UNION ALL SELECT log, rid, tag, seq FROM leaf WHERE tag = ANY($2::bytea[])
    """
    found = await db.fetch(query, list(wanted.values()), list(wanted))
    return {str(rid) if rid else wanted[tag]: seq for its, rid, tag, seq in found if its == log}


async def formers(db: Connection, log: int, drafts: Iterable[Draft]) -> dict[str, Former]:
    """The latest record of each subject among ``drafts``."""
    subjects = {bytes.fromhex(draft.subject) for draft in drafts if draft.subject}
    if not subjects:
        return {}
    query = """
        SELECT log, subj, seq, commitment FROM leaf
        WHERE subj = ANY($1::bytea[]) AND subj IS NOT NULL AND next IS NULL
    """
    found = await db.fetch(query, list(subjects))
    return {subj.hex(): Former(seq, c) for its, subj, seq, c in found if its == log}


async def erasable(db: Connection, log: int, drafts: Iterable[Draft]) -> dict[str, int]:
    """The index of each choice that ``drafts`` erase and that is still held, by its id."""
    wanted = [draft.erases for draft in drafts if draft.erases]
    if not wanted:
        return {}
    query = "SELECT log, rid, seq FROM leaf WHERE rid = ANY($1::uuid[]) AND subj IS NOT NULL"
    return {str(rid): seq for its, rid, seq in await db.fetch(query, wanted) if its == log}


async def write(
    db: Connection, log: int, batch: Batch, tiles: Sequence[Written], artefacts: Iterable[bytes]
) -> None:
    """Rows, successors, erasures, tiles and artefacts of one batch, in the caller's transaction."""
    rows = [
        (e.index, e.id, bytes.fromhex(e.subject) or None, e.commitment, e.next)
        for e in batch.entries
    ]
    await db.execute(_LEAVES, log, *zip(*rows, strict=True))
    content = [
        (subj or NO_SUBJECT, e.id, e.body, e.salt)
        for e, (_, _, subj, _, _) in zip(batch.entries, rows, strict=True)
    ]
    await db.execute(_CONTENT, *zip(*content, strict=True))
    if batch.followed:
        await db.executemany(_FOLLOWED, [(log, *pair) for pair in batch.followed.items()])
    for index, tag in batch.erased.items():
        await db.execute(_ERASED_CONTENT, log, index)
        await db.execute(_ERASED, log, index, bytes.fromhex(tag))
    shown = [(bytes.fromhex(artefact_hash(data)), data) for data in artefacts]
    if shown:
        query = "INSERT INTO artefact VALUES ($1, $2) ON CONFLICT DO NOTHING"
        await db.executemany(query, shown)
    changed = [(tile.level, tile.index, tile.hashes) for tile in tiles]
    await db.execute(_TILES, log, *zip(*changed, strict=True))


async def find(db: Connection, log: int, record_id: str) -> Stored | None:
    """One record by its id, erased or not."""
    query = """
        SELECT leaf.log, leaf.seq, consent.body, consent.salt, leaf.next FROM leaf
        LEFT JOIN consent
        ON consent.rid = $1::uuid AND consent.subj = coalesce(leaf.subj, ''::bytea)
        WHERE leaf.rid = $1::uuid
    """
    found = await db.fetch(query, record_id)
    if not found:
        query = "SELECT log, seq, NULL, NULL, next FROM leaf WHERE tag = $1"
        found = await db.fetch(query, erased_id_bytes(record_id))
    for its, index, body, salt, following in found:
        if its == log:
            return Stored(record_id, index, body, salt, following is not None)
    return None


async def history(db: Connection, log: int, subject: bytes, count: int) -> list[Stored]:
    """The latest records of a subject that are held, newest first."""
    query = """
        SELECT rid, seq, body, salt, next FROM (
            SELECT log, consent.rid, seq, body, salt, next FROM consent
            JOIN leaf ON leaf.rid = consent.rid AND leaf.subj = consent.subj
            WHERE consent.subj = $2 OFFSET 0
        ) AS held WHERE log = $1 ORDER BY seq DESC LIMIT $3
    """
    return [
        Stored(str(rid), seq, body, salt, following is not None)
        for rid, seq, body, salt, following in await db.fetch(query, log, subject, count)
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
    query = _ROWS + " WHERE leaf.log = $1 AND leaf.seq > $2 ORDER BY leaf.seq LIMIT $3"
    return [_row(values) for values in await db.fetch(query, log, after, count)]


def _row(values: Sequence[Any]) -> Row:
    seq, rid, tag, subj, body, salt, commitment, following = values
    key = rid.bytes if rid is not None else tag or b""
    return Row(seq, key, subj, body, salt, commitment, following)


def _waiting(draft: Draft) -> tuple[object, ...]:
    return (
        *(draft.id, bytes.fromhex(draft.subject), draft.kind.value, draft.time),
        *(draft.before, draft.after, draft.erases),
    )


def _bytes(value: Any) -> bytes | None:
    return None if value is None else bytes(value)
