"""``/.bandeau/comments/replies/``: whom replies are told to by mail, and how that ends.

Both links of a letter are good by themselves, in any browser: who has one reads that mailbox. So
the addresses of letters change nothing when they are only looked at, as mail scanners do.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.authors import tag_of
from bandeau.features.comments.gate import Open
from bandeau.features.comments.letters import (
    Content,
    Kind,
    LetterStore,
    Watch,
    address_tag,
    proof_of,
    proves,
)
from bandeau.features.comments.model import Comment
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.policy.words import choose_language
from bandeau.web.context import Site
from bandeau.web.inbound import InboundError
from bandeau.web.mailing import Mailing, TooManyLetters
from bandeau.web.pages import Pages
from bandeau.web.postman import STOP
from bandeau.web.visitor import Sent, Visitors

CONFIRM = "/.bandeau/comments/replies/confirm"
_ACTS = {CONFIRM: "confirm", STOP: "stop"}


class Replies:
    """Tells readers of one site that they were answered, where they asked for it."""

    def __init__(
        self, site: Site, visitors: Visitors, pages: Pages, letters: LetterStore, mailing: Mailing
    ) -> None:
        self._site = site
        self._visitors = visitors
        self._pages = pages
        self._letters = letters
        self._mailing = mailing

    def routes(self) -> list[BaseRoute]:
        """The two links of letters: shown to ``GET``, done by ``POST``."""
        return [
            Route(path, endpoint, methods=[method])
            for path in (CONFIRM, STOP)
            for method, endpoint in (("GET", self.show), ("POST", self.act))
        ]

    async def watch(
        self, request: Request, comment: Comment, verdict: Open, address: str, lang: str
    ) -> None:
        """Tell replies to ``comment`` to ``address``, once a letter there was confirmed.

        What cannot be kept or sent leaves the comment without this.
        """
        try:
            watch = await self._kept(request, comment, verdict, address, lang)
            if not watch.confirmed:
                await self._ask(request, watch, address)
        except (CommentsUnavailable, TooManyLetters):
            return

    async def show(self, request: Request) -> Response:
        """What the link of a letter does, with a button that does it."""
        act, watch = _ACTS[request.url.path], self._proven(request)
        try:
            known = await self._letters.watched(watch)
        except CommentsUnavailable as error:
            raise InboundError(503, "comments_unavailable", "unavailable") from error
        if known is None:
            return await self._page(request, act, "gone")
        done = act == "confirm" and known.confirmed
        return await self._page(request, act, "done" if done else "asked")

    async def act(self, request: Request) -> Response:
        """Confirm, or stop for good; programs that post to the address may (RFC 8058).

        The body is not read: the address says all.
        """
        act, watch = _ACTS[request.url.path], self._proven(request)
        try:
            if act == "stop":
                await self._letters.unwatch([watch])
            elif not await self._letters.confirm(watch):
                return await self._page(request, act, "gone")
        except CommentsUnavailable as error:
            raise InboundError(503, "comments_unavailable", "unavailable") from error
        return await self._page(request, act, "done")

    async def _kept(
        self, request: Request, comment: Comment, verdict: Open, address: str, lang: str
    ) -> Watch:
        key, base = self._site.subject_key, self._mailing.base(request)
        known = Content(Kind.REPLY, address, lang, base, "")
        watch = Watch(
            id=self._mailing.new_id(),
            subject=tag_of(key, verdict.subject),
            receipt=verdict.receipt,
            address=address_tag(key, address),
            box=self._mailing.sealed(known),
            lang=lang,
            base=base,
            made=int(self._site.now()),
        )
        return await self._letters.watch(watch, comment.id)

    async def _ask(self, request: Request, watch: Watch, address: str) -> None:
        key = self._site.subject_key
        links = {
            act: f"{watch.base}{path}?id={watch.id}&proof={proof_of(key, act, watch.id)}"
            f"&lang={watch.lang}"
            for path, act in _ACTS.items()
        }
        link, stop = links["confirm"], links["stop"]
        content = Content(Kind.CONFIRM, address, watch.lang, watch.base, link, stop)
        lasts = limits.MAIL_LAST_SECONDS
        await self._mailing.ask(request, content, watch.receipt, lasts=lasts, watch=watch.id)

    def _proven(self, request: Request) -> str:
        """The id of the watch that the link is of. Raises :class:`InboundError`."""
        asked, key = request.query_params, self._site.subject_key
        watch, proof = asked.get("id", ""), asked.get("proof", "")
        if not proves(key, _ACTS[request.url.path], watch, proof):
            raise InboundError(404, "not_found", "no such link")
        return watch

    async def _page(self, request: Request, act: str, state: str) -> Response:
        sent = Sent.of(request.scope["headers"])
        asked = request.query_params.get("lang")
        lang = choose_language(self._site.policy, asked, sent.languages)
        standing = await self._visitors.standing(sent)
        action = f"{request.url.path}?{request.url.query}"
        page = self._pages.reader_page(
            "replies.html", standing, lang, act=act, state=state, action=action
        )
        answer = Response(page, media_type="text/html")
        answer.headers.update(self._pages.headers)
        answer.headers["referrer-policy"] = "no-referrer"
        return answer
