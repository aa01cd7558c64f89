"""Erasing with all that belongs to it: comments forget, vendors will be told, then records go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from bandeau.features.comments.authors import AuthorStore, tag_of
from bandeau.features.comments.store import CommentStore
from bandeau.ledger.erasing import Eraser, Held
from bandeau.ledger.outbox import Outbox, withdrawals_by
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import Ground
from bandeau.ledger.store import LedgerStore

Clock = Callable[[], float]
Random = Callable[[int], bytes]


def eraser_of(
    ledger: LedgerStore,
    key: bytes,
    comments: CommentStore,
    authors: AuthorStore,
    outbox: Outbox,
    now: Clock,
    random: Random,
) -> Eraser:
    """Who erases records, once comments and authors know them no more and vendors will be told.

    ``key`` is the site's subject key.
    """

    async def forget(erased: Sequence[Held], ground: Ground) -> None:
        await comments.forget([each.record.id for each in erased])
        # Who has a later record is still there to be told apart.
        gone = {each.record.subject for each in erased if not each.superseded}
        await authors.forget([tag_of(key, subject) for subject in sorted(gone)])

    async def announce(erased: Sequence[Held], ground: Ground) -> None:
        told = withdrawals_by(erased, ground, key, int(now() * 1000))
        if told:
            await asyncio.to_thread(outbox.announce, told)

    async def together(appends: Sequence[Awaitable[Receipt]]) -> list[Receipt | BaseException]:
        return await asyncio.gather(*appends, return_exceptions=True)

    return Eraser(ledger, now, random, together, (forget, announce))
