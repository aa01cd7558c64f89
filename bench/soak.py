"""The gateway among slow, broken and vanishing sites and visitors, for as long as is asked for.

    .venv/bin/python bench/soak.py --minutes 10

Counts the gateway's sockets, tasks and memory when all is quiet, before and after; exits 1 where
they grew, or where a visitor who did nothing wrong was not answered.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import random
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web
from inputs import POLICY, article, jar
from processes import free_port, process, resident_bytes

PAGE = article(20_000)
CLIENTS = 60
WARM_UP_SECONDS = 20
QUIET_SECONDS = 40
WAIT_SECONDS = 60
# What is remembered of visitors fills up to its bounds meanwhile, 2.6 kB for each of 4,096.
MORE_SOCKETS, MORE_TASKS, MORE_BYTES = 4, 2, 40_000_000


async def site(port: int) -> web.AppRunner:  # noqa: C901, PLR0915 - one answer after the other
    """The publisher's site: every way of answering badly, and some good ones."""

    async def image(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 1_024, content_type="image/png")

    async def page(request: web.Request) -> web.Response:
        headers = {"cache-control": "public, max-age=2"}
        return web.Response(body=PAGE, content_type="text/html", headers=headers)

    async def slow_head(request: web.Request) -> web.Response:
        await asyncio.sleep(random.uniform(0.1, 2))
        return web.Response(body=PAGE, content_type="text/html")

    async def slow_body(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"content-type": "text/html; charset=utf-8"})
        await answer.prepare(request)
        for start in range(0, len(PAGE), 2_000):
            await answer.write(PAGE[start : start + 2_000])
            await asyncio.sleep(0.05)
        return answer

    async def large(request: web.Request) -> web.Response:
        return web.Response(body=bytes(1_000_000), content_type="image/png")

    async def cut(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"content-length": "5000"})
        await answer.prepare(request)
        await answer.write(b"part")
        if request.transport:
            request.transport.abort()
        return answer

    async def half(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"content-length": "5000"})
        await answer.prepare(request)
        await answer.write(b"part")
        if request.transport:
            request.transport.write_eof()
        await asyncio.sleep(0.3)
        return answer

    async def upload(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async def echo(request: web.Request) -> web.WebSocketResponse:
        answer = web.WebSocketResponse()
        await answer.prepare(request)
        async for message in answer:
            if message.data == "vanish" and request.transport:
                request.transport.abort()
            elif message.type is aiohttp.WSMsgType.TEXT:
                await answer.send_str(message.data)
        return answer

    app = web.Application(client_max_size=10_000_000)
    gets = [image, page, slow_head, slow_body, large, cut, half]
    app.add_routes([web.get(f"/{each.__name__}", each) for each in gets])
    app.add_routes([web.post("/upload", upload), web.get("/echo", echo)])
    logging.getLogger("aiohttp").setLevel(logging.CRITICAL)
    runner = web.AppRunner(app, shutdown_timeout=1, max_line_size=1 << 16, max_field_size=1 << 16)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return runner


@dataclass
class Visits:
    """What visitors did and met."""

    port: int
    done: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, limit=1 << 16)
        try:
            yield reader, writer
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def answered(self, path: str, *lines: str, half_closed: bool = False) -> bytes:
        """A whole answer to a visitor who behaves."""
        async with self.connected() as (reader, writer):
            writer.write(head("GET", path, "Connection: close", *lines))
            if half_closed:
                writer.write_eof()
            answer = await reader.read(-1)
        if not answer.startswith(b"HTTP/1.1 200 "):
            self.wrong[f"{path}: {answer[:60]!r}"] += 1
        return answer


def head(method: str, path: str, *lines: str) -> bytes:
    host = "Host: www.quotidien.test"
    return "\r\n".join([f"{method} {path} HTTP/1.1", host, *lines, "", ""]).encode()


async def reads(v: Visits) -> None:
    path = random.choice(["/image", "/page", "/slow_head", "/slow_body", "/page?" + str(v.port)])
    await v.answered(path, "Accept: text/html", "Accept-Encoding: gzip, zstd, br")


async def reads_slowly(v: Visits) -> None:
    async with v.connected() as (reader, writer):
        writer.write(head("GET", "/large", "Connection: close"))
        while await reader.read(20_000):
            await asyncio.sleep(0.02)


async def half_closes(v: Visits) -> None:
    # A visitor whose end is closed counts as gone, so an answer may or may not come.
    async with v.connected() as (reader, writer):
        writer.write(head("GET", random.choice(["/image", "/slow_head"])))
        writer.write_eof()
        await reader.read(-1)


async def leaves(v: Visits) -> None:
    async with v.connected() as (reader, writer):
        writer.write(head("GET", random.choice(["/large", "/slow_body", "/slow_head"])))
        await reader.read(random.choice([1, 10_000]))
        writer.transport.abort()


async def sends_much(v: Visits) -> None:
    await v.answered("/image", "X-Long: " + "a" * 10_000)
    await v.answered("/page", "Accept: text/html", "Cookie: " + jar(200, 8_000))


async def starts_a_head(v: Visits) -> None:
    async with v.connected() as (_, writer):
        writer.write(b"GET /image HTTP/1.1\r\nHost: a")
        await asyncio.sleep(random.uniform(0, 2))


async def breaks_an_upload_off(v: Visits) -> None:
    async with v.connected() as (_, writer):
        writer.write(head("POST", "/upload", "Content-Length: 100000") + b"a" * 5_000)
        await asyncio.sleep(random.uniform(0, 0.5))
        writer.transport.abort()


