"""``/.bandeau/comments/votes``: recommending comments, and taking that back."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bandeau import limits
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.store import CommentStore
from bandeau.features.comments.votes import VoteStore, voter_of
from bandeau.ledger.record import subject_of
from bandeau.web.consents import granted
from bandeau.web.context import Site
from bandeau.web.inbound import (
    Fields,
    InboundError,
    available,
    is_json,
    posted,
)
from bandeau.web.pages import Pages
from bandeau.web.visitor import Sent, Visitors, language_of

PATH = "/.bandeau/comments/votes"
_UNCACHED = {"cache-control": "no-store"}


class VoteDesk:
    """Takes the recommendations of one site's visitors."""

    def __init__(
        self, site: Site, visitors: Visitors, pages: Pages, store: CommentStore, votes: VoteStore
    ) -> None:
        self._site = site
        self._visitors = visitors
        self._pages = pages
        self._store = store
        self._votes = votes

    def routes(self) -> list[Route]:
        """What this browser recommends, and changing it."""
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(PATH, self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """What this browser recommends, the last first: a page to people, JSON to programs."""
        sent = Sent.of(request.scope["headers"])
        async with available():
            voter = self._voter(sent)
            found = [await self._store.find(each) for each in await self._recommended(voter)]
        shown = [each for each in found if each and each.state is State.PUBLISHED]
        if is_json(request):
            return JSONResponse({"votes": [each.id for each in shown]}, headers=_UNCACHED)
        standing = await self._visitors.standing(sent)
        page = self._pages.votes_page(standing, language_of(self._site.policy, request), shown)
        return Response(page, 200, self._pages.headers, media_type="text/html")

    async def act(self, request: Request) -> Response:
        """Recommend the comment ``vote``, or take that of the comment ``unvote`` back.

        Raises :class:`InboundError`: 403 from another site; 403 where the purpose is not granted,
        which taking back does not need; 404 for what is not published; 503.
        """
        field, named = _named(await posted(request, limits.CHOICE_BODY_BYTES))
        sent = Sent.of(request.scope["headers"])
        changed = await (self._cast(sent, named) if field == "vote" else self._taken(sent, named))
        async with available():
            comment = await self._store.find(named)
            count = (await self._votes.votes([named])).get(named, 0)
        if is_json(request):
            told = {"voted": field == "vote", "votes": count}
            return JSONResponse(told, headers=_UNCACHED)
        return self._led(request, sent, comment if changed else None)

    async def _cast(self, sent: Sent, named: str) -> bool:
        """Whether it is a new one."""
        verdict = await granted(self._visitors, self._site.policy, sent)
        voter = voter_of(self._site.subject_key, verdict.subject)
        async with available():
            now = int(self._site.now() * 1000)
            cast = await self._votes.cast(named, voter, verdict.receipt, now)
        if cast is None:
            raise InboundError(404, "comment_unknown", "unknown-comment")
        return cast

    async def _taken(self, sent: Sent, named: str) -> bool:
        voter = self._voter(sent)
        async with available():
            return await self._votes.withdraw(named, voter) if voter else False

    async def _recommended(self, voter: str) -> Sequence[str]:
        return await self._votes.recommended(voter) if voter else ()

    def _voter(self, sent: Sent) -> str:
        ticket = self._visitors.ticket(sent)
        if ticket is None:
            return ""
        key = self._site.subject_key
        return voter_of(key, subject_of(key, ticket.visitor))

    def _led(self, request: Request, sent: Sent, comment: Comment | None) -> Response:
        """To the comment; where nothing changed, to what is recommended, to take it back there."""
        place = f"{PATH}?lang={language_of(self._site.policy, request)}"
        if comment is not None and comment.state is State.PUBLISHED:
            place = f"{comment.page}#comment-{quote(comment.id, safe='')}"
        return RedirectResponse(place, 303, headers=_UNCACHED)


def _named(fields: Fields) -> tuple[str, str]:
    """Which of the two fields there is, and the comment that it names."""
    given = [(name, value) for name in ("vote", "unvote") for value in fields.get(name, ())]
    if len(given) != 1:
        raise InboundError(400, "bad_request", "vote or unvote must be given once")
    return given[0]
