"""The server at the visitor's end: what it refuses, how it starts, and how it stops."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from bandeau import limits
from bandeau.web import server
from bandeau.web.upstream import BrokenOff
from tests.web._origin import (
    PATIENCE,
    body_of,
    connect,
    exchange,
    get,
    headers_of,
    read_all,
    read_until,
    running,
    status_of,
)

pytestmark = pytest.mark.slow


class Recorder:
    """An application that keeps the requests it is given, body and all."""

    def __init__(self) -> None:
        self.requests: list[tuple[dict, bytes]] = []

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            more = message["more_body"]
        self.requests.append((scope, body))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


async def lifespan(receive, send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


@contextlib.contextmanager
def recording() -> Iterator[tuple[Recorder, server.Address]]:
    application = Recorder()
    with running(application) as address:
        yield application, address


POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
GET = b"GET / HTTP/1.1\r\nHost: a\r\n"
NEXT = b"GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (POST + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400),
        (POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
        (POST + b"Content-Length: 3, 3\r\n\r\nabc", 400),
        (POST + b"Content-Length: +3\r\n\r\nabc", 400),
        (POST + b"Content-Length: 0x3\r\n\r\nabc", 400),
        (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: identity\r\n\r\nabc", 400),
        (POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nabc\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3\nabc\n0\n\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nabc\r\n", 400),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (GET + b"X-A: a\rb\r\n\r\n", 400),
        (GET + b"X-A: a\nX-B: b\r\n\r\n", 400),
        (GET + b"X-A: a\x00b\r\n\r\n", 400),
        (GET + b"X-A: a\x01b\r\n\r\n", 400),
        (GET + b"X-A: a\r\n folded\r\n\r\n", 400),
        (GET + b"X A: a\r\n\r\n", 400),
        (GET + b": a\r\n\r\n", 400),
        (GET + b"Host: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET http://other.test/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /\xe9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"GET /" + b"a" * limits.URL_CHARACTERS + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (GET + b"X-A: a\r\n" * limits.HEADERS + b"\r\n", 431),
        (GET + b"X-A: " + b"a" * (limits.HEADER_LINE_BYTES + 1), 431),
        (GET + b"X-A: " + b"a" * (limits.HEADER_LINE_BYTES - 100) + b"\r\nX-B: " + b"b" * 100, 431),
    ],
    ids=lambda value: repr(value[-50:]) if isinstance(value, bytes) else str(value),
)
def test_refused_and_never_seen_by_the_application(request_bytes: bytes, status: int) -> None:
    with recording() as (application, address):
        response = exchange(address, request_bytes)
    assert status_of(response) == status
    assert (b"connection", b"close") in headers_of(response)
    assert response.count(b"HTTP/1.1 ") == 1
    assert application.requests == []


def test_nothing_behind_a_refused_request_is_served() -> None:
    smuggling = POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + NEXT
    with recording() as (application, address), connect(address) as visitor:
        visitor.sendall(smuggling)
        assert read_all(visitor).count(b"HTTP/1.1 ") == 1
        assert application.requests == []


def test_ten_thousand_bytes_of_headers_pass() -> None:
    with recording() as (application, address):
        response = get(address, "/", "X-A: " + "a" * 10_000, "Cookie: " + "c" * 10_000)
    assert status_of(response) == 200
    assert dict(application.requests[0][0]["headers"])[b"x-a"] == b"a" * 10_000


def test_a_head_in_many_pieces_passes_up_to_the_limit() -> None:
    with recording() as (_, address), connect(address) as visitor:
        for byte in GET + b"Connection: close\r\n\r\n":
            visitor.sendall(bytes([byte]))
        assert status_of(read_all(visitor)) == 200


def test_an_endless_header_is_cut_off() -> None:
    with recording() as (_, address), connect(address) as visitor:
        visitor.sendall(GET + b"X-A: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(1000):
                visitor.sendall(b"a" * 10_000)
            pytest.fail("ten megabytes of header were taken")


def test_a_head_that_takes_too_long_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "VISITOR_HEAD_SECONDS", 0.2)
    with recording() as (_, address):
        for start in (GET, b""):
            assert status_of(exchange(address, start)) == 408


def test_an_absolute_target_on_the_same_host_is_its_path() -> None:
    with recording() as (application, address):
        request = b"GET http://A.test:80/p?q HTTP/1.1\r\nHost: a.test:80\r\n"
        assert status_of(exchange(address, request + b"Connection: close\r\n\r\n")) == 200
    scope = application.requests[0][0]
    assert (scope["raw_path"], scope["query_string"]) == (b"/p", b"q")


def test_trailers_do_not_become_headers() -> None:
    with recording() as (application, address):
        exchange(
            address,
            POST + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            b"3\r\nabc\r\n0\r\nCookie: choice=all\r\nX-T: 1\r\n\r\n",
        )
    scope, body = application.requests[0]
    assert body == b"abc"
    assert not {b"cookie", b"x-t"} & {name for name, _ in scope["headers"]}


def test_requests_in_one_packet_are_answered_in_order() -> None:
    with recording() as (application, address):
        responses = exchange(
            address, POST + b"Content-Length: 3\r\n\r\nabc" + GET + b"Connection: close\r\n\r\n"
        )
    assert responses.count(b"HTTP/1.1 200 OK") == 2
    assert [body for _, body in application.requests] == [b"abc", b""]


def test_the_client_behind_a_loopback_proxy_is_the_one_it_names() -> None:
    with recording() as (application, address):
        get(address, "/", "X-Forwarded-For: 203.0.113.9", "X-Forwarded-Proto: https")
    scope = application.requests[0][0]
    assert scope["client"][0] == "203.0.113.9"
    assert scope["scheme"] == "https"


def test_answers_are_dated_once_and_name_no_server() -> None:
    with recording() as (_, address):
        names = [name for name, _ in headers_of(get(address))]
    assert names.count(b"date") == 1
    assert b"server" not in names


@pytest.mark.parametrize("length", [4, 70_000])
def test_a_head_does_not_wait_for_its_body(length: int) -> None:
    wanted = threading.Event()

    async def late(scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        headers = [(b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await asyncio.get_running_loop().run_in_executor(None, wanted.wait, 30)
        await send({"type": "http.response.body", "body": b"b" * length})

    with running(late) as address, connect(address) as visitor:
        visitor.sendall(GET + b"Connection: close\r\n\r\n")
        head = read_until(visitor, b"\r\n\r\n")
        wanted.set()
        assert (head + read_all(visitor)).partition(b"\r\n\r\n")[2] == b"b" * length


@pytest.mark.parametrize("length", [0, 4, 70_000])
def test_a_body_of_known_length_follows_its_head(length: int) -> None:
    async def whole(scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        headers = [(b"content-length", str(length).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"b" * length})

    with running(whole) as address:
        assert body_of(get(address)) == b"b" * length


def breaking(error: Exception):
    async def application(scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        raise error

    return application


@pytest.mark.parametrize("error", [BrokenOff("upstream left"), RuntimeError("a fault of ours")])
def test_a_broken_answer_has_no_end(error: Exception) -> None:
    with running(breaking(error)) as address:
        response = get(address)
    assert body_of(response).startswith(b"4\r\npart\r\n")
    assert not response.endswith(b"0\r\n\r\n")


def test_bytes_of_ours_never_land_in_an_answer_that_has_begun() -> None:
    async def endless(scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        while (await receive())["type"] != "http.disconnect":
            pass

    with running(endless) as address, connect(address) as visitor:
        visitor.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        read_until(visitor, b"part\r\n")
        visitor.sendall(b"zz\r\n")
        assert read_all(visitor) == b""


def test_an_offer_to_speak_http2_is_declined_by_answering() -> None:
    offer = GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"
    with recording() as (_, address), connect(address) as visitor:
        for _ in range(2):
            visitor.sendall(offer + b"\r\n")
            assert status_of(read_until(visitor, b"0\r\n\r\n")) == 200


UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        GET + UPGRADE + b"\r\n",
        GET + UPGRADE + b"Sec-WebSocket-Key: short\r\n\r\n",
        GET + UPGRADE + KEY + b"Cookie: " + b"c" * 9_000 + b"\r\n\r\n",
        GET + UPGRADE + KEY + b"X-A: a\r\n" * 150 + b"\r\n",
        GET + UPGRADE + KEY + b"Content-Length: 3\r\n\r\nabc",
        GET + UPGRADE + KEY + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        POST + UPGRADE + KEY + b"\r\n",
    ],
    ids=["no key", "short key", "long line", "many headers", "length", "chunked", "post"],
)
def test_a_bad_socket_handshake_is_refused_and_the_server_still_stops(request_bytes: bytes) -> None:
    with recording() as (application, address):
        response = exchange(address, request_bytes)
        assert get(address).endswith(b"0\r\n\r\n")
    assert status_of(response) in (400, 405)
    assert len(application.requests) == 1


def test_stopping_does_not_wait_for_endless_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "STOP_SECONDS", 0.1)

    async def endless(scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"part", "more_body": True})
        await receive()
        await receive()

    with contextlib.ExitStack() as visit:
        with running(endless) as address:
            visitor = visit.enter_context(connect(address))
            visitor.sendall(GET + b"\r\n")
            read_until(visitor, b"part\r\n")
        assert read_all(visitor) == b""


def test_a_taken_port_is_stepped_over_when_asked() -> None:
    with server.listen("127.0.0.1", 0) as first:
        taken = server.address_of(first).port
        with pytest.raises(OSError, match="in use"):
            server.listen("127.0.0.1", taken)
        with server.listen("127.0.0.1", taken, step_over=True) as second:
            assert taken < server.address_of(second).port <= taken + 100


def test_addresses_are_written_as_urls() -> None:
    assert server.Address("127.0.0.1", 80).url == "http://127.0.0.1:80"
    assert str(server.Address("127.0.0.1", 8000)) == "http://127.0.0.1:8000"
    assert server.Address("::1", 80).url == "http://[::1]:80"


PROGRAM = """
import asyncio
from bandeau.web import server

