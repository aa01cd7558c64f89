"""The ASGI shell: any ASGI application, held to each visitor's choice.

HTTP requests under ``/.bandeau/`` are ours; all others reach the application with the cookies
that the choice allows, and their answers leave with what it denies taken out. WebSocket handshakes
get the same cookie filter.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from bandeau.enforcement.exchange import Asked, Exchange, host_of, is_authority
from bandeau.web.held import HeldPage
from bandeau.web.page import PageEditor
from bandeau.web.visitor import Sent, Visitors

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_NAVIGATED = frozenset({b"document", b"iframe", b"frame", b"embed", b"object"})
_FRAGMENT_DESTINATIONS = frozenset({b"empty", b"iframe", b"frame", b"embed", b"object"})

_PARTIAL = frozenset({204, 205, 206, 304})
# Ways to answer past the messages that we judge; a site that is offered none uses those.
_UNJUDGED = frozenset(
    {"http.response.pathsend", "http.response.zerocopysend", "http.response.early_hint"}
    | {"http.response.push", "http.response.debug"}
)


class Enforcer:
    """Puts the choice between the web and ``app``."""

    def __init__(self, app: App, own: App, visitors: Visitors, editor: PageEditor) -> None:
        self._app = app
        self._own = own
        self._visitors = visitors
        self._editor = editor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        if scope["type"] == "http" and not _names_host(scope["headers"]):
            await _refuse(send)
        elif scope["type"] == "http" and scope["path"].startswith("/.bandeau/"):
            await self._own(scope, receive, send)
        elif scope["type"] in ("http", "websocket"):
            await self._guarded(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = Sent.of(scope["headers"])
        standing = await self._visitors.standing(sent)
        asked = asked_of(scope, sent)
        editor = self._editor
        exchange = Exchange(editor.rules, standing, asked, explain=editor.explain)
        headers = exchange.request_headers(scope["headers"])
        inner = {
            **scope,
            "headers": self._editor.readable(headers),
            "extensions": _judged_extensions(scope),
            "bandeau": standing,
        }
        if scope["type"] == "websocket":
            await self._app(inner, receive, _handshake(exchange, send))
            return
        answer = _Answer(exchange, self._editor, scope, sent, send)
        await answer.served_by(self._app, inner, receive)


class _Answer:
    """One HTTP answer on its way out."""

    def __init__(
        self, exchange: Exchange, editor: PageEditor, scope: Scope, sent: Sent, send: Send
    ) -> None:
        self._exchange = exchange
        self._editor = editor
        self._scope = scope
        self._sent = sent
        self._send = send
        self._page: HeldPage | None = None

    async def send(self, message: Message) -> None:
        """What the application sends, edited. Anything but a page's body passes as it comes."""
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body" and self._page is not None:
            await self._page.body(message)
        else:
            await self._send(message)

    async def served_by(self, app: App, scope: Scope, receive: Receive) -> None:
        """Let ``app`` answer. Of a page that it breaks off, all that came is sent."""
        try:
            await app(scope, receive, self.send)
        except Exception:
            if self._page is not None:
                await self._page.give_up()
            raise
        finally:
            if self._page is not None:
                self._page.close()

    async def _start(self, message: Message) -> None:
        exchange, status = self._exchange, message["status"]
        raw = [(bytes(name).lower(), bytes(value)) for name, value in message.get("headers", ())]
        headers = exchange.response_headers(status, raw)
        request = self._scope
        stream = None
        if status not in _PARTIAL and self._editor.edits(headers):
            insert = asks_for_document(request["headers"])
            accepts = header_value(request["headers"], b"accept-encoding")
            headers, stream = self._editor.open(
                exchange, headers, self._sent, accepts, insert=insert
            )
        head = {**message, "headers": headers}
        if stream is None or request["method"] == "HEAD":
            await self._send(head)
        else:
            self._page = HeldPage(stream, head, self._send)


def _handshake(exchange: Exchange, send: Send) -> Send:
    """The sender of a WebSocket: its handshake may set cookies like any other answer."""

    async def judged(message: Message) -> None:
        if message.get("headers"):
            headers = [
                (name, value)
                for name, value in message["headers"]
                if bytes(name).lower() != b"set-cookie" or exchange.set_cookie(bytes(value)).passes
            ]
            message = {**message, "headers": headers}
        await send(message)

    return judged


def _judged_extensions(scope: Scope) -> dict[str, Any]:
    offered = scope.get("extensions") or {}
    return {name: value for name, value in offered.items() if name not in _UNJUDGED}


def _names_host(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether ``Host`` can be believed: it goes into policies, forms and cookies of ours."""
    authority = header_value(headers, b"host").decode("latin-1")
    return not authority or is_authority(authority)


async def _refuse(send: Send) -> None:
    head = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"11")]
    await send({"type": "http.response.start", "status": 400, "headers": head})
    await send({"type": "http.response.body", "body": b"Bad Request"})


def asks_for_document(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether a page is for the window itself, not for a frame or a script (rule B15)."""
    destination = header_value(headers, b"sec-fetch-dest")
    ajax = any(name == b"x-requested-with" for name, _ in headers)
    return destination not in _FRAGMENT_DESTINATIONS and not ajax


def header_value(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    """The first value of a header; empty where it is missing."""
    return next((value for name, value in headers if name == wanted), b"")


def _target(scope: Scope) -> str:
    raw = bytes(scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
    query = bytes(scope.get("query_string", b""))
    return (raw + b"?" + query if query else raw).decode("latin-1")


def asked_of(scope: Scope, sent: Sent) -> Asked:
    """The facts of a request that enforcement judges by."""
    authority = header_value(scope["headers"], b"host").decode("latin-1").lower()
    accept = header_value(scope["headers"], b"accept")
    destination = header_value(scope["headers"], b"sec-fetch-dest")
    return Asked(
        host=host_of(authority),
        authority=authority,
        path=scope["path"],
        target=_target(scope),
        secure=scope.get("scheme") in ("https", "wss"),
        cookie=sent.cookie,
        navigates=b"text/html" in accept or destination in _NAVIGATED,
        destination=destination,
    )
