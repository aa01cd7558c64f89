"""Whether a window still loads: its load event, and the requests that are under way."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable


class Quiet:
    """What is under way in one window, each request by a key, with the target that made it."""

    def __init__(self) -> None:
        self._loaded = False
        self._under_way: dict[Hashable, str] = {}
        self._changed = asyncio.Event()

    def begin(self) -> None:
        """A navigation of the top document begins: what was under way counts no more."""
        self._loaded = False
        self._under_way.clear()

    def loads(self) -> None:
        """The top document is loading."""
        self._loaded = False

    def has_loaded(self) -> None:
        """The top document has loaded, or will not any more."""
        self._loaded = True
        self._changed.set()

    def sent(self, key: Hashable, owner: str) -> None:
        """A request was made by the target ``owner``."""
        self._under_way[key] = owner
        self._changed.set()

    def ended(self, key: Hashable) -> None:
        """A request was answered to its end, or has failed."""
        if self._under_way.pop(key, None) is not None:
            self._changed.set()

    def gone(self, owner: str) -> None:
        """A target has ended, and its requests with it."""
        for key in [key for key, made in self._under_way.items() if made == owner]:
            del self._under_way[key]
        self._changed.set()

    async def wait(self, seconds: float, most: float) -> bool:
        """Wait until the page has loaded and nothing was under way for ``seconds``.

        ``False`` where it was not so within ``most`` seconds.
        """
        try:
            await asyncio.wait_for(self._for(seconds), most)
        except TimeoutError:
            return False
        return True

    async def _for(self, seconds: float) -> None:
        while True:
            self._changed.clear()
            idle = self._loaded and not self._under_way
            try:
                await asyncio.wait_for(self._changed.wait(), seconds if idle else None)
            except TimeoutError:
                return
