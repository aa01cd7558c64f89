"""A request is heard to its end before we answer it, where that end is near.

A proxy before us may still be sending when the answer comes. Go's (so Caddy's) then ends what its
visitor sends, takes that for a fault of its own, and breaks the answer off half way.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from bandeau import limits
from bandeau.web.guarded import App, Message, Receive, Scope, Send

_BODILY = frozenset({b"content-length", b"transfer-encoding"})


class Heard:
    """``app``, which answers once all of the request came, read or not."""

    def __init__(self, app: App) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; what has no body passes as it is."""
        if not _has_body(scope):
            await self.app(scope, receive, send)
            return
        body = _Body(receive)

        async def answered(message: Message) -> None:
            await body.end(scope)
            await send(message)

        await self.app(scope, body.receive, answered)


async def hear_out(scope: Scope, receive: Receive) -> None:
    """Receive what is sent, for an answer that depends on none of it.

    Not of more than ``DISCARDED_BODY_BYTES``, nor for longer than ``CHOICE_BODY_SECONDS``: who
    sends that much is answered at once.
    """
    if _has_body(scope):
        await _Body(receive).end(scope)


class _Body:
    """The body of one request, and whether it came to its end."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._until = asyncio.get_running_loop().time() + limits.CHOICE_BODY_SECONDS
        self._ended = False
        self._bytes = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self._bytes += len(message.get("body", b""))
        if not message.get("more_body", False):
            self._ended = True
        return message

    async def end(self, scope: Scope) -> None:
        if self._ended or _declared(scope) > limits.DISCARDED_BODY_BYTES:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._until):
                while not self._ended and self._bytes <= limits.DISCARDED_BODY_BYTES:
                    await self.receive()
        self._ended = True


def _has_body(scope: Scope) -> bool:
    """Whether something is on its way already; who sends ``Expect`` waits for an answer."""
    names = {name for name, _ in scope["headers"]}
    return not _BODILY.isdisjoint(names) and b"expect" not in names


def _declared(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return int(lengths[0][:20]) if lengths and lengths[0].isdigit() else 0
