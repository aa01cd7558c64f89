"""The publisher's site as an ASGI application: every request passed on, every answer streamed.

Nothing is decoded, cached or followed here. Bodies flow in both directions with back-pressure;
a visitor who leaves ends the request upstream, and an upstream that breaks off breaks off the
visitor's connection too, so that a truncated body never looks whole.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from bandeau import limits
from bandeau.web import hops, upstream_socket
from bandeau.web.pool import Pool

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ErrorPage = Callable[[Mapping[str, Any], int], bytes]

# A visitor who leaves earlier than this is noticed when the answer is written; watching from the
# first instant would cost every short exchange a task of its own.
_WATCH_AFTER_SECONDS = 0.05
_REFUSED_METHODS = ("CONNECT", "TRACE")


class BrokenOff(Exception):
    """The answer ended before its end: the visitor's connection must not end cleanly."""


class _VisitorLeft(Exception):
    """The visitor closed the connection while sending."""


def plain_error_page(scope: Mapping[str, Any], status: int) -> bytes:
    """The page for an upstream that failed, when nobody has a better one."""
    title = f"{status} {HTTPStatus(status).phrase}"
    return f"<!doctype html><title>{title}</title><h1>{title}</h1>".encode()


class Upstream:
    """ASGI 3 application (http, websocket, lifespan) that proxies to `base_url`.

    `base_url` is scheme, host and port. When upstream fails before an answer the status is 502,
    or 504 when it was too slow, marked with the header `bandeau-error: upstream`; the body comes
    from `error_page(scope, status)`, HTML in UTF-8. When it fails in the middle, `BrokenOff` is
    raised. Raises ValueError for a base URL that is not plain http or https.
    """

    def __init__(self, base_url: str, *, error_page: ErrorPage = plain_error_page) -> None:
        base = URL(base_url)
        if base.scheme not in ("http", "https") or not base.raw_host:
            raise ValueError(f"not an http or https address: {base_url!r}")
        if base.raw_path not in ("", "/") or base.raw_query_string or base.raw_user:
            raise ValueError(f"an upstream is scheme, host and port only: {base_url!r}")
        self._origin = str(base.origin())
        self._error_page = error_page
        self._open_pool: Pool | None = None

    async def __aenter__(self) -> Self:
        self._pool()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the pool; exchanges still running are broken off."""
        pool, self._open_pool = self._open_pool, None
        if pool is not None:
            await pool.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif (path := hops.target(scope)) is None or scope.get("method") in _REFUSED_METHODS:
            await self._refuse(scope, send)
        elif scope["type"] == "websocket":
            socket = upstream_socket.Bridge(scope, receive, send, self._error_page)
            await socket.run(self._pool().sockets, self._url(path))
        else:
            await self._exchange(scope, receive, send, self._url(path))

    def _url(self, path: str) -> URL:
        return URL(self._origin + path, encoded=True)

    def _pool(self) -> Pool:
        if self._open_pool is None:
            self._open_pool = Pool()
        return self._open_pool

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._pool()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _refuse(self, scope: Scope, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        await _answer_whole(send, 501 if scope["method"] in _REFUSED_METHODS else 400)

    async def _exchange(self, scope: Scope, receive: Receive, send: Send, url: URL) -> None:
        visitor = _Visitor(receive)
        try:
            response = await self._ask(scope, visitor, url)
            try:
                headers = hops.to_visitor(response.status, response.raw_headers)
                await _pass_on(response, headers, send)
            finally:
                response.close()
        except asyncio.CancelledError:
            if not visitor.left:
                raise
            visitor.take_back_cancellation()
        except _Failed as failed:
            if not visitor.left:
                await self._apologise(scope, send, failed.status)
        except hops.BadResponse:
            await self._apologise(scope, send, 502)
        finally:
            visitor.stop()

    async def _ask(self, scope: Scope, visitor: "_Visitor", url: URL) -> aiohttp.ClientResponse:
        """Send the request; the response once its head is here. Raises _Failed."""
        body = visitor.body() if hops.has_body(scope["headers"]) else None
        if body is None:
            visitor.watch_soon()
        try:
            return await self._pool().requests.request(
                scope["method"],
                url,
                headers=CIMultiDict(hops.to_upstream(scope)),
                data=body,
                allow_redirects=False,
            )
        except TimeoutError as error:
            raise _Failed(408 if visitor.late else 504) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _Failed(502) from error

    async def _apologise(self, scope: Scope, send: Send, status: int) -> None:
        if status == HTTPStatus.REQUEST_TIMEOUT:
            await _answer_whole(send, status)
            return
        mark = (hops.ERROR_HEADER, b"upstream")
        await _answer_whole(send, status, self._error_page(scope, status), mark)


class _Failed(Exception):
    """Upstream gave no answer; `status` is what to say instead."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Visitor:
    """The visitor's end of one exchange: the body as it comes, and the moment of leaving."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._exchange = asyncio.current_task()
        self._timer: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None
        self._stopped = False
        self.left = False
        self.late = False

    async def body(self) -> AsyncIterator[bytes]:
        """The request body, read only as fast as upstream takes it."""
        more = True
        while more:
            message = await self._next()
            if message["type"] == "http.disconnect":
                self._leave()
                raise _VisitorLeft
            if chunk := message.get("body", b""):
                yield chunk
            more = message.get("more_body", False)
        self._watch()

    async def _next(self) -> Message:
        try:
            async with asyncio.timeout(limits.VISITOR_IDLE_SECONDS):
                return await self._receive()
        except TimeoutError:
            self.late = True
            raise

    def watch_soon(self) -> None:
        """Cancel the exchange when the visitor leaves; only without a body left to read."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_WATCH_AFTER_SECONDS, self._watch)

    def take_back_cancellation(self) -> None:
        if self._exchange is not None:
            self._exchange.uncancel()

    def stop(self) -> None:
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._watcher is not None:
            self._watcher.cancel()

    def _watch(self) -> None:
        if not self._stopped:
            self._watcher = asyncio.get_running_loop().create_task(self._wait())

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _leave(self) -> None:
        if not self._stopped and self._exchange is not None:
            self.left = True
            self._exchange.cancel()


