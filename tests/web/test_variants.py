"""Kept pages: what is served from memory, to whom, and what never is (rule C10)."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from publisher import POLICY

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.web.asgi import Enforcer, Message, Receive, Scope, Send
from bandeau.web.variants import Variants

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

PLAIN = (
    b'<!doctype html><html><head><meta charset="utf-8"><title>x</title></head><body>%s'
    b'<img src="https://ads.test/p.gif"></body></html>'
)
LIVE = b'<img src="https://ads.test/p.gif">'


@dataclass
class Paper:
    """A site that answers each request anew, and counts."""

    headers: list[tuple[bytes, bytes]] = field(
        default_factory=lambda: [(b"cache-control", b"public, max-age=60")]
    )
    inside: bytes = b""
    status: int = 200
    breaks: bool = False
    asked: list[Scope] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(scope)
        headers = [(b"content-type", b"text/html; charset=utf-8"), *self.headers]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = PLAIN % (self.inside or b"edition %d" % len(self.asked))
        await send({"type": "http.response.body", "body": body[:50], "more_body": True})
        if self.breaks:
            raise OSError("gone")
        await send({"type": "http.response.body", "body": body[50:], "more_body": False})


@dataclass
class Clock:
    """Seconds that pass when told."""

    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Front:
    """Bandeau before the paper, with a memory."""

    paper: Paper
    bandeau: Bandeau
    clock: Clock
    memory: Variants

    async def __call__(self, method: str = "GET", path: str = "/a", **headers: str) -> Answer:
        given = {"host": "www.quotidien.test", "accept": "text/html"} | headers
        body = given.pop("body", "").encode()
        raw = [(name.replace("_", "-").encode(), v.encode()) for name, v in given.items() if v]
        path, _, query = path.partition("?")
        scope: dict[str, Any] = {"type": "http", "method": method, "path": path, "headers": raw}
        scope |= {"query_string": query.encode(), "scheme": "https"}
        got: list[Message] = []

        async def send(message: Message) -> None:
            got.append(message)

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        await self.bandeau(scope, receive, send)
        return Answer(got[0]["status"], got[0]["headers"], b"".join(m["body"] for m in got[1:]))

    async def choice(self, action: str, cookie: str = "") -> str:
        """Cookies of a visitor who decides."""
        kind = "application/json"
        body = json.dumps({"action": action})
        answer = await self(
            "POST", "/.bandeau/choice", accept=kind, content_type=kind, body=body, cookie=cookie
        )
        assert answer.status == 200
        return "; ".join(line.split(";")[0] for line in answer.all("set-cookie")[:2])


@dataclass
class Answer:
    """What the visitor got."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [v.decode() for n, v in self.headers if n == name.encode()]

    @property
    def remembered(self) -> bool:
        return bool(self.all("age"))


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[Front]:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    paper, clock = Paper(), Clock()
    bandeau = Bandeau(paper, policy=policy, data=tmp_path / "data")
    memory = Variants(1_000_000, clock)
    bandeau._enforcer = Enforcer(paper, bandeau._open.desk, memory)
    yield Front(paper, bandeau, clock, memory)
    bandeau.close()


async def test_a_page_is_asked_for_once_and_says_how_old_it_is(front: Front) -> None:
    first = await front()
    front.clock.now += 12.5
    second = await front()
    assert len(front.paper.asked) == 1
    assert second.body == first.body
    assert second.all("age") == ["12"]
    assert second.all("content-length") == [str(len(first.body))]
    assert [h for h in second.headers if h[0] not in (b"age", b"content-length")] == first.headers
    assert second.all("cache-control") == ["private, max-age=60"]


async def test_it_is_asked_for_again_once_it_is_stale(front: Front) -> None:
    await front()
    front.clock.now += 60
    again = await front()
    assert not again.remembered
    assert b"edition 2" in again.body
    assert (await front()).remembered


async def test_a_page_is_never_served_across_choices(front: Front) -> None:
    visitors = {
        "undecided": {},
        "refuses by signal": {"sec_gpc": "1"},
        "refuses": {"cookie": await front.choice("refuse_all")},
        "accepts": {"cookie": await front.choice("accept_all")},
    }
    fresh = {who: await front(**headers) for who, headers in visitors.items()}
    assert not any(answer.remembered for answer in fresh.values())
    kept = {who: await front(**headers) for who, headers in visitors.items()}
    for who, answer in kept.items():
        assert answer.remembered
        assert answer.body == fresh[who].body
        assert (LIVE in answer.body) is (who == "accepts")
        for name in ("content-security-policy", "vary", "cache-control"):
            assert answer.all(name) == fresh[who].all(name)
    assert len({answer.body for answer in kept.values()}) == 4


async def test_visitors_who_chose_alike_share_a_page_that_names_neither(front: Front) -> None:
    one, other = await front.choice("accept_all"), await front.choice("accept_all")
    first = await front(cookie=one)
    second = await front(cookie=other)
    assert second.remembered
    for cookie in (one, other):
        record = cookie.partition("~")[2].split(".")[1]
        assert record.encode() not in first.body


