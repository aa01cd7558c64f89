"""Erasing with all that belongs to it: comments first, vendors will be told, then records go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bandeau.features.comments.authors import AuthorStore, reader_author, tag_of
from bandeau.features.comments.letters import LetterStore
from bandeau.features.comments.model import State
from bandeau.features.comments.own import Fate
from bandeau.features.comments.readers import ReaderStore
from bandeau.features.comments.store import CommentStore
from bandeau.ledger.erasing import Eraser, First, Held
from bandeau.ledger.outbox import Outbox, withdrawals_by
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import Ground
from bandeau.ledger.store import LedgerStore

Clock = Callable[[], float]
Random = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Written:
    """What is kept of who comments, beside the ledger."""

    comments: CommentStore
    authors: AuthorStore
    readers: ReaderStore
    letters: LetterStore

    async def forget(self, key: bytes, subjects: Sequence[str]) -> None:
        """Erase who these subjects were; raises :class:`CommentsUnavailable`."""
        tags = [tag_of(key, subject) for subject in subjects]
        await self.letters.withdrawn(tags)
        gone = [reader_author(key, reader) for reader in await self.readers.forget(tags)]
        await self.authors.forget([*tags, *gone])


def erasers_of(
    ledger: LedgerStore,
    key: bytes,
    written: Written,
    outbox: Outbox,
    now: Clock,
    random: Random,
) -> Mapping[Fate, Eraser]:
    """Who erases records, for each fate of the comments that they allowed.

    Whatever it is, comments name the records no more before these go, and vendors will be told.
    ``key`` is the site's subject key.
    """

    def forgetting(fate: Fate) -> First:
        async def forget(erased: Sequence[Held], ground: Ground) -> None:
            receipts = [each.record.id for each in erased]
            if fate is not Fate.LEAVE:
                await _part(written.comments, receipts, fate)
            await written.comments.forget(receipts)
            # Who has a later record is still there to be told apart.
            gone = {each.record.subject for each in erased if not each.superseded}
            await written.forget(key, sorted(gone))

        return forget

    async def announce(erased: Sequence[Held], ground: Ground) -> None:
        told = withdrawals_by(erased, ground, key, int(now() * 1000))
        if told:
            await asyncio.to_thread(outbox.announce, told)

    async def together(appends: Sequence[Awaitable[Receipt]]) -> list[Receipt | BaseException]:
        return await asyncio.gather(*appends, return_exceptions=True)

    return {
        fate: Eraser(ledger, now, random, together, (forgetting(fate), announce)) for fate in Fate
    }


async def _part(comments: CommentStore, receipts: Sequence[str], fate: Fate) -> None:
    """Erase what these records allowed, or take the names off: neither is found again."""
    while found := await comments.mine(receipts):
        for comment in found:
            if fate is Fate.ERASE:
                await comments.move(comment.id, State.GONE)
            else:
                await comments.disown(comment.id)
