"""One page for everyone through a real cache: each visitor's browser holds it to the choice."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from caching_front import nginx_cache
from chromium import browsing
from leaking import SOCKETS, WAYS, Listening, leaking_site, listening, tracked_host
from playwright.sync_api import BrowserContext, Page, Playwright, expect, sync_playwright
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bandeau.app import gateway

pytestmark = pytest.mark.browser

POLICY = """
[site]
name = "Paper"
controller = "Paper SAS"
hosts = ["www.paper.test"]
privacy_policy = "/p"
languages = ["en"]
[purposes.advertising]
[purposes.social]
[features.comments]
purpose = "social"
alternative = { en = "Write to us" }
[[trackers]]
vendor = "Ads"
purpose = "advertising"
hosts = ["ads.test"]
cookies = [{ name = "_ads", path = "/" }]
snippets = ["countAds("]
[[trackers]]
vendor = "Posts"
purpose = "social"
hosts = ["posts.test"]
"""

ARTICLE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Story</title>
<script src="http://ads.test/first.js"></script>
<script src="http://ads.test/second.js" defer></script>
</head><body><h1>Story</h1>
<script src="http://ads.test/third.js"></script>
<img src="http://ads.test/pixel.gif">
<iframe src="http://posts.test/post" width="400" height="300"></iframe>
<script src="http://nobody.test/undeclared.js"></script>
<section data-bandeau="comments"></section>
</body></html>"""

