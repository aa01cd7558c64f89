"""How comments are put together: the readers' side, their own comments, the newsroom."""

from __future__ import annotations

import contextlib
import html
from collections.abc import Callable, Collection
from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import BaseRoute

from bandeau import limits
from bandeau.app.readers import Readers, Vouching
from bandeau.enforcement.exchange import Exchange
from bandeau.enforcement.pieces import Mark, Place
from bandeau.features.comments.attempts import Attempts
from bandeau.features.comments.authors import tag_of
from bandeau.features.comments.gate import Proof
from bandeau.features.comments.model import State
from bandeau.features.comments.retention import purge
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.retention import Rest
from bandeau.settings import MailServer
from bandeau.storage.comments.newsroom import Newsroom, newsroom
from bandeau.storage.comments.retention import StoredRetention
from bandeau.storage.files import read_staff_words
from bandeau.storage.place import Comments as Stored
from bandeau.storage.tables import Tables
from bandeau.web.admin import Admin
from bandeau.web.admin_appeals import Appeals
from bandeau.web.admin_author import Authors
from bandeau.web.admin_room import Room
from bandeau.web.admin_search import Looking
from bandeau.web.admin_view import REPORTED, AdminView
from bandeau.web.comment_reports import Counting, ReportDesk
from bandeau.web.comments import Comments
from bandeau.web.comments_embed import Counts
from bandeau.web.comments_feed import Following
from bandeau.web.comments_view import start_tag
from bandeau.web.comments_votes import VoteDesk
from bandeau.web.context import Site
from bandeau.web.erasing import Written
from bandeau.web.mine import MineDesk
from bandeau.web.pages import Pages
from bandeau.web.passkeys import Passkeys
from bandeau.web.posting import Posting
from bandeau.web.postman import Postman
from bandeau.web.redress import Redress
from bandeau.web.reviewing import reviewer_of
from bandeau.web.sign_in import SignIn
from bandeau.web.visitor import Sent, Visitors

_DAY_MS = 86_400_000
_REPORT_DAYS = (limits.COMMENT_REPORT_DECIDED_DAYS, limits.COMMENT_REPORT_SENT_DAYS)


@dataclass(frozen=True, slots=True)
class Commenting:
    """The comments of one site; nobody is asked for them where the policy does not offer them."""

    site: Site
    comments: Comments
    mine: MineDesk
    following: Following
    counts: Counts
    votes: VoteDesk | None
    reports: ReportDesk
    room: Newsroom
    attempts: Attempts
    listed: tuple[str, ...]
    tables: Tables
    readers: Readers

    @classmethod
    def of(
        cls,
        site: Site,
        visitors: Visitors,
        pages: Pages,
        store: Stored,
        listed: tuple[str, ...],
        vouching: Vouching,
        *,
        private: bool = False,
    ) -> Commenting:
        """``listed`` are the words of the policy's lists; ``private`` allows private addresses."""

        async def proof(request: Request) -> Proof:
            return await visitors.proof(Sent.of(request.scope["headers"]))

        room = newsroom(store.tables)
        attempts = Attempts(room.attempts, site.now, site.random)
        readers = Readers.of(site, visitors, pages, room, attempts, vouching)
        reviewer = reviewer_of(site, private=private)
        posting = Posting.of(site, listed, store, room.authors, room.readers, reviewer)
        feature = site.policy.feature("comments")
        votes = room.votes if feature and feature.votes else None
        guests = readers.guests
        comments = Comments(site.policy, site.words, store, proof, posting, guests, votes)
        reader = readers.sessions.reader
        redress = Redress(site, room.appeals, room.exclusions, room.authors, room.readers)
        mine = MineDesk(site, visitors, pages, store, posting, redress, reader)
        following = Following(site.policy, site.words, store, comments.reading)
        counts = Counts(site.policy, site.words, store)
        desk = VoteDesk(site, visitors, pages, store, votes) if votes else None
        counting = Counting(attempts)
        reports = ReportDesk(site, pages, store, room.reports, redress, counting)
        told = (counts, desk, reports, room, attempts, listed, store.tables, readers)
        return cls(site, comments, mine, following, *told)

    @property
    def offered(self) -> bool:
        """Whether the policy declares the feature."""
        return self.site.policy.feature("comments") is not None

    async def purge(self, rest: Rest) -> None:
        """Erase what is past its time, a little at a time; raises ``CommentsUnavailable``."""
        feature = self.site.policy.feature("comments")
        if feature is not None:
            store = StoredRetention(self.tables)
            now = int(self.site.now() * 1000)
            await purge(store, feature.retention, now, rest)
            await self.attempts.renew()
            await self.room.reports.purge(*(now - days * _DAY_MS for days in _REPORT_DAYS))

    async def inserted(self, exchange: Exchange, lang: str, mark: Mark) -> tuple[bytes, bytes]:
        """The tag of ``mark`` and what follows it, in the article that ``exchange`` asks for."""
        if mark.place is Place.COUNT:
            return mark.original, html.escape(await self.counts.text(lang, mark.text)).encode()
        standing, path, shared = exchange.standing, exchange.asked.path, exchange.shared
        state, inside = await self.comments.section_for(standing, lang, path, shared=shared)
        return start_tag(mark.original, state), inside

    def routes(self) -> list[BaseRoute]:
        """What is asked for under ``/.bandeau/comments`` and ``/.bandeau/admin``."""
        if not self.offered:
            return []
        reading = [*self.comments.routes(), *self.following.routes(), *self.counts.routes()]
        reading += self.votes.routes() if self.votes else []
        writing = [*self.mine.routes(), *self.readers.routes(), *self.reports.routes()]
        return [*reading, *writing, *self._newsroom()]

    def written(self, store: Stored) -> Written:
        """What is kept of who comments."""
        room = self.room
        return Written(store, room.authors, room.readers, room.letters)

    def postman(self, server: MailServer | None, fraction: Callable[[], float]) -> Postman:
        """Who sends the letters of this site."""
        return Postman(self.site, self.room.letters, self.readers.consents, server, fraction)

    async def withdrawn(self, subject: str, purposes: Collection[str]) -> None:
        """End the sessions of a subject that takes this purpose back, and its letters.

        Where that cannot be written now, both find out by the ledger.
        """
        feature = self.site.policy.feature("comments")
        if feature is None or feature.purpose not in purposes:
            return
        tags = [tag_of(self.site.subject_key, subject)]
        with contextlib.suppress(CommentsUnavailable):
            await self.room.readers.withdrawn(tags)
            await self.room.letters.withdrawn(tags)

    def _newsroom(self) -> list[BaseRoute]:
        room, sign_in = self.room, SignIn.of(self.site, self.room.staff, self.attempts)
        view = AdminView(self.site.policy.site.name, read_staff_words(), self.listed)
        counts = {
            State.HELD.value: room.queue.held,
            REPORTED: room.reports.waiting,
            "appeals": room.appeals.waiting,
        }
        desk = Room(self.site, sign_in, view, counts)
        pages = (
            Admin(desk, room.queue, room.reports),
            Appeals(desk, room.appeals, room.staff),
            Authors(desk, room.queue, room.exclusions),
            Looking(desk, room.search, room.queue, room.figures),
            Passkeys(self.site, sign_in, room.passkeys, desk),
        )
        return [route for page in pages for route in page.routes()]
