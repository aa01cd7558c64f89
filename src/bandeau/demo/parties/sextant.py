"""Sextant Analytics: it records a reader's path through the site, second by second."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bandeau.demo.parties.board import Kind
from bandeau.demo.parties.party import Company, Party

COMPANY = Company("sextant", "Sextant Analytics", "sextant_id", "#9ad07f", ("s", "r"))


def routes(party: Party) -> list[Route]:
    """The company's addresses."""
    return [
        Route("/{name}.js", party.script),
        Route("/p.gif", party.pixel),
        Route("/match.gif", partial(_match, party)),
        Route("/c", party.beacon, methods=["POST"]),
    ]


async def _match(party: Party, request: Request) -> Response:
    partner = request.query_params.get("pistil", "")[:32]
    return party.picture(party.meet(request, Kind.PIXEL, f"pistil = {partner}"))
