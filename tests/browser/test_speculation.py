"""Speculation rules: no host that a page links to is contacted before the visitor clicks.

No Content-Security-Policy holds them, and a Connection-Allowlist lets them reach what links do.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chromium import browsing
from playwright.sync_api import sync_playwright
from publisher import POLICY
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from tracking import tracking

from bandeau.app import gateway

pytestmark = pytest.mark.browser

FLAGS = [
    "--ignore-certificate-errors",
    "--unsafely-treat-insecure-origin-as-secure=http://www.quotidien.test,http://bare.quotidien.test",
]


def _rules(action: str, **rule: object) -> str:
    return json.dumps({action: [{**rule, "eagerness": "immediate"}]})


_LIST = _rules("prefetch", source="list", urls=["https://WAY.test/"])
_AHEAD = _rules("prerender", source="list", urls=["https://WAY.test/"])
_LINKS = _rules("prefetch", source="document", where={"href_matches": "https://*/*"})
WAYS = {
    "listed": f'<script type="speculationrules">{_LIST}</script>',
    "prerendered": f"<script type=speculationrules>{_AHEAD}</script>",
    "document": f"<script\ntype = 'SpeculationRules'>{_LINKS}</script>",
    "header": "",
}


async def page(request: Request) -> Response:
    """A page with a plain link, and rules that fetch where it leads."""
    way = request.path_params["way"]
    headers = {"speculation-rules": '"/rules/header"'} if way == "header" else {}
    body = f'<!doctype html><body><a href="https://{way}.test/">.</a>{WAYS.get(way, "")}'
    return HTMLResponse(body.replace("WAY", way), headers=headers)


async def rules(request: Request) -> Response:
    body = _LIST.replace("WAY", request.path_params["way"])
    return Response(body, media_type="application/speculationrules+json")


def test_no_rules_are_followed_for_the_visitor(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    site = Starlette(routes=[Route("/rules/{way}", rules), Route("/{way}", page)])
    with (
        serving(site) as origin,
        serving(gateway(tmp_path / "policy.toml", origin.url, tmp_path / "data")) as front,
        tracking(tmp_path) as trackers,
        sync_playwright() as playwright,
    ):
        mapped = (
            f"MAP www.quotidien.test:80 127.0.0.1:{front.port},"
            f"MAP bare.quotidien.test:80 127.0.0.1:{origin.port},"
            f"MAP *:443 127.0.0.1:{trackers.https},MAP * ~NOTFOUND"
        )
        named = {f"{way}.test" for way in WAYS}
        with browsing(playwright, tmp_path / "profile", mapped, FLAGS) as context:
            for host, reached in (("bare", named), ("www", set[str]())):
                trackers.contacts.forget()
                tab = context.new_page()
                for way in WAYS:
                    tab.goto(f"http://{host}.quotidien.test/{way}")
                    tab.wait_for_timeout(1_500)
                tab.close()
                assert trackers.contacts.hosts & named == reached
