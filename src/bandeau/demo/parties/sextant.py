"""Sextant Analytics: it records a reader's path through the site, second by second."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bandeau.demo.parties.board import Kind
from bandeau.demo.parties.party import Company, Party

COMPANY = Company("sextant", "Sextant Analytics", "sextant_id", "#9ad07f")


def routes(party: Party) -> list[Route]:
    """The company's addresses."""

    async def script(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ("s", "r"):
            raise HTTPException(404)
        visitor = party.meet(request, Kind.SCRIPT, f"{name}.js")
        return party.render(f"sextant/{name}.js", visitor, "text/javascript")

    async def page_view(request: Request) -> Response:
        unscripted = request.query_params.get("js") == "0"
        return party.pixel(party.meet(request, Kind.PIXEL, "noscript" if unscripted else "p.gif"))

    async def match(request: Request) -> Response:
        partner = request.query_params.get("pistil", "")[:32]
        return party.pixel(party.meet(request, Kind.PIXEL, f"pistil = {partner}"))

    async def collect(request: Request) -> Response:
        return party.nothing(party.meet(request, Kind.BEACON, request.query_params.get("saw", "")))

    return [
        Route("/{name}.js", script),
        Route("/p.gif", page_view),
        Route("/match.gif", match),
        Route("/c", collect, methods=["POST"]),
    ]
