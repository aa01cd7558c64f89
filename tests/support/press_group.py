"""A publisher's two hosts and a tracker over TLS, on one port: what is stored, and what is sent.

``www.pub.test`` and ``ads.pub.test`` are the publisher's, behind Bandeau; ``silent.pub.test`` is
too, and answers nothing; ``tracker.test`` is somebody else's.
The items are those of the measured table of withdrawal (rules, section 5).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from tracking import self_signed

from bandeau.app import Bandeau
from bandeau.web.server import listen

HOST = "www.pub.test"
SIBLING = "ads.pub.test"
POLICY = """
[site]
name = "Pub"
controller = "Pub SAS, Nantes"
hosts = ["www.pub.test", "ads.pub.test", "silent.pub.test"]
privacy_policy = "/privacy"
languages = ["en"]

[purposes.functioning]
exempt = "strictly-necessary"

[purposes.advertising]

[purposes.social]

[[trackers]]
vendor = "Pub"
purpose = "functioning"
cookies = [{ name = "session" }]
storage = ["kept", "kept:*", "/kept-worker.js"]

[[trackers]]
vendor = "Tracker"
purpose = "advertising"
hosts = ["tracker.test"]
cookies = [
    { name = "t_plain" },
    { name = "t_httponly" },
    { name = "t_deep", path = "/articles" },
    { name = "t_deep_httponly", path = "/articles" },
    { name = "t_wide", domain = ".pub.test" },
    { name = "t_wide_httponly", domain = ".pub.test" },
    { name = "__Host-t" },
    { name = "t_partitioned" },
    { name = "t_sibling" },
    { name = "t_suffix_*" },
    { name = "t_news", path = "/news" },
]
storage = ["t:*", "/t-worker.js"]
"""
NAMES = (
    "t_plain",
    "t_httponly",
    "t_deep",
    "t_deep_httponly",
    "t_wide",
    "t_wide_httponly",
    "__Host-t",
    "t_partitioned",
)
SET = (
    "session=1; Path=/; HttpOnly; Secure",
    "t_plain=1; Path=/",
    "t_httponly=1; Path=/; HttpOnly",
    "t_deep=1; Path=/articles",
    "t_deep_httponly=1; Path=/articles; HttpOnly",
    "t_wide=1; Domain=pub.test; Path=/",
    "t_wide_httponly=1; Domain=pub.test; Path=/; HttpOnly",
    "__Host-t=1; Path=/; Secure; HttpOnly",
    "t_partitioned=1; Path=/; Secure; HttpOnly; SameSite=None; Partitioned",
)
STRICT = "default-src 'none'; script-src 'nonce-n'; require-trusted-types-for 'script'"
TRACKER = """
for (const cookie of ["t_plain=1; path=/", "t_news=1; path=/news", "t_wide=1; domain=pub.test",
  `t_suffix_${Math.random().toString(36).slice(2)}=1; path=/`, "t_deep=1; path=/articles"])
  document.cookie = `${cookie}; max-age=9999`;
localStorage.setItem("t:local", "1");
const tracker = new URL(document.currentScript.src).origin;
setInterval(() => {
  new Image().src = `${tracker}/beacon-image?t=${Date.now()}`;
  navigator.sendBeacon(`${tracker}/beacon?t=${Date.now()}`, "1");
  fetch(`${tracker}/beacon-fetch?t=${Date.now()}`, { mode: "no-cors" }).catch(() => 0);
}, 400);
"""
STORE = """
const opened = (name) => new Promise((done, failed) => {
  const request = indexedDB.open(name);
  request.onsuccess = () => { request.result.close(); done("opened"); };
  request.onerror = () => failed(request.error);
});
"""


@dataclass
class Seen:
    """What went over the wire since the last :meth:`forget`."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    sent: set[str] = field(default_factory=set)
    beacons: list[tuple[str, float]] = field(default_factory=list)
    answered: float = 0

    def forget(self) -> None:
        self.asked.clear()
        self.sent.clear()
        self.beacons.clear()

    def late(self) -> set[str]:
        """Kinds of beacons that left a page after a choice was answered."""
        return {kind for kind, left in list(self.beacons) if left > self.answered}

    def contacts(self) -> list[str]:
        """Paths that the tracker was asked for."""
        return [path for host, path in list(self.asked) if host == "tracker.test"]


