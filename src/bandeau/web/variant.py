"""A page that a compiled front may keep for all who chose alike, if nothing in it is one's own."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bandeau import limits
from bandeau.enforcement.exchange import Headers
from bandeau.enforcement.variants import grant
from bandeau.web.page import PageStream


class VariantStream:
    """Holds the head of such a page until its end is read, and then says whether it may be kept.

    ``seconds`` is for how long the site lets shared caches keep the page. Comments change under
    a page, so one with a place for them is not kept; nor is one that ends too late to be sure.
    """

    def __init__(self, page: PageStream, seconds: int) -> None:
        self._page = page
        self._seconds = seconds
        self._came = 0
        self._whole = False

    async def feed(self, body: bytes, *, last: bool) -> AsyncIterator[bytes]:
        """As the page's own."""
        self._came += len(body)
        async for edited in self._page.feed(body, last=last):
            yield edited
        self._whole = last

    @property
    def settled(self) -> bool:
        """As the page's own."""
        return self._page.settled

    @property
    def looked_far(self) -> bool:
        """Whether the page ended, or is too long to wait for."""
        return self._whole or self._came >= limits.PAGE_LOOKAHEAD_BYTES

    async def hurry(self) -> bytes:
        """As the page's own."""
        return await self._page.hurry()

    def completed(self, headers: Headers) -> Headers:
        """The page's headers, with leave for the front to keep it where nothing speaks against."""
        complete = self._page.completed(headers)
        if not self._whole or self._page.personal:
            return complete
        return [*complete, *grant(self._seconds)]
