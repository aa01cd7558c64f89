"""The demo's two apps, in process and on real loopback ports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import anyio.from_thread
import httpx
import pytest
from chromium import EXECUTABLE, FLAGS, browsing
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from serving import serving
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from bandeau.demo.addresses import Addresses
from bandeau.demo.newspaper import newspaper
from bandeau.demo.parties import third_parties


class Client:
    """Asks an app as a browser would: with a cookie jar, following no redirect by itself."""

    def __init__(self, app: ASGIApp, base_url: str, portal: anyio.from_thread.BlockingPortal):
        transport = httpx.ASGITransport(app, client=("192.0.2.77", 4000))
        self._http = httpx.AsyncClient(transport=transport, base_url=base_url)
        self._portal = portal
        self.cookies = self._http.cookies

    def request(self, method: str, url: str, **options: object) -> httpx.Response:
        return self._portal.call(lambda: self._http.request(method, url, **options))

    def get(self, url: str, **options: object) -> httpx.Response:
        return self.request("GET", url, **options)

    def post(self, url: str, **options: object) -> httpx.Response:
        return self.request("POST", url, **options)


@pytest.fixture
def asking() -> Iterator[Callable[[ASGIApp, str], Client]]:
    with anyio.from_thread.start_blocking_portal() as portal:
        yield lambda app, base_url: Client(app, base_url, portal)


@pytest.fixture
def addresses() -> Addresses:
    return Addresses(
        site="https://phare.test",
        mouette="https://mouette.test",
        bulles="https://bulles.test",
        regie="https://regie-pistil.test",
        sextant="https://sextant.test",
        board="https://coulisses.test",
    )


@pytest.fixture
def paper(addresses: Addresses, asking: Callable[[ASGIApp, str], Client]) -> Client:
    return asking(newspaper(addresses), addresses.site)


@pytest.fixture
def parties(addresses: Addresses, asking: Callable[[ASGIApp, str], Client]) -> Client:
    return asking(third_parties(addresses), addresses.board)


@pytest.fixture
def running() -> Iterator[Addresses]:
    """Both apps on loopback ports of their own, with nothing between them."""
    site, parties = _Later(), _Later()
    with serving(site) as front, serving(parties) as beside:
        addresses = Addresses.on_loopback(front.port, beside.port)
        site.app, parties.app = newspaper(addresses), third_parties(addresses)
        yield addresses


class _Later:
    """An app that is known only once its port is."""

    def __init__(self) -> None:
        self.app: ASGIApp = Starlette()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


@pytest.fixture
def demo_playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture
def chromium(demo_playwright: Playwright) -> Iterator[Browser]:
    """Chromium as installed: it blocks third-party cookies."""
    browser = demo_playwright.chromium.launch(executable_path=EXECUTABLE, args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def lenient(demo_playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """Chromium told to send third-party cookies, as most browsers did for thirty years."""
    with browsing(demo_playwright, tmp_path / "profile") as context:
        yield context
