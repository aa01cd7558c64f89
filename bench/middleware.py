"""What the middleware adds to a request, in process: no server, no socket.

    .venv/bin/python bench/middleware.py [--rounds 5]

Times are of this thread (CPU), the least of all rounds, with and without Bandeau in turns.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterable
from pathlib import Path
from typing import Any

from inputs import JAR, POLICY, WIDE_JAR, article, jar, with_trackers

from bandeau import Bandeau
from bandeau.web.visitor import Sent

Scope = dict[str, Any]
Work = Callable[[], Coroutine[Any, Any, None]]
PAGE = article(1_024)


def site(kind: bytes, body: bytes) -> Any:
    """The smallest ASGI application that answers."""
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"max-age=60"),
        (b"set-cookie", b"session=s1; Path=/; HttpOnly"),
        (b"set-cookie", b"_ea1=x; Domain=.quotidien.test; Path=/"),
    ]

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


def scope_of(cookie: str, path: str = "/a", kind: str = "*/*") -> Scope:
    """A browser's request as a server tells it."""
    headers = {
        "host": "www.quotidien.test",
        "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        "accept": kind,
        "accept-language": "fr,en;q=0.5",
        "accept-encoding": "identity",
        "sec-fetch-dest": "document" if kind == "text/html" else "image",
        "cookie": cookie,
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items() if value]
    return {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "scheme": "https",
        "headers": raw,
        "client": ("192.0.2.1", 4000),
    }


async def _receive() -> dict[str, Any]:
    return {"type": "http.disconnect"}


async def _send(message: Any) -> None:
    pass


def asked(app: Any, scope: Scope) -> Work:
    return lambda: app(scope, _receive, _send)


async def _microseconds(work: Work, times: int) -> float:
    start = time.thread_time_ns()
    for _ in range(times):
        await work()
    return (time.thread_time_ns() - start) / times / 1_000


async def side_by_side(works: Iterable[Work], rounds: int, times: int = 2_000) -> list[float]:
    """The least microseconds of each, in turns."""
    every = list(works)
    least = [float("inf")] * len(every)
    gc.disable()
    for _ in range(rounds):
        for at, work in enumerate(every):
            least[at] = min(least[at], await _microseconds(work, times))
    gc.enable()
    return least


async def choose(bandeau: Bandeau, action: bytes = b"accept_all") -> str:
    """The choice cookie of a visitor who has chosen, for a ``Cookie`` header."""
    scope = scope_of("", "/.bandeau/choice", "application/json")
    scope["method"] = "POST"
    scope["headers"] += [(b"content-type", b"application/json")]
    lines: list[str] = []

    async def receive() -> dict[str, Any]:
        body = b'{"action": "%s"}' % action
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        for name, value in message.get("headers", ()):
            if name == b"set-cookie":
                lines.append(value.decode().partition(";")[0])

    await bandeau(scope, receive, send)
    return lines[0]


async def whole(rounds: int, folder: Path) -> None:
    """The middleware before an application that does nothing."""
    policy = folder / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    print("| middleware | bare µs | with Bandeau µs | added µs |\n|---|---|---|---|")
    for name, kind, body, accept in (
        ("an image", b"image/png", b"x" * 1_024, "image/*"),
        ("a 1 kB page, edited", b"text/html", PAGE, "text/html"),
    ):
        bare = site(kind, body)
        bandeau = Bandeau(bare, policy=policy, data=folder / "data")
        chosen = await choose(bandeau)
        for who, cookie in (
            ("12 cookies, undecided", JAR),
            ("12 cookies, chosen", f"{JAR}; {chosen}"),
            ("50 cookies, chosen", f"{WIDE_JAR}; {chosen}"),
        ):
            scope = scope_of(cookie, kind=accept)
            works = asked(bare, scope), asked(bandeau, scope)
            without, with_us = await side_by_side(works, rounds, 1_000)
            print(f"| {name}, {who} | {without:.1f} | {with_us:.1f} | {with_us - without:.1f} |")
        bandeau.close()


def gate(bandeau: Bandeau, headers: list[tuple[bytes, bytes]]) -> Work:
    """Headers read, the visitor's standing found, the jar judged: what every request costs."""
    visitors, rules = bandeau._open.desk.visitors, bandeau.site.rules

    async def work() -> None:
        sent = Sent.of(headers)
        rules.jar(rules.judge(await visitors.standing(sent)), sent.cookie)

    return work


async def gates(rounds: int, folder: Path) -> None:
    """The cookie gate alone, for one visitor who comes again and for one thousand in turns."""
    policy = folder / "policy.toml"
    policy.write_text(POLICY, "utf-8")
    print("\n| cookie gate | the same visitor µs | 1,000 visitors in turns µs |\n|---|---|---|")
    bandeau = Bandeau(site(b"image/png", b""), policy=policy, data=folder / "data")
    chosen = [await choose(bandeau) for _ in range(1_000)]
    for name, count, size in (("12 cookies", 12, 618), ("50 cookies", 50, 2_400)):
        for who, cookies in (("undecided", [f"x={n}" for n in range(1_000)]), ("chosen", chosen)):
            heads = [scope_of(f"{jar(count, size)}; {cookie}")["headers"] for cookie in cookies]
            ones = [gate(bandeau, head) for head in heads]

            async def many(ones: list[Work] = ones) -> None:
                for one in ones:
                    await one()

            (same,) = await side_by_side([ones[0]], rounds)
            (turns,) = await side_by_side([many], rounds, 2)
            print(f"| {name}, {who} | {same:.1f} | {turns / 1_000:.1f} |")
    bandeau.close()


async def tracked(rounds: int, folder: Path) -> None:
    """Cost as the number of declared trackers grows."""
    print("\n| declared trackers | 1 kB page µs | image, 12 cookies µs |\n|---|---|---|")
    works: dict[int, tuple[Work, Work]] = {}
    for count in (10, 100, 1_000, 10_000):
        policy = folder / f"policy-{count}.toml"
        policy.write_text(with_trackers(count), "utf-8")
        page = Bandeau(site(b"text/html", PAGE), policy=policy, data=folder / f"page-{count}")
        image = Bandeau(site(b"image/png", b"x"), policy=policy, data=folder / f"image-{count}")
        works[count] = (
            asked(page, scope_of(JAR, kind="text/html")),
            asked(image, scope_of(JAR)),
        )
    every = [work for both in works.values() for work in both]
    least = await side_by_side(every, rounds, 500)
    for at, count in enumerate(works):
        print(f"| {count:,} | {least[2 * at]:.1f} | {least[2 * at + 1]:.1f} |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        for measure in (whole, gates, tracked):
            part = Path(folder, measure.__name__)
            part.mkdir()
            asyncio.run(measure(rounds, part))


if __name__ == "__main__":
    main()
