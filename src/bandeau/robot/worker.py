"""One worker: a process that audits one site after another, with a browser that it keeps warm.

Started by :mod:`bandeau.robot.crew` as ``python -m bandeau.robot.worker FD``. Over the socket
``FD`` come lines of JSON: what audits and its options, then an address and a folder each; back go
lines with counts, or with a reason. When the socket closes, whoever sent the orders is gone, and
this process ends at once, with all that it started and its temporary files.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TypeAlias

from bandeau.audit.queue import Counts
from bandeau.robot.camera import RobotUnavailable
from bandeau.robot.processes import begun_by, kill_and_wait

Audit: TypeAlias = Callable[[str, Path], Awaitable[Counts]]
"""Audits the site at an address, and writes ``report.json`` and what else there is to a folder."""
Auditor: TypeAlias = Callable[[Mapping[str, Any]], AbstractAsyncContextManager[Audit]]
"""Opens what audits, with its options: a browser, warm until the worker is replaced."""


def auditor_of(place: str) -> Auditor:
    """What ``MODULE:NAME`` names; raises ``ImportError``, ``AttributeError`` or ``ValueError``."""
    module, _, name = place.partition(":")
    found: Auditor = getattr(import_module(module), name)
    return found


def main() -> None:
    """Work until told to end."""
    channel = socket.socket(fileno=int(sys.argv[1]))
    asyncio.run(_work(channel))


async def _work(channel: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    orders: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def heard(order: dict[str, Any]) -> None:
        loop.call_soon_threadsafe(orders.put_nowait, order)

    threading.Thread(target=_listen, args=(channel, heard), daemon=True).start()
    opening = await orders.get()
    try:
        async with auditor_of(opening["auditor"])(opening["options"]) as audit:
            _say(channel, {"ready": True})
            while "end" not in (order := await orders.get()):
                _say(channel, await _answer(audit, order))
    except Exception as error:
        _say(channel, {"failed": _told(error)})


async def _answer(audit: Audit, order: Mapping[str, Any]) -> dict[str, str]:
    try:
        counts = await audit(order["address"], Path(order["out"]))
        return {"counts": counts.written()}
    except RobotUnavailable as error:
        return {"unavailable": str(error)}
    except Exception as error:
        return {"failed": _told(error)}


def _listen(channel: socket.socket, heard: Callable[[dict[str, Any]], None]) -> None:
    ended = False
    with suppress(OSError), channel.makefile("rb") as lines:
        for line in lines:
            order = json.loads(line)
            ended = ended or "end" in order
            heard(order)
    if not ended:
        _end_at_once()


def _end_at_once() -> None:
    """Nobody waits for this process any more, and it may hang anywhere."""
    # What still runs would write into the folder while it is removed.
    kill_and_wait(begun_by())
    shutil.rmtree(os.environ.get("TMPDIR", ""), ignore_errors=True)
    os._exit(1)


def _say(channel: socket.socket, answer: Mapping[str, object]) -> None:
    # Where nobody listens any more, the other thread ends this process.
    with suppress(OSError):
        channel.sendall(json.dumps(answer).encode() + b"\n")


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:1_000]


if __name__ == "__main__":
    main()
