"""The pages that show, live, what each company has learnt."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from bandeau.demo.parties.board import Board, Contact
from bandeau.demo.parties.party import Company, Setting
from bandeau.demo.parties.wording import WORDS

_LOG_LINES = 14


@dataclass(frozen=True, slots=True)
class Column:
    """All that one company knows, ready to be shown. An empty ``log`` means: nothing."""

    company: Company
    origin: str
    contacts: int
    visitors: tuple[str, ...]
    pages: tuple[str, ...]
    addresses: tuple[str, ...]
    known: tuple[str, ...]
    log: tuple[Contact, ...]


def column(board: Board, company: Company, origin: str) -> Column:
    """What ``board`` holds of ``company``, each value once, newest first."""
    contacts = board.of(company.key)
    return Column(
        company=company,
        origin=origin,
        contacts=len(contacts),
        visitors=tuple(dict.fromkeys(c.visitor for c in contacts)),
        pages=tuple(dict.fromkeys(c.page for c in contacts if c.page)),
        addresses=tuple(dict.fromkeys(c.address for c in contacts)),
        known=tuple(dict.fromkeys(c.known.value for c in contacts)),
        log=contacts[:_LOG_LINES],
    )


def routes(setting: Setting, companies: Sequence[Company]) -> list[Route]:
    """A board of ``companies``: the page, its live part, and the control that wipes it."""

    def render(request: Request, name: str) -> Response:
        lang = _language(request)
        columns = [column(setting.board, c, getattr(setting.addresses, c.key)) for c in companies]
        page = setting.templates.get_template(f"parties/{name}").render(
            lang=lang,
            words=WORDS[lang],
            columns=columns,
            version=setting.board.version,
            addresses=setting.addresses,
            clock_time=_clock_time,
        )
        headers = {"Cache-Control": "no-store", "X-Board-Version": str(setting.board.version)}
        return Response(page, 200, headers, "text/html")

    async def page(request: Request) -> Response:
        return render(request, "backstage.html")

    async def live(request: Request) -> Response:
        if request.query_params.get("version") == str(setting.board.version):
            return Response(status_code=204, headers={"Cache-Control": "no-store"})
        return render(request, "columns.html")

    async def forget(request: Request) -> Response:
        setting.board.forget()
        return RedirectResponse(f"/?lang={_language(request)}", 303)

    return [
        Route("/", page),
        Route("/colonnes", live),
        Route("/oublier", forget, methods=["POST"]),
    ]


def policy_route(policy: Callable[[], str]) -> Route:
    """The policy file that the newspaper is held to, in plain sight."""

    async def shown(request: Request) -> Response:
        return PlainTextResponse(policy(), headers={"Cache-Control": "no-store"})

    return Route("/politique.toml", shown)


def _language(request: Request) -> str:
    asked = request.query_params.get("lang") or request.headers.get("accept-language", "fr")
    return "en" if asked.lower().startswith("en") else "fr"


def _clock_time(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
