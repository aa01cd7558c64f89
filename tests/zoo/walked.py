"""A visitor who knows where everything is, and what that visitor's browser and the zoo saw.

It holds the zoo to its word with plain Playwright, so that the ground truth rests on nothing of
the auditor's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, FrameLocator, Page

from tests.zoo import tools
from tests.zoo.built import Built
from tests.zoo.manners import Wired
from tests.zoo.notices import OwnNotice
from tests.zoo.server import Served

STATES = ("undecided", "refused", "withdrawn", "saved", "closed", "partial", "granted")
_KEPT = """async () => ({
  local: Object.keys(localStorage), session: Object.keys(sessionStorage),
  indexed: (await indexedDB.databases()).map((each) => each.name),
  cache: await caches.keys(),
  worker: (await navigator.serviceWorker.getRegistrations()).map((each) => each.active?.scriptURL),
})"""


@dataclass(frozen=True)
class Walked:
    """What was seen in one state: trackers that called somebody, and those that left something."""

    called: frozenset[str]
    left: frozenset[str]

    @property
    def worked(self) -> frozenset[str]:
        """Trackers that did either."""
        return self.called | self.left


class Walk:
    """One visitor of one site, in a browser profile of their own."""

    def __init__(self, served: Served, built: Built, page: Page) -> None:
        self.served, self.built, self.page = served, built, page
        self._ids = OwnNotice(built, built.site.language, True, frozenset())

    def through(self, state: str) -> Walked:
        """Comes to the site, brings it into ``state``, reads on, and says what was seen then."""
        self._open(self.built.address)
        if state == "withdrawn":
            self.press("accept")
            self._settle()
            self.reopen()
            self._forget()
            self.press("refuse")
        elif state != "undecided":
            self._settle()
            self._forget()
            self._bring(state)
        self.read()
        return self.seen()

    def _bring(self, state: str) -> None:
        if state in ("refused", "granted"):
            self.press("refuse" if state == "refused" else "accept")
        elif state == "closed":
            self.press("close")
        else:
            self.press("more", stays=True)
            if state == "partial":
                self.part(f"box{len(self.built.purposes) - 1}").check()
            self.press("save")

    def read(self) -> None:
        """Another page, the first in the second language where there is one, and that again."""
        prefix = "" if not self.built.site.other_language else f"{self.built.site.other_language}/"
        for path in (self.built.slugs[0], prefix):
            self._open(self.built.address + path)
        self.page.reload(wait_until="load")
        self.page.evaluate("scrollTo(0, 300)")
        if any(wired.told.on == "delay" for wired in self.built.trackers):
            self.page.wait_for_function("performance.now() > 4200")
        self._settle()

    def _open(self, url: str) -> None:
        self.page.goto(url, wait_until="load")

    def _settle(self) -> None:
        """Until nothing is asked for any more, where that ever is."""
        if any(wired.told.how == "ticking" for wired in self.built.trackers):
            self.page.wait_for_function("performance.now() > 2000")
        else:
            self.page.wait_for_load_state("networkidle")

    def _forget(self) -> None:
        self.served.zoo.heard.clear()

    def part(self, part: str) -> Any:
        """An element of the notice."""
        inside: Page | FrameLocator = self.page
        if self.built.site.notice.box == "frame":
            inside = self.page.frame_locator(f"#{self._ids.id('root')}")
        if part.startswith("box"):
            return inside.locator(f"#{self._ids.id('box')}{part[3:]}")
        return inside.locator(f"#{self._ids.id(part)}")

    def press(self, part: str, stays: bool = False) -> None:
        """A control, with the page that follows."""
        if stays or not self.built.site.notice.reloads:
            self._control(part).click()
            if not stays:
                # Two rounds of what a page without reload may still do.
                now = self.page.evaluate("performance.now()")
                self.page.wait_for_function(f"performance.now() > {now} + 1600")
            return
        kept = self.page.evaluate("performance.timeOrigin")
        self._control(part).click()
        if self.built.site.notice.tool == "own":
            self.page.wait_for_function(f"performance.timeOrigin !== {kept}")
        self.page.wait_for_load_state("load")

    def _control(self, part: str) -> Any:
        if self.built.site.bandeau:
            name = {"accept": "accept-all", "refuse": "refuse-all"}[part]
            return self.page.locator(f"[data-bandeau={name}]:visible").first
        if self.built.site.notice.tool in tools.TOOLS:
            return self._of_tool(part)
        if part == "refuse" and self.built.site.notice.away:
            return self.part("away")
        return self.part(part)

    def _of_tool(self, part: str) -> Any:
        if self.built.site.notice.tool == "tarteaucitron":
            ids = {"accept": "Personalize2", "refuse": "AllDenied2"}
            again = {"accept": "AllAllowed", "refuse": "AllDenied"}
            shown = self.page.locator(f"#tarteaucitron{ids[part]}:visible")
            return shown if shown.count() else self.page.locator(f"#tarteaucitron{again[part]}")
        from tests.zoo.texts import TEXTS

        words = TEXTS[self.built.site.language][part]
        label = self.built.names.one(f"text {part}", words)
        return self.page.get_by_role("button", name=label).locator("visible=true").last

    def reopen(self) -> None:
        """The way back to the choices, as short as the site has it."""
        if self.built.site.bandeau:
            self.page.locator("[data-bandeau=band] :is(button, a):visible").first.click()
        else:
            self.page.locator(f"#{self.built.word('id reopen')}").click()

    def seen(self) -> Walked:
        """What came of it since the last choice."""
        heard = {(each.host, each.path) for each in self.served.zoo.heard}
        trackers = self.built.trackers
        called = frozenset(wired.key for wired in trackers if _addresses(wired) & heard)
        cookies = {cookie["name"] for cookie in self.page.context.cookies()}
        kept = self.page.evaluate(_KEPT)
        names = cookies.union(*(kept[area] for area in ("local", "session", "indexed", "cache")))
        workers = {str(url).rpartition("/")[2] for url in kept["worker"]}
        left = frozenset(
            wired.key
            for wired in trackers
            if _leaves(wired) & names
            or (wired.told.how == "worker" and wired.path("w")[1:] in workers)
        )
        return Walked(called, left)


def _addresses(wired: Wired) -> set[tuple[str, str]]:
    manner = wired.manner
    return {
        *((wired.host, wired.path(part)) for part, _ in manner.answers),
        *((wired.second_host, wired.path(part)) for part, _ in manner.second),
        *((wired.own, wired.path(part)) for part, _ in manner.own),
    }


def _leaves(wired: Wired) -> set[str]:
    """What it keeps under a name that is the site's own to take back."""
    own = {name for name, at in wired.manner.cookies(wired) if at in ("", f".{wired.domain}")}
    return own | ({wired.cookie} if wired.manner.storage else set())


@contextmanager
def walking(browser: Browser, served: Served, built: Built, **options: Any) -> Iterator[Walk]:
    """A visitor with a fresh profile."""
    signal = any(wired.told.on == "signal" for wired in built.trackers)
    phone = any(wired.told.on == "phone" for wired in built.trackers)
    told = {"extra_http_headers": {"sec-gpc": "1"} if signal else {}}
    context = browser.new_context(
        ignore_https_errors=True,
        viewport={"width": 390, "height": 844} if phone else {"width": 1280, "height": 800},
        **told,
        **options,
    )
    try:
        yield Walk(served, built, context.new_page())
    finally:
        context.close()
