"""The asynchronous parts for code that is not: one event loop in a thread, opened per process.

Servers that fork would otherwise share connections and threads which do not outlive a fork.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from bandeau import limits
from bandeau.enforcement.exchange import Headers
from bandeau.web.chores import Running
from bandeau.web.guarded import Desk, Guarded, Message
from bandeau.web.held import Stream

Found = TypeVar("Found")
Opened = tuple[Desk, Running, Callable[[], None]]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of ours, whole."""

    status: int
    headers: Headers
    body: bytes


class Open:
    """The desk of one site in this process, and the event loop that its parts run on."""

    def __init__(self, opened: Opened) -> None:
        self._desk, self._chores, self._close = opened
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="bandeau", daemon=True)
        self._thread.start()
        self._loop.call_soon_threadsafe(self._chores.start)

    def close(self) -> None:
        """End the chores and the loop, then close what was opened."""
        asyncio.run_coroutine_threadsafe(self._chores.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._close()

    def run(self, work: Coroutine[Any, Any, Found]) -> Found:
        """What ``work`` gives. Raises ``TimeoutError`` after ``limits.SHELL_WAIT_SECONDS``."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(limits.SHELL_WAIT_SECONDS)
        finally:
            future.cancel()

    async def awaited(self, work: Coroutine[Any, Any, Found]) -> Found:
        """The same, from another event loop; raises ``TimeoutError`` too."""
        async with asyncio.timeout(limits.SHELL_WAIT_SECONDS):
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    def guarded(self, scope: dict[str, Any]) -> Coroutine[Any, Any, Guarded]:
        """See :meth:`Desk.guarded`."""
        return self._desk.guarded(scope)

    async def reply(self, scope: Mapping[str, Any], body: bytes, *, whole: bool) -> Reply:
        """What we answer ourselves; a ``body`` that is not ``whole`` counts as broken off."""
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": not whole}]
        sent: list[Message] = []

        async def receive() -> Message:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self._desk.own(dict(scope), receive, send)
        head, *rest = sent
        body = b"".join(message.get("body", b"") for message in rest)
        return Reply(head["status"], list(head["headers"]), body)

    def edited(self, stream: Stream, body: bytes, *, last: bool) -> Iterator[bytes]:
        """The pieces of :meth:`Stream.feed`, some at a time."""
        pieces = stream.feed(body, last=last)
        more = True
        while more:
            some, more = self.run(_some(pieces))
            if some:
                yield b"".join(some)

    async def aedited(self, stream: Stream, body: bytes, *, last: bool) -> AsyncIterator[bytes]:
        """The same, from another event loop."""
        pieces = stream.feed(body, last=last)
        more = True
        while more:
            some, more = await self.awaited(_some(pieces))
            if some:
                yield b"".join(some)


class PerProcess:
    """Opens the parts of one site in each process that asks for them, once.

    What a parent had opened is kept untouched in its children: closing a copy of an SQLite
    connection would harm the original.
    """

    def __init__(self, opens: Callable[[], Opened]) -> None:
        self._opens = opens
        self._here: dict[int, Open] = {}
        self._locks: dict[int, threading.Lock] = {}

    def here(self) -> Open:
        """What is open in this process. Raises what opening raises."""
        process = os.getpid()
        found = self._here.get(process)
        if found is not None:
            return found
        # A lock of the parent may be held for ever in a child, so each process has its own.
        with self._locks.setdefault(process, threading.Lock()):
            if process not in self._here:
                self._here[process] = Open(self._opens())
            return self._here[process]

    def close(self) -> None:
        """Close what this process has opened; the next request opens it again."""
        found = self._here.pop(os.getpid(), None)
        if found is not None:
            found.close()


async def _some(pieces: AsyncIterator[bytes]) -> tuple[list[bytes], bool]:
    """Pieces enough for one crossing between threads, and whether there may be more."""
    some: list[bytes] = []
    size = 0
    async for piece in pieces:
        some.append(piece)
        size += len(piece)
        if size >= limits.CODING_STEP_BYTES:
            return some, True
    return some, False
