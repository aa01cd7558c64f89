"""The statements over what is kept by subject: the content of records, and the inbox.

Both tables can be distributed by subject: no statement names another table beside one of them, and
what is for one record names its subject. Each raises what the driver raises.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias
from uuid import UUID

from bandeau.ledger.draft import Draft
from bandeau.ledger.record import Kind
from bandeau.storage.postgres.database import Connection

Name: TypeAlias = tuple[bytes, UUID]
"""Subject and id of a record."""
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
_PLACED = "DELETE FROM inbox WHERE rid = ANY($1::uuid[])"
_WAITING = "SELECT rid FROM inbox WHERE rid = ANY($1::uuid[])"
_KEEP = """
INSERT INTO consent (subj, rid, body, salt)
SELECT * FROM unnest($1::bytea[], $2::uuid[], $3::bytea[], $4::bytea[])
"""
_DROP = "DELETE FROM consent WHERE subj = $1 AND rid = $2"
_HELD = "SELECT rid, body, salt FROM consent WHERE subj = $1 AND rid = ANY($2::uuid[])"
_HELD_BY_MANY = """
SELECT consent.subj, consent.rid, body, salt
FROM unnest($1::bytea[], $2::uuid[]) AS wanted (subj, rid)
JOIN consent ON consent.subj = wanted.subj AND consent.rid = wanted.rid
"""
_NAMES = """
SELECT subj, rid FROM consent WHERE (subj, rid) > ($1, $2) ORDER BY subj, rid LIMIT $3
"""


class Kept(NamedTuple):
    """The content of one record: a row of ``consent``."""

    subject: bytes | None
    id: str
    body: bytes
    salt: bytes


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
    if drafts:
        await db.execute(_PLACED, [draft.id for draft in drafts])


async def waiting(db: Connection, drafts: Sequence[Draft]) -> set[str]:
    """The ids of those of ``drafts`` that wait in the inbox."""
    return {str(rid) for (rid,) in await db.fetch(_WAITING, [draft.id for draft in drafts])}


async def keep(db: Connection, rows: Sequence[Kept]) -> None:
    """Keep the content of records, which no leaf names yet.

    Where another node keeps it, it may be there already, under another salt: that node committed,
    and the transaction that it was part of did not. Then this raises ``UniqueViolationError``, and
    all can be done again after :func:`drop`.
    """
    columns = zip(*((row.subject or NO_SUBJECT, *row[1:]) for row in rows), strict=True)
    await db.execute(_KEEP, *columns)


async def drop(db: Connection, names: Iterable[tuple[bytes | None, UUID | str]]) -> None:
    """Erase the content of the records so named: subject and id."""
    await db.executemany(_DROP, [(subject or NO_SUBJECT, rid) for subject, rid in names])


async def held(
    db: Connection, subject: bytes | None, ids: Sequence[str]
) -> dict[str, tuple[bytes, bytes]]:
    """Body and salt of those of a subject's records that are held, by id."""
    found = await db.fetch(_HELD, subject or NO_SUBJECT, ids)
    return {str(rid): (body, salt) for rid, body, salt in found}


async def held_by_many(
    db: Connection, names: Sequence[tuple[bytes | None, UUID]]
) -> dict[Name, tuple[bytes, bytes]]:
    """The same for records of any subjects, by subject and id."""
    wanted = [subject or NO_SUBJECT for subject, _ in names], [rid for _, rid in names]
    return {
        (subj, rid): (body, salt)
        for subj, rid, body, salt in await db.fetch(_HELD_BY_MANY, *wanted)
    }


async def names(db: Connection, after: Name, count: int) -> list[Name]:
    """At most ``count`` records whose content is held, in their order."""
    return [(subj, rid) for subj, rid in await db.fetch(_NAMES, *after, count)]


def _waiting(draft: Draft) -> tuple[object, ...]:
    return (
        *(draft.id, bytes.fromhex(draft.subject), draft.kind.value, draft.time),
        *(draft.before, draft.after, draft.erases),
    )
