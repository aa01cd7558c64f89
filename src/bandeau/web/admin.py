"""``/.bandeau/admin/``: where staff sign in, and judge comments and their authors."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.grounds import Reason, reason
from bandeau.features.comments.model import Refusal, State
from bandeau.features.comments.queue import NO_REASON, STATES, Act, Deed, QueueStore
from bandeau.features.comments.reports import ReportStore
from bandeau.features.comments.staff import Staff
from bandeau.web.admin_room import HOME, Room, done, said
from bandeau.web.admin_view import LOG, QUEUE, QUEUES, REPORTED, Queue
from bandeau.web.inbound import Fields, InboundError, only
from bandeau.web.sign_in import PATH, TooManyAttempts

OUT = f"{PATH}/out"
DEEDS = {*STATES, Deed.DISMISS}


class Admin:
    """Doors, queues and log of a newsroom."""

    def __init__(self, room: Room, queue: QueueStore, reports: ReportStore) -> None:
        self._room = room
        self._view = room.view
        self._queue = queue
        self._reports = reports

    def routes(self) -> list[BaseRoute]:
        """Signing in and out, queues, log."""
        room = self._room
        return [
            Route(HOME, room.answering(self.door), methods=["GET"]),
            Route(HOME, room.answering(self.enter), methods=["POST"]),
            Route(OUT, room.answering(self.leave), methods=["POST"]),
            Route(QUEUE, room.inside(self.show), methods=["GET"]),
            Route(QUEUE, room.answering(self.judge), methods=["POST"]),
            Route(LOG, room.inside(self.log), methods=["GET"]),
        ]

    async def door(self, request: Request) -> Response:
        """The form to sign in; who has is sent on to the queue."""
        if await self._room.sign_in.who(request):
            return self._room.on(request, QUEUE)
        return self._room.html(self._view.sign_in(self._room.lang(request)))

    async def enter(self, request: Request) -> Response:
        """Sign in. 401 where name and password do not match, 429 after too many attempts."""
        fields = await self._room.posted(request)
        name, password = only(fields, "name"), only(fields, "password")
        lang = self._room.lang(request)
        try:
            cookie = await self._room.sign_in.begin(request, name, password)
        except TooManyAttempts:
            seconds = limits.STAFF_ATTEMPT_SECONDS
            message = self._view.say(lang, "admin.often", minutes=seconds // 60)
            answer = self._room.html(self._view.sign_in(lang, message, name[:40]), 429)
            answer.headers["Retry-After"] = str(seconds)
            return answer
        if cookie is None:
            message = self._view.say(lang, "admin.wrong")
            return self._room.html(self._view.sign_in(lang, message, name[:40]), 401)
        return self._room.on(request, QUEUE, cookie)

    async def leave(self, request: Request) -> Response:
        """Sign out."""
        await self._room.posted(request)
        return self._room.on(request, HOME, await self._room.sign_in.end(request))

    async def show(self, request: Request, staff: Staff) -> Response:
        """One page of the queue ``state``, the one of those who wait unless it is said."""
        key, count = done(request)
        return await self._shown(request, staff, NO_REASON, key, **count)

    async def judge(self, request: Request) -> Response:
        """Do what a button says, with one comment, or with all that are selected.

        The reason is that of the same form: 422 where it says too little or too much.
        """
        fields = await self._room.posted(request, limits.COMMENT_BODY_BYTES)
        staff = await self._room.sign_in.who(request)
        if staff is None:
            return self._room.on(request, HOME)
        deeds, stated = _deeds(fields), said(fields)
        because = reason(*stated)
        if isinstance(because, Refusal):
            kept = Reason(None, stated[1], stated[2])
            answer = await self._shown(request, staff, kept, because.text_key)
            answer.status_code = because.status
            return answer
        now = self._room.now
        acts = [Act(self._room.new_id(), now, staff.name, deed, on) for deed, on in deeds]
        count = await self._queue.perform(acts, reason=because)
        return self._room.on(request, QUEUE, state=_name(request), done=str(count))

    async def _shown(
        self, request: Request, staff: Staff, kept: Reason, key: str, **values: object
    ) -> Response:
        desk = await self._room.desk(request, staff, key, **values)
        name, after = _name(request), request.query_params.get("after", "")
        read = self._reported if name == REPORTED else self._of_state
        return self._room.html(self._view.queue(desk, await read(name, after), kept))

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

    async def log(self, request: Request, staff: Staff) -> Response:
        """One page of the log, to administrators."""
        if not staff.reads_log:
            desk = await self._room.desk(request, staff, "admin.forbidden")
            return self._room.html(self._view.log(desk, (), ""), 403)
        limit = limits.LOG_SHOWN
        acts = await self._queue.log(limit + 1, request.query_params.get("before", ""))
        desk = await self._room.desk(request, staff)
        more = acts[limit - 1].id if len(acts) > limit else ""
        return self._room.html(self._view.log(desk, acts[:limit], more))


def _name(request: Request) -> str:
    asked = request.query_params.get("state", "")
    return asked if asked in QUEUES else State.HELD.value


def _deeds(fields: Fields) -> list[tuple[Deed, str]]:
    """What a form asks for; raises :class:`InboundError` for what no button says."""
    if "one" in fields:
        word, _, on = only(fields, "one").partition(":")
        objects = [on]
    else:
        word, objects = only(fields, "deed"), list(dict.fromkeys(fields.get("comment", [])))
    if word not in DEEDS or any(not 0 < len(each) <= 64 for each in objects):
        raise InboundError(400, "bad_request", "there is no such button")
    return [(Deed(word), each) for each in objects]
