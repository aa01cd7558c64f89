"""Workers as their employer sees them: a process each, bounded in time and memory, and replaced.

A worker lives in a session and a temporary folder of its own. It is ended with all that it
started when a site takes too long or too much, when its work is called off, and when it fails:
whatever a hostile page left behind in a browser ends there.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bandeau import limits
from bandeau.audit.queue import Counts
from bandeau.robot.processes import kill, over, tree_of


class WorkerFailed(Exception):
    """A site could not be audited; the message says why."""


class CannotStart(Exception):
    """A worker did not come to work at all: no site is to blame. The message says why."""


@dataclass(frozen=True, slots=True)
class Work:
    """What workers do, and within which bounds.

    ``auditor`` is the ``MODULE:NAME`` of a :data:`bandeau.robot.worker.Auditor` and ``options``
    JSON values for it; a site may take ``seconds`` and the worker ``megabytes`` of memory, and
    after ``sites`` it is replaced by a new one.
    """

    auditor: str
    options: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = limits.SURVEY_SITE_SECONDS
    megabytes: int = limits.SURVEY_WORKER_MEGABYTES
    sites: int = limits.SURVEY_WORKER_SITES


class Hand(Protocol):
    """One place where sites are audited, one at a time."""

    async def audit(self, address: str, out: Path) -> Counts:
        """Audit a site into the folder ``out``.

        Raises :class:`WorkerFailed` or :class:`CannotStart`; when cancelled, nothing goes on.
        """
        ...

    async def close(self) -> None:
        """End what is still running."""
        ...


class Worker:
    """A :class:`Hand` on this machine. Its process is started with the first site."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._process: _Process | None = None
        self._audited = 0

    async def audit(self, address: str, out: Path) -> Counts:
        """See :class:`Hand`."""
        try:
            async with asyncio.timeout(self._work.seconds):
                process = await self._started()
                counts = await self._answered(process, address, out)
        except TimeoutError:
            await self._ended()
            raise WorkerFailed(f"took longer than {self._work.seconds:g} seconds") from None
        except BaseException:
            await self._ended()
            raise
        self._audited += 1
        if self._audited >= self._work.sites:
            await self.close()
        return counts

    async def close(self) -> None:
        """See :class:`Hand`: with time to close a browser in order."""
        if self._process:
            with suppress(TimeoutError, OSError):
                async with asyncio.timeout(limits.SURVEY_STOP_SECONDS):
                    await self._process.asked_to_end()
        await self._ended()

    async def _started(self) -> _Process:
        if self._process is None:
            self._audited = 0
            self._process = await _Process.start()
            opening = {"auditor": self._work.auditor, "options": dict(self._work.options)}
            answer = await self._watched(self._process, self._process.ask(opening))
            if "ready" not in answer:
                raise CannotStart(str(answer.get("failed", "no word from the worker")))
        return self._process

    async def _answered(self, process: _Process, address: str, out: Path) -> Counts:
        asking = process.ask({"address": address, "out": str(out)})
        answer = await self._watched(process, asking)
        if "unavailable" in answer:
            raise CannotStart(str(answer["unavailable"]))
        if "counts" not in answer:
            raise WorkerFailed(str(answer.get("failed", "no word from the worker")))
        try:
            return Counts.read(str(answer["counts"]))
        except ValueError as error:
            raise WorkerFailed(f"counts that cannot be read: {error}") from None

    async def _watched(
        self, process: _Process, asking: Awaitable[dict[str, Any]]
    ) -> dict[str, Any]:
        """An answer, unless memory runs over before."""
        task = asyncio.ensure_future(asking)
        try:
            while not (await asyncio.wait({task}, timeout=limits.SURVEY_WATCH_SECONDS))[0]:
                if await asyncio.to_thread(process.over, self._work.megabytes):
                    raise WorkerFailed(f"took more than {self._work.megabytes} MB of memory")
            return task.result()
        finally:
            task.cancel()

    async def _ended(self) -> None:
        process, self._process = self._process, None
        if process:
            await process.end()


class _Process:
    """One worker's process, and the line to it."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self._folder = folder
        self._process = process
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    @classmethod
    async def start(cls) -> _Process:
        ours, theirs = socket.socketpair()
        # Short: Chromium makes a socket below it, whose path may have no more than 107 bytes.
        folder = Path(tempfile.mkdtemp(prefix="bw-"))
        with theirs, (folder / "stderr").open("wb") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "bandeau.robot.worker", str(theirs.fileno())),
                pass_fds=(theirs.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
                env={**os.environ, "TMPDIR": str(folder)},
            )
        started = cls(folder, process)
        bound = 2 * limits.SURVEY_RESULT_BYTES
        started._reader, started._writer = await asyncio.open_connection(sock=ours, limit=bound)
        return started

    async def ask(self, order: Mapping[str, object]) -> dict[str, Any]:
        """The answer to one order; what failed where the process ends or talks nonsense."""
        try:
            self._writer.write(json.dumps(order).encode() + b"\n")
            await self._writer.drain()
            line = await self._reader.readline()
            answer = json.loads(line) if line else await self._end_told()
        except (OSError, ValueError) as error:
            return {"failed": f"its worker did not answer: {error}"}
        return answer if isinstance(answer, dict) else {}

    async def asked_to_end(self) -> None:
        """Wait until it ended by itself."""
        self._writer.write(b'{"end": true}\n')
        await self._process.wait()

    def over(self, megabytes: float) -> bool:
        """Whether it and all that it started have more memory than that."""
        return over(tree_of(self._process.pid), megabytes)

    async def end(self) -> None:
        """End it with all that it started, and remove its temporary files."""
        tree = tree_of(self._process.pid)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        kill(tree)
        await self._process.wait()
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def _end_told(self) -> dict[str, str]:
        code = await self._process.wait()
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        lines = (self._folder / "stderr").read_bytes()[-2_000:].decode(errors="replace").split("\n")
        last = next((line for line in reversed(lines) if line.strip()), "")
        return {"failed": f"its worker ended {how}" + (f": {last}" if last else "")}
