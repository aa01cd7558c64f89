"""Real web servers in front of Bandeau, unprivileged on loopback, ended by process id."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from bandeau.cli import main

FRONTS = {"nginx": "nginx", "varnish": "varnishd", "caddy": "caddy"}
_PLACES = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def program(server: str) -> str:
    """The path of a server's program; the test skips where it is not installed."""
    name = FRONTS[server]
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(_PLACES))
    if found is None:
        message = f"no {name} on this machine: `make packages` installs it"
        if os.environ.get("CI"):
            pytest.fail(message, pytrace=False)
        pytest.skip(message)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def compiled(
    server: str, policy: Path, site: str, bandeau: str, listen: str, folder: Path, *more: str
) -> str:
    """What ``bandeau compile`` writes."""
    cache = ["--cache", str(folder / "cache")] if server == "nginx" else []
    arguments = ["compile", server, "--config", str(policy), "--upstream", site]
    arguments += ["--bandeau", bandeau, "--listen", listen, *cache, *more]
    written = CliRunner().invoke(main, arguments)
    assert written.exit_code == 0, written.output
    return written.output


@contextmanager
def front(
    server: str, policy: Path, site: str, bandeau: str, folder: Path, *more: str
) -> Iterator[str]:
    """The address of ``server`` before ``bandeau`` and ``site``, run with the written file."""
    path = program(server)
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    text = compiled(server, policy, site, bandeau, f"127.0.0.1:{port}", folder, *more)
    command = _COMMANDS[server](path, text, folder, port)
    with running(command, port, folder):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running(command: list[str], port: int, folder: Path) -> Iterator[int]:
    """The process id of ``command``, once it listens."""
    environment = os.environ | {"HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environment)
        try:
            _wait_for(process, port, folder)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)


def _wait_for(process: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError((folder / "log").read_text("utf-8", "replace"))


NGINX = "pcre_jit on;\nevents {}\nhttp {\n    include /etc/nginx/bandeau.conf;\n}\n"


def nginx_file(text: str, folder: Path, whole: str = NGINX) -> Path:
    """The configuration ``whole`` with what ``bandeau compile nginx`` wrote, to run in a folder."""
    (folder / "bandeau.conf").write_text(text, "utf-8")
    places = "".join(
        f"    {name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;\n" if os.geteuid() == 0 else ""
    whole = whole.replace("/etc/nginx/bandeau.conf", f"{folder}/bandeau.conf")
    whole = whole.replace("http {", f"http {{\n    access_log off;\n{places}", 1)
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr warn;\n{user}{whole}", "utf-8"
    )
    return file


def _nginx(path: str, text: str, folder: Path, port: int) -> list[str]:
    return [path, "-p", str(folder), "-c", str(nginx_file(text, folder))]


def _varnish(path: str, text: str, folder: Path, port: int) -> list[str]:
    """As the written file says that it has to be started."""
    told = [word for line in text.splitlines()[:8] for word in line.split() if "=" in word]
    vcl = folder / "bandeau.vcl"
    vcl.write_text(text, "utf-8")
    more = [part for word in told for part in ("-p", word)]
    where = ["-F", "-j", "none", "-n", str(folder / "work"), "-a", f"127.0.0.1:{port}"]
    return [path, *where, "-f", str(vcl), "-s", "malloc,32m", "-T", "none", *more]


def _caddy(path: str, text: str, folder: Path, port: int) -> list[str]:
    file = folder / "Caddyfile"
    file.write_text(text, "utf-8")
    return [path, "run", "--config", str(file), "--adapter", "caddyfile"]


_COMMANDS: dict[str, Callable[[str, str, Path, int], list[str]]] = {
    "nginx": _nginx,
    "varnish": _varnish,
    "caddy": _caddy,
}


def _nginx_check(text: str, folder: Path) -> list[str]:
    return [program("nginx"), "-t", "-p", str(folder), "-c", str(nginx_file(text, folder))]


def _varnish_check(text: str, folder: Path) -> list[str]:
    (folder / "bandeau.vcl").write_text(text, "utf-8")
    more = ["-j", "none", "-n", str(folder / "work"), "-f", str(folder / "bandeau.vcl")]
    return [program("varnish"), "-C", *more]


def _caddy_check(text: str, folder: Path) -> list[str]:
    (folder / "Caddyfile").write_text(text, "utf-8")
    file = ["--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]
    return [program("caddy"), "validate", *file]


CHECKS: dict[str, Callable[[str, Path], list[str]]] = {
    "nginx": _nginx_check,
    "varnish": _varnish_check,
    "caddy": _caddy_check,
}
"""The command by which each server checks a file, given what was written and a folder."""
