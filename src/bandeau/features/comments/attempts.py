"""How often something is tried, from where, without keeping who or where that is. Pure, one port.

What is counted is kept as an HMAC under a random key that is made anew every day (UTC), and
forgotten with it: after that nobody can find out whether an address was among those.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Protocol

KEY_BYTES = 32
ANYBODY = "*"
_DAY_SECONDS = 86_400


class AttemptStore(Protocol):
    """Attempts at one site. Times are Unix seconds.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def key(self, day: int, fresh: str) -> str:
        """The key of that day, ``fresh`` where it had none; those of days before go for good."""
        ...

    async def attempt(self, tag: str, most: int, until: int, now: int) -> bool:
        """Count an attempt that lasts until then; false where there were ``most`` already."""
        ...

    async def forgive(self, tag: str) -> None:
        """Count no attempt any more."""
        ...


class Attempts:
    """Counts attempts of one kind each. ``now`` gives Unix seconds, ``random`` so many bytes.

    Counts begin anew with each day. Every method raises :class:`CommentsUnavailable`.
    """

    def __init__(
        self, store: AttemptStore, now: Callable[[], float], random: Callable[[int], bytes]
    ) -> None:
        self._store = store
        self._now = now
        self._random = random
        self._known = (-1, "")

    async def allows(self, what: str, source: str, most: int, seconds: int) -> bool:
        """Count an attempt at ``what`` from ``source``; false from the one after ``most``.

        They count together until ``seconds`` after the first of them.
        """
        now = int(self._now())
        return await self._store.attempt(await self._tag(what, source), most, now + seconds, now)

    async def forgive(self, what: str, source: str) -> None:
        """Count none of these any more."""
        await self._store.forgive(await self._tag(what, source))

    async def renew(self) -> str:
        """The key of today, in hexadecimal; from now on there is no earlier one."""
        today = int(self._now()) // _DAY_SECONDS
        if self._known[0] != today:
            fresh = self._random(KEY_BYTES).hex()
            self._known = today, await self._store.key(today, fresh)
        return self._known[1]

    async def _tag(self, what: str, source: str) -> str:
        key = bytes.fromhex(await self.renew())
        return hmac.digest(key, f"{what}\0{source}".encode("utf-8", "replace"), "sha256").hex()
