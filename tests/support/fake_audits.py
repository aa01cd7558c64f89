"""Audits that need no browser, for what runs many: one that works, and one for each way not to."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bandeau.audit.queue import Counts
from bandeau.robot.camera import RobotUnavailable

Audit = Callable[[str, Path], Awaitable[Counts]]


@asynccontextmanager
async def quick(options: Mapping[str, Any]) -> AsyncIterator[Audit]:
    """Writes a small report; which way a site misbehaves stands in its path."""

    async def audit(address: str, out: Path) -> Counts:
        _log(f"begin {address}")
        for word, misbehave in WAYS.items():
            if f"/{word}" in address:
                misbehave()
        if "/slow" in address:
            await asyncio.sleep(600)
        if "/held" in address:
            while Path(os.environ["FAKE_AUDITS_LOG"]).with_name("held").exists():
                await asyncio.sleep(0.05)
        counts = Counts({"V4": len(address) % 3}, unchecked=1, states=5)
        told = {"address": address, "policy": bool(options["policy"])}
        (out / "report.json").write_text(json.dumps(told), "utf-8")
        (out / "har").mkdir()
        (out / "har" / "arrive.har").write_text("{}", "utf-8")
        _log(f"end {address}")
        return counts

    _log("open")
    yield audit
    _log("close")


@asynccontextmanager
async def broken(options: Mapping[str, Any]) -> AsyncIterator[Audit]:
    """A browser that is not there."""
    raise FileNotFoundError("chromium: not found")
    yield


def _log(line: str) -> None:
    """One line in the file that tests read, whole, whatever else is written there."""
    path = os.environ.get("FAKE_AUDITS_LOG")
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{os.getpid()} {line}\n")


def _fail() -> None:
    raise RuntimeError("no such host")


def _no_browser() -> None:
    raise RobotUnavailable("chromium does not start")


def _hang() -> None:
    while True:
        time.sleep(60)


def _eat() -> None:
    kept = []
    while True:
        kept.append(os.urandom(8_000_000))
        time.sleep(0.01)


def _child() -> None:
    """Leaves a process behind, and then hangs."""
    if os.fork() == 0:
        _log("child")
    _hang()


WAYS: Mapping[str, Callable[[], object]] = {
    "fail": _fail,
    "no-browser": _no_browser,
    "hang": _hang,
    "crash": lambda: os._exit(7),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "eat": _eat,
    "child": _child,
}
