"""The gateway beside Debian's nginx: CPU per request, in the same run, one after the other.

    .venv/bin/python bench/gateway.py [--rounds 3] [--seconds 2] [--only pass]

Needs nginx-light and wrk. Everything listens on 127.0.0.1 and ends with the run. The least of all
rounds counts; the servers take turns within each round.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from inputs import JAR, OWN_JAR, POLICY, article
from processes import Load, Running, bandeau, load, needed, nginx

ORIGIN = """
    types { text/html html; image/png png; }
    server {
        listen 127.0.0.1:%PORT% backlog=2048; root %DIR%/www; etag on;
        add_header Set-Cookie "session=s1; Path=/; HttpOnly";
        add_header Set-Cookie "_ea1=x; Domain=.quotidien.test; Path=/";
        add_header Set-Cookie "_ga=1; Path=/"; add_header Set-Cookie "lang=fr; Path=/";
        location /kept/ { add_header Cache-Control "public, max-age=600"; }
    }
"""
PROXY = """
    upstream site { server %UPSTREAM%; keepalive 64; keepalive_requests 1000000000; }
    proxy_cache_path %DIR%/cache keys_zone=kept:10m;
    gzip on; gzip_comp_level 1;
    server {
        listen 127.0.0.1:%PORT% backlog=2048;
        proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
        location / { gzip off; proxy_pass http://site; }
        location /coded/ { proxy_pass http://site/; }
        location /kept/ {
            gzip off; proxy_cache kept; proxy_cache_key "$uri$http_accept_encoding";
            proxy_pass http://site;
        }
    }
"""


@dataclass(frozen=True)
class Case:
    """One question to both servers."""

    name: str
    path: str
    group: str = "pass"
    accepts: str = "identity"
    jar: str = OWN_JAR


CASES = [
    Case("1 kB image, passing through", "/1k.png"),
    Case("1 kB image, passing through, most cookies denied", "/1k.png", jar=JAR),
    Case("100 kB image, passing through", "/100k.png"),
    Case("1 kB page, edited", "/1k.html", "page", jar=JAR),
    Case("100 kB page, edited", "/100k.html", "page", jar=JAR),
    Case("100 kB page, edited, gzip (nginx: level 1)", "/100k.html", "page", "gzip", JAR),
    Case("1 kB page, kept by both", "/kept/1k.html", "kept"),
    Case(
        "100 kB page, kept by both, gzip (nginx: coded by the site)",
        "/kept/100k.html",
        "kept",
        "gzip",
    ),
]


@dataclass(frozen=True)
class Pair:
    """The two that are compared, before the same site."""

    ours: Running
    theirs: Running


@contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        www = folder / "origin" / "www"
        origin = stack.enter_context(_origin(folder / "origin", www))
        proxy = PROXY.replace("%UPSTREAM%", origin.url.removeprefix("http://"))
        theirs = stack.enter_context(nginx(folder / "nginx", proxy))
        ours = stack.enter_context(bandeau(folder / "bandeau", POLICY, origin.url))
        yield Pair(ours, theirs)


@contextmanager
def _origin(folder: Path, www: Path) -> Iterator[Running]:
    with nginx(folder, ORIGIN) as running:
        for at in (www, www / "kept"):
            at.mkdir(parents=True)
            (at / "1k.png").write_bytes(random.Random(1).randbytes(1_024))
            (at / "100k.png").write_bytes(random.Random(2).randbytes(102_400))
            (at / "1k.html").write_bytes(article(1_024))
            (at / "100k.html").write_bytes(article(102_400))
        yield running


def measured(pair: Pair, case: Case, rounds: int, seconds: int) -> tuple[Load, Load]:
    """The cheapest round of each, (ours, theirs)."""
    headers = {
        "Host": "www.quotidien.test",
        "Cookie": case.jar,
        "Accept": "text/html,*/*",
        "Accept-Encoding": case.accepts,
    }
    theirs = case.path
    if case.group == "page" and case.accepts != "identity":
        theirs = "/coded" + case.path
    runs: list[tuple[Load, Load]] = []
    for _ in range(rounds):
        # Edited pages take milliseconds: more at once would only wait.
        most = 4 if case.group == "page" else 32
        ours = load(pair.ours, case.path, headers, seconds, most)
        runs.append((ours, load(pair.theirs, theirs, headers, seconds, most)))
    best = [min(side, key=lambda run: run.cpu_microseconds) for side in zip(*runs, strict=True)]
    return best[0], best[1]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=int, default=2)
    arguments.add_argument("--only", choices=["pass", "page", "kept"])
    given = arguments.parse_args()
    needed("nginx", "wrk")
    with tempfile.TemporaryDirectory() as folder, pair(Path(folder)) as both:
        print("| what | Bandeau µs | nginx µs | ratio | Bandeau, requests per CPU second |")
        print("|---|---|---|---|---|")
        for case in CASES:
            if given.only in (None, case.group):
                ours, theirs = measured(both, case, given.rounds, given.seconds)
                ratio = ours.cpu_microseconds / theirs.cpu_microseconds
                costs = f"{ours.cpu_microseconds:,.1f} | {theirs.cpu_microseconds:,.1f}"
                rate = f"{ratio:.2f} | {ours.per_second:,.0f}"
                print(f"| {case.name} | {costs} | {rate} |", flush=True)


if __name__ == "__main__":
    main()
