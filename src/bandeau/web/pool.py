"""Kept connections to the upstream: one pool, two ways of using it."""

from typing import Any

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

from bandeau import limits

_SKIPPED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_SWITCHING = 101


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


class Pool:
    """Sessions that add nothing, follow nothing, decode nothing and remember no cookie."""

    def __init__(self) -> None:
        self._connector = aiohttp.TCPConnector(
            limit=limits.UPSTREAM_CONNECTIONS,
            keepalive_timeout=limits.UPSTREAM_KEEP_ALIVE_SECONDS,
        )
        self.requests = _session(self._connector)
        self.sockets = _session(self._connector, middlewares=(_switch_or_fail,))

    async def close(self) -> None:
        await self.requests.close()
        await self.sockets.close()
        await self._connector.close()


async def _switch_or_fail(request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
    """Stop a handshake that is answered otherwise, before the library follows a redirect."""
    response = await handler(request)
    if response.status != _SWITCHING:
        response.close()
        raise aiohttp.WSServerHandshakeError(
            response.request_info, (), status=response.status, headers=response.headers
        )
    return response


def _session(connector: aiohttp.TCPConnector, **more: Any) -> aiohttp.ClientSession:
    timeout = aiohttp.ClientTimeout(
        total=None,
        connect=limits.UPSTREAM_CONNECT_SECONDS,
        sock_read=limits.UPSTREAM_IDLE_SECONDS,
    )
    return aiohttp.ClientSession(
        connector=connector,
        connector_owner=False,
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=_SKIPPED,
        max_line_size=limits.HEADER_LINE_BYTES,
        max_field_size=limits.HEADER_LINE_BYTES,
        max_headers=limits.HEADERS,
        ws_response_class=Socket,
        **more,
    )
