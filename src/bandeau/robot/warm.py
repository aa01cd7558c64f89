"""A browser that several sites share, one after the other.

What one site left is not there for the next, since each terminal is a profile of its own
(:mod:`bandeau.robot.browser`); what the browser itself gathers ends when it is renewed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

from bandeau.robot.browser import Browser, BrowserOptions, open_browser
from bandeau.robot.processes import over, tree_of


class WarmBrowser:
    """The browser of one worker. It may have ``most`` megabytes when a site is begun."""

    def __init__(self, options: BrowserOptions, most: float) -> None:
        self._options = options
        self._most = most
        self._stack = AsyncExitStack()
        self._browser: Browser | None = None

    async def ready(self) -> Browser:
        """The browser for the next site: that of the last one, or another where it is worn.

        Nothing may go on in it. Raises as :func:`open_browser` does.
        """
        if self._browser is not None and await self._worn(self._browser):
            await self.close()
        if self._browser is None:
            self._browser = await self._stack.enter_async_context(open_browser(self._options))
        return self._browser

    async def close(self) -> None:
        """End the browser, and remove its profiles."""
        self._browser = None
        await self._stack.aclose()

    async def _worn(self, browser: Browser) -> bool:
        return browser.spoiled or await asyncio.to_thread(_over, browser.pids, self._most)


def _over(pids: Sequence[int], megabytes: float) -> bool:
    return over([process for pid in pids for process in tree_of(pid)], megabytes)


@asynccontextmanager
async def warm_browser(options: BrowserOptions, most: float) -> AsyncIterator[WarmBrowser]:
    """A :class:`WarmBrowser` that ends with this block."""
    warm = WarmBrowser(options, most)
    try:
        yield warm
    finally:
        await warm.close()
