"""WebDriver BiDi over a WebSocket: calls to one browser, and its events to those who listen."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from bandeau import limits
from bandeau.robot.pipe import BrowserGone, CallFailed, Message, said
from bandeau.robot.session import answered

Handler = Callable[[Message], None]


class Bidi:
    """One session with a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._waiting: dict[int, tuple[str, asyncio.Future[Message]]] = {}
        self._handlers: defaultdict[str, list[Handler]] = defaultdict(list)
        self._gone = ""

    def on(self, method: str, handler: Handler) -> None:
        """Call ``handler`` with each such event."""
        self._handlers[method].append(handler)

    async def call(
        self, method: str, within: float = limits.AUDIT_CALL_SECONDS, **parameters: Any
    ) -> Message:
        """The answer to a call.

        Raises :class:`CallFailed` where it is refused or takes longer than ``within`` seconds, and
        :class:`BrowserGone` where the browser has ended.
        """
        if self._gone:
            raise BrowserGone(f"{method}: {self._gone}")
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._number += 1
        number = self._number
        self._waiting[number] = (method, future)
        message = {"id": number, "method": method, "params": parameters}
        try:
            await self._socket.send_str(orjson.dumps(message).decode())
            return await answered(method, future, within)
        except (aiohttp.ClientError, ConnectionError) as error:
            raise BrowserGone(f"{method}: the browser has ended") from error
        finally:
            self._waiting.pop(number, None)

    async def listen(self) -> None:
        """Take what the browser says until it says no more."""
        why = "the browser has ended"
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    told = said(message.data)
                    if told is not None:
                        self._received(told)
                elif message.type is aiohttp.WSMsgType.ERROR:
                    why = "a message of the browser is too long"
        finally:
            self._lost(why)

    def _received(self, message: Message) -> None:
        if message.get("type") == "event":
            for handler in self._handlers.get(message["method"], ()):
                handler(message["params"])
            return
        method, future = self._waiting.get(message.get("id") or 0, ("", None))
        if future is None or future.done():
            return
        if message.get("type") == "error":
            told = str(message.get("message") or message.get("error"))
            why = told[: limits.AUDIT_TEXT_CHARACTERS]
            future.set_exception(CallFailed(f"{method}: {why}"))
        else:
            future.set_result(message.get("result", {}))

    def _lost(self, why: str) -> None:
        self._gone = why
        for method, future in self._waiting.values():
            if not future.done():
                future.set_exception(BrowserGone(f"{method}: {why}"))


@asynccontextmanager
async def connected(address: str) -> AsyncIterator[Bidi]:
    """A session at an address such as ``ws://127.0.0.1:4444/session``."""
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(address, max_msg_size=limits.AUDIT_MESSAGE_BYTES) as socket,
    ):
        bidi = Bidi(socket)
        listening = asyncio.ensure_future(bidi.listen())
        try:
            yield bidi
        finally:
            listening.cancel()
