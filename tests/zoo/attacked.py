"""The whole auditor against the hostile corner: how each audit ends, and what it leaves behind."""

from __future__ import annotations

import asyncio
import fnmatch
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from tests.zoo.hostile import Hostile
from tests.zoo.server import serving

QUICK = ("--quick", "--pages", "1", "--idle", "1", "--at-once", "2")


@dataclass(frozen=True)
class Attacked:
    """How the audit of one trap ended. ``left`` are processes and folders that outlived it."""

    trap: str
    code: int | None
    seconds: float
    said: str
    left: tuple[str, ...]

    @property
    def stood(self) -> bool:
        """Whether it ended by itself, in words, and left nothing."""
        return self.code in (0, 1, 2) and "Traceback" not in self.said and not self.left


async def attacked(address: str, resolve: str, limit: float) -> Attacked:
    """One quick audit of a trap, ended after ``limit`` seconds."""
    trap = (urlsplit(address).hostname or "").partition(".")[0]
    with tempfile.TemporaryDirectory(prefix="hostile-") as folder:
        words = [sys.executable, "-m", "bandeau.cli", "audit", address, *QUICK]
        words += ["--resolve", resolve, "--allow-private", "--out", f"{folder}/out"]
        output = Path(folder, "output.txt")
        began = time.monotonic()
        with output.open("wb") as written:
            process = await asyncio.create_subprocess_exec(*words, stdout=written, stderr=written)
            code: int | None
            try:
                code = await asyncio.wait_for(process.wait(), limit)
            except TimeoutError:
                code = None
                process.send_signal(signal.SIGKILL)
                await process.wait()
        seconds = time.monotonic() - began
        left = () if code is None else tuple(_left(process.pid))
        said = output.read_text("utf-8", "replace")
    return Attacked(trap, code, seconds, said, left)


def besiege(only: Sequence[str], jobs: int, port: int = 0, limit: float = 300.0) -> int:
    """Audit the hostile corner and print how it went; 1 where an audit did not stand."""
    hostile = Hostile()

    def asked(address: str) -> bool:
        trap = address.split("/")[2].partition(".")[0]
        return not only or any(fnmatch.fnmatch(trap, each) for each in only)

    with serving(hostile, port) as served:
        resolve = f"MAP *.test 127.0.0.1:{served.port}"
        chosen = filter(asked, hostile.addresses)
        outcomes = asyncio.run(attack(chosen, resolve, jobs, limit, _tell))
    for told in hostile.told[:1]:
        click.echo(f"what the page found out: {json.dumps(told)}")
    if hostile.granted:
        click.echo("A PERMISSION WAS GRANTED")
    fallen = [each.trap for each in outcomes if not each.stood]
    click.echo(f"{len(outcomes) - len(fallen)} of {len(outcomes)} stood {' '.join(fallen)}")
    return 1 if fallen or hostile.granted else 0


def _tell(found: Attacked) -> None:
    lines = found.said.strip().splitlines()
    code = "over time" if found.code is None else f"exit {found.code}"
    last = " ".join([*found.left, *lines[-6:]])[:400]
    click.echo(f"{found.trap:16} {code:10} {found.seconds:6.1f} s  {last}")


def _left(owner: int) -> Iterable[str]:
    """What names the profiles of a process that has ended."""
    mark = f"bandeau-robot-{owner}-"
    yield from (str(each) for each in Path(tempfile.gettempdir()).glob(f"{mark}*"))
    for number in (name for name in os.listdir("/proc") if name.isdigit()):
        try:
            line = Path("/proc", number, "cmdline").read_bytes()
        except OSError:
            continue
        if mark.encode() in line:
            yield f"process {number}"


async def attack(
    addresses: Iterable[str],
    resolve: str,
    jobs: int,
    limit: float,
    tell: Callable[[Attacked], None],
) -> list[Attacked]:
    """Audit every trap, ``jobs`` at once."""
    turn = asyncio.Semaphore(jobs)

    async def one(address: str) -> Attacked:
        async with turn:
            found = await attacked(address, resolve, limit)
        tell(found)
        return found

    return list(await asyncio.gather(*map(one, addresses)))
