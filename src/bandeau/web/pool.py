"""Kept connections to the upstream: wires for requests, a session for sockets."""

import asyncio
import ssl
from collections import deque
from typing import Any

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse
from yarl import URL

from bandeau import limits
from bandeau.web.upstream_wire import Wire

_SKIPPED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_SWITCHING = 101


class Pool:
    """Connections to the site at ``origin``: at most ``limits.UPSTREAM_CONNECTIONS`` lent at once.

    What is given back is kept for ``limits.UPSTREAM_KEEP_ALIVE_SECONDS``.
    """

    def __init__(self, origin: URL) -> None:
        self._host, self._port = origin.host or "", origin.port or 0
        self._tls = ssl.create_default_context() if origin.scheme == "https" else None
        self._idle: deque[Wire] = deque()
        self._lent: set[Wire] = set()
        self._places = asyncio.Semaphore(limits.UPSTREAM_CONNECTIONS)
        self._sweep: asyncio.TimerHandle | None = None
        self._sockets: aiohttp.ClientSession | None = None

    async def lend(self, *, fresh: bool = False) -> Wire:
        """A connection, kept or new. Raises ``OSError``, or ``TimeoutError`` after
        ``limits.UPSTREAM_CONNECT_SECONDS`` of waiting for a place and an answer.
        """
        if self._places.locked():
            async with asyncio.timeout(limits.UPSTREAM_CONNECT_SECONDS):
                await self._places.acquire()
        else:
            await self._places.acquire()
        wire = None if fresh else self._kept()
        try:
            wire = wire or await self._connected()
        except BaseException:
            self._places.release()
            raise
        self._lent.add(wire)
        return wire

    def take_back(self, wire: Wire) -> None:
        """The exchange on ``wire`` is over."""
        self._lent.discard(wire)
        self._places.release()
        if wire.finish():
            self._idle.append(wire)
            if self._sweep is None:
                self._sweep_later()

    def sockets(self) -> aiohttp.ClientSession:
        """The session that carries WebSockets."""
        if self._sockets is None:
            self._sockets = _session()
        return self._sockets

    async def close(self) -> None:
        """Drop every connection; exchanges still running are broken off."""
        if self._sweep is not None:
            self._sweep.cancel()
        for wire in (*self._idle, *self._lent):
            wire.close()
        self._idle.clear()
        if self._sockets is not None:
            await self._sockets.close()

    def _kept(self) -> Wire | None:
        newest = asyncio.get_running_loop().time() - limits.UPSTREAM_KEEP_ALIVE_SECONDS
        while self._idle:
            wire = self._idle.pop()
            if wire.usable and wire.idle_since > newest:
                return wire
            wire.close()
        return None

    async def _connected(self) -> Wire:
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(limits.UPSTREAM_CONNECT_SECONDS):
            _, wire = await loop.create_connection(Wire, self._host, self._port, ssl=self._tls)
        return wire

    def _sweep_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(limits.UPSTREAM_KEEP_ALIVE_SECONDS, self._swept)

    def _swept(self) -> None:
        self._sweep = None
        oldest = asyncio.get_running_loop().time() - limits.UPSTREAM_KEEP_ALIVE_SECONDS
        while self._idle and (not self._idle[0].usable or self._idle[0].idle_since < oldest):
            self._idle.popleft().close()
        if self._idle:
            self._sweep_later()


class Socket(aiohttp.ClientWebSocketResponse):
    """An open socket that still knows the headers of its handshake (for Set-Cookie)."""

    def __init__(
        self,
        reader: Any,
        writer: Any,
        protocol: str | None,
        response: ClientResponse,
        *rest: Any,
        **named: Any,
    ) -> None:
        super().__init__(reader, writer, protocol, response, *rest, **named)
        self.raw_headers: tuple[tuple[bytes, bytes], ...] = response.raw_headers


async def _switch_or_fail(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Stop a handshake that is answered otherwise, before the library follows a redirect."""
    response = await handler(request)
    if response.status != _SWITCHING:
        response.close()
        raise aiohttp.WSServerHandshakeError(
            response.request_info, (), status=response.status, headers=response.headers
        )
    return response


def _session() -> aiohttp.ClientSession:
    """A session that adds nothing, follows nothing and remembers no cookie."""
    connector = aiohttp.TCPConnector(limit=limits.UPSTREAM_CONNECTIONS, force_close=True)
    timeout = aiohttp.ClientTimeout(
        total=None,
        connect=limits.UPSTREAM_CONNECT_SECONDS,
        sock_read=limits.UPSTREAM_IDLE_SECONDS,
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=_SKIPPED,
        max_line_size=limits.HEADER_LINE_BYTES,
        max_field_size=limits.HEADER_LINE_BYTES,
        max_headers=limits.HEADERS,
        ws_response_class=Socket,
        middlewares=(_switch_or_fail,),
    )
