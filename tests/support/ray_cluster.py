"""A Ray cluster in a network of its own: it listens everywhere, and there is loopback only."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

PORT = 6379
_TRIES = 5
# Loopback is down in a new network; what it is set up with need not be installed.
_LOOPBACK = """
import fcntl, os, socket, struct, sys
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))
os.execv(sys.argv[1], sys.argv[1:])
"""


class RayCluster:
    """One node with two cores; ``environment`` is what those need who join it."""

    def __init__(self, process: subprocess.Popen[bytes], environment: Mapping[str, str]) -> None:
        self._process = process
        self.environment = environment
        self.address = f"127.0.0.1:{PORT}"

    def inside(self) -> Sequence[str]:
        """What a command begins with to be in the cluster's network."""
        names = ["--user", "--preserve-credentials"] if os.geteuid() else []
        return ["nsenter", "--target", str(self._process.pid), *names, "--net", "--"]

    def actors(self) -> list[psutil.Process]:
        """The processes that hold workers."""
        found = []
        for process in psutil.Process(self._process.pid).children(recursive=True):
            with suppress(psutil.Error):
                if process.cmdline()[:1] == ["ray::_Place"] or "ray::_Place" in process.name():
                    found.append(process)
        return found


@contextmanager
def ray_cluster(settings: Mapping[str, str]) -> Iterator[RayCluster]:
    """A cluster whose workers get ``settings``; skips where no network can be had."""
    pytest.importorskip("ray")
    # Short: sockets are made in it, whose paths may have no more than 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ray-"))
    environment = {
        **os.environ,
        **settings,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    }
    process = None
    try:
        process = _started(folder, environment)
        yield RayCluster(process, environment)
    finally:
        if process:
            _ended(process)
        shutil.rmtree(folder, ignore_errors=True)


def _started(folder: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    ray = str(Path(sys.executable).with_name("ray"))
    start = [ray, "start", "--head", "--block", "--num-cpus=2", f"--port={PORT}"]
    start += ["--node-ip-address=127.0.0.1", "--include-dashboard=false"]
    start += ["--object-store-memory=80000000", "--disable-usage-stats"]
    new = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*new, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace can be made here")
    for number in range(_TRIES):
        log = folder / f"log{number}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*new, sys.executable, "-c", _LOOPBACK, *start, f"--temp-dir={folder}/{number}"],
                env=dict(environment),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        # It ends a node whose agents are late, which a busy machine is to blame for.
        if _up(process, log):
            return process
        _ended(process)
    raise AssertionError(log.read_text("utf-8"))


def _up(process: subprocess.Popen[bytes], log: Path) -> bool:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if b"Ray runtime started" in log.read_bytes():
            return True
        time.sleep(0.1)
    return False


def _ended(process: subprocess.Popen[bytes]) -> None:
    with suppress(psutil.NoSuchProcess):
        whole = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
        for each in whole:
            with suppress(psutil.NoSuchProcess):
                each.kill()
        psutil.wait_procs(whole, timeout=30)
    process.wait()
