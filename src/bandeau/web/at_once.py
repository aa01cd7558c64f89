"""What an application answers before a server makes a task of the request.

An application may have ``begin(scope)``: called for a request without a body, it gives the whole
answer, or the application that goes on with what it found out, or ``None`` where it says nothing.
It waits for nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import Any, NamedTuple, TypeVar

Message = MutableMapping[str, Any]
App = Callable[[Any, Any, Any], Awaitable[None]]
Found = TypeVar("Found")


class Whole(NamedTuple):
    """An answer that needs nothing more, with its ``Content-Length``.

    ``body`` is empty where the request was HEAD.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    async def sent_by(self, send: Callable[[Message], Awaitable[None]]) -> None:
        """Answer with it as ASGI has it."""
        head = {"type": "http.response.start", "status": self.status, "headers": self.headers}
        await send(head)
        await send({"type": "http.response.body", "body": self.body})


Begun = Whole | App | None
Begin = Callable[[Any], Begun]


class WouldWait(Exception):
    """The work cannot be done at once."""


def finished(work: Coroutine[Any, Any, Found]) -> Found:
    """What ``work`` gives, where nothing in it has to be waited for.

    Raises :class:`WouldWait` otherwise; the work is then given up.
    """
    try:
        work.send(None)
    except StopIteration as done:
        found: Found = done.value
        return found
    work.close()
    raise WouldWait


def begin_of(app: object) -> Begin | None:
    """The ``begin`` of an application that has one."""
    begin: Begin | None = getattr(app, "begin", None)
    return begin