async def test_a_choice_that_was_withdrawn_opens_nothing_that_was_kept(front: Front) -> None:
    accepted = await front.choice("accept_all")
    assert LIVE in (await front(cookie=accepted)).body
    await front.choice("refuse_all", accepted)
    answer = await front(cookie=accepted)
    assert LIVE not in answer.body


async def test_each_visitors_own_leftovers_end(front: Front) -> None:
    await front()
    with_one = await front(cookie="_ea1=x")
    assert with_one.remembered
    assert any(line.startswith("_ea1=;") for line in with_one.all("set-cookie"))
    other = await front(cookie="_ea2=x")
    assert other.remembered
    assert not any("_ea1" in line for line in other.all("set-cookie"))
    assert any(line.startswith("_ea2=;") for line in other.all("set-cookie"))
    assert (await front()).all("set-cookie") == []


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "quotidien.test"},
        {"path": "/b"},
        {"path": "/a?x=1"},
        {"accept_language": "en"},
        {"accept_encoding": "gzip"},
        {"sec_fetch_dest": "iframe"},
        {"x_requested_with": "XMLHttpRequest"},
        {"accept": "*/*"},
        {"cookie": "session=1"},
        {"authorization": "Basic x"},
        {"range": "bytes=0-9"},
        {"cache_control": "no-cache"},
        {"pragma": "no-cache"},
        {"method": "POST"},
    ],
    ids=str,
)
async def test_another_request_is_another_page(front: Front, headers: dict[str, str]) -> None:
    await front()
    assert not (await front(**headers)).remembered
    assert len(front.paper.asked) == 2


async def test_languages_that_lead_to_the_same_text_share_a_page(front: Front) -> None:
    await front(accept_language="fr-CA,fr;q=0.8")
    assert (await front(accept_language="fr, en;q=0.1")).remembered


@pytest.mark.parametrize(
    "header",
    [
        (b"set-cookie", b"session=1"),
        (b"vary", b"User-Agent"),
        (b"cache-control", b"private"),
        (b"content-security-policy", b"script-src 'nonce-a'"),
    ],
)
async def test_what_the_site_gives_to_one_visitor_is_not_kept(
    front: Front, header: tuple[bytes, bytes]
) -> None:
    front.paper.headers.append(header)
    await front()
    assert not (await front()).remembered


async def test_a_page_with_comments_is_not_kept(front: Front) -> None:
    front.paper.inside = b'<section data-bandeau="comments"></section>'
    await front()
    assert not (await front()).remembered


async def test_a_page_that_breaks_off_is_not_kept(front: Front) -> None:
    front.paper.breaks = True
    with pytest.raises(OSError, match="gone"):
        await front()
    front.paper.breaks = False
    assert not (await front()).remembered


async def test_head_is_answered_from_memory_without_a_body(front: Front) -> None:
    page = await front()
    answer = await front("HEAD")
    assert answer.remembered
    assert answer.body == b""
    assert answer.all("content-length") == [str(len(page.body))]


async def test_what_changes_a_page_makes_it_be_asked_for_again(front: Front) -> None:
    await front()
    front.paper.status = 500
    await front("POST")
    assert (await front()).remembered
    front.paper.status = 200
    await front("POST", "/other")
    assert (await front()).remembered
    await front("DELETE")
    assert not (await front()).remembered


async def test_memory_is_bounded_and_the_longest_unasked_goes_first(front: Front) -> None:
    front.memory._most = round(9.5 * await _size_of_a_page(front))
    for page in range(9):
        await front(path=f"/{page}")
    assert (await front(path="/0")).remembered
    await front(path="/9")
    assert front.memory.bytes <= front.memory._most
    assert (await front(path="/0")).remembered
    assert not (await front(path="/1")).remembered


async def _size_of_a_page(front: Front) -> int:
    await front(path="/0")
    return front.memory.bytes


async def test_a_page_too_large_for_its_share_is_not_kept(front: Front) -> None:
    front.paper.inside = b"x" * 200_000
    answer = await front()
    assert len(answer.body) > 200_000
    assert not (await front()).remembered
    assert front.memory.bytes == 0


async def test_a_page_asked_for_again_is_coded_better(front: Front) -> None:
    front.paper.inside = b"".join(b"<p>line %d of the article</p>" % n for n in range(2_000))
    first = await front(accept_encoding="gzip, br")
    assert first.all("content-encoding") == ["gzip"]
    assert (await front(accept_encoding="gzip, br")).body == first.body
    await asyncio.gather(*front.memory._recoding)
    better = await front(accept_encoding="gzip, br")
    assert better.remembered
    assert better.all("content-encoding") == ["br"]
    assert better.all("content-length") == [str(len(better.body))]
    assert len(better.body) < len(first.body)
    assert front.memory.bytes < len(first.body) + limits.CODING_STEP_BYTES
    assert gzip.decompress(first.body).count(b"<p>line") == 2_000
    assert len(front.paper.asked) == 1


async def test_age_in_caches_before_us_counts(front: Front) -> None:
    front.paper.headers.append((b"age", b"50"))
    await front()
    front.clock.now += 5
    assert (await front()).all("age") == ["55"]
    front.clock.now += 5
    await front()
    assert len(front.paper.asked) == 2
