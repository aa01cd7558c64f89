"""Tells vendors of withdrawals, in the background (rule W7): reads the log on, sends, tries again.

At least once: a message is claimed for a while before it is sent, so whatever dies in between, it
is sent again, under the same id. Several processes may do this side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from socket import AF_UNSPEC, AddressFamily
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

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

_DAY_SECONDS = 86_400


class PrivateAddress(OSError):
    """A host that is on a private network, where a policy file must not reach by accident."""


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
            async with self._session() as session:
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

    def _session(self) -> aiohttp.ClientSession:
        resolver = None if self._private else _Public()
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=limits.OUTBOX_SEND_SECONDS),
        )

    async def _attempt(self, session: aiohttp.ClientSession, message: Message) -> Message:
        secret = webhook_secret(self._key, message.vendor)
        headers = signed_headers(message, secret, int(self._now()))
        try:
            if not self._private:
                _refuse_literal(message.url)
            # The body of the answer is never read: leaving closes the connection.
            async with session.post(
                message.url, data=message.body, headers=headers, allow_redirects=False
            ) as answer:
                status: int | str = answer.status
        except (aiohttp.ClientError, OSError, ValueError) as error:
            status = _reason(error)
        return after(message, status, int(self._now()), self._fraction())


class _Public(AbstractResolver):
    """Names whose every address is public; looked up where the connection is then made."""

    def __init__(self) -> None:
        self._names = aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        for each in found:
            _refuse(each["host"], host)
        return found

    async def close(self) -> None:
        await self._names.close()


def _reason(error: Exception) -> str:
    """Why there was no answer: what lies behind the library's own error says more."""
    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
    return f"{type(cause).__name__}: {cause}"


def _refuse_literal(url: str) -> None:
    """An address in the place of a name never comes to the resolver."""
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        ip_address(host)
        _refuse(host, host)


def _refuse(address: str, host: str) -> None:
    found = ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    found = mapped or found
    if not found.is_global or found.is_multicast:
        raise PrivateAddress(f"{host} is not on the public internet; see --notify-private")
