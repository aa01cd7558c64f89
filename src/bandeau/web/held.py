"""A page on its way out, whose head waits for what only its body tells: charset and links."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Protocol

from bandeau import limits
from bandeau.enforcement.exchange import Headers

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]


class Stream(Protocol):
    """A document on its way out, whose headers are completed by what its body tells."""

    @property
    def settled(self) -> bool:
        """Whether enough is known for the body to leave."""

    @property
    def looked_far(self) -> bool:
        """Whether it was read as far as its head may wait, or as far as it can be read."""

    def feed(self, body: bytes, *, last: bool) -> AsyncIterator[bytes]:
        """The next bytes for the visitor. Raises :class:`codings.CodingError` on a broken body."""

    async def hurry(self) -> bytes:
        """What was gathered so far; from now on all leaves as it comes."""

    def completed(self, headers: Headers) -> Headers:
        """The headers with what the body told so far; asked for once, when they leave."""


class Patience:
    """How long the head of a page waits, for shells that can look only as each part comes."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._ends: float | None = None

    def ended(self) -> bool:
        """Whether the head must leave: the page was read far enough, or its time is over.

        To be asked with each part that comes; its time begins with the first.
        """
        now = time.monotonic()
        self._ends = self._ends or now + limits.PAGE_LOOKAHEAD_SECONDS
        return now >= self._ends or self._stream.looked_far


class HeldPage:
    """Sends the ASGI messages of one edited page.

    The head leaves once the page was read to its end or ``limits.PAGE_LOOKAHEAD_BYTES`` far, or
    ``limits.PAGE_LOOKAHEAD_SECONDS`` after its first bytes, though never before these tell the
    charset. From then on everything leaves as it comes.
    """

    def __init__(self, stream: Stream, head: Message, send: Send) -> None:
        self._stream = stream
        self._head: Message | None = head
        self._send = send
        self._waiting: list[bytes] = []
        self._patient = True
        self._turn = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None

    async def body(self, message: Message) -> None:
        """The next message of the page's body."""
        more = message.get("more_body", False)
        async with self._turn:
            async for body in self._stream.feed(bytes(message.get("body", b"")), last=not more):
                await self._pass_on(body)
            if not more:
                await self._release()
                await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            elif self._head is not None and self._timer is None:
                self._timer = asyncio.create_task(self._lose_patience())

    async def give_up(self) -> None:
        """The site broke off: what came of the page is sent."""
        async with self._turn:
            await self._hurry()

    def close(self) -> None:
        """The application has returned: nothing more is waited for."""
        if self._timer is not None:
            self._timer.cancel()

    async def _pass_on(self, body: bytes) -> None:
        if self._head is None:
            await self._send_part(body)
            return
        self._waiting.append(body)
        if self._stream.looked_far or not self._patient:
            await self._release()

    async def _lose_patience(self) -> None:
        await asyncio.sleep(limits.PAGE_LOOKAHEAD_SECONDS)
        # A visitor who is gone is told to the application, when it sends next.
        with suppress(OSError):
            async with self._turn:
                self._patient = False
                await self._hurry()

    async def _hurry(self) -> None:
        """Nothing more is waited for: what was gathered to be edited as a whole leaves too."""
        self._waiting.append(await self._stream.hurry())
        if self._stream.settled:
            await self._release()

    async def _release(self) -> None:
        head, self._head = self._head, None
        if head is None:
            return
        waiting, self._waiting = self._waiting, []
        await self._send({**head, "headers": self._stream.completed(head["headers"])})
        await self._send_part(b"".join(waiting))

    async def _send_part(self, body: bytes) -> None:
        if body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})
