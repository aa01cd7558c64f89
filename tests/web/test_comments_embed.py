"""Counts, and what pages that Bandeau does not serve may ask for and post."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from commenting import PATH, POLICY, POST, REFUSED, WORDS, Site_
from publisher import POLICY as PUBLISHED
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.policy.model import LANGUAGES
from bandeau.web import static

SIBLING = "http://static.phare.test"
HOSTS = ("phare.test", "static.phare.test")


def site_of_two_hosts() -> Site_:
    named = POLICY.site.model_copy(update={"hosts": HOSTS})
    return Site_(policy=POLICY.model_copy(update={"site": named}))


def counts(site: Site_, *pages: str, **query: str) -> httpx.Response:
    asked = [("page", page) for page in pages] + list(query.items())
    return site.ask("GET", f"{PATH}/counts", params=asked)


def section(site: Site_, **headers: str) -> httpx.Response:
    query = {"page": "/article", "format": "section"}
    return site.ask("GET", params=query, headers=headers)


def post(site: Site_, headers: Mapping[str, str], **fields: str) -> httpx.Response:
    query = {"format": "section", "lang": "en"}
    sent = {"accept": "*/*", **headers}
    return site.ask("POST", params=query, data={**POST, **fields}, headers=sent)


def test_counts_of_several_pages_come_at_once() -> None:
    site = Site_(REFUSED)
    site.proof = Site_().proof
    site.post_json(page="/a")
    site.post_json(page="/a", reply_to="id-0000")
    site.post_json(page="/été")
    site.post_json(page="/held", name="Moderator")
    answer = counts(site, "/a", "/été?x#y", "/held", "/nothing", "//evil.test", lang="en")
    assert answer.json() == {
        "counts": {
            "/a": {"count": 2, "text": "2 comments"},
            "/été?x#y": {"count": 1, "text": "1 comment"},
            "/held": {"count": 0, "text": "No comments yet"},
            "/nothing": {"count": 0, "text": "No comments yet"},
        }
    }
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("lang", LANGUAGES)
def test_counts_speak_every_language(lang: str) -> None:
    told = counts(Site_(), "/a", lang=lang).json()["counts"]["/a"]["text"]
    assert told == WORDS.say(lang, "comments.count_none")


@pytest.mark.parametrize("pages", [0, limits.COMMENT_COUNTED_PAGES + 1])
def test_counts_are_bounded(pages: int) -> None:
    assert counts(Site_(), *["/a"] * pages).status_code == 400


def test_the_scripts_stay_small() -> None:
    for name, most in (("count.js", 600), ("embed.js", 8_000)):
        answer = Site_().ask("GET", f"{PATH}/{name}")
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.text == static.script(name)
        assert len(gzip.compress(answer.content, 9)) <= most
        known = {"if-none-match": answer.headers["etag"]}
        assert Site_().ask("GET", f"{PATH}/{name}", headers=known).status_code == 304


def test_another_host_of_the_policy_reads_and_posts() -> None:
    site = site_of_two_hosts()
    for headers in ({}, {"sec-fetch-site": "same-site"}):
        answer = section(site, origin=SIBLING, **headers)
        assert answer.headers["access-control-allow-origin"] == SIBLING
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in answer.headers["vary"]
        answer = post(site, {"origin": SIBLING, **headers})
        assert answer.status_code == 201
        assert answer.headers["access-control-allow-origin"] == SIBLING
        assert (
            'data-sent="Your comment is published.">Your comment is published.' not in answer.text
        )
        assert ">Your comment is published.</p>" in answer.text
        assert answer.text.startswith('<section data-bandeau="comments" data-state="open">')
    assert site.get().json()["count"] == 2


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "http://static.phare.test.evil.test"},
        {"origin": "http://other.phare.test"},
        {"origin": "http://static.phare.test:8080"},
        {"origin": "http://static.phare.test@evil.test"},
        {"origin": "ftp://static.phare.test"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": SIBLING, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_no_other_page_does(headers: dict[str, str]) -> None:
    site = site_of_two_hosts()
    answer = section(site, **headers)
    assert "access-control-allow-origin" not in answer.headers
    answer = post(site, headers)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (403, "cross-site")
    assert "access-control-allow-origin" not in answer.headers
    assert site.get().json()["count"] == 0


def test_a_page_that_came_in_the_clear_is_no_sibling_of_a_secure_one() -> None:
    site = site_of_two_hosts()
    query = {"page": "/article", "format": "section"}
    address = f"https://phare.test{PATH}"
    insecure = site.ask("GET", address, params=query, headers={"origin": SIBLING})
    assert "access-control-allow-origin" not in insecure.headers
    secure = site.ask("GET", address, params=query, headers={"origin": "https://static.phare.test"})
    assert secure.headers["access-control-allow-origin"] == "https://static.phare.test"


def test_another_host_posts_by_the_embedded_form_alone() -> None:
    site = site_of_two_hosts()
    answer = site.post_form({"origin": SIBLING, "sec-fetch-site": "same-site"})
    assert answer.status_code == 403
    assert site.get().json()["count"] == 0


def test_what_is_refused_keeps_its_draft_there_too() -> None:
    site = Site_()
    answer = post(site, {}, text="kept", name=" ")
    assert (answer.status_code, "kept</textarea>" in answer.text) == (422, True)
    site.proof = REFUSED
    answer = post(site, {}, text="kept")
    assert (answer.status_code, "kept</textarea>" in answer.text) == (403, True)
    assert 'data-state="locked"' in answer.text
    answer = site.ask("POST", params={"format": "section"}, content=b"x" * 70_000)
    assert (answer.status_code, answer.json()["error"]["reason"]) == (413, "too-large")


COUNTED = """<!doctype html><html lang="fr"><body><ul>
<li><a href="/a" data-bandeau="count" data-page="/a?x&amp;y"></a>
<li><b data-bandeau=count data-page="//evil.test"></b>
<li><b data-bandeau=count>untouched</b></ul></body></html>"""


def test_a_count_stands_in_the_page_itself(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(PUBLISHED, "utf-8")

    async def home(request: Request) -> Response:
        return HTMLResponse(COUNTED)

    app = Bandeau(
        Starlette(routes=[Route("/", home)]),
        policy=tmp_path / "policy.toml",
        data=tmp_path / "data",
    )

    async def read() -> str:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            return (await http.get("/", headers={"accept": "text/html"})).text

    text = asyncio.run(read())
    app.close()
    none = WORDS.say("fr", "comments.count_none")
    assert f'<a href="/a" data-bandeau="count" data-page="/a?x&amp;y">{none}</a>' in text
    assert '<b data-bandeau=count data-page="//evil.test"></b>' in text
    assert "<b data-bandeau=count>untouched</b>" in text
