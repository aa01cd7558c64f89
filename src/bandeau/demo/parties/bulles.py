"""Bulles, a network of videos and live audio rooms: players in frames that report what is seen."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bandeau.demo.parties.board import Kind
from bandeau.demo.parties.party import Company, Party
from bandeau.demo.posts import POSTS, ROOMS, VIDEOS

COMPANY = Company("bulles", "Bulles", "bulles_id", "#f08fb4")
_JS = "text/javascript"


def routes(party: Party) -> list[Route]:
    """The network's addresses."""

    async def script(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ("player", "telemetry"):
            raise HTTPException(404)
        visitor = party.meet(request, Kind.SCRIPT, f"{name}.js")
        return party.render(f"bulles/{name}.js", visitor, _JS)

    async def video(request: Request) -> Response:
        found = VIDEOS.get(request.path_params["id"])
        if found is None:
            raise HTTPException(404)
        visitor = party.meet(request, Kind.IFRAME, found.title)
        return party.render("bulles/video.html", visitor, "text/html", video=found)

    async def room(request: Request) -> Response:
        found = ROOMS.get(request.path_params["id"])
        if found is None:
            raise HTTPException(404)
        visitor = party.meet(request, Kind.IFRAME, found.title)
        return party.render("bulles/room.html", visitor, "text/html", room=found)

    async def pixel(request: Request) -> Response:
        return party.pixel(party.meet(request, Kind.PIXEL, "vu.gif"))

    async def pulse(request: Request) -> Response:
        return party.nothing(party.meet(request, Kind.BEACON, request.query_params.get("saw", "")))

    async def visit(request: Request) -> Response:
        visitor = party.meet(request, Kind.VISIT, request.url.path)
        return party.render("profile.html", visitor, "text/html", posts=tuple(POSTS.values()))

    return [
        Route("/{name}.js", script),
        Route("/embed/video/{id}", video),
        Route("/embed/salon/{id}", room),
        Route("/vu.gif", pixel),
        Route("/pulse", pulse, methods=["POST"]),
        Route("/salon/{id}", visit),
        Route("/chaine/{id}", visit),
    ]
