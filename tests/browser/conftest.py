"""Pages in Debian's Chromium, opened and closed for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from chromium import EXECUTABLE, FLAGS
from notice_site import NoticeSite, noticed
from playwright.sync_api import Browser, Page, sync_playwright


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=EXECUTABLE, args=[*FLAGS, "--host-resolver-rules=MAP *.test 127.0.0.1"]
        )
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page of a site, with a context's options; closed at the end."""
    contexts = []

    def opener(site: NoticeSite, path: str = "/story", **options: Any) -> Page:
        context = chromium.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.goto(site.address + path)
        return page

    yield opener
    for context in contexts:
        context.close()


@pytest.fixture
def site() -> Iterator[NoticeSite]:
    with noticed(NoticeSite()) as served:
        yield served
