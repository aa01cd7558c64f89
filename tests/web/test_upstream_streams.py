"""Bodies flow: at once, as fast as the slower side, and in flat memory."""

import contextlib
import os
import socket
import threading
from pathlib import Path

import pytest

from bandeau import limits
from tests.web._origin import (
    PATIENCE,
    connect,
    gateway,
    raw_origin,
    read_all,
    read_head,
    read_until,
    visited,
)

pytestmark = pytest.mark.slow

MIB = 1024 * 1024
GET = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
# What kernel buffers, the pool and the server may hold between two sides that do not move.
IN_FLIGHT = 24 * MIB


def resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_server_sent_events_pass_one_by_one() -> None:
    seen = [threading.Event() for _ in range(3)]

    def behave(connection: socket.socket, origin) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number, event in enumerate(seen):
            connection.sendall(b"data: %d\n\n" % number)
            assert event.wait(PATIENCE)

    with visited(behave) as (visitor, _):
        visitor.sendall(GET)
        for number, event in enumerate(seen):
            assert b"data: %d\n\n" % number in read_until(visitor, b"data: %d\n\n" % number)
            event.set()
        assert read_all(visitor).endswith(b"0\r\n\r\n")


def test_the_head_of_an_answer_passes_before_its_body() -> None:
    seen = threading.Event()

    def behave(connection: socket.socket, origin) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        assert seen.wait(PATIENCE)
        connection.sendall(b"hi")

    with visited(behave) as (visitor, _):
        visitor.sendall(GET)
        assert b"content-length: 2" in read_head(visitor)
        seen.set()
        assert read_all(visitor) == b"hi"


def test_an_upload_passes_piece_by_piece() -> None:
    pieces = [threading.Event() for _ in range(3)]

    def behave(connection: socket.socket, origin) -> None:
        for number, piece in enumerate(pieces):
            read_until(connection, b"piece %d" % number)
            piece.set()
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with visited(behave) as (visitor, _):
        visitor.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        for number, piece in enumerate(pieces):
            visitor.sendall(b"7\r\npiece %d\r\n" % number)
            assert piece.wait(PATIENCE)
        visitor.sendall(b"0\r\n\r\n")
        assert read_all(visitor).startswith(b"HTTP/1.1 200 ")


def pour(connection: socket.socket, total: int) -> int:
    """Send until `total` bytes are gone or nothing has moved for half a second."""
    block, sent = bytes(MIB), 0
    connection.settimeout(0.5)
    with contextlib.suppress(TimeoutError):
        while sent < total:
            sent += connection.send(block[: total - sent])
    connection.settimeout(PATIENCE)
    return sent


def drain(connection: socket.socket, enough: int | None = None) -> tuple[int, int]:
    """Bytes read until the end (or `enough`), none kept, and this process's memory at its worst.

    Gateway, origin and visitor share the process, so whatever any of them piles up is seen.
    """
    total, buffer, peak = 0, bytearray(MIB), 0
    while (enough is None or total < enough) and (count := connection.recv_into(buffer)):
        total += count
        peak = max(peak, resident_bytes())
    return total, peak


def test_a_visitor_who_does_not_read_holds_the_upstream_back() -> None:
    sent: list[int] = []
    stalled = threading.Event()

    def behave(connection: socket.socket, origin) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        sent.append(pour(connection, 200 * MIB))
        stalled.set()

    with visited(behave) as (visitor, _):
        visitor.sendall(GET)
        assert stalled.wait(30)
        assert sent[0] < IN_FLIGHT
        assert drain(visitor)[0] > sent[0]


def test_an_upstream_that_does_not_read_holds_the_visitor_back() -> None:
    stalled = threading.Event()

    def behave(connection: socket.socket, origin) -> None:
        read_head(connection)
        stalled.wait(30)

    with visited(behave) as (visitor, _):
        visitor.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999\r\n\r\n")
        assert pour(visitor, 200 * MIB) < IN_FLIGHT
        stalled.set()


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 209715200\r\n", b""], ids=["length", "close"]
)
def test_a_large_download_takes_no_memory(framing: bytes) -> None:
    def behave(connection: socket.socket, origin) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\n" + framing + b"\r\n")
        pour(connection, 200 * MIB)

    with raw_origin(behave) as origin, gateway(origin.address.url) as address:
        before = resident_bytes()
        with connect(address) as visitor:
            visitor.sendall(GET)
            total, peak = drain(visitor)
        assert total >= 200 * MIB
        assert peak - before < IN_FLIGHT


def test_a_large_upload_takes_no_memory() -> None:
    peaks: list[int] = []

    def behave(connection: socket.socket, origin) -> None:
        head = read_head(connection)
        start = len(head.partition(b"\r\n\r\n")[2])
        peaks.append(drain(connection, 200 * MIB - start)[1])
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with raw_origin(behave) as origin, gateway(origin.address.url) as address:
        before = resident_bytes()
        with connect(address) as visitor:
            visitor.sendall(
                b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 209715200\r\n"
                b"Connection: close\r\n\r\n"
            )
            assert pour(visitor, 200 * MIB) == 200 * MIB
            assert read_all(visitor).endswith(b"ok")
        assert peaks[0] - before < IN_FLIGHT


def test_a_visitor_who_never_reads_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "VISITOR_IDLE_SECONDS", 0.2)
    ended = threading.Event()

    def behave(connection: socket.socket, origin) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            connection.sendall(bytes(200 * MIB))
        ended.set()

    with visited(behave) as (visitor, _):
        visitor.sendall(GET)
        assert ended.wait(PATIENCE)
        assert not read_all(visitor).endswith(b"0\r\n\r\n")


def test_an_upload_that_stops_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "VISITOR_IDLE_SECONDS", 0.2)

    def behave(connection: socket.socket, origin) -> None:
        read_all(connection)

    with visited(behave) as (visitor, _):
        visitor.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\npart")
        assert read_head(visitor).startswith(b"HTTP/1.1 408 ")
