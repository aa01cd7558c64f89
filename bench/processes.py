"""Servers under measurement: started in a folder of their own, ended by process id.

CPU time is what the kernel scheduled a process and its children for (``/proc``), in nanoseconds:
on a busy machine it says more than requests per second do.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 60
_REQUESTS = re.compile(r"^\s*(\d+) requests in ([\d.]+)(us|ms|s|m)", re.MULTILINE)
_BAD = re.compile(r"(Socket errors:.*|Non-2xx or 3xx responses:.*)")


@dataclass(frozen=True)
class Running:
    """A server that answers at ``url``, and its process."""

    url: str
    pid: int


@dataclass(frozen=True)
class Load:
    """What one run of wrk did, and what it cost the servers under load."""

    requests: int
    cpu_microseconds: float
    per_second: float


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def needed(*programs: str) -> None:
    """Exit with a word on what to install where one is missing."""
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        sys.exit(f"needed for this comparison: apt-get install {' '.join(missing)}")


@contextmanager
def process(command: list[str], port: int) -> Iterator[Running]:
    """Run ``command`` until the end of the context; it must come to listen on ``port``."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _await(child, port)
        yield Running(f"http://127.0.0.1:{port}", child.pid)
    finally:
        child.terminate()
        try:
            child.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _await(child: subprocess.Popen[bytes], port: int) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if child.poll() is not None:
            sys.exit(f"{child.args!r} ended with {child.returncode}")
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    sys.exit(f"{child.args!r} does not listen")


@contextmanager
def nginx(folder: Path, http: str) -> Iterator[Running]:
    """Debian's nginx, one worker, with ``http`` inside its ``http`` block (``%PORT%``)."""
    folder.mkdir(parents=True)
    port = free_port()
    text = _NGINX + http.replace("%PORT%", str(port)) + "\n}\n"
    path = folder / "nginx.conf"
    path.write_text(text.replace("%DIR%", str(folder)), "utf-8")
    command = ["nginx", "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")]
    with process([*command, "-g", "daemon off; pcre_jit on;"], port) as running:
        yield running


# Started by root, nginx would read the files as somebody who may not.
_USER = "user root;" if os.geteuid() == 0 else ""
_NGINX = f"""
{_USER}
worker_processes 1;
pid %DIR%/nginx.pid;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    large_client_header_buffers 4 64k;
    client_body_temp_path %DIR%/body; proxy_temp_path %DIR%/proxy; fastcgi_temp_path %DIR%/fcgi;
    uwsgi_temp_path %DIR%/uwsgi; scgi_temp_path %DIR%/scgi;
"""


@contextmanager
def bandeau(folder: Path, policy: str, upstream: str, *more: str) -> Iterator[Running]:
    """The gateway before ``upstream``, as ``bandeau serve`` runs it."""
    folder.mkdir(parents=True)
    (folder / "policy.toml").write_text(policy, "utf-8")
    port = free_port()
    command = [sys.executable, "-m", "bandeau.cli", "serve", "--upstream", upstream]
    command += ["--config", str(folder / "policy.toml"), "--data", str(folder / "data")]
    with process([*command, "--listen", f"127.0.0.1:{port}", *more], port) as running:
        yield running


def cpu_nanoseconds(*roots: int) -> int:
    """What the kernel gave these processes, all their threads and all their children."""
    return sum(_own(pid) for root in roots for pid in _tree(root))


def _own(pid: int) -> int:
    spent = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError):
            spent += int(task.read_text().split()[0])
    return spent


def _tree(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            for child in task.read_text().split():
                found += _tree(int(child))
    return found


def resident_bytes(pid: int) -> int:
    """Memory of one process that is in RAM."""
    pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
    return int(pages) * 4_096


def load(
    server: Running, path: str, headers: dict[str, str], seconds: int = 2, most: int = 32
) -> Load:
    """Ask for ``path`` over ``most`` kept connections; the cost is of ``server`` alone.

    Exits where an answer is not 2xx: a cheap error would pass for speed.
    """
    lines = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = [
        "wrk",
        "-t1",
        f"-c{most}",
        f"-d{seconds:g}s",
        "--timeout",
        "30s",
        *lines,
        server.url + path,
    ]
    before = cpu_nanoseconds(server.pid)
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    spent = cpu_nanoseconds(server.pid) - before
    if bad := _BAD.search(done.stdout):
        sys.exit(f"{server.url}{path}: {bad[0]}")
    found = _REQUESTS.search(done.stdout)
    if not found or found[1] == "0":
        sys.exit(f"wrk said: {done.stdout}{done.stderr}")
    requests = int(found[1])
    cpu = spent / requests / 1_000
    return Load(requests, cpu, 1_000_000 / cpu)
