"""The 37 known ways for a page to reach a tracker, each a page of its own (35 requests, 2 sockets).

``{url}`` is where the way leads, without a scheme, its path ending in the way's own name.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from leaking_more import MORE, MORE_HEADERS, MORE_SOCKETS, OWN
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

MARKUP = {
    "script": '<script src="http://{url}"></script>',
    "img": '<img src="http://{url}">',
    "srcset": '<img srcset="http://{url} 1x">',
    "picture": '<picture><source srcset="http://{url}"><img alt=""></picture>',
    "stylesheet": '<link rel="stylesheet" href="http://{url}">',
    "preload": '<link rel="preload" as="image" href="http://{url}">',
    "prefetch": '<link rel="prefetch" href="http://{url}">',
    "poster": '<video poster="http://{url}"></video>',
    "media": '<video preload="auto"><source src="http://{url}" type="video/mp4"></video>',
    "input-image": '<input type="image" src="http://{url}">',
    "shadow": '<p><template shadowrootmode="open"><img src="http://{url}"></template></p>',
    "iframe": '<iframe src="http://{url}"></iframe>',
    "object": '<object data="http://{url}"></object>',
    "embed": '<embed src="http://{url}">',
    "svg-image": '<svg><image href="http://{url}" width="9" height="9"/></svg>',
    "svg-script": '<svg><script href="http://{url}"></script></svg>',
    "srcdoc": '<iframe srcdoc="&lt;img src=&quot;http://{url}&quot;&gt;"></iframe>',
    "import": '<style>@import "http://{url}";</style>',
    "style-attribute": '<p style="background: url(http://{url})">.</p>',
    "background": '<table background="http://{url}"><tr><td>.</td></tr></table>',
    "module": '<script type="module">import "http://{url}";</script>',
    "base": '<base href="http://{url}"><img src="base">',
    "new-image": '<script>new Image().src = "http://{url}"</script>',
    "create-element": "<script>const made = document.createElement('script');"
    "made.src = 'http://{url}'; document.head.append(made)</script>",
    "fetch": '<script>fetch("http://{url}", {{mode: "no-cors"}}).catch(() => 0)</script>',
    "beacon": '<script>navigator.sendBeacon("http://{url}", "1")</script>',
    "inner-html": "<p id=p></p><script>p.innerHTML = '<img src=\"http://{url}\">'</script>",
    "ping": '<a id=a href="#here" ping="http://{url}">.</a><script>a.click()</script>',
    "form-post": '<form id=f method=post action="http://{url}"></form><script>f.submit()</script>',
    "meta-refresh": '<meta http-equiv="refresh" content="0;url=http://{url}">',
    "location": '<script>location = "http://{url}"</script>',
    "click": "<script>const link = document.createElement('a');"
    "link.href = 'http://{url}'; link.click()</script>",
    "websocket": '<script>new WebSocket("ws://{url}")</script>',
}
HEADERS = {
    "link-header": ("link", "<http://{url}>; rel=preload; as=image"),
    "refresh-header": ("refresh", "0;url=http://{url}"),
    "preconnect-header": ("link", "<http://{url}>; rel=preconnect"),
}
MARKUP["preconnect"] = '<link rel="preconnect" href="http://{url}">'
SOCKETS = ("preconnect", "preconnect-header")
WAYS = (*MARKUP, *HEADERS)
ALL_SOCKETS = (*SOCKETS, *MORE_SOCKETS)
MORE_WAYS = (*MORE, *MORE_HEADERS, *MORE_SOCKETS)
ALL_WAYS = (*WAYS, *MORE_WAYS)
_MARKUP = MARKUP | MORE | MORE_SOCKETS
_HEADERS = HEADERS | MORE_HEADERS
NOSCRIPT = '<noscript><img src="http://{url}"></noscript>'
_PAGE = '<!doctype html><html lang="en"><head><title>t</title></head><body><p>Text.</p>{}'


def tracked_host(way: str) -> str:
    """The host that ``way`` leads to: sockets are told apart by their host alone."""
    return f"{way}.tracker.test"


def leaking_site() -> Starlette:
    """The publisher's site with one page for each way, under the way's name."""

    async def page(request: Request) -> HTMLResponse:
        way = request.path_params["way"]
        url = f"{tracked_host(way)}/{way}"
        body = _MARKUP.get(way, NOSCRIPT if way == "noscript" else "").format(url=url)
        name, value = _HEADERS.get(way, ("x-way", way))
        return HTMLResponse(_PAGE.format(body), headers={name: value.format(url=url)})

    return Starlette(routes=[Route("/{way}", page, methods=["GET", "POST"]), OWN])


@dataclass
class Listening:
    """A tracker that counts: hosts asked of it, and connections that were opened to it."""

    port: int
    asked: set[str] = field(default_factory=set)
    opened: int = 0

    def forget(self) -> None:
        self.asked.clear()
        self.opened = 0


@contextmanager
def listening() -> Iterator[Listening]:
    """Accept connections on loopback; answer each request with nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        seen = Listening(listener.getsockname()[1])
        thread = threading.Thread(target=_accept, args=(listener, seen), daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _accept(listener: socket.socket, seen: Listening) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        seen.opened += 1
        threading.Thread(target=_answer, args=(connection, seen), daemon=True).start()


def _answer(connection: socket.socket, seen: Listening) -> None:
    connection.settimeout(10)
    with connection, connection.makefile("rb") as lines:
        try:
            for line in lines:
                name, _, value = line.partition(b":")
                if name.lower() == b"host":
                    seen.asked.add(value.strip().decode().removesuffix(":80"))
                if line == b"\r\n":
                    connection.sendall(
                        b"HTTP/1.1 204 No Content\r\nConnection: close\r\n"
                        b"Access-Control-Allow-Origin: *\r\n\r\n"
                    )
                    return
        except OSError:
            return
