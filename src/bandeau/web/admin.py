"""``/.bandeau/admin/``: where staff sign in, and judge comments and their authors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.model import State
from bandeau.features.comments.passkeys import Passkey
from bandeau.features.comments.queue import CONDUCTS, Act, Deed, QueueStore
from bandeau.features.comments.staff import Staff
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.record import uuid7
from bandeau.policy.words import choose_language
from bandeau.web.admin_view import LOG, QUEUE, QUEUES, AdminView, Desk, Queue
from bandeau.web.context import Site
from bandeau.web.inbound import Fields, InboundError, read_fields, same_origin
from bandeau.web.sign_in import PATH, SignIn, TooManyAttempts
from bandeau.web.visitor import Sent

HOME = f"{PATH}/"
OUT = f"{PATH}/out"

Page = Callable[[Request], Awaitable[Response]]
_DAY_MS = 86_400_000


class Admin:
    """The newsroom of one site over HTTP."""

    def __init__(self, site: Site, sign_in: SignIn, queue: QueueStore, view: AdminView) -> None:
        self._site = site
        self._sign_in = sign_in
        self._queue = queue
        self._view = view

    def routes(self) -> list[BaseRoute]:
        """Signing in and out, queues, log."""
        return [
            Route(HOME, self.answering(self.door), methods=["GET"]),
            Route(HOME, self.answering(self.enter), methods=["POST"]),
            Route(OUT, self.answering(self.leave), methods=["POST"]),
            Route(QUEUE, self.answering(self.show), methods=["GET"]),
            Route(QUEUE, self.answering(self.judge), methods=["POST"]),
            Route(LOG, self.answering(self.log), methods=["GET"]),
        ]

    async def door(self, request: Request) -> Response:
        """The form to sign in; who has is sent on to the queue."""
        if await self._sign_in.who(request):
            return self._sent(request, QUEUE)
        return self._html(self._view.sign_in(self.lang(request)))

    async def enter(self, request: Request) -> Response:
        """Sign in. 401 where name and password do not match, 429 after too many attempts."""
        fields = await self.posted(request)
        name, password = _only(fields, "name"), _only(fields, "password")
        lang = self.lang(request)
        try:
            cookie = await self._sign_in.begin(request, name, password)
        except TooManyAttempts:
            seconds = limits.STAFF_ATTEMPT_SECONDS
            message = self._view.say(lang, "admin.often", minutes=seconds // 60)
            answer = self._html(self._view.sign_in(lang, message, name[:40]), 429)
            answer.headers["Retry-After"] = str(seconds)
            return answer
        if cookie is None:
            message = self._view.say(lang, "admin.wrong")
            return self._html(self._view.sign_in(lang, message, name[:40]), 401)
        return self._sent(request, QUEUE, cookie)

    async def leave(self, request: Request) -> Response:
        """Sign out."""
        await self.posted(request)
        return self._sent(request, HOME, await self._sign_in.end(request))

    async def show(self, request: Request) -> Response:
        """One page of the queue ``state``, the one of those who wait unless it is said."""
        staff = await self._sign_in.who(request)
        if staff is None:
            return self._sent(request, HOME)
        state, limit = _state(request), limits.QUEUE_SHOWN
        found = await self._queue.queue(state, limit + 1, request.query_params.get("after", ""))
        shown = found[:limit]
        pasts = await self._queue.pasts({comment.author for comment in shown})
        more = shown[-1].id if len(found) > limit else ""
        key, count = _done(request)
        desk = await self._desk(request, staff, key, **count)
        return self._html(self._view.queue(desk, Queue(state, shown, pasts, more)))

    async def judge(self, request: Request) -> Response:
        """Do what a button says, with one comment or author, or with all that are selected."""
        fields = await self.posted(request)
        staff = await self._sign_in.who(request)
        if staff is None:
            return self._sent(request, HOME)
        deeds = _deeds(fields)
        if not staff.judges_authors and any(deed in CONDUCTS for deed, _ in deeds):
            desk = await self._desk(request, staff, "admin.forbidden")
            return self._html(self._view.queue(desk, Queue(_state(request), (), {})), 403)
        now = int(self._site.now() * 1000)
        acts = [
            Act(uuid7(now, self._site.random(10)), now, staff.name, deed, on) for deed, on in deeds
        ]
        count = await self._queue.perform(acts, now + limits.SUSPENSION_DAYS * _DAY_MS)
        return self._sent(request, QUEUE, state=_state(request).value, done=str(count))

    async def log(self, request: Request) -> Response:
        """One page of the log, to administrators."""
        staff = await self._sign_in.who(request)
        if staff is None:
            return self._sent(request, HOME)
        if not staff.reads_log:
            desk = await self._desk(request, staff, "admin.forbidden")
            return self._html(self._view.log(desk, (), ""), 403)
        limit = limits.LOG_SHOWN
        acts = await self._queue.log(limit + 1, request.query_params.get("before", ""))
        desk = await self._desk(request, staff)
        more = acts[limit - 1].id if len(acts) > limit else ""
        return self._html(self._view.log(desk, acts[:limit], more))

    async def passkeys(
        self, request: Request, staff: Staff, kept: Sequence[Passkey], key: str
    ) -> Response:
        """The page of a member's passkeys; ``key`` names a text, or is empty."""
        return self._html(self._view.passkeys(await self._desk(request, staff, key), kept))

    def to_door(self, request: Request) -> Response:
        """Where who has not signed in is sent."""
        return self._sent(request, HOME)

    def say(self, request: Request, key: str, **values: object) -> str:
        """A text for staff in the language of the request."""
        return self._view.say(self.lang(request), key, **values)

    def answering(self, page: Page) -> Page:
        """``page``, or a page that says that comments cannot be read now."""

        async def answered(request: Request) -> Response:
            try:
                return await page(request)
            except CommentsUnavailable:
                lang = self.lang(request)
                message = self._view.say(lang, "admin.unavailable")
                answer = self._html(self._view.sign_in(lang, message), 503)
                answer.headers["Retry-After"] = "5"
                return answer

        return answered

    async def posted(self, request: Request) -> Fields:
        """The fields of a post from this very site; raises :class:`InboundError`."""
        if not same_origin(request):
            raise InboundError(403, "cross_site", "the request comes from another site")
        return await read_fields(request, limits.CHOICE_BODY_BYTES)

    async def _desk(self, request: Request, staff: Staff, key: str = "", **values: object) -> Desk:
        lang = self.lang(request)
        waiting = await self._queue.held(limits.QUEUE_COUNTED + 1)
        return Desk(staff, lang, waiting, self._view.say(lang, key, **values) if key else "")

    def lang(self, request: Request) -> str:
        """The language of the request."""
        accepted = Sent.of(request.scope["headers"]).languages
        return choose_language(self._site.policy, request.query_params.get("lang"), accepted)

    def _html(self, body: str, status: int = 200) -> Response:
        policy = {"Content-Security-Policy": self._view.page_policy}
        return HTMLResponse(body, status, headers=_HEADERS | policy)

    def _sent(
        self, request: Request, path: str, cookie: bytes | None = None, **query: str
    ) -> Response:
        onward = f"{path}?{urlencode({'lang': self.lang(request), **query})}"
        answer = RedirectResponse(onward, 303, headers=_HEADERS)
        if cookie is not None:
            answer.raw_headers.append((b"set-cookie", cookie))
        return answer