DRAWING = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Map</title>
</head><body><h1>Map</h1><svg>
<script xlink:href="http://ads.test/first.js"> </script>
<script>(window.ran ??= []).push("inline"); /* countAds(1) */</script>
<image xlink:href="http://ads.test/drawn.gif" width="9" height="9"/>
<script href="http://ads.test/second.js"/></svg>
</body></html>"""


STATES = re.compile(rb'<div [^>]*data-bandeau="?root"?.*?<template id="?states"?>', re.DOTALL)


@dataclass
class World:
    """A browser, a cache before the gateway, and what reached the site and the third parties."""

    playwright: Playwright
    rules: str
    port: int
    site: list[str] = field(default_factory=list)
    parties: list[str] = field(default_factory=list)


def _site(asked: list[str]) -> Starlette:
    async def article(request: Request) -> Response:
        asked.append(request.url.path)
        body = DRAWING if request.url.path == "/drawing" else ARTICLE
        return HTMLResponse(body, headers={"cache-control": "public, max-age=600"})

    async def account(request: Request) -> Response:
        return HTMLResponse(ARTICLE, headers={"cache-control": "private"})

    routes = [Route("/article", article), Route("/drawing", article), Route("/account", account)]
    return Starlette(routes=routes)


def _party(asked: list[str]) -> Starlette:
    async def answer(request: Request) -> Response:
        path = request.url.path
        asked.append(request.headers["host"].split(":")[0] + path)
        if path.endswith(".js"):
            told = f"(window.ran ??= []).push('{path}'); document.cookie = '_ads=1; path=/'"
            return Response(told, media_type="text/javascript")
        return Response("<!doctype html>a post", media_type="text/html")

    return Starlette(routes=[Route("/{path:path}", answer)])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    site: list[str] = []
    parties: list[str] = []
    with (
        serving(_site(site)) as origin,
        serving(_party(parties)) as party,
        serving(
            gateway(tmp_path / "policy.toml", origin.url, tmp_path / "data", shared_page=True)
        ) as front,
        nginx_cache(front.url, tmp_path) as port,
        sync_playwright() as playwright,
    ):
        rules = (
            f"MAP www.paper.test:80 127.0.0.1:{port},"
            f"MAP *.test:80 127.0.0.1:{party.port},MAP * ~NOTFOUND"
        )
        yield World(playwright, rules, port, site, parties)


def _open(context: BrowserContext, path: str = "/article") -> Page:
    page = context.new_page()
    page.goto(f"http://www.paper.test{path}", wait_until="load")
    return page


def _press(page: Page, name: str) -> None:
    page.locator(f"[data-bandeau=notice] [data-bandeau={name}]").click()
    state = "allowed" if name == "accept-all" else "refused"
    expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", state)


def test_two_visitors_of_opposite_choices_share_one_cached_page(
    world: World, tmp_path: Path
) -> None:
    with (
        browsing(world.playwright, tmp_path / "yes", world.rules) as willing,
        browsing(world.playwright, tmp_path / "no", world.rules) as unwilling,
    ):
        yes, no = _open(willing), _open(unwilling)
        for page in (yes, no):
            expect(page.locator("[data-bandeau=notice]")).to_be_visible()
        assert world.parties == []
        assert no.evaluate("(localStorage.rogue = 1, Object.keys(localStorage))") == []
        _press(no, "refuse-all")
        expect(no.locator("[data-bandeau=band]")).to_have_attribute("data-state", "refused")
        expect(no.locator("[data-bandeau=notice]")).to_have_count(0)
        _press(yes, "accept-all")
        expect(yes.locator("[data-bandeau=band]")).to_have_attribute("data-state", "allowed")
        yes.wait_for_function("window.ran?.length === 3")
        assert yes.evaluate("window.ran") == ["/first.js", "/third.js", "/second.js"]
        expect(yes.locator("[data-bandeau=comments]")).to_have_attribute("data-state", "open")
        expect(yes.locator("[data-bandeau=comments] #text")).to_be_visible()
        yes.wait_for_load_state("networkidle")
        assert set(world.parties) == {
            "ads.test/first.js",
            "ads.test/second.js",
            "ads.test/third.js",
            "ads.test/pixel.gif",
            "posts.test/post",
        }
        assert "_ads=1" in yes.evaluate("document.cookie")
        world.parties.clear()
        again = _open(unwilling)
        again.wait_for_load_state("networkidle")
        assert world.parties == []
        section = again.locator("[data-bandeau=comments]")
        expect(section).to_have_attribute("data-state", "locked")
        expect(section.get_by_text("You have not allowed it")).to_be_visible()
        for way in ("Keep without my name", "Unpublish", "Erase"):
            expect(section.get_by_role("button", name=way, exact=True)).to_be_visible()
        expect(yes.locator("[data-bandeau=comments] form.mine")).to_have_count(0)
        expect(again.locator("[data-bandeau=band]")).to_contain_text("refused")
    assert world.site == ["/article"], "the cache answered all but the first"


def test_what_the_cache_keeps_is_inert_and_names_nobody(world: World) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{world.port}") as client:
        answers = [
            client.get("/article", headers={"host": "www.paper.test", "accept": "text/html"} | more)
            for more in ({}, {"cookie": "_ads=1; eu-consent=x"}, {"accept-language": "fr"})
        ]
    assert [answer.headers["x-cache"] for answer in answers] == ["MISS", "HIT", "HIT"]
    assert len({answer.text for answer in answers}) == 1
    for answer in answers:
        assert "set-cookie" not in answer.headers
        assert not re.search(r'\ssrc="http://(?:ads|posts|nobody)\.test', answer.text)


def test_a_page_that_is_nobody_elses_is_made_for_the_choice(world: World, tmp_path: Path) -> None:
    with browsing(world.playwright, tmp_path / "profile", world.rules) as context:
        page = _open(context, "/account")
        _press(page, "accept-all")
        page.wait_for_function("window.ran?.length === 3")
        with httpx.Client(base_url=f"http://127.0.0.1:{world.port}") as client:
            other = client.get("/account", headers={"host": "www.paper.test"})
        assert other.headers["x-cache"] == "MISS"
        assert 'data-bandeau="notice"' in other.text


def test_what_stands_in_a_drawing_wakes_too(world: World, tmp_path: Path) -> None:
    with browsing(world.playwright, tmp_path / "profile", world.rules) as context:
        page = _open(context, "/drawing")
        page.wait_for_load_state("networkidle")
        assert (world.parties, page.evaluate("window.ran ?? null")) == ([], None)
        _press(page, "accept-all")
        page.wait_for_function("window.ran?.length === 3")
        assert page.evaluate("window.ran.slice(0, 2)") == ["/first.js", "inline"]
        page.wait_for_load_state("networkidle")
        wanted = {f"ads.test/{name}" for name in ("first.js", "second.js", "drawn.gif")}
        assert set(world.parties) == wanted


def test_a_choice_that_the_ledger_does_not_know_opens_nothing(world: World, tmp_path: Path) -> None:
    with browsing(world.playwright, tmp_path / "profile", world.rules) as context:
        page = _open(context)
        _press(page, "refuse-all")
        mask = page.evaluate("document.cookie.match(/eu-consent-shared=([^;]*)/)[1]")
        forged = f"{mask[:-2]}11"
        context.add_cookies(
            [{"name": "eu-consent-shared", "value": forged, "url": "http://www.paper.test"}]
        )
        page.reload(wait_until="load")
        expect(page.locator("[data-bandeau=band]")).to_have_attribute("data-state", "refused")
        page.wait_for_load_state("networkidle")
        assert world.parties == []


def test_a_page_that_comes_in_pieces_shows_the_choice(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    begun, whole = threading.Event(), threading.Event()
    with serving(_site([])) as origin:
        app = gateway(tmp_path / "policy.toml", origin.url, tmp_path / "data", shared_page=True)
        with serving(_in_pieces(app, begun, whole)) as front, sync_playwright() as playwright:
            rules = f"MAP www.paper.test:80 127.0.0.1:{front.port},MAP * ~NOTFOUND"
            with browsing(playwright, tmp_path / "profile", rules) as context:
                begun.set()
                whole.set()
                page = _open(context)
                _press(page, "refuse-all")
                begun.clear()
                whole.clear()
                page.goto("http://www.paper.test/article?in=pieces", wait_until="commit")
                page.wait_for_function("document.querySelector('title')")
                begun.set()
                page.wait_for_function(
                    "document.querySelector('[data-bandeau=root]')"
                    "?.shadowRoot?.querySelector('#states')"
                )
                whole.set()
                band = page.locator("[data-bandeau=band]")
                expect(band).to_have_attribute("data-state", "refused")


def _in_pieces(app: Any, *holds: threading.Event) -> Any:
    """The application, its page held before our part, and in the middle of what the band may say,
    each until its event."""

    async def pieces(scope: Any, receive: Any, send: Any) -> None:
        async def held(message: Any) -> None:
            body = message.get("body", b"")
            if found := STATES.search(body):
                ends = (found.start(), found.end())
                for start, end, hold in zip((0, ends[0]), ends, holds, strict=True):
                    await send({**message, "body": body[start:end], "more_body": True})
                    await asyncio.to_thread(hold.wait, 60)
                message = {**message, "body": body[ends[1] :]}
            await send(message)

        if scope["type"] == "http" and scope["path"] == "/article":
            kept = [each for each in scope["headers"] if each[0] != b"accept-encoding"]
            await app({**scope, "headers": kept}, receive, held)
        else:
            await app(scope, receive, send)

    return pieces


def test_every_way_is_held_by_the_page_itself(tmp_path: Path) -> None:
    """The headers are the most generous ones here, so all 37 ways rest on markup and script."""
    policy = POLICY.replace("ads.test", "tracker.test")
    (tmp_path / "policy.toml").write_text(policy, encoding="utf-8")
    with (
        serving(_keepable(leaking_site())) as origin,
        serving(
            gateway(tmp_path / "policy.toml", origin.url, tmp_path / "data", shared_page=True)
        ) as front,
        listening() as requests,
        listening() as tag,
        listening() as header,
        sync_playwright() as playwright,
    ):
        sockets = dict(zip(SOCKETS, (tag, header), strict=True))
        mapped = {"www.paper.test": front.port}
        mapped |= {tracked_host(way): each.port for way, each in sockets.items()}
        mapped |= {"*.tracker.test": requests.port}
        rules = ",".join(f"MAP {host}:80 127.0.0.1:{port}" for host, port in mapped.items())
        with browsing(playwright, tmp_path / "profile", f"{rules},MAP * ~NOTFOUND") as context:
            assert _reached(context, requests, sockets) == set()


def _keepable(site: Starlette) -> Starlette:
    async def kept(scope, receive, send):  # type: ignore[no-untyped-def]
        async def marked(message):  # type: ignore[no-untyped-def]
            if message["type"] == "http.response.start":
                extra = [(b"cache-control", b"public, max-age=60")]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await site(scope, receive, marked)

    return kept  # type: ignore[return-value]


def _reached(
    context: BrowserContext, requests: Listening, sockets: dict[str, Listening]
) -> set[str]:
    pages = []
    for way in WAYS:
        page = context.new_page()
        page.goto(f"http://www.paper.test/{way}", wait_until="commit")
        pages.append(page)
    pages[-1].wait_for_timeout(2_500)
    for page in pages:
        page.close()
    asked = {way for way in WAYS if tracked_host(way) in requests.asked}
    return asked | {way for way, each in sockets.items() if each.opened}
