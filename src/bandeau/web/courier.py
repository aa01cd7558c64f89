"""Tells vendors of withdrawals, in the background (rule W7): reads the log on, sends, tries again.

At least once: a message is claimed for a while before it is sent, so whatever dies in between, it
is sent again, under the same id. Several processes may do this side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import aiohttp

from bandeau import limits
from bandeau.ledger.outbox import (
    Message,
    Outbox,
    OutboxUnavailable,
    after,
    messages_for,
    signed_headers,
    webhook_secret,
    withdrawals_in,
)
from bandeau.ledger.store import LedgerStore, LedgerUnavailable
from bandeau.policy.model import Policy
from bandeau.web.outgoing import reason_of, require_public, session_for

_DAY_SECONDS = 86_400


class Courier:
    """One site's. ``key`` is its subject key, ``now`` gives Unix seconds, ``fraction`` 0 to 1.

    Unless ``private``, nothing is sent to addresses that are not public ones.
    """

    def __init__(
        self,
        policy: Policy,
        ledger: LedgerStore,
        outbox: Outbox,
        key: bytes,
        now: Callable[[], float],
        fraction: Callable[[], float],
        *,
        private: bool = False,
    ) -> None:
        self._policy = policy
        self._ledger = ledger
        self._outbox = outbox
        self._key = key
        self._now = now
        self._fraction = fraction
        self._private = private

    async def run(self) -> None:
        """Go on for ever. A store that fails is asked again the next time."""
        while True:
            with contextlib.suppress(LedgerUnavailable, OutboxUnavailable):
                await self.read()
                await self.send()
            await asyncio.sleep(limits.OUTBOX_SECONDS)

    async def read(self) -> None:
        """Make messages of what the log tells since the last time, and of what was announced.

        Raises :class:`LedgerUnavailable` and :class:`OutboxUnavailable`.
        """
        position = await asyncio.to_thread(self._outbox.position)
        announced = await asyncio.to_thread(self._outbox.announced)
        now = int(self._now())
        found = [m for told in announced for m in messages_for(self._policy, told, now)]
        if announced:
            await asyncio.to_thread(self._outbox.queue, found, position, announced)
        found, read = [], position
        async for leaf in self._ledger.scan(position):
            read = leaf.index + 1
            for told in withdrawals_in(leaf, self._key):
                found += messages_for(self._policy, told, now)
            if len(found) >= limits.OUTBOX_BATCH:
                await asyncio.to_thread(self._outbox.queue, found, read)
                found, position = [], read
        if read > position:
            await asyncio.to_thread(self._outbox.queue, found, read)

    async def send(self) -> None:
        """Try what is due, each once; raises :class:`OutboxUnavailable`."""
        while batch := await self._claim():
            async with session_for(limits.OUTBOX_SEND_SECONDS, private=self._private) as session:
                tried = await asyncio.gather(*(self._attempt(session, each) for each in batch))
            await asyncio.to_thread(self._outbox.settle, tried)

    async def forget(self) -> None:
        """Drop messages once their proof is over too; raises :class:`OutboxUnavailable`.

        The longest that the period can be counts: the day of the month matters to nobody here.
        """
        days = self._policy.choice.proof.days_at_most
        await asyncio.to_thread(self._outbox.forget, int(self._now()) - days * _DAY_SECONDS)

    async def _claim(self) -> Sequence[Message]:
        now = int(self._now())
        until, count = now + limits.OUTBOX_CLAIM_SECONDS, limits.OUTBOX_AT_ONCE
        return await asyncio.to_thread(self._outbox.claim, now, until, count)

    async def _attempt(self, session: aiohttp.ClientSession, message: Message) -> Message:
        secret = webhook_secret(self._key, message.vendor)
        headers = signed_headers(message, secret, int(self._now()))
        try:
            if not self._private:
                require_public(message.url)
            # The body of the answer is never read: leaving closes the connection.
            async with session.post(
                message.url, data=message.body, headers=headers, allow_redirects=False
            ) as answer:
                status: int | str = answer.status
        except (aiohttp.ClientError, OSError, ValueError) as error:
            status = reason_of(error)
        return after(message, status, int(self._now()), self._fraction())
