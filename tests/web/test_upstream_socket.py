"""WebSockets through the gateway, against an upstream that echoes and one that refuses."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import aiohttp
import pytest
from aiohttp import web

from bandeau import limits
from bandeau.web.upstream import Upstream
from tests.web._origin import (
    PATIENCE,
    answering,
    gateway,
    raw_origin,
    read_head,
    running,
)


class Echo:
    """An origin that echoes, closes when told `close CODE REASON`, and keeps what it heard."""

    def __init__(self) -> None:
        self.headers: Mapping[str, str] = {}
        self.closed = threading.Event()
        self.close_code: int | None = None

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        self.headers = request.headers.copy()
        if request.path == "/private":
            raise web.HTTPForbidden
        answer = web.WebSocketResponse(
            protocols=("chat.v2",), max_msg_size=2 * limits.WEBSOCKET_MESSAGE_BYTES
        )
        answer.headers["Set-Cookie"] = "ws=1"
        await answer.prepare(request)
        try:
            async for message in answer:
                await self.answer(answer, message)
        finally:
            self.close_code = answer.close_code
            self.closed.set()
        return answer

    async def answer(self, answer: web.WebSocketResponse, message: aiohttp.WSMessage) -> None:
        if message.type is aiohttp.WSMsgType.BINARY:
            await answer.send_bytes(message.data)
        elif message.data.startswith("close "):
            _, code, reason = message.data.split(" ", 2)
            await answer.close(code=int(code), message=reason.encode())
        elif message.data == "huge":
            await answer.send_str("x" * (limits.WEBSOCKET_MESSAGE_BYTES + 1))
        else:
            await answer.send_str(message.data)


@contextlib.asynccontextmanager
async def echo_origin() -> AsyncIterator[tuple[Echo, str]]:
    echo = Echo()
    application = web.Application()
    application.router.add_get("/{path:.*}", echo.handle)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield echo, f"http://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def through_gateway(
    visit: Callable[[aiohttp.ClientSession, str, Echo], Awaitable[None]],
) -> None:
    async def main() -> None:
        async with echo_origin() as (echo, origin), aiohttp.ClientSession() as session:
            application = Upstream(origin)
            with running(application) as address:
                await visit(session, address.url, echo)

    asyncio.run(asyncio.wait_for(main(), PATIENCE))


def test_text_and_bytes_come_back() -> None:
    async def visit(session: aiohttp.ClientSession, url: str, echo: Echo) -> None:
        async with session.ws_connect(url + "/s?q=%26") as ws:
            await ws.send_str("déjà vu")
            assert await ws.receive_str() == "déjà vu"
            await ws.send_bytes(b"\x00\xff")
            assert await ws.receive_bytes() == b"\x00\xff"
            await ws.send_str("")
            assert await ws.receive_str() == ""
            large = "y" * 1_000_000
            await ws.send_str(large)
            assert await ws.receive_str() == large

    through_gateway(visit)


def test_close_from_upstream_keeps_code_and_reason() -> None:
    async def visit(session: aiohttp.ClientSession, url: str, echo: Echo) -> None:
        async with session.ws_connect(url) as ws:
            await ws.send_str("close 4321 enough said")
            message = await ws.receive()
            assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 4321)
            assert message.extra == "enough said"

    through_gateway(visit)


def test_close_from_the_visitor_reaches_upstream() -> None:
    async def visit(session: aiohttp.ClientSession, url: str, echo: Echo) -> None:
        async with session.ws_connect(url) as ws:
            await ws.close(code=4005, message=b"bye")
        await asyncio.to_thread(echo.closed.wait, PATIENCE)
        assert echo.close_code == 4005

    through_gateway(visit)


def test_a_visitor_who_vanishes_closes_the_socket_upstream() -> None:
    async def visit(session: aiohttp.ClientSession, url: str, echo: Echo) -> None:
        ws = await session.ws_connect(url)
        await ws.send_str("hello")
        await ws.receive_str()
        transport = ws.get_extra_info("socket")
        assert transport is not None
        await session.close()
        await asyncio.to_thread(echo.closed.wait, PATIENCE)

    through_gateway(visit)


def test_handshake_headers_are_carried() -> None:
    async def visit(session: aiohttp.ClientSession, url: str, echo: Echo) -> None:
        headers = {"Cookie": "kept=1", "Host": "www.site.test"}
        async with session.ws_connect(
            url, protocols=("chat.v1", "chat.v2"), origin="https://www.site.test", headers=headers
        ) as ws:
            assert ws.protocol == "chat.v2"
            assert ws._response.headers["Set-Cookie"] == "ws=1"
        assert echo.headers["cookie"] == "kept=1"
        assert echo.headers["origin"] == "https://www.site.test"
        assert echo.headers["host"] == "www.site.test"
        assert echo.headers["x-forwarded-proto"] == "http"
        assert echo.headers["x-forwarded-for"] == "127.0.0.1"

    through_gateway(visit)


def test_a_refusal_keeps_its_status() -> None:
    async def visit(session: aiohttp.ClientSession, url: str, echo: Echo) -> None:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(url + "/private")
        assert refused.value.status == 403

    through_gateway(visit)


@pytest.mark.parametrize(
    "text", ["huge", "x" * (limits.WEBSOCKET_MESSAGE_BYTES + 1)], ids=["down", "up"]
)
def test_messages_beyond_the_limit_end_the_socket(text: str) -> None:
    async def visit(session: aiohttp.ClientSession, url: str, echo: Echo) -> None:
        async with session.ws_connect(url, max_msg_size=0) as ws:
            with contextlib.suppress(ConnectionError):
                await ws.send_str(text)
            message = await ws.receive()
            assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        await asyncio.to_thread(echo.closed.wait, PATIENCE)

    through_gateway(visit)


def connect_status(url: str) -> int:
    async def main() -> int:
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await session.ws_connect(url)
            return refused.value.status

    return asyncio.run(asyncio.wait_for(main(), PATIENCE))


def test_an_upstream_that_is_down_is_502() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with gateway(f"http://127.0.0.1:{port}") as address:
        assert connect_status(address.url) == 502


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
        b"Sec-WebSocket-Accept: wrong\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_an_upstream_that_does_not_shake_hands_is_502(answer: bytes) -> None:
    with raw_origin(answering(answer)) as origin, gateway(origin.address.url) as address:
        assert connect_status(address.url) == 502
        assert origin.connections == 1


def test_an_upstream_that_vanishes_ends_the_socket_with_an_error() -> None:
    accepted = threading.Event()

    def behave(connection: socket.socket, origin) -> None:
        from base64 import b64encode
        from hashlib import sha1

        head = read_head(connection)
        key = next(
            line.partition(b": ")[2]
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key")
        )
        token = b64encode(sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        connection.sendall(
            b"HTTP/1.1 101 Go\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
            b"Sec-WebSocket-Accept: " + token + b"\r\n\r\n"
        )
        accepted.wait(PATIENCE)

    async def visit(url: str) -> int | None:
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
            accepted.set()
            await ws.receive()
            return ws.close_code

    with raw_origin(behave) as origin, gateway(origin.address.url) as address:
        assert asyncio.run(asyncio.wait_for(visit(address.url), PATIENCE)) == 1011
