"""The publisher's site as an ASGI application: every request passed on, every answer streamed.

Nothing is decoded, cached or followed here. Bodies flow in both directions with back-pressure;
a visitor who leaves ends the request upstream, and an upstream that breaks off breaks off the
visitor's connection too, so that a truncated body never looks whole.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from yarl import URL

from bandeau.web import hops, upstream_socket, upstream_wire
from bandeau.web.pool import Pool
from bandeau.web.upstream_visitor import Visitor

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ErrorPage = Callable[[Mapping[str, Any], int], bytes]

_REFUSED_METHODS = ("CONNECT", "TRACE")
_REPEATABLE = ("GET", "HEAD", "OPTIONS")


class BrokenOff(Exception):
    """The answer ended before its end: the visitor's connection must not end cleanly."""


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
        self._origin = base.origin()
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
            url = URL(str(self._origin) + path.decode("ascii"), encoded=True)
            await socket.run(self._pool().sockets(), url)
        else:
            await self._exchange(scope, receive, send, path)

    def _pool(self) -> Pool:
        if self._open_pool is None:
            self._open_pool = Pool(self._origin)
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

    async def _exchange(self, scope: Scope, receive: Receive, send: Send, path: bytes) -> None:
        visitor, pool = Visitor(receive), self._pool()
        try:
            wire = await self._asked(scope, visitor, path, pool)
            try:
                headers = hops.to_visitor(wire.status, wire.headers)
                await _pass_on(wire, headers, send, visitor)
            finally:
                pool.take_back(wire)
        except asyncio.CancelledError:
            if not (visitor.left or visitor.stuck):
                raise
            visitor.take_back_cancellation()
            if visitor.stuck:
                raise BrokenOff("the visitor does not read") from None
        except _Failed as failed:
            if not visitor.left:
                await self._apologise(scope, send, failed.status)
        except hops.BadResponse:
            await self._apologise(scope, send, 502)
        finally:
            visitor.stop()

    async def _asked(
        self, scope: Scope, visitor: Visitor, path: bytes, pool: Pool
    ) -> upstream_wire.Wire:
        """Send the request; the wire once the answer's head is here. Raises _Failed."""
        try:
            head = hops.request_head(scope, path)
            try:
                return await _ask(scope, head, visitor, pool, fresh=False)
            except _Stale:
                return await _ask(scope, head, visitor, pool, fresh=True)
        except TimeoutError as error:
            raise _Failed(408 if visitor.late else 504) from error
        except (upstream_wire.WireError, OSError, ValueError) as error:
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


class _Stale(Exception):
    """A kept connection had ended before the request; another one may be tried."""


async def _ask(
    scope: Scope, head: bytes, visitor: Visitor, pool: Pool, *, fresh: bool
) -> upstream_wire.Wire:
    uploads = hops.has_body(scope["headers"])
    wire = await pool.lend(fresh=fresh)
    try:
        wire.begin(head, bodiless=scope["method"] == "HEAD", uploads=uploads)
        if uploads:
            visitor.upload(wire, chunked=hops.is_chunked(scope["headers"]))
        else:
            visitor.watch_soon(wire)
        await wire.head()
    except BaseException as error:
        kept = wire.exchanges > 1 and wire.silent
        pool.take_back(wire)
        again = kept and scope["method"] in _REPEATABLE and not uploads
        if again and isinstance(error, upstream_wire.WireError):
            raise _Stale from error
        raise
    return wire


async def _pass_on(
    wire: upstream_wire.Wire, headers: hops.Headers, send: Send, visitor: Visitor
) -> None:
    """Stream an answer. Raises BrokenOff when upstream stops before the end."""
    await send({"type": "http.response.start", "status": wire.status, "headers": headers})
    more = True
    while more:
        try:
            part = await wire.part()
        except (upstream_wire.WireError, TimeoutError) as error:
            raise BrokenOff("upstream broke off") from error
        more = not wire.exhausted
        visitor.sending_since = visitor.now()
        await send({"type": "http.response.body", "body": part, "more_body": more})
        visitor.sending_since = 0.0


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
