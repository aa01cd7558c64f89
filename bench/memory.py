"""The gateway's memory: with 1,000 answers under way, and while a gigabyte passes through.

.venv/bin/python bench/memory.py [--connections 1000] [--megabytes 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import tempfile
from pathlib import Path

from inputs import POLICY, article
from processes import bandeau, free_port, resident_bytes

MIB = 1 << 20
PATIENCE_SECONDS = 300
PART = article(65_536)


class Site:
    """Answers ``/hold`` with the start of a page, and ``/stream/KIND/BYTES`` with that much."""

    def __init__(self) -> None:
        self.released = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ", 2)[1].decode()
            if path == "/hold":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" + PART[:20_000])
                await writer.drain()
                await self.released.wait()
            elif path.startswith("/stream/"):
                await self._stream(writer, *path.split("/")[2:])
        writer.close()

    async def _stream(self, writer: asyncio.StreamWriter, kind: str, size: str) -> None:
        left = int(size)
        mime = {"image": "image/png", "page": "text/html; charset=utf-8"}[kind]
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {mime}\r\nContent-Length: {left}\r\n\r\n"
        writer.write(head.encode())
        while left > 0:
            writer.write(PART[:left])
            left -= len(PART)
            await writer.drain()


async def asked(port: int, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: www.quotidien.test\r\nConnection: close\r\n"
    writer.write(f"{request}Accept: text/html\r\n\r\n".encode())
    return reader, writer


async def held(port: int, pid: int, connections: int) -> int:
    """Memory with that many pages under way, each with its head and some text out."""
    opened = []
    for start in range(0, connections, 50):
        some = [asked(port, "/hold") for _ in range(min(50, connections - start))]
        opened += await asyncio.gather(*some)
    for reader, _ in opened:
        await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_SECONDS)
    most = resident_bytes(pid)
    for _, writer in opened:
        writer.transport.abort()
    return most


async def streamed(port: int, pid: int, path: str) -> tuple[int, int]:
    """Bytes that came, and the most memory meanwhile."""
    reader, writer = await asked(port, path)
    total = most = 0
    while part := await asyncio.wait_for(reader.read(MIB), PATIENCE_SECONDS):
        total += len(part)
        most = max(most, resident_bytes(pid))
    writer.close()
    return total, most


async def measure(folder: Path, connections: int, megabytes: int) -> None:
    port, site = free_port(), Site()
    server = await asyncio.start_server(site.answer, "127.0.0.1", port, backlog=2_048)
    with bandeau(folder / "bandeau", POLICY, f"http://127.0.0.1:{port}") as gateway:
        at = int(gateway.url.rpartition(":")[2])
        for path in ("/stream/image/1000", "/stream/page/1000"):
            await streamed(at, gateway.pid, path)
        calm = resident_bytes(gateway.pid)
        print(f"| nothing under way | {calm / 1e6:.0f} MB |")
        size = megabytes * 1_000_000
        for name, path in (
            (f"{megabytes:,} MB image passing", f"/stream/image/{size}"),
            (f"{megabytes // 10:,} MB page edited", f"/stream/page/{size // 10}"),
        ):
            total, most = await streamed(at, gateway.pid, path)
            print(f"| {name} ({total:,} bytes came) | + {(most - calm) / 1e6:.1f} MB |")
        most = await held(at, gateway.pid, connections)
        each = (most - calm) / connections / 1_000
        more = (most - calm) / 1e6
        print(f"| {connections:,} pages under way | + {more:.0f} MB, {each:.0f} kB each |")
        site.released.set()
    server.close()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--connections", type=int, default=1_000)
    arguments.add_argument("--megabytes", type=int, default=1_000)
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(measure(Path(folder), given.connections, given.megabytes))


if __name__ == "__main__":
    main()