async def uploads(v: Visits) -> None:
    async with v.connected() as (reader, writer):
        lines = ("Transfer-Encoding: chunked", "Connection: close", "Expect: 100-continue")
        writer.write(head("POST", "/upload", *lines))
        for _ in range(10):
            writer.write(b"2710\r\n" + b"a" * 10_000 + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        if not (await reader.read(-1)).endswith(b"100000"):
            v.wrong["upload"] += 1


async def meets_a_broken_site(v: Visits) -> None:
    async with v.connected() as (reader, writer):
        writer.write(head("GET", random.choice(["/cut", "/half"]), "Connection: close"))
        await reader.read(-1)


async def chooses(v: Visits) -> None:
    body = b'{"action": "accept_all"}'
    lines = ["Content-Type: application/json", f"Content-Length: {len(body)}", "Connection: close"]
    async with v.connected() as (reader, writer):
        writer.write(head("POST", "/.bandeau/choice", *lines) + body)
        answer = await reader.read(-1)
    found = answer.partition(b"eu-consent=")[2].partition(b";")[0].decode()
    if found:
        await v.answered("/page", "Accept: text/html", f"Cookie: eu-consent={found}")
    else:
        v.wrong["choice"] += 1


async def talks(v: Visits) -> None:
    url = f"http://127.0.0.1:{v.port}/echo"
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as ws:
        await ws.send_str("one")
        if (await ws.receive(WAIT_SECONDS)).data != "one":
            v.wrong["socket"] += 1
        if random.random() < 0.5:
            await ws.send_str("vanish")
            await ws.receive(WAIT_SECONDS)


Visit = Callable[[Visits], Awaitable[None]]
KINDS: list[Visit] = [
    *(reads, reads_slowly, half_closes, leaves, sends_much, starts_a_head, breaks_an_upload_off),
    *(uploads, meets_a_broken_site, chooses, talks),
]


async def visitor(visits: Visits, until: float) -> None:
    while time.monotonic() < until:
        kind = random.choice(KINDS)
        try:
            await asyncio.wait_for(kind(visits), WAIT_SECONDS)
        except TimeoutError:
            visits.wrong[f"{kind.__name__}: no end"] += 1
        except (OSError, aiohttp.ClientError):
            visits.done["broken off"] += 1
        visits.done[kind.__name__] += 1


async def crowd(visits: Visits, seconds: float) -> None:
    until = time.monotonic() + seconds
    await asyncio.gather(*(visitor(visits, until) for _ in range(CLIENTS)))


@dataclass(frozen=True)
class Held:
    """What the gateway holds."""

    sockets: int
    tasks: int
    bytes: int


def held(pid: int, tasks: Path) -> Held:
    links = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(os.readlink(each))
    tasks.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    end = time.monotonic() + WAIT_SECONDS
    while not (tasks.exists() and tasks.read_text()) and time.monotonic() < end:
        time.sleep(0.05)
    return Held(
        sum(link.startswith("socket:") for link in links),
        int(tasks.read_text()),
        resident_bytes(pid),
    )


async def soak(minutes: float, folder: Path) -> bool:
    """Whether nothing grew."""
    site_port, port, tasks = free_port(), free_port(), folder / "tasks"
    runner = await site(site_port)
    command = [sys.executable, __file__, "--gateway", str(folder), str(site_port), str(port)]
    with process(command, port) as gateway:
        visits = Visits(port)
        await crowd(visits, WARM_UP_SECONDS)
        await asyncio.sleep(QUIET_SECONDS)
        before = held(gateway.pid, tasks)
        print(f"before: {before}", flush=True)
        for minute in range(max(1, round(minutes))):
            await crowd(visits, min(60, minutes * 60))
            now = resident_bytes(gateway.pid) // 1_000_000
            print(f"minute {minute + 1}: {sum(visits.done.values())} visits, {now} MB", flush=True)
        await asyncio.sleep(QUIET_SECONDS)
        after = held(gateway.pid, tasks)
        print(f"after:  {after}\nvisits: {dict(visits.done)}\nwrong:  {dict(visits.wrong)}")
    await runner.cleanup()
    return (
        not visits.wrong
        and after.sockets <= before.sockets + MORE_SOCKETS
        and after.tasks <= before.tasks + MORE_TASKS
        and after.bytes <= before.bytes + MORE_BYTES
    )


def serve_gateway(folder: Path, upstream: int, port: int) -> None:
    """The gateway, which writes how many tasks it has when it gets SIGUSR1."""
    from bandeau.app import gateway
    from bandeau.web.server import serve

    policy = folder / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    app = gateway(policy, f"http://127.0.0.1:{upstream}", folder / "data")

    def tell() -> None:
        (folder / "tasks").write_text(str(len(asyncio.all_tasks())))

    async def told(scope: dict[str, str], receive: object, send: object) -> None:
        if scope["type"] == "lifespan":
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, tell)
        await app(scope, receive, send)  # type: ignore[arg-type]

    serve(told, "127.0.0.1", port)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--minutes", type=float, default=10)
    arguments.add_argument("--gateway", nargs=3, help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.gateway:
        folder, upstream, port = given.gateway
        serve_gateway(Path(folder), int(upstream), int(port))
        return
    socket.setdefaulttimeout(WAIT_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        flat = asyncio.run(soak(given.minutes, Path(folder)))
    print("nothing grew" if flat else "FAILED: something grew or went wrong")
    sys.exit(not flat)


if __name__ == "__main__":
    main()
