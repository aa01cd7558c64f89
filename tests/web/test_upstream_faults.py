"""An upstream that is down, slow, wrong or gone: always an error, never a page that looks whole."""

import socket
import threading

import pytest

from bandeau import limits
from tests.web._origin import (
    PATIENCE,
    answering,
    body_of,
    connect,
    exchange,
    gateway,
    get,
    hard_close,
    headers_of,
    raw_origin,
    read_all,
    read_head,
    read_until,
    status_of,
    visited,
)

pytestmark = pytest.mark.slow

HEAD = b"HTTP/1.1 200 OK\r\n"


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_upstream_down_is_502_with_the_given_page() -> None:
    def page(scope, status: int) -> bytes:
        return f"<p>{scope['path']} {status}".encode()

    with gateway(f"http://127.0.0.1:{closed_port()}", error_page=page) as address:
        response = get(address, "/news")
    assert status_of(response) == 502
    assert body_of(response) == b"<p>/news 502"
    headers = dict(headers_of(response))
    assert headers[b"bandeau-error"] == b"upstream"
    assert headers[b"content-type"] == b"text/html; charset=utf-8"
    assert headers[b"cache-control"] == b"no-store"


def test_head_on_a_dead_upstream_has_no_body() -> None:
    with gateway(f"http://127.0.0.1:{closed_port()}") as address:
        response = get(address, "/", method="HEAD")
    assert status_of(response) == 502
    assert body_of(response) == b""


def test_upstream_too_slow_is_504(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPSTREAM_IDLE_SECONDS", 0.2)

    def behave(connection: socket.socket, origin) -> None:
        read_head(connection)
        read_all(connection)

    with raw_origin(behave) as origin, gateway(origin.address.url) as address:
        assert status_of(get(address)) == 504


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Cut",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nhi!",
        HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        HEAD + b"Content-Length: 2, 3\r\n\r\nhi!",
        HEAD + b"Content-Length: -2\r\n\r\nhi!",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: xchunked\r\n\r\nhi",
        HEAD + b"X-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"X-A: a\x01b\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"X-A: a\rSet-Cookie: x=1\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"X A: a\r\nContent-Length: 0\r\n\r\n",
        HEAD + b": a\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"X-A: " + b"a" * (limits.HEADER_LINE_BYTES + 10) + b"\r\nContent-Length: 0\r\n\r\n",
        HEAD + b"X-A: a\r\n" * (limits.HEADERS + 1) + b"Content-Length: 0\r\n\r\n",
    ],
    ids=lambda answer: repr(answer[17:60]),
)
def test_a_bad_response_head_is_502(answer: bytes) -> None:
    with raw_origin(answering(answer)) as origin, gateway(origin.address.url) as address:
        response = get(address)
    assert status_of(response) == 502
    assert (b"bandeau-error", b"upstream") in headers_of(response)
    assert b"set-cookie" not in response.lower()


def test_folded_header_lines_never_become_headers_of_their_own() -> None:
    answer = HEAD + b"X-A: a\r\n Set-Cookie: x=1\r\nContent-Length: 0\r\n\r\n"
    with raw_origin(answering(answer)) as origin, gateway(origin.address.url) as address:
        response = get(address)
    assert b"set-cookie" not in dict(headers_of(response))


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize(
    "answer",
    [
        HEAD + b"Content-Length: 100\r\n\r\npart",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\npart",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n",
    ],
    ids=["length", "chunked", "in a chunk", "bad chunk"],
)
def test_a_body_that_stops_early_does_not_look_whole(answer: bytes, reset: bool) -> None:
    with (
        raw_origin(answering(answer, reset=reset)) as origin,
        gateway(origin.address.url) as address,
    ):
        assert not looks_whole(get(address))


def looks_whole(response: bytes) -> bool:
    headers = dict(headers_of(response))
    if status_of(response) == 502:
        return False
    if (length := headers.get(b"content-length")) is not None:
        return len(body_of(response)) == int(length)
    return response.endswith(b"0\r\n\r\n")


