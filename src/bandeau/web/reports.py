"""POST ``/.bandeau/reports``: what browsers report of the policies that we sent them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.enforcement.reports import CSP_REPORT, REPORTS_JSON, REPORTS_PATH, seen_in_reports
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.sightings import Kind, Seen, is_declared
from bandeau.web.inbound import body_kind, same_origin
from bandeau.web.lookout import Lookout
from bandeau.web.static import script, source_hash

_UNCACHED = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class Asking:
    """The script of a page that is asked for reports, before the guard, and its CSP source."""

    markup: bytes
    script_hash: str


def asking() -> Asking:
    """Made once at start."""
    source = script("reports.js")
    return Asking(f"<script>{source}</script>".encode(), source_hash(source))


class Reports:
    """Reads reports, and notes what no tracker declares."""

    def __init__(self, rules: Rules, lookout: Lookout) -> None:
        self._matcher = rules.matcher
        self._reserved = rules.reserved
        self._lookout = lookout

    def routes(self) -> list[BaseRoute]:
        """The endpoint."""
        return [Route(REPORTS_PATH, self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """204, whatever came: a browser does nothing with the answer."""
        kind = body_kind(request)
        if kind in (CSP_REPORT, REPORTS_JSON) and same_origin(request) and self._lookout.listens():
            for seen in seen_in_reports(kind, await _body(request)):
                self._note(seen)
        return Response(status_code=204, headers=_UNCACHED)

    def _note(self, seen: Seen) -> None:
        """What is declared was refused by its visitor, and is no news."""
        ours = seen.kind is Kind.COOKIE and seen.name.encode() in self._reserved
        if not ours and not is_declared(seen.kind, seen.name, self._matcher):
            self._lookout.note(seen)


async def _body(request: Request) -> bytes:
    """The body; empty where it is over the limits, too slow, or broken off."""
    body = bytearray()
    try:
        async with asyncio.timeout(limits.REPORT_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.REPORT_BYTES:
                    return b""
    except (TimeoutError, ClientDisconnect):
        return b""
    return bytes(body)
