"""A pretend company: it tells visitors apart, keeps what it learns, and answers with its cookie."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from jinja2 import Environment
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bandeau.demo.addresses import Addresses, is_trustworthy
from bandeau.demo.parties.board import Board, Contact, Kind, Known
from bandeau.demo.posts import POSTS

_ID = re.compile(r"[a-z0-9]{6,32}")
_URL_CHARACTERS = 300
_THIRTEEN_MONTHS = 33_696_000
_SAME_PAGE_LOAD_SECONDS = 3
_GIF = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c000000000100010000020144003b"
)


@dataclass(frozen=True, slots=True)
class Company:
    """``key`` names it in :class:`Addresses`; ``cookie`` is what it follows visitors with."""

    key: str
    name: str
    cookie: str
    colour: str
    scripts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all companies share: the board, a clock in Unix seconds, ids and templates."""

    addresses: Addresses
    board: Board
    clock: Callable[[], float]
    new_id: Callable[[], str]
    templates: Environment


@dataclass(frozen=True, slots=True)
class Party:
    """One company at its address."""

    company: Company
    setting: Setting

    @property
    def origin(self) -> str:
        """Where the company is reached."""
        address: str = getattr(self.setting.addresses, self.company.key)
        return address

    async def script(self, request: Request) -> Response:
        """One of the company's scripts, written for this visitor."""
        name = request.path_params["name"]
        if name not in self.company.scripts:
            raise HTTPException(404)
        visitor = self.meet(request, Kind.SCRIPT, f"{name}.js")
        return self.render(f"{self.company.key}/{name}.js", visitor, "text/javascript")

    async def pixel(self, request: Request) -> Response:
        """A transparent picture of one pixel."""
        unscripted = request.query_params.get("js") == "0"
        name = "noscript" if unscripted else request.url.path.lstrip("/")
        return self.picture(self.meet(request, Kind.PIXEL, name))

    async def beacon(self, request: Request) -> Response:
        """What a script reports, in ``saw``."""
        visitor = self.meet(request, Kind.BEACON, request.query_params.get("saw", ""))
        return self.marked(Response(status_code=204), visitor)

    async def visit(self, request: Request) -> Response:
        """A page of the company's own, which a plain link leads to."""
        visitor = self.meet(request, Kind.VISIT, request.url.path)
        posts = tuple(POSTS.values())
        return self.render("profile.html", visitor, "text/html", posts=posts)

    def meet(self, request: Request, kind: Kind, detail: str = "") -> str:
        """Tell who is there, keep the contact, and return the visitor's id."""
        now, agent = self.setting.clock(), _agent(request)
        address = shorten(request.client.host if request.client else "")
        visitor, known = self._recognise(request)
        if known is Known.NEW:
            visitor = self._just_met(address, agent, now) or visitor
        referrer = request.headers.get("referer", "")[:_URL_CHARACTERS]
        self.setting.board.record(
            Contact(
                company=self.company.key,
                kind=kind,
                at=now,
                page=self._page(request.query_params.get("page", ""), referrer),
                visitor=visitor,
                known=known,
                referrer=referrer,
                address=address,
                agent=agent,
                detail=detail[:_URL_CHARACTERS],
            )
        )
        return visitor

    def render(self, name: str, visitor: str, media_type: str, **values: object) -> Response:
        """A template of the company's own, never cached, with the id cookie."""
        template = self.setting.templates.get_template(f"parties/{name}")
        body = template.render(origin=self.origin, visitor=visitor, company=self.company, **values)
        return self.marked(Response(body, media_type=media_type), visitor)

    def picture(self, visitor: str) -> Response:
        """A transparent picture of one pixel, with the id cookie."""
        return self.marked(Response(_GIF, media_type="image/gif"), visitor)

    def marked(self, response: Response, visitor: str) -> Response:
        """``response`` with the id cookie, for other sites' pages too where browsers allow it."""
        cross_site = is_trustworthy(self.origin)
        response.headers["Cache-Control"] = "no-store"
        response.set_cookie(
            self.company.cookie,
            visitor,
            max_age=_THIRTEEN_MONTHS,
            secure=cross_site,
            samesite="none" if cross_site else "lax",
        )
        return response

    def _recognise(self, request: Request) -> tuple[str, Known]:
        sent = {
            Known.COOKIE: request.cookies.get(self.company.cookie, ""),
            Known.FIRST_PARTY: request.query_params.get("fp", ""),
            Known.STORAGE: request.query_params.get("st", ""),
        }
        for known, value in sent.items():
            if _ID.fullmatch(value):
                return value, known
        return self.setting.new_id(), Known.NEW

    def _just_met(self, address: str, agent: str, now: float) -> str | None:
        """A page asks for many things at once; before a cookie is back, they are one visitor's."""
        for contact in self.setting.board.of(self.company.key):
            if now - contact.at > _SAME_PAGE_LOAD_SECONDS:
                return None
            if (contact.address, contact.agent) == (address, agent):
                return contact.visitor
        return None

    def _page(self, told: str, referrer: str) -> str:
        """The path read on the paper: as a script told it, else out of the referrer."""
        for url in (told, referrer):
            parts = _split(url[:_URL_CHARACTERS])
            if parts and parts[0] != urlsplit(self.origin).netloc and parts[1]:
                return parts[1]
        return ""


def shorten(address: str) -> str:
    """An IP address without its last part: /24 or /48, and ``?`` where there is none."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "?"
    if ip.version == 4:
        return ".".join(address.split(".")[:3]) + ".×"
    return ":".join(ip.exploded.split(":")[:3]) + ":×"


def _agent(request: Request) -> str:
    return hashlib.sha256(request.headers.get("user-agent", "").encode()).hexdigest()[:8]


def _split(url: str) -> tuple[str, str] | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    return (parts.netloc, parts.path) if parts.scheme in ("", "http", "https") else None
