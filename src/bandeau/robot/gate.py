"""The only way out of a terminal: a proxy that looks at every address before it connects to it.

The browser looks up no name itself. The gate does, and connects to the very address that it has
checked: a redirect, a second DNS answer, a WebSocket or a worker leads nowhere else. It listens on
a port of loopback that nobody knows, and serves processes of its own user only.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httptools

from bandeau import limits
from bandeau.audit.evidence import Gap, HostSeen
from bandeau.robot.addresses import NOT_FOUND, ResolveRules, host_and_port, is_public

_ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
_REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
# What belongs to this connection and not to the message.
_OF_THE_PROXY = (b"proxy-connection", b"proxy-authorization", b"connection", b"keep-alive")
_SOCKETS = Path("/proc/net/tcp")


class Refused(Exception):
    """An address that is not connected to. The message says why."""


class Gate:
    """What is let through for one terminal, and what became of each host."""

    def __init__(self, rules: ResolveRules, *, allow_private: bool) -> None:
        self._rules = rules
        self._allow_private = allow_private
        self._seen: dict[str, HostSeen] = {}
        self._refused: dict[str, str] = {}
        self._gaps: dict[str, Gap] = {}
        self._left = limits.AUDIT_RUN_BYTES
        self._connections: set[Visitor] = set()

    def hosts(self) -> tuple[HostSeen, ...]:
        """Each host that was looked up, and where it led."""
        return tuple(self._seen.values())

    def gaps(self) -> tuple[Gap, ...]:
        """What was cut off at a limit."""
        return tuple(self._gaps.values())

    def address(self, host: str) -> str:
        """The first address of a host, empty where it was not looked up."""
        seen = self._seen.get(host)
        return seen.addresses[0] if seen and seen.addresses else ""

    def refusal(self, host: str) -> str:
        """Why a host was not connected to, empty where it was."""
        return self._refused.get(host, "")

    def admit(self, visitor: Visitor) -> bool:
        """Whether there is room for one more connection."""
        if len(self._connections) >= limits.AUDIT_CONNECTIONS:
            self._gap("AUDIT_CONNECTIONS", "too many connections at once")
            return False
        self._connections.add(visitor)
        return True

    def leave(self, visitor: Visitor) -> None:
        """A connection has ended."""
        self._connections.discard(visitor)

    def passed(self, size: int) -> bool:
        """Count bytes; ``False`` once the run has had all that it may."""
        self._left -= size
        if self._left < 0:
            self._gap("AUDIT_RUN_BYTES", "more was sent and loaded than a run may")
        return self._left >= 0

    def _gap(self, limit: str, why: str) -> None:
        self._gaps.setdefault(limit, Gap(limit, why))

    def close(self) -> None:
        """End every connection."""
        for visitor in list(self._connections):
            visitor.abort()

    async def connect(
        self, host: str, port: int, protocol: asyncio.Protocol
    ) -> asyncio.WriteTransport:
        """Connect ``protocol`` to a host, if it may be. Raises :class:`Refused`."""
        try:
            addresses, number = await self._addresses(host, port)
            return await _connected(addresses, number, protocol)
        except Refused as error:
            if len(self._refused) < limits.AUDIT_HOSTS:
                self._refused[host] = str(error)
            raise

    async def _addresses(self, host: str, port: int) -> tuple[list[str], int]:
        target = self._rules.target(host, port)
        if target is not None and target.host == NOT_FOUND:
            raise Refused("no such host, by the rules given")
        name = target.host if target else host
        number = (target.port if target else None) or port
        addresses, canonical = await _looked_up(name, number)
        if host in self._seen or len(self._seen) < limits.AUDIT_HOSTS:
            other = canonical if target is None and canonical != host else ""
            self._seen[host] = HostSeen(host, tuple(addresses), other)
        if target is None and not self._allow_private:
            addresses = [each for each in addresses if is_public(each)]
            if not addresses:
                raise Refused("its address is private: --allow-private lets it be visited")
        return addresses, number


async def _looked_up(name: str, port: int) -> tuple[list[str], str]:
    """Addresses of a name, and its canonical name. Raises :class:`Refused`."""
    if name == "localhost" or name.endswith(".localhost"):
        return ["127.0.0.1"], name
    looking = asyncio.get_running_loop().getaddrinfo(
        name, port, type=socket.SOCK_STREAM, flags=socket.AI_CANONNAME
    )
    try:
        found = await asyncio.wait_for(looking, limits.AUDIT_CONNECT_SECONDS)
    except (OSError, UnicodeError, TimeoutError):
        raise Refused("its name leads nowhere") from None
    addresses = dict.fromkeys(str(each[4][0]) for each in found)
    return list(addresses)[: limits.AUDIT_ADDRESSES], found[0][3].rstrip(".").lower()


async def _connected(
    addresses: list[str], port: int, protocol: asyncio.Protocol
) -> asyncio.WriteTransport:
    loop = asyncio.get_running_loop()
    for address in addresses:
        # An address as text is not looked up again.
        making = loop.create_connection(lambda: protocol, address, port)
        with contextlib.suppress(OSError, TimeoutError):
            transport, _ = await asyncio.wait_for(making, limits.AUDIT_CONNECT_SECONDS)
            return transport
    raise Refused("no connection")


class Visitor(asyncio.Protocol):
    """A connection of the browser: one tunnel, or one plain request."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._head = b""
        self._asked: asyncio.Task[None] | None = None
        self._far: Far | None = None
        self._request: Plain | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if not _ours(transport.get_extra_info("peername")) or not self._gate.admit(self):
            self.abort()

    def data_received(self, data: bytes) -> None:
        if self._far is not None:
            self._onwards(self._far, data)
            return
        self._head += data
        if len(self._head) > limits.UPSTREAM_HEAD_BYTES:
            self.abort()
        elif b"\r\n\r\n" in self._head and self._asked is None and self.transport is not None:
            self.transport.pause_reading()
            self._asked = asyncio.ensure_future(self._answer(self.transport))

    def _onwards(self, far: Far, data: bytes) -> None:
        if self._request is not None and not self._request.continues(data):
            # A second request may be for another host: the browser tries it on a new connection.
            self.abort()
        elif self._gate.passed(len(data)):
            far.write(data)
        else:
            self.abort()

    async def _answer(self, transport: asyncio.Transport) -> None:
        request = Plain()
        tunnel = False
        try:
            tunnel = request.begins(self._head)
            far = Far(self, self._gate)
            far.transport = await self._gate.connect(request.host, request.port, far)
        except (Refused, httptools.HttpParserError, ValueError):
            if tunnel:
                transport.write(_REFUSED)
            transport.close()
            return
        if transport.is_closing():
            far.transport.abort()
            return
        self._far, self._head = far, b""
        if tunnel:
            transport.write(_ESTABLISHED)
        else:
            self._request = request
            far.write(request.head)
        transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Hand an answer's bytes to the browser."""
        if self.transport is not None:
            self.transport.write(data)

    def pause_writing(self) -> None:
        if self._far is not None and self._far.transport is not None:
            _hold(self._far.transport, True)

    def resume_writing(self) -> None:
        if self._far is not None and self._far.transport is not None:
            _hold(self._far.transport, False)

    def connection_lost(self, error: Exception | None) -> None:
        self._gate.leave(self)
        if self._far is not None and self._far.transport is not None:
            self._far.transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        if self.transport is not None:
            self.transport.abort()


