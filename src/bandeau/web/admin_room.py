"""What every page for staff needs: who asks, in which language, how many wait, how it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bandeau import limits
from bandeau.features.comments.staff import Staff
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.record import uuid7
from bandeau.policy.words import choose_language
from bandeau.web.admin_view import AdminView, Desk
from bandeau.web.context import Site
from bandeau.web.inbound import Fields, posted
from bandeau.web.sign_in import PATH, SignIn
from bandeau.web.visitor import Sent

HOME = f"{PATH}/"

Page = Callable[[Request], Awaitable[Response]]
Count = Callable[[int], Awaitable[int]]
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Room:
    """The newsroom of one site; ``counts`` say how many wait in a queue, up to a number."""

    def __init__(
        self, site: Site, sign_in: SignIn, view: AdminView, counts: Mapping[str, Count]
    ) -> None:
        self.site = site
        self.sign_in = sign_in
        self.view = view
        self._counts = counts

    @property
    def now(self) -> int:
        """Unix milliseconds."""
        return int(self.site.now() * 1000)

    def new_id(self) -> str:
        """The id of a new act."""
        return uuid7(self.now, self.site.random(10))

    def answering(self, page: Page) -> Page:
        """``page``, or 503 where comments cannot be asked."""

        async def answered(request: Request) -> Response:
            try:
                return await page(request)
            except CommentsUnavailable:
                lang = self.lang(request)
                message = self.view.say(lang, "admin.unavailable")
                answer = self.html(self.view.sign_in(lang, message), 503)
                answer.headers["Retry-After"] = "5"
                return answer

        return answered

    def inside(self, page: Callable[[Request, Staff], Awaitable[Response]]) -> Page:
        """``page`` for who has signed in; others are sent to the door."""

        async def entered(request: Request) -> Response:
            staff = await self.sign_in.who(request)
            return await page(request, staff) if staff else self.on(request, HOME)

        return self.answering(entered)

    async def posted(self, request: Request, most: int = limits.CHOICE_BODY_BYTES) -> Fields:
        """What a form of ours holds, of at most so many bytes; raises :class:`InboundError`."""
        return await posted(request, most)

    async def desk(self, request: Request, staff: Staff, key: str = "", **values: object) -> Desk:
        """Who looks, and what is told them first."""
        lang = self.lang(request)
        most = limits.QUEUE_COUNTED + 1
        waiting = {name: await count(most) for name, count in self._counts.items()}
        return Desk(staff, lang, waiting, self.view.say(lang, key, **values) if key else "")

    def say(self, request: Request, key: str, **values: object) -> str:
        """A text for staff in the language of the page."""
        return self.view.say(self.lang(request), key, **values)

    def lang(self, request: Request) -> str:
        """The language of the page."""
        accepted = Sent.of(request.scope["headers"]).languages
        return choose_language(self.site.policy, request.query_params.get("lang"), accepted)

    def html(self, body: str, status: int = 200) -> Response:
        """A page."""
        policy = {"Content-Security-Policy": self.view.page_policy}
        return HTMLResponse(body, status, headers=_HEADERS | policy)

    def on(
        self, request: Request, path: str, cookie: bytes | None = None, **query: str
    ) -> Response:
        """On to another page."""
        onward = f"{path}?{urlencode({'lang': self.lang(request), **query})}"
        answer = RedirectResponse(onward, 303, headers=_HEADERS)
        if cookie is not None:
            answer.raw_headers.append((b"set-cookie", cookie))
        return answer


def done(request: Request) -> tuple[str, dict[str, str]]:
    """The text that says how much was done, and what is filled in."""
    count = request.query_params.get("done", "")
    if not (count.isdecimal() and len(count) < 4):
        return "", {}
    if count in ("0", "1"):
        return {"0": "admin.done_none", "1": "admin.done_one"}[count], {}
    return "admin.done_many", {"count": count}


def said(fields: Fields) -> tuple[str, str, str]:
    """Ground, law and facts of the reason that a form states; none of it has to be there."""
    ground, law, facts = ("".join(fields.get(name, [])[:1]) for name in ("ground", "law", "facts"))
    return ground, law, facts