async def _pass_on(response: aiohttp.ClientResponse, headers: hops.Headers, send: Send) -> None:
    """Stream an answer. Raises BrokenOff when either end stops before the end."""
    connection = response.connection if _ends_with_connection(response) else None
    protocol = connection.protocol if connection is not None else None
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    more = True
    while more:
        chunk = await _next_chunk(response)
        more = bool(chunk) and not response.content.at_eof()
        if not more and protocol is not None:
            _refuse_reset(protocol.exception())
        await _hand_over(send, {"type": "http.response.body", "body": chunk, "more_body": more})


async def _next_chunk(response: aiohttp.ClientResponse) -> bytes:
    try:
        return await response.content.readany()
    except (aiohttp.ClientError, OSError) as error:
        raise BrokenOff("upstream broke off") from error


async def _hand_over(send: Send, message: Message) -> None:
    try:
        async with asyncio.timeout(limits.VISITOR_IDLE_SECONDS):
            await send(message)
    except TimeoutError as error:
        raise BrokenOff("the visitor does not read") from error


def _ends_with_connection(response: aiohttp.ClientResponse) -> bool:
    headers = response.headers
    return "Content-Length" not in headers and "Transfer-Encoding" not in headers


def _refuse_reset(error: BaseException | None) -> None:
    """A body delimited by close is whole after a clean close only (RFC 9112, 8)."""
    if isinstance(error, OSError):
        raise BrokenOff("upstream broke off") from error


async def _answer_whole(
    send: Send, status: int, page: bytes | None = None, *more: tuple[bytes, bytes]
) -> None:
    """One short answer: a page of HTML or, without one, the name of the status."""
    kind, body = b"text/html; charset=utf-8", page
    if body is None:
        kind, body = b"text/plain; charset=utf-8", HTTPStatus(status).phrase.encode("ascii")
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode("ascii")),
        (b"cache-control", b"no-store"),
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