class Far(asyncio.Protocol):
    """The connection to a host, for one connection of the browser."""

    def __init__(self, near: Visitor, gate: Gate) -> None:
        self._near = near
        self._gate = gate
        self.transport: asyncio.WriteTransport | None = None

    def data_received(self, data: bytes) -> None:
        if self._gate.passed(len(data)):
            self._near.write(data)
        else:
            self._near.abort()

    def write(self, data: bytes) -> None:
        """Hand a request's bytes to the host."""
        if self.transport is not None:
            self.transport.write(data)

    def pause_writing(self) -> None:
        if self._near.transport is not None:
            _hold(self._near.transport, True)

    def resume_writing(self) -> None:
        if self._near.transport is not None:
            _hold(self._near.transport, False)

    def connection_lost(self, error: Exception | None) -> None:
        if self._near.transport is not None:
            self._near.transport.close()


def _hold(transport: asyncio.WriteTransport, still: bool) -> None:
    if isinstance(transport, asyncio.Transport) and not transport.is_closing():
        if still:
            transport.pause_reading()
        else:
            transport.resume_reading()


class Plain:
    """The head of a request to a proxy, and where its body ends."""

    def __init__(self) -> None:
        self.host, self.port, self.head = "", 80, b""
        self._url = b""
        self._lines: list[bytes] = []
        self._ended = False
        self._parser = httptools.HttpRequestParser(self)

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() not in _OF_THE_PROXY:
            self._lines.append(name + b": " + value + b"\r\n")

    def on_message_complete(self) -> None:
        self._ended = True

    def begins(self, data: bytes) -> bool:
        """Read the head, and with it what came of the body; ``True`` for a tunnel.

        Raises ``ValueError`` or ``HttpParserError``.
        """
        with contextlib.suppress(httptools.HttpParserUpgrade):
            self._parser.feed_data(data)
        method, url = self._parser.get_method(), self._url.decode("ascii")
        if method == b"CONNECT":
            self.host, port = host_and_port(url)
            self.port = port or 443
            return True
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(url)
        self.host, self.port = parts.hostname, parts.port or 80
        target = (parts.path or "/") + (f"?{parts.query}" if "?" in url else "")
        first = b"%s %s HTTP/1.1\r\n" % (method, target.encode())
        body = data.partition(b"\r\n\r\n")[2]
        self.head = first + b"".join(self._lines) + b"Connection: close\r\n\r\n" + body
        return False

    def continues(self, data: bytes) -> bool:
        """Whether ``data`` still belongs to the request."""
        if self._ended:
            return False
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return False
        return True


def _ours(peer: tuple[str, int]) -> bool:
    """Whether a process of our own user is at the other end, as far as the system tells."""
    if not _SOCKETS.exists():
        return True
    number = f":{peer[1]:04X}"
    for line in _SOCKETS.read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(number) and fields[1].startswith("0100007F"):
            return int(fields[7]) == os.geteuid()
    return False


@asynccontextmanager
async def gate(rules: ResolveRules, *, allow_private: bool) -> AsyncIterator[tuple[Gate, int]]:
    """A gate, and the port of loopback that it listens on."""
    opened = Gate(rules, allow_private=allow_private)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Visitor(opened), "127.0.0.1", 0)
    try:
        yield opened, server.sockets[0].getsockname()[1]
    finally:
        server.close()
        opened.close()
