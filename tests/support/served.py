"""`bandeau serve` as a process of its own, and the commands that run beside it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BANDEAU = [sys.executable, "-m", "bandeau.cli"]
PATIENCE = 120


@dataclass
class Served:
    """A server that answers; ``url`` is its address."""

    process: subprocess.Popen[str]
    url: str

    def kill(self) -> None:
        """End it as a power cut would, as far as a process can tell."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(PATIENCE)


@contextmanager
def served(
    policy: Path, data: Path | str, upstream: str = "http://127.0.0.1:1"
) -> Iterator[Served]:
    """A gateway on a free port of loopback, ended when the context ends."""
    process = subprocess.Popen(serve_command(policy, data, upstream), stdout=subprocess.PIPE,
                               text=True)  # fmt: skip
    assert process.stdout is not None
    try:
        yield Served(process, process.stdout.readline().split()[-1])
    finally:
        process.stdout.close()
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)


def serve_command(
    policy: Path, data: Path | str, upstream: str = "http://127.0.0.1:1"
) -> list[str]:
    """The command that serves ``upstream`` on a free port."""
    return [*BANDEAU, "serve", "--config", str(policy), "--upstream", upstream,
            "--listen", "127.0.0.1:0", "--data", str(data)]  # fmt: skip


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """One command to its end, both outputs as text."""
    command = [*BANDEAU, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


def exported(data: Path) -> list[dict[str, object]]:
    """Every line of `bandeau ledger export`."""
    out = data.parent / f"export-{os.urandom(4).hex()}.jsonl"
    told = run("ledger", "export", "--data", data, "--out", out)
    assert told.returncode == 0, told.stderr
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
