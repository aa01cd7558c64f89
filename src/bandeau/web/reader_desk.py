"""``/.bandeau/comments/sign-in``: where readers show who they are, before they comment.

Whatever address is given, the answer is the same. A link that was mailed is good once, for some
minutes, and only in the browser that asked for it: so nobody is signed in as somebody else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.gate import FEATURE, Open, Verdict, judge
from bandeau.features.comments.letters import Content, Kind, address_tag, parse_address
from bandeau.features.comments.model import Draft, Refusal
from bandeau.features.comments.readers import Reader, ReaderStore, Ticket, reader_tag, token_tag
from bandeau.features.comments.words import WordList
from bandeau.features.comments.write import prepare
from bandeau.policy.model import Feature, Way
from bandeau.web.consents import granted
from bandeau.web.context import Site
from bandeau.web.inbound import (
    Fields,
    InboundError,
    available,
    only,
    posted,
    return_path,
)
from bandeau.web.mailing import Mailing, TooManyLetters
from bandeau.web.pages import Pages
from bandeau.web.sessions import Sessions
from bandeau.web.visitor import Sent, Visitors, language_of

PATH = "/.bandeau/comments/sign-in"
LINK = f"{PATH}/link"
OUT = f"{PATH}/out"
_READER_BYTES = 16


Elsewhere = Callable[[Request, Open, str], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Entrance:
    """What signing in stands on: who is known, their sessions, letters, and forbidden names."""

    readers: ReaderStore
    sessions: Sessions
    mailing: Mailing
    posing: WordList


class ReaderDesk:
    """Signs readers of one site in and out."""

    def __init__(self, site: Site, visitors: Visitors, pages: Pages, entrance: Entrance) -> None:
        self._site = site
        self._visitors = visitors
        self._pages = pages
        self._readers = entrance.readers
        self._sessions = entrance.sessions
        self._mailing = entrance.mailing
        self._posing = entrance.posing
        self.elsewhere: Elsewhere | None = None
        """Gives where a provider signs readers in, once there is one."""
        self._feature = site.policy.feature(FEATURE) or Feature(key=FEATURE, purpose=FEATURE)

    def routes(self) -> list[BaseRoute]:
        """Signing in, by a link too, and out."""
        return [
            Route(PATH, self.door, methods=["GET"]),
            Route(PATH, self.ask, methods=["POST"]),
            Route(LINK, self.show, methods=["GET"]),
            Route(LINK, self.enter, methods=["POST"]),
            Route(OUT, self.leave, methods=["POST"]),
        ]

    async def door(self, request: Request) -> Response:
        """The ways to sign in, or who is signed in. 404 where the policy offers none."""
        self.offered()
        verdict = await self._verdict(request)
        async with available():
            known = isinstance(verdict, Open) and await self._sessions.reader(request, verdict)
        name = known.name if isinstance(known, Reader) else ""
        elsewhere = ""
        if isinstance(verdict, Open) and not name and self.elsewhere:
            back = self.asked(request)["return"]
            elsewhere = await self.elsewhere(request, verdict, back)
        return await self._page(request, "sign_in.html", called=name, elsewhere=elsewhere)

    async def ask(self, request: Request) -> Response:
        """Send a link to an address. 403 while the purpose is not granted, 429 after too many."""
        self.offered(Way.EMAIL)
        fields = await self.posted(request)
        verdict = await self.granted(request)
        address = parse_address(only(fields, "email"))
        if address is None:
            return await self._page(request, "sign_in.html", 422, message="signin.error_address")
        tag = address_tag(self._site.subject_key, address)
        who = reader_tag(self._site.subject_key, Way.EMAIL, tag)
        async with available():
            try:
                await self._send(request, verdict, address, who)
            except TooManyLetters:
                answer = await self._page(
                    request, "sign_in.html", 429, message="signin.error_often"
                )
                answer.headers["retry-after"] = str(limits.LETTER_ATTEMPT_SECONDS)
                return answer
        return await self._page(request, "sign_in.html", sent=True)

    async def show(self, request: Request) -> Response:
        """The button that signs in, which no scanner of mails presses."""
        self.offered()
        token = request.query_params.get("token", "")
        async with available():
            ticket = await self._ticket(request, token)
            known = await self._readers.known(ticket.who) if ticket else None
        return await self._link_page(request, ticket, known.name if known else "")

    async def enter(self, request: Request) -> Response:
        """Sign in by a link, under the name of last time or a new one."""
        self.offered()
        fields = await self.posted(request)
        verdict = await self.granted(request)
        token = request.query_params.get("token", "")
        async with available():
            ticket = await self._ticket(request, token)
            if ticket is None:
                return await self._link_page(request, None)
            known = await self._readers.known(ticket.who)
            name = known.name if known else self.usable(fields.get("name", [""])[-1])
            if not name:
                return await self._link_page(request, ticket, error="signin.error_name")
            new = Reader(self._site.random(_READER_BYTES).hex(), name)
            reader = await self._readers.enter(token_tag(token), ticket.who, new)
            if reader is None:
                return await self._link_page(request, ticket, error="signin.error_taken")
            return await self.signed_in(request, verdict, reader)

    async def leave(self, request: Request) -> Response:
        """Sign out."""
        self.offered()
        await self.posted(request)
        async with available():
            return self._onward(request, await self._sessions.end(request))

    async def signed_in(
        self, request: Request, verdict: Open, reader: Reader, back: str = ""
    ) -> Response:
        """Begin a session, and go back to the page that signing in began on.

        Raises :class:`CommentsUnavailable`.
        """
        return self._onward(request, await self._sessions.begin(request, verdict, reader), back)

    async def failed(self, request: Request) -> Response:
        """The ways to sign in again, after what proved nothing: 403."""
        return await self._page(request, "sign_in.html", 403, message="signin.error_failed")

    def base(self, request: Request) -> str:
        """Where links lead that come back from elsewhere."""
        return self._mailing.base(request)

    def usable(self, raw: str) -> str:
        """A name as it is shown; empty where nobody can be called so."""
        ready = prepare(Draft("/", raw, "x"))
        if isinstance(ready, Refusal) or self._posing.found(ready.name):
            return ""
        return ready.name

    async def _send(self, request: Request, verdict: Open, address: str, who: str) -> None:
        token, now = self._sessions.secret(), int(self._site.now())
        lasts = limits.SIGN_IN_LINK_SECONDS
        lang, base = language_of(self._site.policy, request), self._mailing.base(request)
        ticket = Ticket(self._sessions.subject(verdict), who)
        query = urlencode({"token": token, **self.asked(request)})
        content = Content(Kind.SIGN_IN, address, lang, base, f"{base}{LINK}?{query}")
        await self._readers.issue(token_tag(token), ticket, now + lasts, now)
        await self._mailing.ask(request, content, verdict.receipt, lasts=lasts)

    async def _ticket(self, request: Request, token: str) -> Ticket | None:
        """The ticket of a link, where this very browser asked for it."""
        verdict = await self._verdict(request)
        ticket = await self._readers.ticket(token_tag(token), int(self._site.now()))
        if ticket is None or not isinstance(verdict, Open):
            return None
        return ticket if ticket.subject == self._sessions.subject(verdict) else None

    async def _verdict(self, request: Request) -> Verdict:
        proof = await self._visitors.proof(Sent.of(request.scope["headers"]))
        return judge(proof, self._site.policy)

    async def granted(self, request: Request) -> Open:
        """The verdict that the purpose is granted; raises :class:`InboundError` where not."""
        sent = Sent.of(request.scope["headers"])
        return await granted(self._visitors, self._site.policy, sent)

    async def posted(self, request: Request) -> Fields:
        """The fields of a post from this very site; raises :class:`InboundError`."""
        return await posted(request, limits.CHOICE_BODY_BYTES)

    def offered(self, way: Way | None = None) -> None:
        """Raises :class:`InboundError` with 404 where nobody signs in so."""
        if not self._feature.ways or (way and way not in self._feature.ways):
            raise InboundError(404, "not_found", "nobody signs in like this here")

    def asked(self, request: Request) -> Mapping[str, str]:
        """Language and page of a request, to be asked for again."""
        back = return_path(request.query_params.get("return"))
        return {"lang": language_of(self._site.policy, request), "return": back}

    def _onward(self, request: Request, cookie: bytes, back: str = "") -> Response:
        back = return_path(back or request.query_params.get("return"))
        answer = RedirectResponse(back, 303, headers={"cache-control": "no-store"})
        answer.raw_headers.append((b"set-cookie", cookie))
        return answer

    async def _link_page(
        self, request: Request, ticket: Ticket | None, name: str = "", error: str = ""
    ) -> Response:
        token = request.query_params.get("token", "")
        status = 422 if error else 200 if ticket else 410
        query = urlencode({"token": token, **self.asked(request)})
        values = {"called": name, "message": error, "valid": ticket is not None, "action": query}
        answer = await self._page(request, "sign_in_link.html", status, **values)
        answer.headers["referrer-policy"] = "same-origin"
        return answer

    async def _page(
        self, request: Request, template: str, status: int = 200, **values: object
    ) -> Response:
        standing = await self._visitors.standing(Sent.of(request.scope["headers"]))
        shown = {
            "elsewhere": "",
            "feature": self._feature,
            "called": "",
            "message": "",
            "sent": False,
            "ways": self._feature.ways,
        }
        shown |= {"open": standing.grants(self._feature.purpose), "limits": limits}
        back, query = return_path(request.query_params.get("return")), self.asked(request)
        shown |= {"back": back, "query": urlencode(query)} | values
        page = self._pages.reader_page(
            template, standing, language_of(self._site.policy, request), **shown
        )
        answer = Response(page, status, media_type="text/html")
        answer.headers.update(self._pages.headers)
        return answer
