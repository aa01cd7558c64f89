"""One connection to the site: one exchange after another (RFC 9112).

httptools parses, strictly; a general HTTP client costs several times what the whole gateway does.
A connection is used again only when nothing is left open on it, and never after bytes that nobody
asked for.
"""

import asyncio

import httptools

from bandeau import limits

_BODILESS = frozenset((204, 304))
_FRAMING = frozenset((b"content-length", b"transfer-encoding"))


class WireError(Exception):
    """The connection is gone, or what came over it is no answer."""


class Wire(asyncio.Protocol):
    """The client's end of a connection. After :meth:`begin` an answer is read in two steps.

    :meth:`head` waits for ``status`` and ``headers`` (names in lower case), :meth:`part` for bytes
    of the body. Both raise ``WireError`` or, once :meth:`mind_silence` was called, ``TimeoutError``
    after ``limits.UPSTREAM_IDLE_SECONDS`` of silence.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._parser_used_up = False
        self._news: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._busy = False
        self._owing = False
        self._spoilt = False
        self._failure: Exception | None = None
        self.idle_since = 0.0
        self.exchanges = 0
        self._clear(bodiless=False)

    def _clear(self, *, bodiless: bool) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.silent = True
        self.ended = False
        self._bodiless = bodiless
        self._in_head = True
        self._head_bytes = 0
        self._until_close = False
        self._parts: list[bytes] = []
        self._held = 0
        self._paused = False
        self._heard = 0.0

    # What the exchange does.

    def begin(self, request: bytes, *, bodiless: bool, uploads: bool = False) -> None:
        """Send a request's head. ``bodiless`` tells that its answer has no body (HEAD).

        With ``uploads`` a body follows, by :meth:`write`, and :meth:`sent` after its last byte.
        """
        self._clear(bodiless=bodiless)
        self._busy = True
        self._owing = uploads
        self.exchanges += 1
        self._heard = self._loop.time()
        self.write(request)

    def write(self, data: bytes) -> None:
        """Send bytes of the request; :meth:`drained` tells when more are welcome."""
        self._heard = self._loop.time()
        if self._transport is not None:
            self._transport.write(data)

    def sent(self) -> None:
        """The whole request was written."""
        self._owing = False

    def mind_silence(self) -> None:
        """From now on, give up when the site is silent for too long."""
        if self._timer is None:
            self._look_at_silence()

    async def drained(self) -> None:
        """Wait until the site takes more. Raises ``WireError``."""
        while self._room is not None:
            await self._room
        if self._failure is not None:
            raise self._failure

    async def head(self) -> None:
        """Wait for the head of the answer; interim ones are passed over (RFC 9110, 15.2)."""
        while self._in_head:
            await self._wait()

    async def part(self) -> bytes:
        """The next bytes of the body; empty at its end."""
        while not self._parts and not self.ended:
            await self._wait()
        parts, self._parts, self._held = self._parts, [], 0
        if self._paused and self._transport is not None:
            self._paused = False
            self._heard = self._loop.time()
            self._transport.resume_reading()
        return parts[0] if len(parts) == 1 else b"".join(parts)

    @property
    def exhausted(self) -> bool:
        """Whether no byte of the answer is to come."""
        return self.ended and not self._parts

    def finish(self) -> bool:
        """The exchange is over; whether the connection can carry another, else it is closed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._busy = False
        # An answer that nobody read to its end may have left the reading paused; after half a
        # request, the site would take the next one for the rest of its body.
        if not self.exhausted or self._owing or self._spoilt or self._failure is not None:
            self.close()
            return False
        if self._parser_used_up:
            self._parser = httptools.HttpResponseParser(self)
            self._parser_used_up = False
        self.idle_since = self._loop.time()
        return True

    def fail(self, error: Exception) -> None:
        """End the exchange with ``error``; what has come of the answer can still be read."""
        if self._failure is None:
            self._failure = error
        self._spoilt = True
        self._wake()

    def close(self) -> None:
        """Drop the connection."""
        self._spoilt = True
        if self._transport is not None:
            self._transport.abort()

    @property
    def usable(self) -> bool:
        """Whether the connection stands, as far as can be known here."""
        return not self._spoilt

    # What the event loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]

    def connection_lost(self, exc: Exception | None) -> None:
        self._lose(exc)
        self._transport = None

    def eof_received(self) -> bool:
        self._lose(None)
        return False

    def pause_writing(self) -> None:
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def data_received(self, data: bytes) -> None:
        if not self._busy or self.ended:
            self.close()  # nobody asked: the next visitor must not get it
            return
        self.silent = False
        self._heard = self._loop.time()
        self._head_bytes += len(data) if self._in_head else 0
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._refuse(error)
        except httptools.HttpParserUpgrade as error:
            self._refuse(error)
        if self._in_head and self._head_bytes > limits.UPSTREAM_HEAD_BYTES:
            self.fail(WireError("a head without end"))
        if self._held > limits.UPSTREAM_HELD_BYTES and self._transport and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    # What the parser tells.

    def on_message_begin(self) -> None:
        self._spoilt = self._spoilt or self.ended

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # else a trailer
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        if not self._in_head:
            return
        self.status = self._parser.get_status_code()
        if self.status < 200:
            self.headers = []
            return
        if len(self.headers) > limits.HEADERS or (
            self._head_bytes > limits.HEADER_LINE_BYTES and self._has_long_line()
        ):
            raise WireError("headers over the limits")
        self._in_head = False
        if self._bodiless or self.status in _BODILESS:
            # The parser cannot be told, and may wait for a body for ever.
            self._parser_used_up = True
            self._end()
        else:
            self._until_close = _FRAMING.isdisjoint([name for name, _ in self.headers])

    def on_body(self, body: bytes) -> None:
        if self._in_head:
            raise WireError("an interim answer with a body")
        if self.ended:
            self._spoilt = True
            return
        self._parts.append(body)
        self._held += len(body)

    def on_message_complete(self) -> None:
        if not self._in_head and not self.ended:
            self._end()

    def _has_long_line(self) -> bool:
        return any(len(n) + len(v) > limits.HEADER_LINE_BYTES for n, v in self.headers)

    def _end(self) -> None:
        self.ended = True
        self._spoilt = self._spoilt or not self._parser.should_keep_alive()

    def _refuse(self, error: Exception) -> None:
        if self.ended:
            self._spoilt = True
        else:
            self.fail(WireError(f"no answer that can be read: {error}"))

    def _lose(self, error: Exception | None) -> None:
        self._spoilt = True
        if self._busy and not self.ended:
            # A body delimited by close is whole after a clean close only (RFC 9112, 8).
            if self._until_close and error is None and self._failure is None:
                self.ended = True
            else:
                self.fail(WireError("the connection ended"))
        self.resume_writing()
        self._wake()

    def _look_at_silence(self) -> None:
        self._timer = None
        quiet = self._loop.time() - self._heard
        left = limits.UPSTREAM_IDLE_SECONDS - quiet
        if left <= 0 and not self._paused and self._news is not None:
            self.fail(TimeoutError())
        elif self._busy:
            again = left if left > 0 else limits.UPSTREAM_IDLE_SECONDS
            self._timer = self._loop.call_later(again, self._look_at_silence)

    async def _wait(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._news = self._loop.create_future()
        try:
            await self._news
        finally:
            self._news = None

    def _wake(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
