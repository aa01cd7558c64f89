"""Mouette, a network of short posts: an embed script, and frames that follow readers."""

from __future__ import annotations

from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bandeau.demo.parties.board import Kind
from bandeau.demo.parties.party import Company, Party
from bandeau.demo.posts import POSTS

COMPANY = Company("mouette", "Mouette", "mouette_id", "#5ec8e5", ("embed", "widgets", "frame"))


def routes(party: Party) -> list[Route]:
    """The network's addresses."""
    return [
        Route("/{name}.js", party.script),
        Route("/embed/{id}", partial(_post, party)),
        Route("/jot.gif", party.pixel),
        Route("/seen", party.beacon, methods=["POST"]),
        Route("/p/{id}", party.visit),
        Route("/@{handle}", party.visit),
    ]


async def _post(party: Party, request: Request) -> Response:
    post = POSTS.get(request.path_params["id"])
    if post is None:
        raise HTTPException(404)
    visitor = party.meet(request, Kind.IFRAME, request.path_params["id"])
    return party.render("mouette/post.html", visitor, "text/html", post=post)
