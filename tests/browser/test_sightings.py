"""What a page loads undeclared: seen in a visit, listed, declared by the line given, loaded."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from chromium import browsing
from click.testing import CliRunner
from firefox import firefox
from playwright.sync_api import BrowserContext, sync_playwright
from publisher import POLICY
from serving import serving
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from tracking import Trackers, tracking

from bandeau.app import Bandeau
from bandeau.cli import main

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = """<!doctype html><html lang=fr><head><title>t</title>
<script src="http://in-markup.test/a.js"></script>
<script>
new Image().src = "http://by-script.test/pixel.gif?visitor=secret-7";
localStorage.setItem("rogue-key", "secret-5");
document.cookie = "rogue-cookie=secret-6";
</script>
</head><body><h1>Page</h1></body></html>"""
SITE = "http://www.quotidien.test/article?reader=secret-9"


class Reported:
    """Lets a test wait until so many reports of browsers were answered."""

    def __init__(self, app: Bandeau) -> None:
        self._app = app
        self._answered = threading.Semaphore(0)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)
        if scope.get("path") == "/.bandeau/reports":
            self._answered.release()

    def wait(self, reports: int) -> None:
        for _ in range(reports):
            assert self._answered.acquire(timeout=20)


@pytest.fixture
def others(tmp_path: Path) -> Iterator[Trackers]:
    with tracking(tmp_path) as trackers:
        yield trackers


@contextmanager
def held(folder: Path) -> Iterator[tuple[int, Reported]]:
    """The site, under the policy in ``folder``, and its port."""

    async def page(_: object) -> HTMLResponse:
        return HTMLResponse(PAGE)

    pages = Starlette(routes=[Route("/article", page)])
    site = Reported(Bandeau(pages, policy=folder / "policy.toml", data=folder / "data"))
    with serving(site) as address:
        yield address.port, site


@contextmanager
def visitor(folder: Path, site: int, others: Trackers) -> Iterator[BrowserContext]:
    rules = (
        f"MAP www.quotidien.test:80 127.0.0.1:{site},MAP *.test:80 127.0.0.1:{others.http},"
        "MAP * ~NOTFOUND"
    )
    with sync_playwright() as playwright, browsing(playwright, folder / "p", rules) as context:
        yield context


def bandeau(*args: str | Path) -> str:
    done = CliRunner().invoke(main, [str(arg) for arg in args])
    assert done.exit_code == 0, done.output
    return done.output


def test_seen_listed_declared_loaded(tmp_path: Path, others: Trackers) -> None:
    policy, data = tmp_path / "policy.toml", tmp_path / "data"
    policy.write_text(POLICY, "utf-8")
    with held(tmp_path) as (port, site), visitor(tmp_path, port, others) as context:
        page = context.new_page()
        page.goto(SITE)
        site.wait(1)
        page.goto("about:blank")
        site.wait(1)
    assert others.contacts.hosts == set()

    listing = bandeau("trackers", "--data", data, "--config", policy)
    for name in ("in-markup.test", "by-script.test", "rogue-key", "rogue-cookie"):
        assert name in listing
    assert "markup on /article" in listing
    assert "script on /article" in listing
    assert "secret" not in listing

    draft = bandeau("trackers", "--data", data, "--config", policy, "--draft")
    policy.write_text(POLICY + draft, "utf-8")
    bandeau("check", policy)
    assert "Nothing was seen" in bandeau("trackers", "--data", data, "--config", policy)

    with held(tmp_path) as (port, _), visitor(tmp_path, port, others) as context:
        page = context.new_page()
        page.goto(SITE)
        assert others.contacts.hosts == set()
        page.locator("[data-bandeau=accept-all]").first.click()
        page.wait_for_function(
            "localStorage.getItem('rogue-key') && document.readyState === 'complete'"
        )
    assert {"in-markup.test", "by-script.test"} <= others.contacts.hosts


def test_firefox_reports_too(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    with held(tmp_path) as (port, site), firefox(tmp_path / "firefox") as window:
        window.open(f"http://127.0.0.1:{port}/article?reader=secret-9")
        site.wait(1)
        window.open("about:blank")
        site.wait(1)
    listing = bandeau("trackers", "--data", tmp_path / "data", "--config", tmp_path / "policy.toml")
    for name in ("by-script.test", "rogue-key", "rogue-cookie"):
        assert name in listing
    assert "secret" not in listing
