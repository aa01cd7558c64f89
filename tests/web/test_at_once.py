"""Answers that are at hand: what is on the wire, and what takes the ordinary way instead."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from bandeau.web.at_once import Begun, Whole, WouldWait, finished
from bandeau.web.server import Address
from tests.web._origin import PATIENCE, connect, exchange, get, read_all, read_until, running

BODY = b"x" * 50_000
HEADERS = [(b"content-type", b"text/plain"), (b"content-length", b"50000")]
LAST = b"Connection: close\r\n\r\n"


class AtHand:
    """An application with one answer at hand; what takes the ordinary way is told the way."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.served: list[str] = []

    def begin(self, scope: Any) -> Begun:
        self.begun.append(scope["path"])
        match scope["path"]:
            case "/whole":
                return Whole(200, HEADERS, b"" if scope["method"] == "HEAD" else BODY)
            case "/faulty":
                return Whole(200, [*HEADERS, (b"x-a", b"a\r\nb: c")], BODY)
            case "/closing":
                return Whole(200, [*HEADERS, (b"connection", b"close")], BODY)
            case "/raises":
                raise ValueError("a fault of ours")
            case "/goes-on":
                return self._answer
        return None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})
            return
        self.served.append(scope["path"])
        await self._answer(scope, receive, send)

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        if scope["path"] == "/slow":
            await asyncio.sleep(1.5)
        if scope["path"] == "/faulty":
            headers = [(b"x-fault", b"yes"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 500, "headers": headers})
            await send({"type": "http.response.body"})
            return
        headers = [*HEADERS, *([(b"connection", b"close")] if scope["path"] == "/closing" else [])]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        empty = scope["method"] == "HEAD"
        await send({"type": "http.response.body", "body": b"" if empty else BODY})


@pytest.fixture
def site() -> AtHand:
    return AtHand()


@pytest.fixture
def address(site: AtHand) -> Iterator[Address]:
    with running(site) as where:
        yield where


def asking(path: str = "/whole", method: str = "GET", version: str = "1.1") -> bytes:
    return f"{method} {path} HTTP/{version}\r\nHost: a\r\n".encode()


def undated(answer: bytes) -> bytes:
    lines = answer.split(b"\r\n")
    assert sum(line.startswith(b"date: ") for line in lines) == 1
    return b"\r\n".join(line for line in lines if not line.startswith(b"date: "))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("version", "more"),
    [("1.1", LAST), ("1.0", b"\r\n"), ("1.0", b"Connection: keep-alive\r\n\r\n")],
)
def test_it_is_on_the_wire_as_the_ordinary_way_writes_it(
    site: AtHand, address: Address, method: str, version: str, more: bytes
) -> None:
    at_once = exchange(address, asking("/whole", method, version) + more)
    ordinary = exchange(address, asking("/other", method, version) + more)
    assert undated(at_once) == undated(ordinary)
    assert at_once.endswith(b"\r\n\r\n" + (b"" if method == "HEAD" else BODY))
    assert site.served == ["/other"]


def test_a_connection_carries_both_kinds_in_order(site: AtHand, address: Address) -> None:
    asked = ["/whole", "/other", "/whole", "/whole", "/goes-on", "/whole"]
    packet = b"".join(asking(path) + b"\r\n" for path in asked[:-1]) + asking() + LAST
    answers = exchange(address, packet)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == len(asked)
    assert answers.count(BODY) == len(asked)
    with connect(address) as visitor:
        for path in asked[:-1]:
            visitor.sendall(asking(path) + b"\r\n")
            assert len(read_until(visitor, BODY)) < len(BODY) + 200
        visitor.sendall(asking() + LAST)
        assert read_all(visitor).endswith(BODY)


def test_many_in_one_packet_are_all_answered(site: AtHand, address: Address) -> None:
    first = asking("/other") + b"\r\n"
    answers = exchange(address, first + (asking(method="HEAD") + b"\r\n") * 1_400 + asking() + LAST)
    assert answers.count(b"HTTP/1.1 200 OK\r\n") == 1_402


@pytest.mark.slow
def test_who_does_not_read_is_waited_for(site: AtHand, address: Address) -> None:
    with connect(address) as visitor:
        visitor.sendall((asking() + b"\r\n") * 400 + asking() + LAST)
        # What fits into buffers was at hand; the rest waits for the visitor, in the ordinary way.
        assert read_all(visitor).count(BODY) == 401
    assert "/whole" in site.served


@pytest.mark.parametrize(
    "more",
    [
        b"Content-Length: 2\r\n" + LAST + b"ab",
        b"Content-Length: 0\r\n" + LAST,
        b"Transfer-Encoding: chunked\r\n" + LAST + b"0\r\n\r\n",
        b"Expect: 100-continue\r\n" + LAST,
    ],
)
def test_a_request_with_a_body_takes_the_ordinary_way(
    site: AtHand, address: Address, more: bytes
) -> None:
    assert exchange(address, asking() + more).endswith(BODY)
    assert (site.begun, site.served) == ([], ["/whole"])


def test_other_methods_take_the_ordinary_way(site: AtHand, address: Address) -> None:
    for method in ("POST", "OPTIONS", "DELETE"):
        exchange(address, asking("/whole", method) + LAST)
    assert (site.begun, site.served) == ([], ["/whole"] * 3)


@pytest.mark.parametrize("path", ["/faulty", "/raises", "/closing"])
def test_what_is_wrong_with_it_takes_the_ordinary_way(
    site: AtHand, address: Address, path: str
) -> None:
    with connect(address) as visitor:
        visitor.sendall(asking(path) + (b"\r\n" if path == "/closing" else LAST))
        answer = read_all(visitor)
    assert (b"x-fault: yes" in answer) is (path == "/faulty")
    assert b"b: c" not in answer
    assert site.served == [path]


def test_what_goes_on_is_not_begun_anew(site: AtHand, address: Address) -> None:
    assert get(address, "/goes-on").endswith(BODY)
    assert (site.begun, site.served) == (["/goes-on"], [])


@pytest.mark.parametrize("path", ["/whole", "/other"])
@pytest.mark.parametrize(
    ("version", "last"), [("1.1", LAST), ("1.0", b"Connection: keep-alive\r\n\r\n")]
)
def test_nothing_behind_the_last_request_is_served(
    site: AtHand, address: Address, path: str, version: str, last: bytes
) -> None:
    first = asking(path, version=version) + last
    answer = exchange(address, first + asking("/behind", "POST") + LAST)
    assert answer.count(b"HTTP/1.1") == 1
    assert "/behind" not in site.served


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/whole", "/other"])
def test_an_idle_connection_is_closed_in_time_and_a_busy_one_is_not(
    site: AtHand, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr("bandeau.limits.VISITOR_KEEP_ALIVE_SECONDS", 1)
    with running(site) as soon, connect(soon) as visitor:
        visitor.settimeout(PATIENCE)
        for asked in (path, path, "/slow", path):
            visitor.sendall(asking(asked) + b"\r\n")
            assert read_until(visitor, BODY).endswith(BODY)
        assert read_all(visitor) == b""


def test_work_that_has_to_wait_is_given_up() -> None:
    ended: list[str] = []

    class Never:
        def __await__(self) -> Any:
            yield None

    async def waits() -> None:
        try:
            await Never()
        finally:
            ended.append("given up")

    async def is_done() -> int:
        return 3

    assert finished(is_done()) == 3
    with pytest.raises(WouldWait):
        finished(waits())
    assert ended == ["given up"]
