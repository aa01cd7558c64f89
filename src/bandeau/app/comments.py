"""How comments are put together: the readers' side, their own comments, the newsroom."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.routing import BaseRoute

from bandeau import limits
from bandeau.enforcement.exchange import Exchange
from bandeau.features.comments.gate import Proof
from bandeau.features.comments.model import State
from bandeau.storage.comments.newsroom import Newsroom, newsroom
from bandeau.storage.files import read_staff_words
from bandeau.storage.place import Comments as Stored
from bandeau.web.admin import Admin
from bandeau.web.admin_appeals import Appeals
from bandeau.web.admin_room import Room
from bandeau.web.admin_search import Looking
from bandeau.web.admin_view import REPORTED, AdminView
from bandeau.web.comment_reports import Counting, ReportDesk
from bandeau.web.comments import Comments
from bandeau.web.comments_feed import Following
from bandeau.web.context import Site
from bandeau.web.inbound import same_origin
from bandeau.web.mine import MineDesk
from bandeau.web.pages import Pages
from bandeau.web.posting import Posting
from bandeau.web.sign_in import SignIn
from bandeau.web.visitor import Sent, Visitors

_DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Commenting:
    """The comments of one site; nobody is asked for them where the policy does not offer them."""

    site: Site
    comments: Comments
    mine: MineDesk
    following: Following
    reports: ReportDesk
    room: Newsroom
    listed: tuple[str, ...]

    @classmethod
    def of(
        cls,
        site: Site,
        visitors: Visitors,
        pages: Pages,
        store: Stored,
        listed: tuple[str, ...],
    ) -> Commenting:
        """``listed`` are the words of the policy's lists."""

        async def proof(request: Request) -> Proof:
            return await visitors.proof(Sent.of(request.scope["headers"]))

        room = newsroom(store.tables)
        posting = Posting.of(site, listed, store, room.authors)
        comments = Comments(site.policy, site.words, store, proof, posting, same_origin)
        mine = MineDesk(site, visitors, pages, store, posting, room.appeals)
        following = Following(site.policy, site.words, store, comments.reading)
        counting = Counting(site.subject_key, room.staff.attempt)
        reports = ReportDesk(site, pages, store, room.reports, room.appeals, counting)
        return cls(site, comments, mine, following, reports, room, listed)

    @property
    def offered(self) -> bool:
        """Whether the policy declares the feature."""
        return self.site.policy.feature("comments") is not None

    async def section(self, exchange: Exchange, lang: str) -> tuple[str, bytes]:
        """The section of the article that ``exchange`` asks for."""
        standing, path = exchange.standing, exchange.asked.path
        return await self.comments.section_for(standing, lang, path, shared=exchange.shared)

    def routes(self) -> list[BaseRoute]:
        """What is asked for under ``/.bandeau/comments`` and ``/.bandeau/admin``."""
        if not self.offered:
            return []
        reading = [*self.comments.routes(), *self.following.routes()]
        own = [*self.mine.routes(), *self.reports.routes()]
        return [*reading, *own, *self._newsroom()]

    async def purge(self, now: float) -> None:
        """Erase reports that are past their time; ``now`` in Unix seconds.

        Raises :class:`bandeau.features.comments.store.CommentsUnavailable`.
        """
        decided, sent = limits.COMMENT_REPORT_DECIDED_DAYS, limits.COMMENT_REPORT_SENT_DAYS
        ends = (int((now - days * _DAY_SECONDS) * 1000) for days in (decided, sent))
        await self.room.reports.purge(*ends)

    def _newsroom(self) -> list[BaseRoute]:
        room = self.room
        view = AdminView(self.site.policy.site.name, read_staff_words(), self.listed)
        counts = {
            State.HELD.value: room.queue.held,
            REPORTED: room.reports.waiting,
            "appeals": room.appeals.waiting,
        }
        desk = Room(self.site, SignIn.of(self.site, room.staff), view, counts)
        admin = Admin(desk, room.queue, room.reports)
        appeals = Appeals(desk, room.appeals, room.staff)
        looking = Looking(desk, room.search, room.queue, room.figures)
        return [*admin.routes(), *appeals.routes(), *looking.routes()]
