"""What `bandeau compile nginx` costs beside plain `proxy_pass`: CPU per request, in the same run.

    .venv/bin/python bench/compiled.py [--rounds 5] [--seconds 2]

Needs nginx-light and wrk. Everything listens on 127.0.0.1 and ends with the run. The least of all
rounds counts; the servers take turns within each round. The written file is timed as it is.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from inputs import JAR, POLICY, article, with_trackers
from processes import Running, bandeau, load, needed, nginx

HOST = "www.quotidien.test"
ORIGIN = """
    types { text/html html; image/png png; }
    server {
        listen 127.0.0.1:%PORT% backlog=2048; root %DIR%/www; etag on;
        location ~ html$ { add_header Cache-Control "public, max-age=600"; }
    }
"""
PLAIN = """
    upstream site { server %UPSTREAM%; keepalive 64; keepalive_requests 1000000000; }
    server {
        listen 127.0.0.1:%PORT% backlog=2048;
        proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
        location / { proxy_pass http://site; }
    }
"""
LIMITS = "keepalive 64; keepalive_requests 1000000000;"


@dataclass(frozen=True)
class Case:
    """One question to both servers; ``jar`` is what the visitor sends beside the choice."""

    name: str
    path: str
    jar: str
    kind: str = "image"


CLEAN = "session=" + "v" * 280 + "; lang=" + "v" * 280
CASES = [
    Case("1 kB image, allowed cookies", "/1k.png", CLEAN),
    Case("1 kB image, 12 cookies, some denied", "/1k.png", JAR),
    Case("100 kB image, allowed cookies", "/100k.png", CLEAN),
    Case("1 kB page from the cache", "/1k.html", CLEAN, "document"),
    Case("100 kB page from the cache", "/100k.html", CLEAN, "document"),
]


@contextmanager
def fronts(folder: Path, policy: str, *more: str) -> Iterator[tuple[Running, Running, str]]:
    """The compiled front, the plain one, and a choice that refuses."""
    with ExitStack() as stack:
        origin = stack.enter_context(site(folder / "origin"))
        upstream = origin.url.removeprefix("http://")
        plain = stack.enter_context(nginx(folder / "plain", PLAIN.replace("%UPSTREAM%", upstream)))
        app = stack.enter_context(bandeau(folder / "bandeau", policy, origin.url))
        text = written(folder, origin.url, app.url, *more)
        compiled = stack.enter_context(nginx(folder / "compiled", text))
        yield compiled, plain, choice(app.url)


@contextmanager
def site(folder: Path) -> Iterator[Running]:
    with nginx(folder, ORIGIN) as running:
        www = folder / "www"
        www.mkdir()
        for name, size in (("1k", 1_024), ("100k", 102_400)):
            (www / f"{name}.png").write_bytes(random.Random(size).randbytes(size))
            (www / f"{name}.html").write_bytes(article(size))
        yield running


def written(folder: Path, site: str, app: str, *more: str) -> str:
    """The file as it is written, but for the port, and for connections that are never renewed."""
    command = [sys.executable, "-m", "bandeau.cli", "compile", "nginx", "--upstream", site]
    command += ["--config", str(folder / "bandeau" / "policy.toml"), "--bandeau", app, *more]
    command += ["--cache", str(folder / "cache")]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    text = text.replace("listen 127.0.0.1:8080;", "listen 127.0.0.1:%PORT% backlog=2048;")
    return text.replace("keepalive 64;", LIMITS)


def choice(app: str) -> str:
    """The choice cookie of a visitor who refused."""
    command = ["wget", "-q", "-S", "-O-", "--max-redirect=0", f"--header=Host: {HOST}"]
    command += ["--post-data=action=refuse_all", f"{app}/.bandeau/choice"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    found = re.search(r"set-cookie: (eu-consent=[^;]+)", said, re.IGNORECASE)
    return found[1] if found else sys.exit(f"no choice cookie: {said}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--seconds", type=float, default=2)
    given = arguments.parse_args()
    needed("nginx", "wrk", "wget")
    print("| what | compiled µs | proxy_pass µs | ratio |\n|---|---|---|---|")
    for title, policy, more in (
        ("", POLICY, ()),
        (", 100 trackers", with_trackers(100), ()),
        (", --ask", POLICY, ("--ask",)),
    ):
        with tempfile.TemporaryDirectory() as name, fronts(Path(name), policy, *more) as running:
            for case in CASES if not title else CASES[:2]:
                compare(case, title, *running, rounds=given.rounds, seconds=given.seconds)


def compare(
    case: Case,
    title: str,
    compiled: Running,
    plain: Running,
    cookie: str,
    *,
    rounds: int,
    seconds: float,
) -> None:
    headers = {"Host": HOST, "Cookie": f"{cookie}; {case.jar}", "Accept-Encoding": "identity"}
    headers["Sec-Fetch-Dest"] = case.kind
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(load(compiled, case.path, headers, seconds).cpu_microseconds)
        theirs.append(load(plain, case.path, headers, seconds).cpu_microseconds)
    best, beside = min(ours), min(theirs)
    print(f"| {case.name}{title} | {best:.1f} | {beside:.1f} | {best / beside:.2f} |", flush=True)


if __name__ == "__main__":
    main()
