"""``/.bandeau/admin/``: where staff sign in, and judge comments and their authors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.grounds import Reason, reason
from bandeau.features.comments.model import Refusal, State
from bandeau.features.comments.queue import CONDUCTS, NO_REASON, Act, Deed, QueueStore
from bandeau.features.comments.reports import ReportStore, Teller
from bandeau.features.comments.staff import Staff
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.record import uuid7
from bandeau.policy.words import choose_language
from bandeau.web.admin_view import LOG, QUEUE, QUEUES, REPORTED, AdminView, Desk, Queue
from bandeau.web.context import Site
from bandeau.web.inbound import Fields, InboundError, read_fields, same_origin
from bandeau.web.sign_in import PATH, SignIn, TooManyAttempts
from bandeau.web.visitor import Sent

HOME = f"{PATH}/"
OUT = f"{PATH}/out"

Page = Callable[[Request], Awaitable[Response]]
_DAY_MS = 86_400_000


class Admin:
    """The newsroom of one site over HTTP. ``teller`` tells senders of notices what is decided."""

    def __init__(
        self,
        site: Site,
        sign_in: SignIn,
        queue: QueueStore,
        reports: ReportStore,
        view: AdminView,
        teller: Teller | None = None,
    ) -> None:
        self._site = site
        self._sign_in = sign_in
        self._queue = queue
        self._reports = reports
        self._view = view
        self._teller = teller

    def routes(self) -> list[BaseRoute]:
        """Signing in and out, queues, log."""
        return [
            Route(HOME, self._answering(self.door), methods=["GET"]),
            Route(HOME, self._answering(self.enter), methods=["POST"]),
            Route(OUT, self._answering(self.leave), methods=["POST"]),
            Route(QUEUE, self._answering(self.show), methods=["GET"]),
            Route(QUEUE, self._answering(self.judge), methods=["POST"]),
            Route(LOG, self._answering(self.log), methods=["GET"]),
        ]

    async def door(self, request: Request) -> Response:
        """The form to sign in; who has is sent on to the queue."""
        if await self._sign_in.who(request):
            return self._sent(request, QUEUE)
        return self._html(self._view.sign_in(self._lang(request)))

    async def enter(self, request: Request) -> Response:
        """Sign in. 401 where name and password do not match, 429 after too many attempts."""
        fields = await self._posted(request)
        name, password = _only(fields, "name"), _only(fields, "password")
        lang = self._lang(request)
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
        await self._posted(request)
        return self._sent(request, HOME, await self._sign_in.end(request))

    async def show(self, request: Request) -> Response:
        """One page of the queue ``state``, the one of those who wait unless it is said."""
        staff = await self._sign_in.who(request)
        if staff is None:
            return self._sent(request, HOME)
        key, count = _done(request)
        return await self._shown(request, staff, NO_REASON, key, **count)

    async def judge(self, request: Request) -> Response:
        """Do what a button says, with one comment or author, or with all that are selected.

        The reason is that of the same form: 422 where it says too little or too much.
        """
        fields = await self._posted(request)
        staff = await self._sign_in.who(request)
        if staff is None:
            return self._sent(request, HOME)
        deeds, said = _deeds(fields), _said(fields)
        if not staff.judges_authors and any(deed in CONDUCTS for deed, _ in deeds):
            desk = await self._desk(request, staff, "admin.forbidden")
            return self._html(self._view.queue(desk, Queue(_name(request), (), {})), 403)
        because = reason(*said)
        if isinstance(because, Refusal):
            kept = Reason(None, said[1], said[2])
            answer = await self._shown(request, staff, kept, because.text_key)
            answer.status_code = because.status
            return answer
        now = int(self._site.now() * 1000)
        acts = [
            Act(uuid7(now, self._site.random(10)), now, staff.name, deed, on) for deed, on in deeds
        ]
        ends = now + limits.SUSPENSION_DAYS * _DAY_MS
        count = await self._queue.perform(acts, ends, because)
        await self._tell(acts)
        return self._sent(request, QUEUE, state=_name(request), done=str(count))

    async def _tell(self, acts: Sequence[Act]) -> None:
        if self._teller is not None:
            for filed in await self._reports.closed([act.id for act in acts]):
                await self._teller.decided(filed)

    async def _shown(
        self, request: Request, staff: Staff, said: Reason, key: str, **values: object
    ) -> Response:
        desk = await self._desk(request, staff, key, **values)
        name, after = _name(request), request.query_params.get("after", "")
        read = self._reported if name == REPORTED else self._of_state
        return self._html(self._view.queue(desk, await read(name, after), said))

    async def _of_state(self, name: str, after: str) -> Queue:
        limit = limits.QUEUE_SHOWN
        found = await self._queue.queue(State(name), limit + 1, after)
        shown = found[:limit]
        pasts = await self._queue.pasts({comment.author for comment in shown})
        return Queue(name, shown, pasts, shown[-1].id if len(found) > limit else "")

    async def _reported(self, name: str, after: str) -> Queue:
        limit = limits.QUEUE_SHOWN
        found = await self._reports.reported(limit + 1, after)
        shown = found[:limit]
        comments = [each.comment for each in shown]
        pasts = await self._queue.pasts({comment.author for comment in comments})
        told = await self._reports.reports([comment.id for comment in comments])
        readers = {each.comment.id: each.readers for each in shown}
        more = shown[-1].mark if len(found) > limit else ""
        return Queue(name, comments, pasts, more, told, readers)

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

    def _answering(self, page: Page) -> Page:
        async def answered(request: Request) -> Response:
            try:
                return await page(request)
            except CommentsUnavailable:
                lang = self._lang(request)
                message = self._view.say(lang, "admin.unavailable")
                answer = self._html(self._view.sign_in(lang, message), 503)
                answer.headers["Retry-After"] = "5"
                return answer

        return answered

    async def _posted(self, request: Request) -> Fields:
        if not same_origin(request):
            raise InboundError(403, "cross_site", "the request comes from another site")
        return await read_fields(request, limits.CHOICE_BODY_BYTES)

    async def _desk(self, request: Request, staff: Staff, key: str = "", **values: object) -> Desk:
        lang = self._lang(request)
        most = limits.QUEUE_COUNTED + 1
        waiting = {
            State.HELD.value: await self._queue.held(most),
            REPORTED: await self._reports.waiting(most),
        }
        return Desk(staff, lang, waiting, self._view.say(lang, key, **values) if key else "")

    def _lang(self, request: Request) -> str:
        accepted = Sent.of(request.scope["headers"]).languages
        return choose_language(self._site.policy, request.query_params.get("lang"), accepted)

    def _html(self, body: str, status: int = 200) -> Response:
        policy = {"Content-Security-Policy": self._view.page_policy}
        return HTMLResponse(body, status, headers=_HEADERS | policy)

    def _sent(
        self, request: Request, path: str, cookie: bytes | None = None, **query: str
    ) -> Response:
        onward = f"{path}?{urlencode({'lang': self._lang(request), **query})}"
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


def _name(request: Request) -> str:
    asked = request.query_params.get("state", "")
    return asked if asked in QUEUES else State.HELD.value


def _said(fields: Fields) -> tuple[str, str, str]:
    """What a form says of the reason; none of it has to be there."""
    ground, law, facts = ("".join(fields.get(name, [])[:1]) for name in ("ground", "law", "facts"))
    return ground, law, facts


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
