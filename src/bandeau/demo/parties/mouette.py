"""Mouette, a network of short posts: an embed script, and frames that follow readers."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bandeau.demo.parties.board import Kind
from bandeau.demo.parties.party import Company, Party
from bandeau.demo.posts import POSTS

COMPANY = Company("mouette", "Mouette", "mouette_id", "#5ec8e5")
_JS = "text/javascript"


def routes(party: Party) -> list[Route]:
    """The network's addresses."""

    async def script(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ("embed", "widgets", "frame"):
            raise HTTPException(404)
        visitor = party.meet(request, Kind.SCRIPT, f"{name}.js")
        return party.render(f"mouette/{name}.js", visitor, _JS)

    async def embed(request: Request) -> Response:
        post = POSTS.get(request.path_params["id"])
        if post is None:
            raise HTTPException(404)
        visitor = party.meet(request, Kind.IFRAME, request.path_params["id"])
        return party.render("mouette/post.html", visitor, "text/html", post=post)

    async def jot(request: Request) -> Response:
        return party.pixel(party.meet(request, Kind.PIXEL, "jot.gif"))

    async def seen(request: Request) -> Response:
        return party.nothing(party.meet(request, Kind.BEACON, request.query_params.get("saw", "")))

    async def visit(request: Request) -> Response:
        visitor = party.meet(request, Kind.VISIT, request.url.path)
        return party.render("profile.html", visitor, "text/html", posts=tuple(POSTS.values()))

    return [
        Route("/{name}.js", script),
        Route("/embed/{id}", embed),
        Route("/jot.gif", jot),
        Route("/seen", seen, methods=["POST"]),
        Route("/p/{id}", visit),
        Route("/@{handle}", visit),
    ]
