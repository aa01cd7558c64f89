"""The demo's two apps, in process and on real loopback ports."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright
from starlette.testclient import TestClient
from starlette.types import ASGIApp

from bandeau.demo.addresses import Addresses
from bandeau.demo.newspaper import newspaper
from bandeau.demo.parties import third_parties

CHROMIUM = {
    "executable_path": "/usr/bin/chromium",
    "args": [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ],
}


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
def paper(addresses: Addresses) -> TestClient:
    return TestClient(newspaper(addresses), base_url=addresses.site)


@pytest.fixture
def parties(addresses: Addresses) -> TestClient:
    return TestClient(third_parties(addresses), base_url=addresses.board, follow_redirects=False)


class _Server:
    def __init__(self, app: ASGIApp, listener: socket.socket) -> None:
        config = uvicorn.Config(
            app, log_level="warning", lifespan="off", ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],))
        self._thread.start()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    return listener


@pytest.fixture
def running() -> Iterator[Addresses]:
    """Both apps on loopback ports of their own, without Bandeau between them."""
    site, parties = _listener(), _listener()
    addresses = Addresses.on_loopback(site.getsockname()[1], parties.getsockname()[1])
    servers = [
        _Server(newspaper(addresses), site),
        _Server(third_parties(addresses), parties),
    ]
    yield addresses
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def demo_playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def chromium(demo_playwright: Playwright) -> Iterator[Browser]:
    browser = demo_playwright.chromium.launch(**CHROMIUM)
    yield browser
    browser.close()


@pytest.fixture
def lenient(demo_playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """A browser that sends third-party cookies, as most did for thirty years."""
    (tmp_path / "Default").mkdir()
    preferences = {"profile": {"cookie_controls_mode": 0, "block_third_party_cookies": False}}
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(preferences))
    context = demo_playwright.chromium.launch_persistent_context(str(tmp_path), **CHROMIUM)
    yield context
    context.close()
