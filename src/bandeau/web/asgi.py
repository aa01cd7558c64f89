"""The ASGI shell: any ASGI application, held to each visitor's choice.

HTTP requests under ``/.bandeau/`` are ours; all others reach the application with the cookies
that the choice allows, and their answers leave with what it denies taken out. WebSocket handshakes
get the same cookie filter.
"""

from __future__ import annotations

from typing import Any

from bandeau.enforcement.exchange import Exchange, Headers
from bandeau.web.guarded import (
    OWN_PATHS,
    REFUSAL,
    REFUSAL_HEADERS,
    App,
    Desk,
    Guarded,
    Message,
    Receive,
    Scope,
    Send,
    names_host,
)
from bandeau.web.held import HeldPage
from bandeau.web.variants import Variants

# Ways to answer past the messages that we judge; a site that is offered none uses those.
_UNJUDGED = frozenset(
    {"http.response.pathsend", "http.response.zerocopysend", "http.response.early_hint"}
    | {"http.response.push", "http.response.debug"}
)
_HANDSHAKES = frozenset({"websocket.accept", "websocket.http.response.start"})


# Hints that a browser acts on before it has a policy: they go, even from a site that was not
# offered them.
_UNASKED = frozenset({"http.response.early_hint", "http.response.push"})


class Enforcer:
    """Puts the choice between the web and ``app``."""

    def __init__(self, app: App, desk: Desk, variants: Variants | None = None) -> None:
        self._app = app
        self._desk = desk
        self._variants = variants

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One ASGI connection."""
        if scope["type"] == "http" and not names_host(scope["headers"]):
            await _refuse(send)
        elif scope["type"] == "http" and scope["path"].startswith(OWN_PATHS):
            await self._desk.own(scope, receive, send)
        elif scope["type"] in ("http", "websocket"):
            await self._guarded(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        guarded = await self._desk.guarded(scope)
        refused = guarded.refused()
        if refused is not None:
            await _deny(scope, refused, send)
            return
        variants = self._variants if scope["type"] == "http" else None
        if variants is not None and await variants.answered(guarded, send):
            return
        inner = {
            **scope,
            "headers": guarded.request_headers(),
            "extensions": _judged_extensions(scope),
            "bandeau": guarded.standing,
        }
        if scope["type"] == "websocket":
            await self._app(inner, receive, _handshake(guarded.exchange, send))
            return
        answer = _Answer(guarded, send, variants)
        await answer.served_by(self._app, inner, receive)


class _Answer:
    """One HTTP answer on its way out."""

    def __init__(self, guarded: Guarded, send: Send, variants: Variants | None) -> None:
        self._guarded = guarded
        self._variants = variants
        self._send = send
        self._page: HeldPage | None = None

    async def send(self, message: Message) -> None:
        """What the application sends, edited. Anything but a page's body passes as it comes."""
        if message["type"] == "http.response.start":
            await self._start(message)
        elif message["type"] == "http.response.body" and self._page is not None:
            await self._page.body(message)
        elif message["type"] not in _UNASKED:
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
        given = message.get("headers", ())
        if self._variants is not None:
            self._variants.forget(self._guarded, message["status"])
        headers, stream = self._guarded.answered(message["status"], given)
        head = {**message, "headers": headers}
        if stream is None:
            await self._send(head)
        else:
            self._page = HeldPage(stream, head, self._kept(message["status"], given))

    def _kept(self, status: int, given: Headers) -> Send:
        """The sender of a page, which may also keep it."""
        if self._variants is None:
            return self._send
        lowered = [(bytes(name).lower(), bytes(value)) for name, value in given]
        return self._variants.keeping(self._guarded, status, lowered, self._send)


def _handshake(exchange: Exchange, send: Send) -> Send:
    """The sender of a WebSocket: its handshake may set and end cookies like any other answer."""

    async def judged(message: Message) -> None:
        if message["type"] in _HANDSHAKES:
            headers = [
                (name, value)
                for name, value in message.get("headers") or ()
                if bytes(name).lower() != b"set-cookie" or exchange.set_cookie(bytes(value)).passes
            ]
            ended = [(b"set-cookie", line) for line in exchange.leftovers()]
            message = {**message, "headers": headers + ended}
        await send(message)

    return judged


def _judged_extensions(scope: Scope) -> dict[str, Any]:
    offered = scope.get("extensions") or {}
    return {name: value for name, value in offered.items() if name not in _UNJUDGED}


async def _deny(scope: Scope, headers: Headers, send: Send) -> None:
    """What the choice denies; a server answers 403 for a WebSocket that is closed unopened."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body"})


async def _refuse(send: Send) -> None:
    head = {"type": "http.response.start", "status": 400, "headers": list(REFUSAL_HEADERS)}
    await send(head)
    await send({"type": "http.response.body", "body": REFUSAL})
