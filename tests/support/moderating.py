"""The newsroom of one site, spoken to over ASGI by browsers that each have their own cookies."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field, replace
from functools import cache
from types import SimpleNamespace
from typing import Any

import httpx
from commenting import POLICY
from memory_tables import memory_comments
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bandeau.features.comments.attempts import Attempts
from bandeau.features.comments.model import Comment, Draft, State
from bandeau.features.comments.staff import Role, Staff, hashed
from bandeau.features.comments.write import compose, prepare
from bandeau.storage.comments.newsroom import newsroom
from bandeau.storage.comments.store import StoredComments
from bandeau.storage.files import read_staff_words
from bandeau.web.admin import Admin
from bandeau.web.admin_appeals import Appeals
from bandeau.web.admin_author import Authors
from bandeau.web.admin_room import Room
from bandeau.web.admin_search import Looking
from bandeau.web.admin_view import AdminView
from bandeau.web.inbound import InboundError
from bandeau.web.sign_in import SignIn

WORDS = read_staff_words()
PASSWORD = "correct horse battery"
OWN = {"sec-fetch-site": "same-origin"}
NOW = 1_700_000_000


@cache
def secret() -> str:
    return hashed(PASSWORD, secrets.token_bytes)


@dataclass
class Newsroom_:
    """A newsroom with one member of each role."""

    store: StoredComments = field(default_factory=memory_comments)
    clock: float = NOW
    scheme: str = "http"

    def __post_init__(self) -> None:
        self.room = newsroom(self.store.tables)
        site = SimpleNamespace(
            policy=POLICY, now=lambda: self.clock, random=secrets.token_bytes, subject_key=b"k" * 32
        )
        view = AdminView(POLICY.site.name, WORDS, ["casino"])
        self.attempts = Attempts(self.room.attempts, site.now, site.random)
        sign_in = SignIn.of(site, self.room.staff, self.attempts)
        counts = {
            "held": self.room.queue.held,
            "reported": self.room.reports.waiting,
            "appeals": self.room.appeals.waiting,
        }
        desk = Room(site, sign_in, view, counts)
        admin = Admin(desk, self.room.queue, self.room.reports)
        appeals = Appeals(desk, self.room.appeals, self.room.staff)
        authors = Authors(desk, self.room.queue, self.room.exclusions)
        looking = Looking(desk, self.room.search, self.room.queue, self.room.figures)

        async def refused(_: Request, error: Any) -> Response:
            return PlainTextResponse(error.key, error.status)

        self.app = Starlette(
            routes=[*admin.routes(), *appeals.routes(), *authors.routes(), *looking.routes()],
            exception_handlers={InboundError: refused},
        )
        for role in Role:
            self.run(self.room.staff.add(Staff(role.value, role, secret(), NOW)))

    def run(self, work: Any) -> Any:
        return asyncio.run(work)

    def add(self, comment_id: str, text: str = "Well said.", **changes: Any) -> Comment:
        draft = prepare(Draft(changes.pop("page", "/article"), changes.pop("name", "Zoé"), text))
        made = compose(draft, comment_id=comment_id, time=NOW * 1000, receipt="r")
        author = self.run(
            self.room.authors.author(changes.pop("tag", "t1"), secrets.token_hex(16), made, "")
        )
        held = {"state": State.HELD, "reasons": ("links",), "author": author.id} | changes
        return self.run(self.store.add(replace(made, **held)))

    def find(self, comment_id: str) -> Comment:
        return self.run(self.store.find(comment_id))

    def browser(self, **headers: str) -> Browser:
        return Browser(self, {"accept-language": "en", **headers})

    def signed_in(self, role: Role = Role.ADMINISTRATOR) -> Browser:
        browser = self.browser()
        assert browser.sign_in(role.value).status_code == 303
        return browser


class Browser:
    """Sends its cookies under their path, and what browsers of today say of a form."""

    def __init__(self, newsroom: Newsroom_, headers: dict[str, str]) -> None:
        self.newsroom = newsroom
        self.headers = headers
        self.cookies = httpx.Cookies()
        self.address = "203.0.113.1"

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.newsroom.app, client=(self.address, 1))
            base = f"{self.newsroom.scheme}://phare.test"
            async with httpx.AsyncClient(
                transport=transport, base_url=base, cookies=self.cookies, headers=self.headers
            ) as http:
                answer = await http.request(method, path, **options)
                self.cookies = http.cookies
                return answer

        return asyncio.run(call())

    def get(self, path: str) -> httpx.Response:
        return self.ask("GET", path)

    def post(
        self, path: str, headers: dict[str, str] | None = None, **fields: Any
    ) -> httpx.Response:
        return self.ask("POST", path, data=fields, headers=OWN if headers is None else headers)

    def sign_in(self, name: str, password: str = PASSWORD, **more: Any) -> httpx.Response:
        return self.post("/.bandeau/admin/", name=name, password=password, **more)
