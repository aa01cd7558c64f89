"""Reading the comments of a page: from the store, or from what was made of them before.

What readers see of a page is numbered by the store, so nothing that is kept here can be older than
what is there, whichever process changed it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bandeau import limits
from bandeau.features.comments.model import Comment, Listing, Order, State
from bandeau.features.comments.store import CommentStore, CommentsUnavailable
from bandeau.features.comments.votes import VoteStore
from bandeau.web.comments_kept import Kept
from bandeau.web.comments_threads import Drawn, ThreadsView
from bandeau.web.comments_told import listed

_ENTRY_BYTES = 500


@dataclass(frozen=True, slots=True)
class Asked:
    """Which comments of a page are asked for: ``after`` the root of a thread, or the replies of
    one ``thread`` behind a ``place``."""

    order: Order = Order.NEWEST
    limit: int = limits.COMMENTS_PER_PAGE
    after: str | None = None
    thread: str | None = None
    place: int = 0

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """What a query asks for, as far as one list goes; what it does not say well is unsaid."""
        sort = query.get("sort")
        order = Order(sort) if sort in set(Order) else Order.NEWEST
        limit = _number(query.get("limit"), limits.COMMENTS_PER_PAGE)
        return cls(
            order,
            max(1, min(limit, limits.COMMENTS_LISTED)),
            query.get("after"),
            query.get("thread"),
            _number(query.get("from"), 0),
        )

    @property
    def begins(self) -> bool:
        """Whether it is the first page, which most readers ask for."""
        return self.after is None and self.thread is None


class Told(NamedTuple):
    """A list as JSON, and what it is known again by (an entity tag)."""

    body: bytes
    tag: str


class Reading:
    """Reads the comments of one site, with their ``votes`` where the policy has them.

    Every method but :meth:`answered` raises :class:`CommentsUnavailable`.
    """

    def __init__(
        self, store: CommentStore, threads: ThreadsView, votes: VoteStore | None = None
    ) -> None:
        self._store = store
        self._votes = votes
        self._threads = threads
        self._told: Kept[Told] = Kept()
        self._drawn: Kept[Drawn] = Kept()

    async def told(self, page: str, asked: Asked) -> Told:
        """What is asked for, as JSON."""
        version, key = await self._store.version(page), (page, asked)
        found = self._told.found(key, version) if asked.begins else None
        if found is None:
            listing = await self._listing(page, asked)
            body = listed(page, listing, await self._recommended(listing))
            found = Told(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
            if asked.begins:
                self._told.keep(key, version, found, _ENTRY_BYTES + len(body))
        return found

    async def drawn(self, page: str, asked: Asked, lang: str, *, opened: bool) -> Drawn:
        """What is asked for, as HTML in ``lang``; ``opened`` for who may answer."""
        version, key = await self._store.version(page), (page, asked, lang, opened)
        found = self._drawn.found(key, version) if asked.begins else None
        if found is None:
            listing = await self._listing(page, asked)
            votes = await self._recommended(listing)
            found = self._threads.draw(page, listing, lang, votes, opened=opened)
            if asked.begins:
                size = _ENTRY_BYTES + len(found.threads) + len(found.anchors)
                self._drawn.keep(key, version, found, size)
        return found

    async def answered(self, page: str, comment_id: str | None) -> Comment | None:
        """The comment of that id if it is published on ``page``."""
        if not comment_id:
            return None
        try:
            found = await self._store.find(comment_id)
        except CommentsUnavailable:
            return None
        shown = found and found.page == page and found.state is State.PUBLISHED
        return found if shown else None

    async def _recommended(self, listing: Listing) -> Mapping[str, int] | None:
        """How often each comment is recommended, where that is counted."""
        if self._votes is None:
            return None
        threads = listing.threads
        return await self._votes.votes([e.id for t in threads for e in (t.root, *t.replies)])

    async def _listing(self, page: str, asked: Asked) -> Listing:
        if asked.thread is None:
            return await self._store.threads(page, asked.limit, asked.order, asked.after)
        listing = await self._store.thread(asked.thread, limits.COMMENTS_PER_PAGE, asked.place)
        return listing if all(t.root.page == page for t in listing.threads) else Listing((), 0)


def _number(told: str | None, otherwise: int) -> int:
    known = told is not None and told.isdecimal() and told.isascii() and len(told) < 10
    return int(told) if known and told else otherwise
