"""The DevTools protocol over a pair of pipes: a browser that ends with the process that began it.

Messages are JSON objects, each ended by a NUL, over descriptors 3 and 4 of the browser. Sessions
are flat: each message names the one that it belongs to.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
import psutil

from bandeau import limits
from bandeau.audit.foreign_json import read_foreign
from bandeau.robot.processes import begun_by, kill_and_wait

Message = dict[str, Any]
Listener = Callable[[str, Message], None]


class BrowserGone(Exception):
    """The browser, or the target that was spoken to, is no more."""


class CallFailed(Exception):
    """The browser refused a call, or did not answer it in time. The message names the call."""


class NoAnswer(CallFailed):
    """The browser did not answer in time: the page hangs."""


class Pipe(asyncio.Protocol):
    """Calls to one browser process, and its events to those who listen."""

    def __init__(self, process: int, commands: int) -> None:
        self.process = process
        self._commands = commands
        self._writer: asyncio.WriteTransport | None = None
        self._held = bytearray()
        self._scanned = 0
        self._number = 0
        self._waiting: dict[int, tuple[str | None, str, asyncio.Future[Message]]] = {}
        self._listeners: dict[str | None, Listener] = {}
        self.gone = asyncio.get_running_loop().create_future()

    def listen(self, session: str | None, listener: Listener) -> None:
        """Give each event of ``session`` (``None``: the browser's own) to ``listener``."""
        self._listeners[session] = listener

    def call(
        self,
        method: str,
        parameters: Mapping[str, Any] | None = None,
        session: str | None = None,
    ) -> asyncio.Future[Message]:
        """Send a call at once; the future holds its answer. Calls are worked in their order."""
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        # Nobody need await an answer that does not matter to him.
        future.add_done_callback(_looked_at)
        if self._writer is None or self.gone.done():
            future.set_exception(BrowserGone("the browser has ended"))
            return future
        self._number += 1
        message: Message = {"id": self._number, "method": method, "params": parameters or {}}
        if session is not None:
            message["sessionId"] = session
        self._waiting[self._number] = (session, method, future)
        self._writer.write(orjson.dumps(message) + b"\0")
        return future

    def drop(self, session: str, why: str) -> None:
        """Fail whatever still waits for an answer of ``session``, which ended."""
        self._listeners.pop(session, None)
        for number, (owner, method, future) in list(self._waiting.items()):
            if owner == session:
                del self._waiting[number]
                _fail(future, BrowserGone(f"{method}: {why}"))

    def attach(self, writer: asyncio.WriteTransport) -> None:
        """Write through ``writer`` from now on."""
        self._writer = writer

    def data_received(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > limits.AUDIT_MESSAGE_BYTES:
            self.end("a message of the browser is too long")
            return
        start = 0
        while (end := self._held.find(b"\0", max(start, self._scanned))) >= 0:
            message = said(memoryview(self._held)[start:end])
            start = self._scanned = end + 1
            if message is not None:
                self._received(message)
        del self._held[:start]
        self._scanned = len(self._held)

    def _received(self, message: Message) -> None:
        if "id" not in message:
            listener = self._listeners.get(message.get("sessionId"))
            if listener is not None:
                listener(message["method"], message.get("params", {}))
            return
        _, method, future = self._waiting.pop(message["id"], (None, "", None))
        if future is None or future.done():
            return
        if "error" in message:
            future.set_exception(CallFailed(f"{method}: {message['error'].get('message')}"))
        else:
            future.set_result(message.get("result", {}))

    def connection_lost(self, error: Exception | None) -> None:
        self._lost("the browser has ended")

    def _lost(self, why: str) -> None:
        waiting, self._waiting = self._waiting, {}
        for _, method, future in waiting.values():
            _fail(future, BrowserGone(f"{method}: {why}"))
        if not self.gone.done():
            self.gone.set_result(why)

    def end(self, why: str = "the browser was ended") -> None:
        """Close the pipe, and kill the browser with all its processes."""
        self._lost(why)
        if self._writer is not None and not self._writer.is_closing():
            self._writer.abort()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process, signal.SIGKILL)


def said(text: str | memoryview) -> Message | None:
    """A message of the browser; ``None`` where a page made it one that cannot be read."""
    try:
        message: Message = read_foreign(text)
    except ValueError:
        return None
    return message


def _fail(future: asyncio.Future[Message], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _looked_at(future: asyncio.Future[Message]) -> None:
    if not future.cancelled():
        future.exception()


async def started(argv: Sequence[str], environment: Mapping[str, str]) -> Pipe:
    """Start a browser that is told to speak over pipes, in a process group of its own.

    Raises ``OSError`` where it cannot be started.
    """
    loop = asyncio.get_running_loop()
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()
    high = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 10) for each in (theirs_in, theirs_out)]
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        process = os.posix_spawnp(
            argv[0],
            list(argv),
            dict(environment),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                (os.POSIX_SPAWN_DUP2, high[0], 3),
                (os.POSIX_SPAWN_DUP2, high[1], 4),
            ],
            setpgroup=0,
        )
    except OSError:
        os.close(ours_out)
        os.close(ours_in)
        raise
    finally:
        for each in high:
            os.close(each)
    pipe = Pipe(process, ours_out)
    writer, _ = await loop.connect_write_pipe(asyncio.Protocol, os.fdopen(ours_out, "wb", 0))
    await loop.connect_read_pipe(lambda: pipe, os.fdopen(ours_in, "rb", 0))
    pipe.attach(writer)
    return pipe


async def ended(pipe: Pipe) -> None:
    """Kill the browser and wait until it is gone, so that its profile can be removed."""
    begun = begun_by(pipe.process)
    pipe.end()
    await asyncio.to_thread(_reap, pipe.process, begun)


def _reap(process: int, begun: Sequence[psutil.Process]) -> None:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(process, 0)
    # Gigabytes take the system a while to get back, and all that while they are there.
    kill_and_wait(begun)
