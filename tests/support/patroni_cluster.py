"""Three PostgreSQL servers under Patroni with one etcd, on loopback, from Debian's packages."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from postgres_server import binaries

NODES = 3
# A leader is missed after so many seconds: short, for tests.
TTL = 6
_PROGRAMS = ("patroni", "etcd", "setpriv")
_PATIENCE = 240


def needed() -> None:
    """Skip aloud where a program is missing, fail in CI."""
    missing = [name for name in _PROGRAMS if shutil.which(name) is None]
    if binaries() is None:
        missing.append("PostgreSQL 15 or later")
    if missing:
        message = f"no {', no '.join(missing)}: `make packages` installs it"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)


class Node:
    """One Patroni, and the PostgreSQL that it keeps."""

    def __init__(self, name: str, folder: Path, etcd: int, run_as: list[str], ttl: int) -> None:
        self.name = name
        self.port, self.api = free_port(), free_port()
        self._folder = folder
        self._as = run_as
        self._data = folder / name
        self._config = folder / f"{name}.json"
        # JSON is YAML too.
        self._config.write_text(json.dumps(self._settings(etcd, ttl)), "utf-8")
        self._patroni: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start Patroni, which starts PostgreSQL."""
        with (self._folder / f"{self.name}.log").open("ab") as log:
            self._patroni = subprocess.Popen(
                [*self._as, "setpriv", "--pdeathsig=TERM", "patroni", self._config],
                stdout=log, stderr=log, cwd=self._folder, env={"PATH": os.environ["PATH"]},
            )  # fmt: skip

    def kill(self) -> None:
        """As the machine would by losing power: Patroni and every process of PostgreSQL."""
        if self._patroni is not None:
            self._patroni.kill()
            self._patroni.wait()
            self._patroni = None
        server = self._postmaster()
        if server is not None:
            for process in (server, *children(server)):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            wait_for(lambda: self._postmaster() is None, "its PostgreSQL to end", self.log)

    def hold_back(self) -> None:
        """Send nothing to the standbys any more, though they stay connected."""
        server = self._postmaster()
        assert server is not None
        senders = [each for each in children(server) if b"walsender" in title(each)]
        assert senders
        for process in senders:
            os.kill(process, signal.SIGSTOP)

    def log(self) -> str:
        """What Patroni told last."""
        return (self._folder / f"{self.name}.log").read_text(errors="replace")[-4_000:]

    def _postmaster(self) -> int | None:
        try:
            number = int((self._data / "postmaster.pid").read_text().split("\n")[0])
            state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, ValueError):
            return None
        return None if state == "Z" else number

    def _settings(self, etcd: int, ttl: int) -> dict[str, object]:
        here = f"127.0.0.1:{self.port}"
        trust = ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"]
        return {
            "scope": "bandeau",
            "name": self.name,
            "restapi": {
                "listen": f"127.0.0.1:{self.api}",
                "connect_address": f"127.0.0.1:{self.api}",
            },
            "etcd3": {"hosts": f"127.0.0.1:{etcd}"},
            "bootstrap": {
                "dcs": {
                    "ttl": ttl,
                    "loop_wait": 1,
                    "retry_timeout": 2,
                    "synchronous_mode": True,
                    # Were it off, one that lacks answered records would lead, and tests see it.
                    "maximum_lag_on_failover": 1 << 30,
                    "postgresql": {"use_pg_rewind": True, "use_slots": True},
                },
                "initdb": ["data-checksums", "no-sync", {"encoding": "UTF8"}],
                "pg_hba": trust,
            },
            "postgresql": {
                "listen": here,
                "connect_address": here,
                "data_dir": str(self._data),
                "bin_dir": str(binaries()),
                "pgpass": str(self._folder / f"{self.name}.pgpass"),
                "pg_hba": trust,
                "authentication": {
                    "superuser": {"username": "bandeau"},
                    "replication": {"username": "replicator"},
                },
                "parameters": {"unix_socket_directories": "", "max_connections": 60},
            },
        }


