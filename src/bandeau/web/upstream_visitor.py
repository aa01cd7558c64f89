"""The visitor's end of one exchange: the body as it comes, and the moment of leaving."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from bandeau import limits
from bandeau.web.upstream_wire import Wire, WireError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

# A visitor who leaves earlier than this is noticed when the answer is written; watching from the
# first instant would cost every short exchange a task of its own.
_WATCH_AFTER_SECONDS = 0.05


class _Gone(Exception):
    """The visitor closed the connection while sending."""


class Visitor:
    """Watches one visitor, and ends the exchange of the task that made this when there is none.

    ``left``: closed the connection. ``late``: sent nothing for ``limits.VISITOR_IDLE_SECONDS``.
    ``stuck``: has read nothing for that long since ``sending_since`` (0.0: nothing is being sent).
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._loop = asyncio.get_running_loop()
        self._exchange = asyncio.current_task()
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = False
        self.now = self._loop.time
        self.sending_since = 0.0
        self.left = False
        self.late = False
        self.stuck = False

    def watch_soon(self, wire: Wire) -> None:
        """Watch both ends of an exchange that lasts; only without a body left to read."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(_WATCH_AFTER_SECONDS, self._watch, wire)

    def upload(self, wire: Wire, *, chunked: bool) -> None:
        """Pass the body on, read only as fast as the site takes it; watch when it has ended."""
        self._task = self._loop.create_task(self._upload(wire, chunked))
        self._look_at_reading()
        wire.mind_silence()

    def take_back_cancellation(self) -> None:
        """The exchange was cancelled from here, which its task need not know."""
        if self._exchange is not None:
            self._exchange.uncancel()

    def stop(self) -> None:
        """The exchange is over."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    async def _upload(self, wire: Wire, chunked: bool) -> None:
        try:
            more = True
            while more:
                message = await self._next()
                more = message.get("more_body", False)
                part = message.get("body", b"")
                if part:
                    wire.write(b"%x\r\n%b\r\n" % (len(part), part) if chunked else part)
                    await wire.drained()
            if chunked:
                wire.write(b"0\r\n\r\n")
            wire.sent()
        except _Gone:
            self._leave()
        except TimeoutError as error:
            self.late = True
            wire.fail(error)
        except WireError:
            pass  # whoever reads the answer is told
        else:
            await self._wait()

    async def _next(self) -> Message:
        async with asyncio.timeout(limits.VISITOR_IDLE_SECONDS):
            message = await self._receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        return message

    def _watch(self, wire: Wire) -> None:
        if not self._stopped:
            wire.mind_silence()
            self._task = self._loop.create_task(self._wait())
            self._look_at_reading()

    def _look_at_reading(self) -> None:
        since, patience = self.sending_since, limits.VISITOR_IDLE_SECONDS
        waited = self.now() - since if since else 0.0
        if waited >= patience:
            self.stuck = True
            self._end()
        elif not self._stopped:
            self._timer = self._loop.call_later(patience - waited, self._look_at_reading)

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._leave()

    def _leave(self) -> None:
        if not self._stopped:
            self.left = True
            self._end()

    def _end(self) -> None:
        if self._exchange is not None:
            self._exchange.cancel()
