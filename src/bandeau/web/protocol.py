"""The server's HTTP parser (httptools, strict) with the limits and refusals it lacks.

httptools refuses by itself: repeated or malformed Content-Length, a length beside a transfer
coding, bad chunk sizes, control characters and folding in headers, malformed request lines.
Added here: sizes, slow heads, Host rules, transfer codings other than chunked, methods and
versions that a gateway has no business with, and trailers posing as headers.
"""

import asyncio
import http
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from bandeau import limits
from bandeau.web.at_once import Begun, Whole, begin_of
from bandeau.web.cycle import Cycle

_VERSIONS = ("1.0", "1.1")
_SAFE = frozenset({"GET", "HEAD"})
_BODILY = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})
# A page could frame what we refuse, and use a document that nothing holds.
_SHUT = "content-security-policy: default-src 'none'\r\nconnection-allowlist: ()\r\n"


class Refused(Exception):
    """A request that is answered with `status` and a closed connection."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class GatewayProtocol(HttpToolsProtocol):
    """uvicorn's protocol, stricter. One instance is one connection."""

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._refusal = 400
        self._idle_until = 0.0
        self._begin = begin_of(self.config.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_timer()
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            # The parser keeps an unfinished header to itself, so the bytes are counted here.
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_head or self.transport.is_closing() or not self._head_bytes:
            return
        if self._head_bytes > limits.HEADER_LINE_BYTES:
            self._refusal = 431
            self.send_400_response("")
        elif self._head_timer is None:
            self._await_head()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > limits.URL_CHARACTERS:
            self._refuse(414)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer: it must not join the headers, which have been judged already
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.headers) > limits.HEADERS or (
            # What came may hold some of the body already.
            self._head_bytes > limits.HEADER_LINE_BYTES
            and sum(len(n) + len(v) for n, v in self.headers) > limits.HEADER_LINE_BYTES
        ):
            self._refuse(431)
        self._in_head = False
        self._head_bytes = 0
        self._stop_timer()
        status = _fault(
            self.parser.get_method(), self.parser.get_http_version(), self.url, self.headers
        )
        if status:
            self._refuse(status)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = True
        self._head_bytes = 0

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self.transport.is_closing():
            return  # What came before it was answered at once, with the end of the connection.
        # uvicorn names its own class where it makes one.
        cycle.__class__ = Cycle
        begun = self._begun(cycle) if app is self.app else None
        if not isinstance(begun, Whole):
            super()._start_asgi_task(cycle, begun or app)
        elif not (isinstance(cycle, Cycle) and cycle.answer(begun)):
            super()._start_asgi_task(cycle, app)

    def _begun(self, cycle: RequestResponseCycle) -> Begun:
        """What the application has at hand; anything unusual takes the ordinary way.

        So does a visitor who reads slowly, which only a task can wait for, and who has sent more
        requests than this one, since each answer would begin the next one within itself.
        """
        if self._begin is None or cycle is not self.cycle or cycle.scope["method"] not in _SAFE:
            return None
        if self.flow.write_paused or not _BODILY.isdisjoint([name for name, _ in self.headers]):
            return None
        try:
            return self._begin(cycle.scope)
        except Exception:
            return None  # The ordinary way meets it too, and says what it is.

    # A timer for each request costs more than reading one: ours runs on, and looks when it ends.

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_until = self.loop.time() + self.timeout_keep_alive
        if self.timeout_keep_alive_task is None:
            self._await_request()

    def _unset_keepalive_if_required(self) -> None:
        self._idle_until = 0.0

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self.loop.time() < self._idle_until:
            self._await_request()
        elif self._idle_until:
            super().timeout_keep_alive_handler()

    def _await_request(self) -> None:
        self.timeout_keep_alive_task = self.loop.call_at(
            self._idle_until, self.timeout_keep_alive_handler
        )

    def handle_websocket_upgrade(self) -> None:
        super().handle_websocket_upgrade()
        socket = self.transport.get_protocol()
        if isinstance(socket, WebSocketsSansIOProtocol) and not socket.handshake_initiated:
            # The socket's own parser is narrower (8 KiB lines, 128 headers, GET, no body) and
            # says nothing when it gives up: the connection would hang, and a stop would fail.
            socket.close_sent = True
            self.send_400_response("")

    def send_400_response(self, msg: str) -> None:
        cycle = self.cycle
        if cycle is not None and cycle.response_started and not cycle.response_complete:
            # Bytes of ours in the middle of an answer could be read as part of it.
            self.transport.abort()
            return
        status, self._refusal = self._refusal, 400
        phrase = http.HTTPStatus(status).phrase
        self.transport.write(
            f"HTTP/1.1 {status} {phrase}\r\ncontent-type: text/plain; charset=utf-8\r\n"
            f"{_SHUT}content-length: {len(phrase)}\r\n"
            f"connection: close\r\n\r\n{phrase}".encode("ascii")
        )
        self.transport.close()

    def _refuse(self, status: int) -> None:
        self._refusal = status
        raise Refused(status)

    def _await_head(self) -> None:
        self._head_timer = self.loop.call_later(limits.VISITOR_HEAD_SECONDS, self._too_slow)

    def _too_slow(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self._refusal = 408
            self.send_400_response("")

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


def _fault(
    method: bytes, version: str, url: bytes, headers: list[tuple[bytes, bytes]]
) -> int | None:
    """The status to refuse a request head with (RFC 9112, 3.2, 6.1 and 6.3), or None."""
    if method == b"CONNECT":
        return 501
    if version not in _VERSIONS:
        return 505
    hosts = [value for name, value in headers if name == b"host"]
    if len(hosts) > 1 or (not hosts and version == "1.1"):
        return 400
    codings = [value.lower() for name, value in headers if name == b"transfer-encoding"]
    if codings and (codings != [b"chunked"] or version == "1.0"):
        return 400
    return None if url.startswith(b"/") or _same_host(url, hosts) else 400


def _same_host(url: bytes, hosts: list[bytes]) -> bool:
    """Whether an absolute-form target names the host that the Host header names."""
    try:
        parsed = httptools.parse_url(url)
    except httptools.HttpParserInvalidURLError:
        return False
    if not parsed.host or not hosts:
        return False
    authority = parsed.host if parsed.port is None else parsed.host + b":%d" % parsed.port
    return authority.lower() == hosts[0].lower()
