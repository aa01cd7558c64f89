"""One request and its answer on uvicorn, with a head that costs less to write.

uvicorn looks through each name and value by itself each time, with expressions that take longer
over our policies than all the rest of an answer. Most lines of a head were in others before. A head
goes out with the body that is there already: each write is a call of the kernel, and wakes whoever
reads.
"""

from __future__ import annotations

import asyncio
from functools import lru_cache
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HEADER_RE,
    HEADER_VALUE_RE,
    STATUS_LINE,
    RequestResponseCycle,
)

from bandeau.web.at_once import Whole

_KEPT_LINES = 2_048
_KEPT_LINE_BYTES = 4_096
_JOINED_BYTES = 65_536
_TO_SERVER = frozenset({b"connection", b"transfer-encoding"})
_BODILESS = frozenset({204, 304})


class Cycle(RequestResponseCycle):
    """uvicorn's, in all but how it writes an ordinary head; the rest it leaves to uvicorn.

    Each answer is dated once. What it says to the server itself (``Connection``) uvicorn obeys.
    """

    _unsent = b""
    """A head that the next message, or else the next turn of the loop, takes along."""

    async def send(self, message: Any) -> None:
        """One ASGI message of the application."""
        if message["type"] == "http.response.start" and not self.response_started:
            if self.flow.write_paused and not self.disconnected:
                await self.flow.drain()
            headers = [*message.get("headers", ())]
            head = None if self.disconnected else self._head(message["status"], headers)
            if head is not None:
                self.response_started = True
                self.waiting_for_100_continue = False
                self._unsent = head
                asyncio.get_running_loop().call_soon(self._begin)
                return
            if any(name.lower() == b"date" for name, _ in headers):
                self.default_headers = []
        await super().send(self._joined(message) if self._unsent else message)

    def _begin(self) -> None:
        """Write the head by itself."""
        head, self._unsent = self._unsent, b""
        if head and not self.transport.is_closing():
            self.transport.write(head)

    def _joined(self, message: Any) -> Any:
        """A message whose body the head goes before; else the head is written now."""
        body = message.get("body", b"")
        sized = self.chunked_encoding is False and self.scope["method"] != "HEAD"
        if not sized or len(body) > min(self.expected_content_length, _JOINED_BYTES):
            self._begin()
            return message
        head, self._unsent = self._unsent, b""
        self.expected_content_length += len(head)
        return {**message, "body": head + body}

    def answer(self, whole: Whole) -> bool:
        """Write an answer to its end, if uvicorn need not be asked for it."""
        head = self._head(whole.status, whole.headers)
        if head is None or self.chunked_encoding is not False:
            return False
        self.response_started = self.response_complete = True
        self.transport.write(head + whole.body)
        if not self.keep_alive:
            self.transport.close()
        on_response, self.on_response = self.on_response, _nothing
        on_response()
        return True

    def _head(self, status: int, headers: list[tuple[bytes, bytes]]) -> bytes | None:
        """The head of an answer; ``None`` where uvicorn has to see to it."""
        lines = [
            _kept(line) if len(line[1]) <= _KEPT_LINE_BYTES else _line(line) for line in headers
        ]
        named = {name.lower(): value for name, value in headers}
        if not _TO_SERVER.isdisjoint(named) or b"" in lines:
            return None
        if b"date" not in named:
            lines += map(_line, self.default_headers)
        if not self.keep_alive:
            lines.append(b"connection: close\r\n")
        length = named.get(b"content-length")
        if length is not None:
            self.expected_content_length, self.chunked_encoding = int(length), False
        elif self.scope["method"] != "HEAD" and status not in _BODILESS:
            self.chunked_encoding = True
            lines.append(b"transfer-encoding: chunked\r\n")
        return b"".join([STATUS_LINE[status], *lines, b"\r\n"])


def _line(header: tuple[bytes, bytes]) -> bytes:
    """A line of a head; empty for one that uvicorn would not send."""
    name, value = header
    if HEADER_RE.search(name) or HEADER_VALUE_RE.search(value):
        return b""
    return b"%b: %b\r\n" % (name.lower(), value)


_kept = lru_cache(_KEPT_LINES)(_line)


def _nothing() -> None:
    pass
