"""A real PostgreSQL on loopback for tests: Debian's, unprivileged, in a folder of its own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

_PLACES = ("/usr/lib/postgresql",)
_DIES_WITH_US = ("setpriv", "--pdeathsig=QUIT")
_CONF = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 100
"""


def binaries() -> Path | None:
    """Where the newest PostgreSQL's programs are, 15 or later."""
    found = [
        folder / "bin"
        for place in map(Path, _PLACES)
        for folder in (place.iterdir() if place.is_dir() else ())
        if folder.name.isdigit() and int(folder.name) >= 15 and (folder / "bin/postgres").exists()
    ]
    return max(found, key=lambda path: int(path.parent.name), default=None)


class PostgresServer:
    """One server; ``kill`` and ``start`` as tests like, ``stop`` ends it and removes its folder."""

    def __init__(self) -> None:
        found = binaries()
        if found is None:
            message = "no PostgreSQL 15 or later: `make packages` installs it"
            if os.environ.get("CI"):
                pytest.fail(message, pytrace=False)
            pytest.skip(message)
        self._bin = found
        # PostgreSQL refuses to run as root.
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self._as = self._as if os.getuid() == 0 else []
        self._folder = Path(tempfile.mkdtemp(prefix="bandeau-postgres-"))
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")
        self._data = self._folder / "data"
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "bandeau", "-N")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        conf = f"{_CONF}port = {self.port}\n"
        subprocess.run([*self._as, "tee", "-a", self._data / "postgresql.conf"], check=True,
                       input=conf.encode(), stdout=subprocess.DEVNULL)  # fmt: skip
        self._process: subprocess.Popen[bytes] | None = None
        self.made = 0
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log = (self._folder / "log").open("ab")
        self._process = subprocess.Popen(
            [*self._as, *_DIES_WITH_US, self._bin / "postgres", "-D", self._data],
            stdout=log, stderr=log, cwd=self._folder,
        )  # fmt: skip
        log.close()
        self._run("pg_isready", "-h", "127.0.0.1", "-p", str(self.port), until=True)

    def kill(self) -> None:
        """As the machine would by losing power: nothing is finished."""
        self._signal(signal.SIGQUIT)

    def stop(self) -> None:
        """End it, and remove all that it kept."""
        if self._process is not None:
            self._signal(signal.SIGINT)
        shutil.rmtree(self._folder)

    def database(self) -> str:
        """The address of a new, empty database."""
        self.made += 1
        name = f"test{self.made}"
        self.sql(f"CREATE DATABASE {name}")
        return f"postgresql://bandeau@127.0.0.1:{self.port}/{name}"

    def sql(self, query: str, database: str = "postgres") -> str:
        """What psql answers."""
        return self._run("psql", "-XAtq", "-h", "127.0.0.1", "-p", str(self.port), "-U", "bandeau",
                         "-d", database, "-c", query)  # fmt: skip

    def script(self, path: Path, database: str, *variables: str) -> None:
        """Run a file of statements, with psql's ``name=value`` variables."""
        told = [word for variable in variables for word in ("-v", variable)]
        self.run("psql", "-Xq", "-v", "ON_ERROR_STOP=1", *told, "-h", "127.0.0.1",
                 "-p", str(self.port), "-U", "bandeau", "-d", database, "-f", "-",
                 given=path.read_bytes())  # fmt: skip

    def run(self, program: str, *words: str, given: bytes = b"") -> bytes:
        """What one of PostgreSQL's programs writes."""
        done = subprocess.run(
            [*self._as, self._bin / program, *words], check=False, input=given,
            capture_output=True, cwd=self._folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def _run(self, program: str, *words: str, until: bool = False) -> str:
        while True:
            done = subprocess.run(
                [*self._as, self._bin / program, *words], check=False,
                capture_output=True, text=True,
                cwd=self._folder,
            )  # fmt: skip
            if done.returncode == 0:
                return done.stdout
            if not until or (self._process and self._process.poll() is not None):
                log = self._folder / "log"
                told = log.read_text(errors="replace") if log.exists() else ""
                raise AssertionError(f"{program}: {done.stdout}{done.stderr}{told}")

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(60)
        self._process = None
