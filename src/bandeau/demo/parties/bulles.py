"""Bulles, a network of videos and live audio rooms: players in frames that report what is seen."""

from __future__ import annotations

from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bandeau.demo.parties.board import Kind
from bandeau.demo.parties.party import Company, Party
from bandeau.demo.posts import ROOMS, VIDEOS

COMPANY = Company("bulles", "Bulles", "bulles_id", "#f08fb4", ("player", "telemetry"))


def routes(party: Party) -> list[Route]:
    """The network's addresses."""
    return [
        Route("/{name}.js", party.script),
        Route("/embed/video/{id}", partial(_video, party)),
        Route("/embed/salon/{id}", partial(_room, party)),
        Route("/vu.gif", party.pixel),
        Route("/pulse", party.beacon, methods=["POST"]),
        Route("/salon/{id}", party.visit),
        Route("/chaine/{id}", party.visit),
    ]


async def _video(party: Party, request: Request) -> Response:
    video = VIDEOS.get(request.path_params["id"])
    if video is None:
        raise HTTPException(404)
    visitor = party.meet(request, Kind.IFRAME, video.title)
    return party.render("bulles/video.html", visitor, "text/html", video=video)


async def _room(party: Party, request: Request) -> Response:
    room = ROOMS.get(request.path_params["id"])
    if room is None:
        raise HTTPException(404)
    visitor = party.meet(request, Kind.IFRAME, room.title)
    return party.render("bulles/room.html", visitor, "text/html", room=room)
