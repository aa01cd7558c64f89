"""``/.bandeau/comments/report``: readers report comments, and follow what becomes of it.

Nothing here reads or sets a cookie, so no choice and no consent is asked for. Of a sender's
address an HMAC is kept for a while, to count reports and readers.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.attempts import ANYBODY, Attempts
from bandeau.features.comments.grounds import Ground
from bandeau.features.comments.model import Comment, Refusal, State
from bandeau.features.comments.reports import (
    Complaint,
    Report,
    ReportStore,
    prepare,
    reference,
    tag_of,
)
from bandeau.features.comments.store import CommentStore
from bandeau.ledger.record import uuid7
from bandeau.web.comment_reports_view import FiledScene, ReportScene, against, told
from bandeau.web.comments_feed import AT
from bandeau.web.context import Site
from bandeau.web.inbound import (
    Fields,
    InboundError,
    available,
    is_json,
    posted,
)
from bandeau.web.pages import Pages
from bandeau.web.redress import Redress
from bandeau.web.visitor import language_of

PATH = "/.bandeau/comments/report"
OFTEN = Refusal(
    *("too-many", 429, "report.error_often"),
    {"minutes": limits.COMMENT_REPORTS_PERIOD_SECONDS // 60},
)
_KIND = "report"
_UNCACHED = {"cache-control": "no-store"}
_IPV6_NETWORK_BITS = 64


@dataclass(frozen=True, slots=True)
class Counting:
    """Counts reports by network address."""

    attempts: Attempts

    async def allows(self, network: str) -> bool:
        """Whether another report may come from there, and at all."""
        seconds = limits.COMMENT_REPORTS_PERIOD_SECONDS
        for source, most in (
            (network, limits.COMMENT_REPORTS_ALIKE),
            (ANYBODY, limits.COMMENT_REPORTS_IN_ALL),
        ):
            if not await self.attempts.allows(_KIND, source, most, seconds):
                return False
        return True

    async def readers(self, comment: str, network: str) -> int:
        """1, or 0 where somebody reported the comment from there lately."""
        what, seconds = f"{_KIND}\0{comment}", limits.COMMENT_REPORT_READER_HOURS * 3_600
        return int(not network or await self.attempts.allows(what, network, 1, seconds))


class ReportDesk:
    """Takes reports of comments of one site."""

    def __init__(
        self,
        site: Site,
        pages: Pages,
        comments: CommentStore,
        reports: ReportStore,
        redress: Redress,
        counting: Counting,
    ) -> None:
        self._site = site
        self._pages = pages
        self._comments = comments
        self._reports = reports
        self._redress = redress
        self._counting = counting

    def routes(self) -> list[BaseRoute]:
        """The form, and what became of a report."""
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(PATH, self.take, methods=["POST"]),
            Route(PATH + "/{reference}", self.follow, methods=["GET"]),
            Route(PATH + "/{reference}", self.appeal, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The form for the comment ``id``; with a ``reference`` on to its report.

        Raises :class:`InboundError`: 404 for a comment that readers do not see, 503.
        """
        asked = request.query_params.get("reference", "")
        if asked:
            return self._on(request, "".join(char for char in asked if char.isalnum())[:64])
        async with available():
            comment = await self._published(request.query_params.get("id", ""))
        return self._form(request, ReportScene(comment, self._location(comment.id)))

    async def take(self, request: Request) -> Response:
        """Keep a report of the comment ``id``, and lead on to its page; 201 to JSON.

        Raises :class:`InboundError`: 403 from another site, 404 as above, 503. What cannot be
        taken is answered 422 or 429 with the form as it was sent.
        """
        fields = await posted(request, limits.COMMENT_BODY_BYTES)
        sent = _complaint(fields)
        async with available():
            comment = await self._published(sent.comment)
            ready = prepare(sent)
            made = await self._kept(request, comment, ready)
        if isinstance(made, Refusal):
            return self._refused(request, comment, sent, made)
        if is_json(request):
            answer = JSONResponse({"reference": made}, 201, headers=_UNCACHED)
            answer.headers["location"] = f"{PATH}/{made}"
            return answer
        return self._on(request, made)

    async def follow(self, request: Request) -> Response:
        """What became of a report, to whoever has its reference.

        Raises :class:`InboundError`: 404 for a reference that is none, or no longer kept; 503.
        """
        async with available():
            scene = await self._scene(request)
        if is_json(request):
            return JSONResponse({"report": told(scene)}, headers=_UNCACHED)
        return self._html(self._pages.filed_page(language_of(self._site.policy, request), scene))

    async def appeal(self, request: Request) -> Response:
        """Appeal, once, against the decision that the reported comment stays.

        Raises :class:`InboundError`: 403 from another site, 404 as above, 409 where there is no
        such decision, 422 without a text, 503.
        """
        text = _once(await posted(request, limits.COMMENT_BODY_BYTES), "text")
        async with available():
            scene = await self._scene(request)
            decision = scene.filed.decision if scene.dismissed else None
            before = scene.appeal if decision and against(scene.appeal, decision) else None
            await self._redress.lodge(decision, before, text, scene.filed.report.id)
        if is_json(request):
            return JSONResponse({"appealed": True}, 201, headers=_UNCACHED)
        return self._on(request, scene.reference)

    async def _scene(self, request: Request) -> FiledScene:
        named = str(request.path_params["reference"])
        filed = await self._reports.filed(tag_of(named))
        if filed is None:
            raise InboundError(404, "report_unknown", "unknown-report")
        appeal = await self._redress.appeals.of_report(filed.report.id)
        location, now = self._location(filed.report.comment), int(self._site.now() * 1000)
        return FiledScene(filed, named, location, appeal, now)

    async def _published(self, comment_id: str) -> Comment:
        found = await self._comments.find(comment_id) if comment_id else None
        if found is None or found.state is not State.PUBLISHED:
            raise InboundError(404, "report_comment", "unknown-comment")
        return found

    async def _kept(
        self, request: Request, comment: Comment, ready: Complaint | Refusal
    ) -> str | Refusal:
        """The reference of the report, or why there is none."""
        if isinstance(ready, Refusal):
            return ready
        network, now = network_of(request), self._site.now()
        if not await self._counting.allows(network):
            return OFTEN
        named, time = reference(self._site.random), int(now * 1000)
        report = Report(
            id=uuid7(time, self._site.random(10)),
            tag=tag_of(named),
            comment=comment.id,
            page=comment.page,
            time=time,
            ground=Ground(ready.ground),
            text=ready.text,
            name=ready.name,
            email=ready.email,
            lang=language_of(self._site.policy, request),
            readers=await self._counting.readers(comment.id, network),
        )
        if not await self._reports.file(report):
            raise InboundError(404, "report_comment", "unknown-comment")
        return named

    def _refused(
        self, request: Request, comment: Comment, sent: Complaint, refusal: Refusal
    ) -> Response:
        lang = language_of(self._site.policy, request)
        message = self._site.words.say(lang, refusal.text_key, **refusal.values)
        if is_json(request):
            body = {"error": {"reason": str(refusal.code), "message": message}}
            answer: Response = JSONResponse(body, refusal.status, headers=_UNCACHED)
        else:
            scene = ReportScene(comment, self._location(comment.id), _short(sent), message)
            answer = self._form(request, scene, refusal.status)
        if refusal is OFTEN:
            answer.headers["retry-after"] = str(limits.COMMENT_REPORTS_PERIOD_SECONDS)
        return answer

    def _form(self, request: Request, scene: ReportScene, status: int = 200) -> Response:
        return self._html(
            self._pages.report_page(language_of(self._site.policy, request), scene), status
        )

    def _html(self, page: bytes, status: int = 200) -> Response:
        answer = Response(page, status, media_type="text/html")
        answer.headers.update(self._pages.headers)
        return answer

    def _on(self, request: Request, named: str) -> Response:
        onward = f"{PATH}/{named}?lang={language_of(self._site.policy, request)}"
        return RedirectResponse(onward, 303, headers=_UNCACHED)

    def _location(self, comment_id: str) -> str:
        """The comment's lasting address, with scheme and host."""
        return f"https://{self._site.policy.site.hosts[0]}{AT}/{comment_id}"


def network_of(request: Request) -> str:
    """Where a request comes from: an IPv4 address, or the network of an IPv6 one."""
    host = request.client.host if request.client else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return host
    return str(ipaddress.ip_network((int(address), _IPV6_NETWORK_BITS), strict=False))


def _complaint(fields: Fields) -> Complaint:
    """The report that a form states; raises :class:`InboundError` for a field that comes twice."""
    given = {name: _once(fields, name) for name in ("id", "ground", "text", "name", "email")}
    faith = bool(_once(fields, "good_faith"))
    comment, ground, text, name, email = given.values()
    return Complaint(comment, ground, text, name, email, faith)


def _once(fields: Fields, name: str) -> str:
    values = fields.get(name, [])
    if len(values) > 1:
        raise InboundError(400, "bad_request", f"{name} is to be given once")
    return values[0] if values else ""


def _short(sent: Complaint) -> Complaint:
    """As much of ``sent`` as its form takes."""
    most = limits.COMMENT_REPORT_SENDER_CHARACTERS
    text = sent.text[: limits.COMMENT_REPORT_TEXT_CHARACTERS]
    return replace(sent, text=text, name=sent.name[:most], email=sent.email[:most])