def test_a_reset_in_a_body_delimited_by_close_does_not_look_whole() -> None:
    sent = threading.Event()

    def behave(connection: socket.socket, origin) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\npart")
        sent.wait(PATIENCE)
        hard_close(connection)

    with visited(behave) as (visitor, _):
        visitor.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        start = read_until(visitor, b"part")
        sent.set()
        assert not looks_whole(start + read_all(visitor))


def test_an_answer_before_the_upload_ends_is_passed_on() -> None:
    def behave(connection: socket.socket, origin) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig")
        read_all(connection)

    with visited(behave) as (visitor, _):
        visitor.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\nsome")
        assert status_of(read_until(visitor, b"big")) == 413


def test_a_request_that_was_sent_by_half_takes_no_other_for_its_rest() -> None:
    """The whole connection of the visitor stands, and so does the site's."""
    rest: list[bytes] = []

    def behave(connection: socket.socket, origin) -> None:
        while head := read_head(connection):
            connection.sendall(HEAD + b"Content-Length: 3\r\n\r\nhi\n")
            if head.startswith(b"POST"):
                rest.append(read_all(connection))

    with raw_origin(behave) as origin, gateway(origin.address.url) as address:
        with connect(address) as visitor:
            visitor.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nsome")
            assert status_of(read_until(visitor, b"hi\n")) == 200
            assert body_of(get(address)) == b"hi\n"
        assert origin.connections == 2
    assert b"GET" not in b"".join(rest)


def gone_upstream(request: bytes, *, answer: bytes = b"") -> bytes:
    """What upstream reads until its connection ends, when the visitor leaves after `request`."""
    heard, ended = [], threading.Event()
    arrived = threading.Event()

    def behave(connection: socket.socket, origin) -> None:
        heard.append(read_head(connection))
        connection.sendall(answer)
        arrived.set()
        heard.append(read_all(connection))
        ended.set()

    with raw_origin(behave) as origin, gateway(origin.address.url) as address:
        with connect(address) as visitor:
            visitor.sendall(request)
            assert arrived.wait(PATIENCE)
            if answer:
                read_until(visitor, b"first")
        assert ended.wait(PATIENCE)
        assert origin.connections == 1
    return b"".join(heard)


def test_a_visitor_who_leaves_while_waiting_ends_the_request_upstream() -> None:
    gone_upstream(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")


def test_a_visitor_who_leaves_in_the_answer_ends_the_request_upstream() -> None:
    answer = HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"
    gone_upstream(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", answer=answer)


@pytest.mark.parametrize("framing", [b"Content-Length: 100", b"Transfer-Encoding: chunked"])
@pytest.mark.parametrize("method", [b"POST", b"PUT"])
def test_a_visitor_who_leaves_in_an_upload_leaves_it_unfinished(
    method: bytes, framing: bytes
) -> None:
    body = b"part" if b"Length" in framing else b"4\r\npart\r\n"
    heard = gone_upstream(method + b" / HTTP/1.1\r\nHost: a\r\n" + framing + b"\r\n\r\n" + body)
    assert not heard.endswith(b"0\r\n\r\n")
    assert heard.count(method) == 1


def test_one_broken_exchange_leaves_the_next_alone() -> None:
    cut = HEAD + b"Content-Length: 100\r\n\r\npart"
    whole = HEAD + b"Content-Length: 2\r\n\r\nhi"

    def behave(connection: socket.socket, origin) -> None:
        read_head(connection)
        connection.sendall(cut if origin.connections == 1 else whole)

    with raw_origin(behave) as origin, gateway(origin.address.url) as address:
        assert not looks_whole(get(address))
        assert body_of(get(address)) == b"hi"


@pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
def test_methods_that_a_gateway_does_not_carry_are_501(method: str) -> None:
    with gateway(f"http://127.0.0.1:{closed_port()}") as address:
        target = "site.test:443" if method == "CONNECT" else "/"
        assert status_of(get(address, target, method=method)) == 501


def test_a_target_that_is_no_path_is_400() -> None:
    with gateway(f"http://127.0.0.1:{closed_port()}") as address:
        request = b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        assert status_of(exchange(address, request)) == 400
