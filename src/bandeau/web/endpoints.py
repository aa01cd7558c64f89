"""Everything under ``/.bandeau/`` but comments and log, and how its errors read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bandeau.choice.token import Ticket
from bandeau.ledger.prove import receipt_for
from bandeau.ledger.record import Record, items_subject_of, parse_record, subject_of
from bandeau.ledger.schema import record_schema
from bandeau.ledger.store import LedgerUnavailable
from bandeau.web import leaving
from bandeau.web.choice import ChoiceDesk
from bandeau.web.context import Site
from bandeau.web.decision import PATH as DECIDE
from bandeau.web.decision import Decisions
from bandeau.web.inbound import InboundError, came_from, is_json, return_path
from bandeau.web.pages import Pages
from bandeau.web.visitor import Sent, Visitors, language_of

Endpoint = Callable[[Request], Awaitable[Response]]
_UNCACHED = {"cache-control": "no-store"}


class Endpoints:
    """The pages and answers of one site."""

    def __init__(self, site: Site, visitors: Visitors, desk: ChoiceDesk, pages: Pages) -> None:
        self._site = site
        self._visitors = visitors
        self._desk = desk
        self._pages = pages

    def app(self, more: list[BaseRoute]) -> Starlette:
        """The application under ``/.bandeau/``, with the routes of log and features."""
        app = Starlette(
            routes=[
                Route("/.bandeau/choice", self._desk.show, methods=["GET"]),
                Route("/.bandeau/choice", self._desk.choose, methods=["POST"]),
                Route("/.bandeau/panel", self.panel, methods=["GET"]),
                Route("/.bandeau/privacy", self.privacy, methods=["GET"]),
                Route(leaving.ROUTE, self.leave, methods=["GET"]),
                Route(leaving.ROUTE + "/{action}", self.leave, methods=["GET", "POST"]),
                Route("/.bandeau/receipt/{id}", self.receipt, methods=["GET"]),
                Route("/.bandeau/schema/record.json", self.schema, methods=["GET"]),
                Route("/.bandeau/health", self.health, methods=["GET"]),
                Route(DECIDE, Decisions(self._site, self._visitors).decide, methods=["GET"]),
                *more,
            ],
            exception_handlers={InboundError: self.refused, HTTPException: self.missing},
        )
        # A redirect would name the scheme and host that this process sees, not the visitor's.
        app.router.redirect_slashes = False
        return app

    async def panel(self, request: Request) -> Response:
        """The choices on a page of their own, for browsers without script or popovers."""
        sent = Sent.of(request.scope["headers"])
        back = return_path(request.query_params.get("return"))
        standing = await self._visitors.standing(sent)
        return self._page(
            self._pages.panel_page(standing, language_of(self._site.policy, request), back)
        )

    async def privacy(self, request: Request) -> Response:
        """Every declared tracker, readable before choosing (rules I5, I12)."""
        standing = await self._visitors.standing(Sent.of(request.scope["headers"]))
        return self._page(
            self._pages.privacy_page(standing, language_of(self._site.policy, request))
        )

    async def leave(self, request: Request) -> Response:
        """The way out, never a redirect: what no visitor clicks reaches nobody (DESIGN 1.8)."""
        action = request.path_params.get("action")
        if action is None:
            to = request.query_params.get("to", "")
        else:
            to = leaving.form_action(action, request.url.query)
        way = leaving.way_out(to)
        if way is None:
            raise InboundError(400, "leave", "no http or https address of another host")
        form = request.method == "POST"
        page = self._pages.leave_page(
            language_of(self._site.policy, request), way, came_from(request), form=form
        )
        return self._page(page, 403 if form else 200)

    async def receipt(self, request: Request) -> Response:
        """A visitor's own receipt, to read or as a file; no other terminal can ask for it."""
        sent = Sent.of(request.scope["headers"])
        ticket = self._visitors.ticket(sent)
        try:
            receipt = await receipt_for(self._site.ledger, _asked_for(request, ticket))
        except LedgerUnavailable as error:
            raise InboundError(503, "unavailable", "the ledger cannot be read") from error
        key, visitor = self._site.subject_key, ticket.visitor if ticket else b""
        subjects = (subject_of(key, visitor), items_subject_of(key, visitor)) if visitor else ()
        record = parse_record(receipt.record) if receipt else None
        if receipt is None or record is None or record.subject not in subjects:
            raise InboundError(404, "not_found", "no such receipt for this browser")
        if "text/html" in request.headers.get("accept", "") and "file" not in request.query_params:
            return await self._shown(request, record)
        answer = JSONResponse(receipt.as_json())
        answer.headers["content-disposition"] = f'attachment; filename="receipt-{receipt.id}.json"'
        answer.headers["cache-control"] = "no-store"
        return answer

    async def _shown(self, request: Request, record: Record) -> Response:
        standing = await self._visitors.standing(Sent.of(request.scope["headers"]))
        lang, download = language_of(self._site.policy, request), f"{request.url.path}?file"
        return self._page(self._pages.receipt_page(standing, lang, record, download))

    async def schema(self, request: Request) -> Response:
        """What a record looks like, for programs that read receipts."""
        kind = "application/schema+json"
        return JSONResponse(record_schema(), headers={"cache-control": "no-cache"}, media_type=kind)

    async def health(self, request: Request) -> Response:
        """200 while choices can be recorded, 503 while they cannot."""
        try:
            await self._site.ledger.published("checkpoint")
        except LedgerUnavailable:
            return JSONResponse({"status": "ledger unavailable"}, 503, _UNCACHED)
        return JSONResponse({"status": "ok", "policy": self._site.terms_digest}, 200, _UNCACHED)

    async def refused(self, request: Request, error: Exception) -> Response:
        """A clear 4xx or 503, as JSON to programs and as a page to people."""
        if not isinstance(error, InboundError):
            raise error
        lang = language_of(self._site.policy, request)
        if is_json(request):
            message = self._site.words.say(lang, f"error.{error.key}")
            body = {"error": {"reason": error.reason, "message": message}}
            return JSONResponse(body, status_code=error.status, headers=_UNCACHED)
        standing = await self._visitors.standing(Sent.of(request.scope["headers"]))
        page = self._pages.error_page(lang, f"error.{error.key}", error.status, standing)
        return self._page(page, error.status)

    async def missing(self, request: Request, error: Exception) -> Response:
        """Unknown paths and methods, as pages of ours."""
        if not isinstance(error, HTTPException):
            raise error
        key = "not_found" if error.status_code == 404 else "bad_request"
        answer = await self.refused(request, InboundError(error.status_code, key, error.detail))
        answer.headers.update(error.headers or {})
        return answer

    def _page(self, html: bytes, status: int = 200) -> Response:
        answer = Response(html, status_code=status, media_type="text/html")
        answer.headers.update(self._pages.headers)
        return answer


def _asked_for(request: Request, ticket: Ticket | None) -> str:
    """The record's id; pages say ``mine``, so that they hold nothing that tells visitors apart."""
    asked = str(request.path_params["id"])
    return ticket.record_id if asked == "mine" and ticket else asked
