"""The comments of one site, spoken to over ASGI, without ledger and enforcement."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
from memory_tables import memory_comments
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bandeau.choice.model import Answer, Choice, Source, Standing
from bandeau.features.comments.gate import Open, Proof
from bandeau.features.comments.judging import Judging
from bandeau.features.comments.moderate import Rules
from bandeau.features.comments.review import Reviewer
from bandeau.policy.model import LANGUAGES, Feature, Policy, Purpose, Site
from bandeau.policy.words import Words
from bandeau.storage.comments.newsroom import newsroom
from bandeau.storage.comments.store import StoredComments
from bandeau.storage.files import read_words
from bandeau.web.comments import Comments, Guests
from bandeau.web.comments_embed import Counts
from bandeau.web.comments_feed import Following
from bandeau.web.inbound import InboundError
from bandeau.web.posting import Posting

WORDS = read_words()
PATH = "/.bandeau/comments"
POLICY = Policy(
    site=Site(
        name="Le Phare",
        controller="Le Phare",
        hosts=("phare.test",),
        privacy_policy="/vie-privee",
        languages=LANGUAGES,
    ),
    purposes=(Purpose(key="social"),),
    features=(
        Feature(
            key="comments",
            purpose="social",
            alternative={"fr": "Écrivez-nous : a@phare.test", "en": "Write to <a@phare.test>"},
        ),
    ),
)
POST = {"page": "/article", "name": "Zoé", "text": "One.\nTwo."}


def standing(answer: Answer, source: Source = Source.CHOICE) -> Standing:
    choice = Choice("0" * 16, {"social": answer is Answer.GRANTED}, "receipt-1", 1)
    made = source is Source.CHOICE
    return Standing({"social": answer}, frozenset(), source, choice if made else None)


GRANTED = Proof(standing(Answer.GRANTED), "receipt-1", True)
REFUSED = Proof(standing(Answer.REFUSED), "receipt-1", True)


def posting(
    store: StoredComments,
    policy: Policy,
    new_id: Callable[[], str],
    now: Callable[[], float],
    reviewer: Reviewer | None = None,
) -> Posting:
    """Posting by the rules of ``policy``; a visitor's tag is its subject."""
    feature = policy.feature("comments") or Feature(key="comments", purpose="social")
    rules = Rules(feature, feature.words.listed, policy.site.name)
    judging = Judging(rules, store, newsroom(store.tables).authors, secrets.token_bytes, reviewer)
    taken = newsroom(store.tables).readers.named
    return Posting(judging, lambda verdict, _: verdict.subject, new_id, now, taken)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, InboundError)
    return PlainTextResponse(error.reason, error.status)


@dataclass
class Site_:
    """One site's comments, spoken to over ASGI."""

    proof: Proof = GRANTED
    store: StoredComments = field(default_factory=memory_comments)
    policy: Policy = POLICY
    words: Words = WORDS
    ids: list[str] = field(default_factory=lambda: [f"id-{n:04}" for n in range(500)])
    clock: float = 1_700_000_000.25
    reviewer: Reviewer | None = None

    def __post_init__(self) -> None:
        desk = posting(self.store, self.policy, lambda: self.ids.pop(0), self._now, self.reviewer)
        self.comments = Comments(
            self.policy, self.words, self.store, self._proof, desk, Guests(self._reader)
        )
        following = Following(self.policy, self.words, self.store, self.comments.reading)
        self.counts = Counts(self.policy, self.words, self.store)
        routes = [*self.comments.routes(), *following.routes(), *self.counts.routes()]
        self.app = Starlette(routes=routes, exception_handlers={InboundError: _refused})

    def ask(self, method: str, path: str = PATH, **options: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://phare.test") as http:
                return await http.request(method, path, **options)

        return asyncio.run(call())

    def get(self, page: str = "/article", html: bool = False, **query: str) -> httpx.Response:
        accept = "text/html,*/*;q=0.8" if html else "application/json"
        return self.ask("GET", params={"page": page, **query}, headers={"accept": accept})

    def post_json(self, **fields: Any) -> httpx.Response:
        return self.ask("POST", json={**POST, **fields})

    def post_form(self, headers: Mapping[str, str] | None = None, **fields: str) -> httpx.Response:
        sent = {"accept": "text/html", "accept-language": "en", **(headers or {})}
        return self.ask("POST", data={**POST, **fields}, headers=sent)

    async def _proof(self, request: Request) -> Proof:
        return self.proof

    async def _reader(self, request: Request, verdict: Open) -> None:
        return None

    def _now(self) -> float:
        self.clock += 1
        return self.clock
