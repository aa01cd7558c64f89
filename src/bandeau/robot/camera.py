"""Pictures of our own pages in the system's Chromium, the same bytes each time (rule L4)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Route

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
# The size of the picture and nothing of the machine: no scaling, hinting, smoothing or colours of
# a screen, no scroll bars, and no connection to anywhere.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--disable-lcd-text",
    "--font-render-hinting=none",
    "--force-color-profile=srgb",
    "--force-device-scale-factor=1",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
ADDRESS = "http://picture.test/"
TALLEST = 12_000
WINDOWS = 5


class RobotUnavailable(Exception):
    """There is no browser to take pictures with. The message says what to install."""


@dataclass(frozen=True, slots=True)
class Viewport:
    """How large a window is, in CSS pixels. A phone's page is laid out as phones do."""

    width: int
    height: int
    phone: bool = False


DESKTOP = Viewport(1280, 800)
MOBILE = Viewport(390, 844, phone=True)


class Camera:
    """Takes pictures with one browser."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    def picture(self, html: bytes, viewport: Viewport, *, whole: bool = False) -> bytes:
        """A PNG of the page ``html``, without script: what the window shows, or the whole page.

        At most ``TALLEST`` pixels of a whole page. Nothing is loaded but the page itself. It is
        what two windows of ``WINDOWS`` show alike: on a busy machine one may set some lines a pixel
        higher, and its picture would then count as a change.
        """
        seen: list[bytes] = []
        for _ in range(WINDOWS):
            taken = self._taken(html, viewport, whole=whole)
            if taken in seen:
                return taken
            seen.append(taken)
        raise RobotUnavailable(f"{WINDOWS} pictures of one page were all different")

    def _taken(self, html: bytes, viewport: Viewport, *, whole: bool) -> bytes:
        size = {"width": viewport.width, "height": viewport.height}
        context = self._browser.new_context(
            viewport={"width": viewport.width, "height": viewport.height},
            is_mobile=viewport.phone,
            has_touch=viewport.phone,
            java_script_enabled=False,
            color_scheme="light",
            reduced_motion="reduce",
            locale="en-GB",
            timezone_id="UTC",
        )
        try:
            page = context.new_page()

            def answer(route: Route) -> None:
                if route.request.url == ADDRESS:
                    route.fulfill(body=html, content_type="text/html; charset=utf-8")
                else:
                    route.abort()

            page.route("**/*", answer)
            page.goto(ADDRESS)
            if whole:
                tall = int(page.evaluate("document.documentElement.scrollHeight"))
                height = max(size["height"], min(tall, TALLEST))
                page.set_viewport_size({"width": viewport.width, "height": height})
            return page.screenshot(animations="disabled", caret="hide", scale="css")
        finally:
            context.close()


@contextmanager
def camera(chromium: str | None = None) -> Iterator[Camera]:
    """A camera over the browser at ``chromium``, or over the system's own.

    Raises :class:`RobotUnavailable` where Playwright or the browser is missing or does not start.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise RobotUnavailable("Playwright is missing: pip install 'bandeau[robot]'") from error
    path = chromium or next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        raise RobotUnavailable("Chromium is missing: install it, such as by apt install chromium")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        except Error as error:
            reason = str(error).partition("\n")[0]
            raise RobotUnavailable(f"{path} does not start: {reason}") from error
        try:
            yield Camera(browser)
        except Error as error:
            raise RobotUnavailable(f"{path}: {str(error).partition(chr(10))[0]}") from error
        finally:
            browser.close()
