"""Single items loaded beside the choice: what is recorded, what opens, and what ends it (R4)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import pytest
from embedding_site import (
    HOST,
    OTHERS,
    POLICY,
    POSTS,
    SHAPES,
    TWEET,
    VIDEO,
    document,
    embedding,
)
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import verify_receipt
from bandeau.ledger.record import item_hash, parse_record, uuid7
from bandeau.ledger.store import LedgerUnavailable

pytestmark = pytest.mark.slow

CHOICE = "/.bandeau/choice"
ITEM = f"{VIDEO}?1"
LIVE = f'id="attributes" src="{ITEM}"'


class Visitor:
    """A browser as far as these tests need one: a jar, and the headers of a navigation."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client
        self.jar: dict[str, str] = {}

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        cookie = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        headers = {"host": HOST, "accept": "text/html", **options.pop("headers", {})}
        if cookie:
            headers["cookie"] = cookie
        answer = self.client.request(method, path, headers=headers, **options)
        self.client.cookies.clear()
        for line in answer.headers.get_list("set-cookie"):
            for name, morsel in SimpleCookie(line).items():
                self.jar[name] = morsel.value
                if morsel["max-age"] == "0":
                    del self.jar[name]
        return answer

    def page(self, path: str = "/all") -> httpx.Response:
        return self.ask("GET", path)

    def load(self, item: str = ITEM, purpose: str = "social", **more: str) -> httpx.Response:
        form = {"action": "load", "item": item, "purpose": purpose, "return": "/all#x", **more}
        return self.ask("POST", CHOICE, data=form)

    def choose(self, action: str, *purposes: str) -> httpx.Response:
        body = {"action": action, "purpose": list(purposes)}
        return self.ask("POST", CHOICE, json=body)

    def state(self) -> Any:
        return self.ask("GET", CHOICE).json()


@pytest.fixture
def site(tmp_path: Path) -> Bandeau:
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    return Bandeau(embedding(), policy=tmp_path / "policy.toml", data=tmp_path / "data")


@pytest.fixture
def client(site: Bandeau) -> Iterator[httpx.Client]:
    with serving(site) as address, httpx.Client(base_url=address.url) as opened:
        yield opened


@pytest.fixture
def visitor(client: httpx.Client) -> Visitor:
    return Visitor(client)


def is_open(answer: httpx.Response) -> bool:
    """Whether the item is live in a page, and then whether the policy lets it show."""
    live = LIVE in answer.text
    widened = "; frame-src " in answer.headers["content-security-policy"]
    assert live == widened
    return live


def test_an_undecided_visitor_loads_one_item_and_decides_nothing(visitor: Visitor) -> None:
    before = visitor.page()
    assert not is_open(before)
    answer = visitor.load()
    assert (answer.status_code, answer.headers["location"]) == (303, "/all#x")
    assert set(visitor.jar) == {"eu-consent-items", "eu-consent-receipt"}
    for line in answer.headers.get_list("set-cookie"):
        assert "HttpOnly; SameSite=Lax" in line
        assert "Max-Age" not in line
    page = visitor.page()
    assert is_open(page)
    assert page.text.count("<iframe src=") == 0, "nothing else became live"
    assert page.headers["content-security-policy"].endswith(" www.youtube.com/embed/abcdefghijk")
    assert "script-src" not in page.headers["content-security-policy"]
    assert f'data-bandeau-src="{VIDEO}?2"' in page.text
    assert visitor.state()["decided"] is False
    assert 'data-bandeau="notice"' in page.text


def test_the_record_says_what_was_consented_to_and_no_more(visitor: Visitor) -> None:
    visitor.choose("refuse_all")
    answer = visitor.ask(
        "POST",
        CHOICE,
        json={"action": "load", "item": ITEM, "purpose": "social", "mechanism": "placeholder"},
        headers={"sec-gpc": "1", "accept-language": "fr"},
    ).json()
    assert answer["choice"] == visitor.state()
    assert answer["choice"]["band"] == "refused"
    record = verify_receipt(answer["receipt"], answer["receipt"]["key"]).record
    assert (record.action, record.purpose, record.vendor) == ("load", "social", "Google (YouTube)")
    assert (record.host, record.item) == ("www.youtube.com", item_hash(ITEM))
    assert (record.mechanism, record.layout, record.lang, record.gpc) == (
        "placeholder",
        "placeholder",
        "fr",
        True,
    )
    told = json.loads(answer["receipt"]["record"])
    assert "/embed/" not in answer["receipt"]["record"]
    assert "purposes" not in told


