"""A receipt for a record of long ago, made from what any store publishes."""

from __future__ import annotations

from bandeau.ledger.checkpoint import Verifier
from bandeau.ledger.commitment import HASH_BYTES
from bandeau.ledger.consistency import PublishedLog
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import LedgerStore, LedgerUnavailable


async def receipt_for(
    store: LedgerStore, record_id: str, note: bytes | None = None
) -> Receipt | None:
    """The receipt of ``record_id`` under the latest checkpoint; ``None`` if unknown or erased.

    ``note`` is another checkpoint of this log to prove it under, one that covers the record.
    Raises :class:`LedgerUnavailable`.
    """
    stored = await store.find(record_id)
    if stored is None or stored.body is None or stored.salt is None:
        return None
    key = await _published(store, "key")
    note = note or await _published(store, "checkpoint")
    size = Verifier(key.decode()).open(note).size
    proof = await _published(store, f"proof/{size}/{stored.index}")
    return Receipt(
        id=stored.id,
        record=stored.body,
        salt=stored.salt,
        index=stored.index,
        proof=tuple(proof[at : at + HASH_BYTES] for at in range(0, len(proof), HASH_BYTES)),
        checkpoint=note,
        key=key.decode(),
    )


async def history_of(store: LedgerStore, size: int, former: int) -> PublishedLog:
    """The tree of ``size`` with all that shows what its first ``former`` leaves are.

    Raises :class:`LedgerUnavailable`.
    """
    tiles: dict[str, bytes] = {}
    log = PublishedLog(size, tiles.__getitem__)
    for path in log.needed(former):
        tiles[path] = await _published(store, path)
    return log


async def _published(store: LedgerStore, path: str) -> bytes:
    found = await store.published(path)
    if found is None:
        raise LedgerUnavailable(f"the ledger lacks {path}")
    return found
