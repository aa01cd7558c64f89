"""One connection to the site: when it may carry another exchange, and when it must not."""

from __future__ import annotations

import pytest

from bandeau import limits
from bandeau.web.upstream_wire import Wire, WireError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


class Line:
    """A transport that notes what is done to it."""

    def __init__(self) -> None:
        self.sent = b""
        self.reading = True
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def abort(self) -> None:
        self.aborted = True

    def pause_reading(self) -> None:
        self.reading = False

    def resume_reading(self) -> None:
        self.reading = True


def wired(*, bodiless: bool = False) -> tuple[Wire, Line]:
    """A connection on which a request was sent."""
    wire, line = Wire(), Line()
    wire.connection_made(line)  # type: ignore[arg-type]
    wire.begin(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", bodiless=bodiless)
    return wire, line


async def body_of(wire: Wire) -> bytes:
    await wire.head()
    body = b""
    while part := await wire.part():
        body += part
    return body


@pytest.mark.anyio
async def test_an_answer_read_to_its_end_leaves_the_connection_for_another() -> None:
    wire, line = wired()
    for at in range(len(OK)):
        wire.data_received(OK[at : at + 1])
    assert await body_of(wire) == b"hi"
    assert wire.finish()
    wire.begin(b"GET /b HTTP/1.1\r\n\r\n", bodiless=False)
    wire.data_received(OK)
    assert await body_of(wire) == b"hi"
    assert wire.finish()
    assert not line.aborted


@pytest.mark.anyio
async def test_an_answer_left_unread_is_nobody_elses() -> None:
    wire, line = wired()
    size = limits.UPSTREAM_HELD_BYTES + 1
    wire.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
    assert not line.reading
    assert not wire.finish()
    assert line.aborted


@pytest.mark.anyio
async def test_a_slow_reader_pauses_the_site_and_goes_on() -> None:
    wire, line = wired()
    size = limits.UPSTREAM_HELD_BYTES + 1
    wire.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (size + 2) + bytes(size))
    await wire.head()
    assert not line.reading
    assert len(await wire.part()) == size
    assert line.reading
    wire.data_received(b"hi")
    assert await wire.part() == b"hi"
    assert wire.exhausted


@pytest.mark.anyio
@pytest.mark.parametrize("late", [False, True], ids=["in the same packet", "while idle"])
async def test_bytes_that_nobody_asked_for_end_the_connection(late: bool) -> None:
    stolen = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nSet-Cookie: s=1\r\n\r\nstolen"
    wire, line = wired()
    wire.data_received(OK if late else OK + stolen)
    assert await body_of(wire) == b"hi"
    assert (b"Set-Cookie", b"s=1") not in wire.headers
    assert wire.finish() is late
    if late:
        wire.data_received(stolen)
    assert line.aborted
    assert not wire.usable


@pytest.mark.anyio
async def test_an_answer_to_head_ends_with_its_head() -> None:
    wire, _ = wired(bodiless=True)
    wire.data_received(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    assert await body_of(wire) == b""
    assert wire.finish()
    wire.begin(b"GET / HTTP/1.1\r\n\r\n", bodiless=False)
    wire.data_received(OK)
    assert await body_of(wire) == b"hi"


@pytest.mark.anyio
@pytest.mark.parametrize("status", [204, 304])
async def test_a_length_without_a_body_is_not_waited_for(status: int) -> None:
    wire, _ = wired()
    wire.data_received(b"HTTP/1.1 %d X\r\nContent-Length: 9\r\n\r\n" % status)
    assert await body_of(wire) == b""
    assert wire.status == status


@pytest.mark.anyio
async def test_interim_answers_without_end_are_given_up() -> None:
    wire, _ = wired()
    interim = b"HTTP/1.1 103 Early Hints\r\nX: " + b"a" * 10_000 + b"\r\n\r\n"
    for _ in range(limits.UPSTREAM_HEAD_BYTES // len(interim) + 1):
        wire.data_received(interim)
    with pytest.raises(WireError):
        await wire.head()
    assert not wire.finish()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 100 Continue\r\nContent-Length: 2\r\n\r\nhi" + OK,
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"\x00\x01",
    ],
)
async def test_what_is_no_answer_is_refused(answer: bytes) -> None:
    wire, _ = wired()
    wire.data_received(answer)
    with pytest.raises(WireError):
        await body_of(wire)
    assert not wire.finish()


@pytest.mark.anyio
async def test_close_says_that_the_connection_ends() -> None:
    wire, line = wired()
    wire.data_received(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert await body_of(wire) == b"hi"
    assert not wire.finish()
    assert line.aborted
