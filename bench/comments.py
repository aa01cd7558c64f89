"""Comments beside isso: CPU of the server for each request, in the same run, in turns.

    .venv/bin/python bench/comments.py [--rounds 3] [--long 100000]

isso comes from PyPI into a folder of its own, under gunicorn with gevent, its guard off. Both get
the same texts, half of them replies; the client asks one after the other over one connection.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from inputs import POLICY
from processes import Running, bandeau, cpu_nanoseconds, free_port, nginx, process

from bandeau.features.comments.model import Comment, Draft
from bandeau.features.comments.write import compose
from bandeau.ledger.record import uuid7
from bandeau.storage.place import open_place

SITE = """server { listen 127.0.0.1:%PORT%; default_type text/html; location / {
    return 200 "<!doctype html><body><section data-bandeau=comments></section>"; } }"""
HOST = {"host": "www.quotidien.test"}
FEATURE = '\n[features.comments]\npurpose = "social"\n'
TEXT = (
    "The tide comes in at *noon*, they say, and **nobody** at the port believes it, since last " * 2
)
ISSO = """
[general]
dbpath = {folder}/isso.db
host = http://127.0.0.1/
[guard]
enabled = false
[server]
listen = http://127.0.0.1:{port}/
"""
Ask = Callable[[httpx.Client], httpx.Response]


def texts(count: int) -> Iterator[tuple[int, str, int | None]]:
    """Number, text, and the number that is answered: every second one a reply to a first one."""
    for number in range(count):
        reply = number - 1 if number % 2 else None
        yield number, f"{TEXT} [{number}](https://paper.test/{number})", reply


def seed(data: Path, page: str, count: int) -> None:
    """``count`` comments as they are kept, without asking for each."""
    store = open_place(data).comments()

    async def work() -> None:
        for number, text, reply in texts(count):
            moment = 1_700_000_000_000 + number
            made: Comment = compose(
                Draft(page, "Zoé", text, _id(page, reply) if reply is not None else None),
                comment_id=_id(page, number),
                time=moment,
                receipt="r",
            )
            await store.add(made)

    asyncio.run(work())
    store.close()


def _id(page: str, number: int) -> str:
    return uuid7(1_700_000_000_000 + number, f"{page:>10}"[-10:].encode())


@contextmanager
def isso(folder: Path, python: Path) -> Iterator[Running]:
    """isso under gunicorn, one worker, its pages of 100 and 1,000 comments seeded by itself."""
    folder.mkdir()
    port = free_port()
    settings = folder / "isso.cfg"
    settings.write_text(ISSO.format(folder=folder, port=port), "utf-8")
    command = [
        *("env", f"ISSO_SETTINGS={settings}", str(python.parent / "gunicorn"), "-w1"),
        *(
            "-k",
            "gevent",
            "-b",
            f"127.0.0.1:{port}",
            "--log-level",
            "error",
            "isso.run:application",
        ),
    ]
    with process(command, port) as running:
        with httpx.Client(base_url=running.url, timeout=120) as client:
            for count in (100, 1_000):
                ids: dict[int, int] = {}
                for number, text, reply in texts(count):
                    body = {"text": text, "author": "Zoé", "title": "A page"}
                    parent = {"parent": ids[reply]} if reply is not None else {}
                    answer = client.post(f"/new?uri=/{count}", json=body | parent)
                    ids[number] = answer.raise_for_status().json()["id"]
                    client.cookies.clear()  # one for each comment that may be edited
        yield running


def installed(folder: Path) -> Path:
    """A Python that has isso; it is installed where it is not."""
    python = folder / "bin" / "python"
    if not python.exists():
        uv = str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "-q", str(folder)], check=True)
        wanted = ["isso==0.14.0", "gunicorn", "gevent", "packaging"]
        subprocess.run([uv, "pip", "install", "-q", "--python", str(python), *wanted], check=True)
    return python


def cost(server: Running, ask: Ask, count: int) -> float:
    """CPU milliseconds of the server for each of ``count`` requests."""
    with httpx.Client(base_url=server.url, headers=HOST, timeout=120) as client:
        _answered(ask(client))
        before = cpu_nanoseconds(server.pid)
        for _ in range(count):
            _answered(ask(client))
            client.cookies.clear()
        return (cpu_nanoseconds(server.pid) - before) / count / 1e6


def _answered(answer: httpx.Response) -> None:
    if answer.status_code != 304:
        answer.raise_for_status()


def granted(server: Running) -> dict[str, str]:
    """The cookies of a visitor who may comment."""
    with httpx.Client(base_url=server.url, headers=HOST) as client:
        answer = client.post("/.bandeau/choice", json={"action": "accept_all"}).raise_for_status()
    lines = answer.headers.get_list("set-cookie")
    return {"cookie": "; ".join(line.partition(";")[0] for line in lines)}


def listing(page: str, limit: int) -> Ask:
    query = {"page": page, "limit": str(limit)}
    return lambda client: client.get("/.bandeau/comments", params=query)


def behind(page: str, number: int) -> Ask:
    """The 100 comments behind one of them: nothing of those is kept."""
    query = {"page": page, "limit": "100", "after": _id(page, number)}
    return lambda client: client.get("/.bandeau/comments", params=query)


def again(page: str) -> Ask:
    """The same list once more, by who has it."""
    tags: dict[str, str] = {}

    def ask(client: httpx.Client) -> httpx.Response:
        answer = client.get("/.bandeau/comments", params={"page": page}, headers=tags)
        tags["if-none-match"] = answer.headers["etag"]
        return answer

    return ask


def article(path: str) -> Ask:
    return lambda client: client.get(path, headers={"accept": "text/html"})


def posting(cookies: dict[str, str]) -> Ask:
    body = {"page": "/new", "name": "Zoé", "text": TEXT}
    return lambda client: client.post("/.bandeau/comments", json=body, headers=cookies)


def theirs(count: int) -> Ask:
    return lambda client: client.get("/", params={"uri": f"/{count}"})


def their_post(client: httpx.Client) -> httpx.Response:
    return client.post("/new?uri=/new", json={"text": TEXT, "author": "Zoé", "title": "A page"})


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--long", type=int, default=100_000)
    told = arguments.parse_args()
    python = installed(Path(".cache/isso"))
    with tempfile.TemporaryDirectory() as folder, ExitStack() as running:
        place = Path(folder)
        site = running.enter_context(nginx(place / "site", SITE))
        ours = running.enter_context(bandeau(place / "ours", POLICY + FEATURE, site.url))
        for page, count in (
            *(("/100", 100), ("/102", 102), ("/1000", 1_000)),
            ("/long", told.long),
        ):
            seed(place / "ours" / "data", page, count)
        peer = running.enter_context(isso(place / "isso", python))
        rows = {
            "list of 100": (listing("/100", 100), theirs(100), 200, 10),
            "list of 1,000": (listing("/1000", 1_000), theirs(1_000), 50, 2),
            "list of 100, nothing kept": (behind("/102", 100), None, 200, 0),
            "list of 100, 304": (again("/100"), None, 200, 0),
            "article with 100": (article("/100"), None, 200, 0),
            "post": (posting(granted(ours)), their_post, 200, 50),
            f"100 of {told.long:,}, nothing kept": (behind("/long", told.long - 2), None, 200, 0),
        }
        best: dict[str, list[float]] = {name: [float("inf")] * 2 for name in rows}
        for _ in range(told.rounds):
            for name, (mine, other, count, fewer) in rows.items():
                best[name][0] = min(best[name][0], cost(ours, mine, count))
                if other:
                    best[name][1] = min(best[name][1], cost(peer, other, fewer))
    print("| CPU for each request | Bandeau ms | isso ms | isso ÷ Bandeau |\n|---|---|---|---|")
    for name, (mine_ms, their_ms) in best.items():
        beside = f"{their_ms:.1f} | {their_ms / mine_ms:,.0f}" if their_ms < 1e9 else " | "
        print(f"| {name} | {mine_ms:.2f} | {beside} |")


if __name__ == "__main__":
    main()