def test_an_item_follows_upon_no_choice(site: Bandeau, visitor: Visitor) -> None:
    chosen = visitor.choose("save", "advertising").json()["receipt"]
    visitor.load()
    assert visitor.state()["decided"] is True
    stored = asyncio.run(site.site.ledger.find(chosen["id"]))
    assert stored is not None
    assert not stored.superseded
    again = visitor.choose("save").json()["receipt"]
    assert json.loads(again["record"])["prev"] is not None
    subjects = {
        parse_record(r).subject for r in (chosen["record"].encode(), again["record"].encode())
    }
    assert len(subjects) == 1


def test_the_receipt_is_shown_to_its_own_browser_alone(
    visitor: Visitor, client: httpx.Client
) -> None:
    body = {"action": "load", "item": ITEM, "purpose": "social"}
    receipt = visitor.ask("POST", CHOICE, json=body).json()["receipt"]
    path = f"/.bandeau/receipt/{receipt['id']}"
    assert "Google (YouTube)" in visitor.page(path).text
    assert visitor.ask("GET", path + "?file").json() == receipt
    assert Visitor(client).page(path).status_code == 404


@pytest.mark.parametrize("action", ["refuse_all", "save", "accept_all", "grant"])
def test_the_next_choice_ends_items(visitor: Visitor, action: str) -> None:
    visitor.choose("refuse_all")
    visitor.load()
    kept = visitor.jar["eu-consent-items"]
    assert is_open(visitor.page())
    visitor.choose(action, *(["advertising"] if action == "grant" else []))
    assert "eu-consent-items" not in visitor.jar
    visitor.choose("refuse_all")
    visitor.jar["eu-consent-items"] = kept
    assert not is_open(visitor.page()), "a copy from before is nothing"


def test_what_is_forged_copied_doubled_or_foreign_opens_nothing(
    visitor: Visitor, client: httpx.Client, site: Bandeau
) -> None:
    visitor.choose("refuse_all")
    visitor.load()
    mine = visitor.jar["eu-consent-items"]
    other = Visitor(client)
    other.choose("refuse_all")
    other.jar["eu-consent-items"] = mine
    assert not is_open(other.page())
    undecided = Visitor(client)
    undecided.jar["eu-consent-items"] = mine
    assert not is_open(undecided.page())
    for value in (mine[:-1], mine.replace("1~", "1~x"), "x", "", f"{mine}; eu-consent-items=1"):
        visitor.jar["eu-consent-items"] = value
        assert not is_open(visitor.page()), value
    visitor.jar["eu-consent-items"] = mine
    assert is_open(visitor.page())


def test_a_record_that_was_erased_opens_nothing_more(site: Bandeau, visitor: Visitor) -> None:
    body = {"action": "load", "item": ITEM, "purpose": "social"}
    receipt = visitor.ask("POST", CHOICE, json=body).json()["receipt"]
    assert is_open(visitor.page())
    erasure = Draft.erasure(id=uuid7(1, b"e" * 10), site=HOST, time=1, erases=receipt["id"])
    asyncio.run(site.site.ledger.append(erasure))
    assert not is_open(visitor.page())


def test_only_what_was_declared_and_asks_for_consent_is_loaded(visitor: Visitor) -> None:
    for item, purpose in (
        ("https://unknown.test/x", "social"),
        (ITEM, "advertising"),
        (f"http://{HOST}/own", "social"),
        ("/own", "social"),
        ("javascript:alert(1)", "social"),
        ("ftp://www.youtube.com/x", "social"),
        (VIDEO + "?" + "x" * limits.ITEM_URL_CHARACTERS, "social"),
        ("", "social"),
        (ITEM, ""),
    ):
        answer = visitor.load(item, purpose)
        assert answer.status_code == 400, item
        assert "set-cookie" not in answer.headers
    twice = {"action": "load", "item": [ITEM, ITEM], "purpose": "social"}
    assert visitor.ask("POST", CHOICE, json=twice).status_code == 400
    cross = visitor.ask(
        "POST", CHOICE, data={"action": "load"}, headers={"origin": "https://evil.test"}
    )
    assert cross.status_code == 403


