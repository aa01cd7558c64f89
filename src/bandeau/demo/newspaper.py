"""Le Phare de l'Estuaire: a small newspaper's site, as publishers run them."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from bandeau.demo import stories
from bandeau.demo.addresses import Addresses
from bandeau.demo.posts import POSTS, ROOMS, VIDEOS
from bandeau.demo.wording import BRIEFS, LANGUAGES, SECTIONS, TIDES, WORDS

_HERE = Path(__file__).parent
_THIRTEEN_MONTHS = 33_696_000
_SIX_MONTHS = 15_552_000
_BEFORE = re.compile(r" (?=[;:!?»](?:[\s<.,)»]|$))")
_AFTER = re.compile(r"(?<=«) ")


def newspaper(addresses: Addresses) -> Starlette:
    """The paper as an ASGI app; ``addresses`` say where its third parties are."""
    pages = _Pages(addresses)
    return Starlette(
        routes=[
            Route("/", pages.front),
            *(Route(story.path, pages.story) for story in (*stories.STORIES, stories.NETWORKS)),
            Route("/vie-privee", pages.privacy),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
        ],
        exception_handlers={404: pages.not_found},
    )


def typeset(text: str) -> str:
    """French spacing: the spaces inside guillemets and before ``; : ! ?`` do not break."""
    markup = str(text if isinstance(text, Markup) else escape(text))
    return Markup(_AFTER.sub("\u202f", _BEFORE.sub("\u202f", markup)))  # noqa: S704 - escaped above


class _Pages:
    """The paper's pages, rendered for one set of addresses."""

    def __init__(self, addresses: Addresses) -> None:
        self._env = Environment(
            loader=PackageLoader("bandeau.demo"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._env.filters["typeset"] = typeset
        self._env.globals |= {
            "addresses": addresses,
            "posts": POSTS,
            "videos": VIDEOS,
            "rooms": ROOMS,
        }
        every = (*stories.STORIES, stories.NETWORKS)
        self._stories = {story.path: story for story in every}

    async def front(self, request: Request) -> Response:
        """The front page."""
        return self._answer(
            request,
            "front.html",
            lead=stories.CAR_MAKER,
            seconds=(stories.MUSEUM, stories.COUNCIL),
            briefs=BRIEFS,
            tides=TIDES,
        )

    async def story(self, request: Request) -> Response:
        """An article, with the advertising cookie that only ``/articles`` sees."""
        story = self._stories[request.url.path]
        others = [o for o in stories.STORIES if o.lang == story.lang and o is not story]
        response = self._answer(request, "article.html", story.lang, story=story, others=others)
        if "_pub_srv" not in request.cookies:
            response.set_cookie(
                "_pub_srv",
                secrets.token_hex(8),
                path="/articles",
                max_age=_THIRTEEN_MONTHS,
                httponly=True,
            )
        return response

    async def privacy(self, request: Request) -> Response:
        """The privacy policy."""
        return self._answer(request, "privacy.html")

    async def not_found(self, request: Request, _: Exception) -> Response:
        """A 404 page that looks like the paper."""
        return self._answer(request, "not_found.html", status=404)

    def _answer(
        self, request: Request, name: str, lang: str = "fr", status: int = 200, **values: object
    ) -> HTMLResponse:
        page = self._env.get_template(f"newspaper/{name}").render(
            lang=lang,
            words=WORDS[lang],
            languages=LANGUAGES,
            sections=SECTIONS[lang],
            current=request.url.path,
            **values,
        )
        # Publishers send the whole address along, since advertisers pay for knowing the page.
        headers = {
            "Cache-Control": "private, no-cache",
            "Referrer-Policy": "no-referrer-when-downgrade",
            "Content-Language": lang,
        }
        response = HTMLResponse(page, status, headers)
        if "session" not in request.cookies:
            response.set_cookie("session", secrets.token_urlsafe(12), httponly=True)
        if "audience" not in request.cookies:
            response.set_cookie("audience", secrets.token_hex(4), max_age=_SIX_MONTHS)
        return response