class PatroniCluster:
    """A leader, a synchronous standby and one more; ``stop`` ends all and removes their folder."""

    def __init__(self, ttl: int = TTL) -> None:
        needed()
        self._as = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self._as = self._as if os.getuid() == 0 else []
        self._folder = Path(tempfile.mkdtemp(prefix="bandeau-patroni-"))
        self._etcd: subprocess.Popen[bytes] | None = None
        etcd = free_port()
        self.nodes = [Node(f"n{n}", self._folder, etcd, self._as, ttl) for n in range(NODES)]
        if self._as:
            for path in (self._folder, *self._folder.iterdir()):
                shutil.chown(path, "postgres", "postgres")
        try:
            self._etcd = self._coordinator(etcd)
            for node in self.nodes:
                node.start()
            self.whole()
        except BaseException:
            self.stop()
            raise

    def database(self, name: str) -> str:
        """The address of a new database; every host is in it, and who leads is found by asking."""
        assert self._psql(self.led(), "postgres", f"CREATE DATABASE {name}")
        for node in self.nodes:
            wait_for(
                lambda at=node: self._psql(at, name, "SELECT 1"), f"{name} at {node.name}", node.log
            )
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"postgresql://bandeau@{hosts}/{name}?target_session_attrs=primary"

    def leader(self) -> Node | None:
        """Who holds Patroni's lock and takes writes."""
        return next((node for node in self.nodes if told(node.api, "/primary")), None)

    def whole(self) -> None:
        """Wait until there are a leader, a synchronous standby and one more."""
        wait_for(self._is_whole, "the cluster to be whole", self.log)

    def led(self) -> Node:
        """Wait until there is a leader, and return it."""
        wait_for(lambda: self.leader() is not None, "a leader", self.log)
        found = self.leader()
        assert found is not None
        return found

    @contextmanager
    def no_election(self) -> Iterator[None]:
        """Nobody can become the leader: the coordinator stands still."""
        assert self._etcd is not None
        self._etcd.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._etcd.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it, and remove all that it kept."""
        for node in self.nodes:
            node.kill()
        if self._etcd is not None:
            self._etcd.kill()
            self._etcd.wait()
        shutil.rmtree(self._folder)

    def log(self) -> str:
        """What all of them told last."""
        return "\n".join(node.log() for node in self.nodes)

    def commit_waits(self, node: Node) -> bool:
        """Whether a commit at ``node`` waits for its standby."""
        query = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        return bool(self._asked(node, "postgres", query).stdout)

    def _psql(self, node: Node, database: str, query: str) -> bool:
        return self._asked(node, database, query).returncode == 0

    def _asked(self, node: Node, database: str, query: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [f"{binaries()}/psql", "-XAtq", "-h", "127.0.0.1", "-p", str(node.port),
             "-U", "bandeau", "-d", database, "-c", query],
            check=False, capture_output=True,
        )  # fmt: skip

    def _is_whole(self) -> bool:
        standbys = [node for node in self.nodes if told(node.api, "/replica")]
        synchronous = [node for node in standbys if told(node.api, "/synchronous")]
        return self.leader() is not None and len(standbys) == NODES - 1 and len(synchronous) == 1

    def _coordinator(self, port: int) -> subprocess.Popen[bytes]:
        here, peer = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{free_port()}"
        with (self._folder / "etcd.log").open("ab") as log:
            return subprocess.Popen(
                [*self._as, "setpriv", "--pdeathsig=KILL", "etcd",
                 "--data-dir", self._folder / "etcd", "--listen-client-urls", here,
                 "--advertise-client-urls", here, "--listen-peer-urls", peer,
                 "--initial-advertise-peer-urls", peer, "--initial-cluster", f"default={peer}"],
                stdout=log, stderr=log, cwd=self._folder, env={"PATH": os.environ["PATH"]},
            )  # fmt: skip


@contextmanager
def patroni_cluster(ttl: int = TTL) -> Iterator[PatroniCluster]:
    """A cluster of one's own."""
    cluster = PatroniCluster(ttl)
    try:
        yield cluster
    finally:
        cluster.stop()


def told(port: int, path: str) -> bool:
    """Whether a Patroni answers that it is what ``path`` names."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False


def wait_for(come: Callable[[], bool], what: str, log: Callable[[], str]) -> None:
    """Ask again until it has come; a cluster that never does so fails the test."""
    end = time.monotonic() + _PATIENCE
    while not come():
        assert time.monotonic() < end, f"waited for {what}\n{log()}"
        time.sleep(0.05)


def children(process: int) -> list[int]:
    """The processes that ``process`` has started."""
    listed = Path(f"/proc/{process}/task/{process}/children")
    return [int(word) for word in listed.read_text().split()] if listed.exists() else []


def title(process: int) -> bytes:
    """What a process calls itself; nothing where it has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def free_port() -> int:
    """A port on which nothing listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