def test_the_oldest_item_closes_when_there_are_too_many(visitor: Visitor) -> None:
    visitor.load()
    for number in range(limits.ITEMS - 1):
        visitor.load(f"{VIDEO}?other{number}")
    assert is_open(visitor.page())
    assert len(visitor.jar["eu-consent-items"]) <= limits.CHOICE_COOKIE_BYTES
    visitor.load(f"{VIDEO}?one-more")
    assert not is_open(visitor.page())


def test_the_site_never_sees_nor_sets_the_cookie(tmp_path: Path) -> None:
    seen: list[str] = []

    async def page(request: Request) -> Response:
        seen.append(request.headers.get("cookie", ""))
        answer = Response(document(""), media_type="text/html")
        answer.headers.append("set-cookie", "eu-consent-items=1; Path=/")
        return answer

    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    app = Bandeau(
        Starlette(routes=[Route("/all", page)]),
        policy=tmp_path / "policy.toml",
        data=tmp_path / "data",
    )
    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        visitor = Visitor(client)
        visitor.load()
        answer = visitor.page()
    assert seen == [""]
    assert "set-cookie" not in answer.headers


def test_a_post_opens_as_a_frame_beside_its_quotation(visitor: Visitor) -> None:
    visitor.load(TWEET)
    page = visitor.page("/strict")
    quotation = page.text.index("just setting up my twttr")
    frame = page.text.index(f'src="{TWEET}"')
    assert quotation < frame
    assert 'data-bandeau-src="https://platform.twitter.com/widgets.js"' in page.text
    ours, site = page.headers["content-security-policy"].rsplit(", ", 1)[::-1]
    assert ours.endswith(" platform.twitter.com/embed/Tweet.html")
    assert "frame-src https://www.youtube.com https://platform.twitter.com" in site


@pytest.mark.parametrize("size", [1, 7, 4_096])
def test_a_page_is_the_same_however_it_is_cut(tmp_path: Path, size: int) -> None:
    whole = document(SHAPES["wrapped"] + POSTS + OTHERS).encode()

    async def page(request: Request) -> Response:
        async def parts():  # type: ignore[no-untyped-def]
            for start in range(0, len(whole), size):
                yield whole[start : start + size]

        if "x-cut" in request.headers:
            return StreamingResponse(parts(), media_type="text/html")
        return Response(whole, media_type="text/html")

    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    routes = [Route("/all", page)]
    app = Bandeau(Starlette(routes=routes), policy=tmp_path / "policy.toml", data=tmp_path / "data")
    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        visitor = Visitor(client)
        visitor.load(TWEET)
        together = visitor.page()
        apart = visitor.ask("GET", "/all", headers={"x-cut": "1"})
    assert apart.text == together.text
    assert f'src="{TWEET}"' in apart.text


def test_an_item_past_what_the_head_waits_for_stays_closed(tmp_path: Path) -> None:
    early = document("<p>early</p>").removesuffix("</main></body></html>")
    late = f'<iframe id="attributes" src="{ITEM}" width="560" height="315"></iframe>'

    async def page(request: Request) -> Response:
        async def parts():  # type: ignore[no-untyped-def]
            yield early
            yield "x" * limits.PAGE_LOOKAHEAD_BYTES
            yield late

        return StreamingResponse(parts(), media_type="text/html")

    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    routes = [Route("/all", page)]
    app = Bandeau(Starlette(routes=routes), policy=tmp_path / "policy.toml", data=tmp_path / "data")
    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        visitor = Visitor(client)
        visitor.load()
        answer = visitor.page()
    assert not is_open(answer)
    assert f'data-bandeau-src="{ITEM}"' in answer.text


def test_a_ledger_that_is_down_loads_nothing(
    site: Bandeau, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unavailable(*_: object) -> object:
        raise LedgerUnavailable

    with ExitStack() as stack:
        patched = stack.enter_context(monkeypatch.context())
        patched.setattr(site.site.ledger, "append", unavailable)
        answer = visitor.load()
        assert answer.status_code == 503
        assert "set-cookie" not in answer.headers
        assert not is_open(visitor.page())
    visitor.load()
    assert is_open(visitor.page())
    monkeypatch.setattr(site.site.ledger, "find", unavailable)
    assert not is_open(visitor.page())
