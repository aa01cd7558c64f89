"""One WebSocket between a visitor and the upstream, frames passed on in both directions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, cast

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from bandeau import limits
from bandeau.web import hops
from bandeau.web.pool import Socket

Message = MutableMapping[str, Any]

_NO_STATUS = 1005
_GOING_AWAY = 1001
_NORMAL = 1000
_UPSTREAM_FAILED = 1011
_UNSENDABLE = frozenset((1004, 1006, 1015))
_HANDSHAKE = b"sec-websocket-"


class Bridge:
    """Connects upstream first, accepts the visitor after, then carries messages until a close."""

    def __init__(
        self,
        scope: Mapping[str, Any],
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
        error_page: Callable[[Mapping[str, Any], int], bytes],
    ) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._error_page = error_page

    async def run(self, session: aiohttp.ClientSession, url: URL) -> None:
        """Carry one socket from handshake to close; an upstream that refuses is passed on."""
        await self._receive()
        try:
            upstream = await self._connect(session, url)
        except aiohttp.WSServerHandshakeError as error:
            await self._deny(error.status if error.status in range(400, 600) else 502)
        except TimeoutError:
            await self._deny(504, failed=True)
        except (aiohttp.ClientError, OSError, ValueError):
            await self._deny(502, failed=True)
        else:
            async with upstream:
                await self._open(upstream)

    async def _connect(self, session: aiohttp.ClientSession, url: URL) -> Socket:
        headers = [
            (name.decode("latin-1"), _text(value))
            for name, value in hops.to_upstream(self._scope)
            if not name.startswith(_HANDSHAKE)
        ]
        socket = await session.ws_connect(
            url,
            protocols=self._scope.get("subprotocols", ()),
            headers=CIMultiDict(headers),
            max_msg_size=limits.WEBSOCKET_MESSAGE_BYTES,
            timeout=aiohttp.ClientWSTimeout(ws_close=limits.WEBSOCKET_CLOSE_SECONDS),
        )
        return cast(Socket, socket)

    async def _open(self, upstream: Socket) -> None:
        try:
            lowered = [(name.lower(), value) for name, value in upstream.raw_headers]
            headers = hops.to_visitor(200, lowered)
        except hops.BadResponse:
            await self._deny(502, failed=True)
            return
        kept = [header for header in headers if not header[0].startswith(_HANDSHAKE)]
        accept = {"type": "websocket.accept", "subprotocol": upstream.protocol, "headers": kept}
        await self._send(accept)
        await self._carry(upstream)

    async def _carry(self, upstream: Socket) -> None:
        """Both directions at once; whichever ends first ends the other."""
        directions = [
            asyncio.ensure_future(self._to_upstream(upstream)),
            asyncio.ensure_future(self._to_visitor(upstream)),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)

    async def _to_upstream(self, upstream: Socket) -> None:
        while (message := await self._receive())["type"] == "websocket.receive":
            if (text := message.get("text")) is not None:
                await upstream.send_str(text)
            else:
                await upstream.send_bytes(message["bytes"])
        reason = (message.get("reason") or "").encode()
        await upstream.close(code=_sendable(message.get("code")), message=reason)

    async def _to_visitor(self, upstream: Socket) -> None:
        while True:
            message = await upstream.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                await self._send({"type": "websocket.send", "text": message.data})
            elif message.type is aiohttp.WSMsgType.BINARY:
                await self._send({"type": "websocket.send", "bytes": message.data})
            else:
                await self._close(upstream, message)
                return

    async def _close(self, upstream: Socket, message: aiohttp.WSMessage) -> None:
        if message.type is aiohttp.WSMsgType.CLOSE:
            code, reason = _sendable(message.data), message.extra or ""
        else:
            code, reason = _UPSTREAM_FAILED, ""
        await self._send({"type": "websocket.close", "code": code, "reason": reason})

    async def _deny(self, status: int, *, failed: bool = False) -> None:
        if "websocket.http.response" not in self._scope.get("extensions", {}):
            await self._send({"type": "websocket.close", "code": _UPSTREAM_FAILED})
            return
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        if failed:
            headers.append((hops.ERROR_HEADER, b"upstream"))
        start = {"type": "websocket.http.response.start", "status": status, "headers": headers}
        await self._send(start)
        body = self._error_page(self._scope, status) if failed else b""
        await self._send({"type": "websocket.http.response.body", "body": body})


def _sendable(code: int | None) -> int:
    """The close code to send for one received: some only ever stand for "none was sent"."""
    if code is None or code == _NO_STATUS:
        return _NORMAL
    return _GOING_AWAY if code in _UNSENDABLE else code


def _text(value: bytes) -> str:
    # The client library writes UTF-8. Bytes that are not UTF-8 cannot pass it unchanged; read as
    # Latin-1 they arrive re-encoded, which loses less than dropping the header.
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
