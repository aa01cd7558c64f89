"""Servers and clients for the gateway's tests: an origin that behaves, one that does not, and a
visitor who speaks bytes. Everything listens on 127.0.0.1, port 0, and ends with its `with`.
"""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bandeau.web import server as gateway_server
from bandeau.web.server import Address
from bandeau.web.upstream import Upstream

PATIENCE = 10.0


@contextlib.contextmanager
def running(app) -> Iterator[Address]:
    """Any ASGI application behind our own server, in a thread."""
    listener = gateway_server.listen("127.0.0.1", 0)
    ready = threading.Event()
    server = gateway_server.make_server(app, ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield gateway_server.address_of(listener)
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive()


@contextlib.contextmanager
def gateway(origin: str, **options) -> Iterator[Address]:
    """A gateway in front of an origin."""
    with running(Upstream(origin, **options)) as address:
        yield address


@dataclass
class RawOrigin:
    """An upstream that answers with exact bytes, and keeps what it was sent."""

    address: Address
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0
    closed: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def raw_origin(behave: Callable[[socket.socket, RawOrigin], None]) -> Iterator[RawOrigin]:
    """One thread per connection runs `behave(connection, origin)`."""
    listener = socket.create_server(("127.0.0.1", 0))
    origin = RawOrigin(gateway_server.address_of(listener))
    threads: list[threading.Thread] = []

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(PATIENCE)
            behave(connection, origin)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                origin.connections += 1
                thread = threading.Thread(target=handle, args=(connection,), daemon=True)
                threads.append(thread)
                thread.start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield origin
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join(PATIENCE)
        for thread in threads:
            thread.join(PATIENCE)


def answering(*answers: bytes, reset: bool = False) -> Callable[[socket.socket, RawOrigin], None]:
    """Reads one request head per answer, writes the answer, then closes (or resets)."""

    def behave(connection: socket.socket, origin: RawOrigin) -> None:
        for answer in answers:
            origin.heard.append(read_head(connection))
            connection.sendall(answer)
        if reset:
            hard_close(connection)

    return behave


def hard_close(connection: socket.socket) -> None:
    """End a connection with a reset instead of a clean end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    connection.close()


def read_head(connection: socket.socket) -> bytes:
    """Bytes up to the empty line; what came behind it is included."""
    return read_until(connection, b"\r\n\r\n")


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    data = b""
    while mark not in data:
        part = connection.recv(65_536)
        if not part:
            return data
        data += part
    return data


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes; a reset counts as the end."""
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            data += part
    return data


def connect(address: Address) -> socket.socket:
    return socket.create_connection((address.host, address.port), timeout=PATIENCE)


@contextlib.contextmanager
def visited(
    behave: Callable[[socket.socket, RawOrigin], None],
) -> Iterator[tuple[socket.socket, RawOrigin]]:
    """A visitor's connection to a gateway in front of a raw origin."""
    with (
        raw_origin(behave) as origin,
        gateway(origin.address.url) as address,
        connect(address) as visitor,
    ):
        yield visitor, origin


def exchange(address: Address, request: bytes) -> bytes:
    """Send bytes, then read until the server closes (ask for `connection: close`)."""
    with connect(address) as connection:
        connection.sendall(request)
        return read_all(connection)


def get(address: Address, path: str = "/", *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: site.test", "connection: close", *headers]
    return exchange(address, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


def status_of(response: bytes) -> int:
    return int(response.split(b" ", 2)[1])


def headers_of(response: bytes) -> list[tuple[bytes, bytes]]:
    lines = response.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    return [(name, value) for name, _, value in (line.partition(b": ") for line in lines)]


def body_of(response: bytes) -> bytes:
    return response.partition(b"\r\n\r\n")[2]