@dataclass
class Group:
    """Where the group is served, and what its servers saw."""

    port: int
    seen: Seen

    def url(self, path: str = "/", host: str = HOST) -> str:
        return f"https://{host}:{self.port}{path}"


def site(pages: dict[str, str]) -> Starlette:
    """The publisher's own application: ``pages`` by path, and what sets the table's cookies."""

    async def page(request: Request) -> Response:
        answer = HTMLResponse(pages[request.url.path])
        if request.url.path == "/strict":
            answer.headers["content-security-policy"] = STRICT
        if request.url.path.startswith("/news"):
            answer.headers.append("set-cookie", "t_httponly=1; Path=/; HttpOnly")
        for line in SET if request.url.path == "/articles/seed" else ():
            answer.headers.append("set-cookie", line)
        return answer

    async def worker(_: Request) -> Response:
        script = "self.addEventListener('fetch', () => {})"
        return Response(script, media_type="text/javascript")

    async def picture(_: Request) -> Response:
        return Response(b"GIF89a", headers={"cache-control": "no-store"}, media_type="image/gif")

    return Starlette(
        routes=[
            *(Route(path, page) for path in pages),
            Route("/kept-worker.js", worker),
            Route("/t-worker.js", worker),
            Route("/rogue-worker.js", worker),
            Route("/picture.gif", picture),
            Route("/articles/picture.gif", picture),
        ]
    )


async def before_bandeau(request: Request) -> Response:
    """A host of the publisher's as it was before Bandeau stood there."""
    answer = Response(b"GIF89a", media_type="image/gif")
    answer.headers.append("set-cookie", "t_sibling=1; Path=/; HttpOnly; Secure; Max-Age=9999")
    return answer


@contextmanager
def press_group(folder: Path, pages: dict[str, str], policy: str = POLICY) -> Iterator[Group]:
    """Serve the group until the context ends."""
    folder.mkdir(exist_ok=True)
    file = folder / "policy.toml"
    file.write_text(policy, encoding="utf-8")
    seen = Seen()
    guarded = Bandeau(site(pages), policy=file, data=folder / "data")
    tracker = Starlette(routes=[Route("/{path:path}", _tracked, methods=["GET", "POST"])])
    old = Starlette(routes=[Route("/old.gif", before_bandeau)])

    async def app(scope, receive, send):  # type: ignore[no-untyped-def]
        if scope["type"] != "http":
            return await guarded(scope, receive, send)
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode().split(":")[0]
        seen.asked.append((host, scope["path"]))
        names = (part.partition(b"=")[0] for part in headers.get(b"cookie", b"").split(b";"))
        seen.sent |= {name.strip().decode() for name in names if name.strip()}
        if host == "tracker.test":
            told = parse_qs(scope["query_string"].decode())
            seen.beacons += [(scope["path"], float(told["t"][0]))] if "t" in told else []
            return await tracker(scope, receive, send)
        if (scope["method"], scope["path"]) == ("POST", "/.bandeau/choice"):
            return await guarded(scope, receive, _timed(seen, send))
        if host == "silent.pub.test":
            while (await receive())["type"] != "http.disconnect":
                pass
            return None
        if scope["path"] == "/old.gif":
            return await old(scope, receive, send)
        return await guarded(scope, receive, send)

    certificate, key = self_signed(folder)
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ssl_certfile=str(certificate),
        ssl_keyfile=str(key),
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Group(listener.getsockname()[1], seen)
    finally:
        server.should_exit = True
        thread.join(20)


def _timed(seen: Seen, send: Any) -> Any:
    async def timed(message: Any) -> None:
        await send(message)
        seen.answered = time.time() * 1000

    return timed


async def _tracked(request: Request) -> Response:
    headers = {"access-control-allow-origin": "*", "set-cookie": "id=3p; Path=/"}
    if request.url.path == "/tracker.js":
        return Response(TRACKER, headers=headers, media_type="text/javascript")
    return Response(b"GIF89a", headers=headers, media_type="image/gif")