_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def _only(fields: Fields, name: str) -> str:
    values = fields.get(name, [])
    if len(values) != 1:
        raise InboundError(400, "bad_request", f"{name} is to be given once")
    return values[0]


def _state(request: Request) -> State:
    asked = request.query_params.get("state")
    return next((state for state in QUEUES if state.value == asked), State.HELD)


def _done(request: Request) -> tuple[str, dict[str, str]]:
    """The text that says how much was done, and what is filled in."""
    count = request.query_params.get("done", "")
    if not (count.isdecimal() and len(count) < 4):
        return "", {}
    if count in ("0", "1"):
        return {"0": "admin.done_none", "1": "admin.done_one"}[count], {}
    return "admin.done_many", {"count": count}


def _deeds(fields: Fields) -> list[tuple[Deed, str]]:
    """What a form asks for; raises :class:`InboundError` for what no button says."""
    if "one" in fields:
        word, _, on = _only(fields, "one").partition(":")
        objects = [on]
    else:
        word, objects = _only(fields, "deed"), list(dict.fromkeys(fields.get("comment", [])))
    known = word in set(Deed) and ("one" in fields or Deed(word) not in CONDUCTS)
    if not known or any(not 0 < len(each) <= 64 for each in objects):
        raise InboundError(400, "bad_request", "there is no such button")
    return [(Deed(word), each) for each in objects]