async def application(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first ", "more_body": True})
    while scope["path"] == "/slow" and (await receive())["more_body"]:
        pass
    await send({"type": "http.response.body", "body": b"last"})

server.serve(application, "127.0.0.1", 0, on_ready=lambda address: print(address.port, flush=True))
print("cleaned up", flush=True)
"""


@contextlib.contextmanager
def program() -> Iterator[tuple[subprocess.Popen[str], server.Address]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        assert process.stdout is not None
        yield process, server.Address("127.0.0.1", int(process.stdout.readline()))
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_running_answers_end_and_the_caller_go_on(sign: signal.Signals) -> None:
    with program() as (process, address):
        with connect(address) as visitor:
            visitor.sendall(
                b"POST /slow?private=1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na"
            )
            read_until(visitor, b"first ")
            process.send_signal(sign)
            refused_soon(address)
            visitor.sendall(b"bc")
            assert read_all(visitor).endswith(b"last\r\n0\r\n\r\n")
        output, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        assert output == "cleaned up\n"
        assert errors == ""


def refused_soon(address: server.Address) -> None:
    """Wait until nobody answers any more."""
    deadline = threading.Event()
    for _ in range(200):
        try:
            socket.create_connection((address.host, address.port), timeout=1).close()
        except OSError:
            return
        deadline.wait(0.05)
    pytest.fail("still accepting connections")
