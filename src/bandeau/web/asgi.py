"""The ASGI shell: any ASGI application, held to each visitor's choice.

HTTP requests under ``/.bandeau/`` are ours; all others reach the application with the cookies
that the choice allows, and their answers leave with what it denies taken out. WebSocket handshakes
get the same cookie filter.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from bandeau.enforcement.exchange import Exchange, Headers
from bandeau.web.at_once import Begun, Whole, WouldWait
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
from bandeau.web.heard import hear_out
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
            await hear_out(scope, receive)
            await Whole(400, list(REFUSAL_HEADERS), REFUSAL).sent_by(send)
        elif scope["type"] == "http" and scope["path"].startswith(OWN_PATHS):
            await self._desk.own(scope, receive, send)
        elif scope["type"] in ("http", "websocket"):
            await self._held(await self._desk.guarded(scope), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def begin(self, scope: Scope) -> Begun:
        """See :mod:`bandeau.web.at_once`: what we answer ourselves, without asking the site."""
        if scope["path"].startswith(OWN_PATHS) or not names_host(scope["headers"]):
            return None
        try:
            guarded = self._desk.guarded_at_once(scope)
        except WouldWait:
            return None
        return self._at_hand(guarded) or partial(self._passed_on, guarded)

    def _at_hand(self, guarded: Guarded) -> Whole | None:
        """The answer where the site need not be asked: a refusal, or a page from memory."""
        refused = guarded.refused()
        if refused is not None:
            return Whole(403, refused, b"")
        return self._variants.found(guarded) if self._variants is not None else None

    async def _held(self, guarded: Guarded, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and guarded.refused() is not None:
            # A server answers 403 for a socket that is closed unopened.
            await send({"type": "websocket.close", "code": 1008})
            return
        at_hand = self._at_hand(guarded) if scope["type"] == "http" else None
        if at_hand is not None:
            await hear_out(scope, receive)
            await at_hand.sent_by(send)
        else:
            await self._passed_on(guarded, scope, receive, send)

    async def _passed_on(
        self, guarded: Guarded, scope: Scope, receive: Receive, send: Send
    ) -> None:
        inner = {
            **scope,
            "headers": guarded.request_headers(),
            "extensions": _judged_extensions(scope),
            "bandeau": guarded.standing,
        }
        if scope["type"] == "websocket":
            await self._app(inner, receive, _handshake(guarded.exchange, send))
            return
        answer = _Answer(guarded, send, self._variants)
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
