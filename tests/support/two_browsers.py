"""Chromium and Firefox behind the same few words, for what both must hold to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from chromium import browsing
from firefox import Firefox, firefox
from playwright.sync_api import Page, sync_playwright

BROWSERS = ("chromium", "firefox")


class Tab(Protocol):
    """One tab of a browser."""

    def open(self, url: str) -> None: ...

    def run(self, function: str) -> Any: ...

    def tab(self) -> Tab: ...


class _Chromium:
    def __init__(self, page: Page) -> None:
        self.page = page

    def open(self, url: str) -> None:
        self.page.goto(url)

    def run(self, function: str) -> Any:
        return self.page.evaluate(function)

    def tab(self) -> _Chromium:
        return _Chromium(self.page.context.new_page())


@contextmanager
def opened(name: str, folder: Path, *, script: bool = True) -> Iterator[Tab]:
    """A tab of the browser ``name`` with a fresh profile; every ``.test`` host is this machine."""
    if name == "firefox":
        with firefox(folder / "firefox", script=script) as browser:
            yield browser
        return
    rules = "MAP *.test 127.0.0.1"
    with (
        sync_playwright() as playwright,
        browsing(playwright, folder / "chromium", rules, java_script_enabled=script) as context,
    ):
        yield _Chromium(context.new_page())


def stored_cookies(tab: Tab, url: str) -> set[str]:
    """Names of the cookies that the browser holds for ``url`` and under it, partitioned or not."""
    if isinstance(tab, Firefox):
        origin = url.rstrip("/")
        keys = [{}, {"partition": {"type": "storageKey", "sourceOrigin": origin}}]
        found = [tab.ask("storage.getCookies", **key)["cookies"] for key in keys]
        # Firefox lists ended cookies, without a value, until it next clears them out.
        now = time.time()
        return {each["name"] for jar in found for each in jar if each.get("expiry", now + 1) > now}
    assert isinstance(tab, _Chromium)
    return {str(cookie.get("name")) for cookie in tab.page.context.cookies()}


def until(holds: Callable[[], Any], seconds: float = 60) -> Any:
    """What ``holds`` returns once it is true; the browser is asked again and again."""
    end = time.monotonic() + seconds
    while True:
        try:
            found = holds()
        except Exception:
            # A page that is being replaced answers nothing.
            found = None
        if found or time.monotonic() > end:
            assert found, f"it never came to hold: {found}"
            return found


def band(tab: Tab) -> object:
    """What the band says of the choice."""
    return tab.run(
        """() => document.querySelector("[data-bandeau=root]").shadowRoot
        .querySelector("[data-bandeau=band]").dataset.state"""
    )


def press(tab: Tab, control: str) -> None:
    """Click one of ours, such as ``refuse-all``."""
    tab.run(
        f"""() => {{ document.querySelector("[data-bandeau=root]").shadowRoot
        .querySelector("[data-bandeau={control}]").click(); return 1; }}"""
    )
