"""Our own answers, held to what they say: no page of ours may reach more than its links do."""

from __future__ import annotations

from bandeau.enforcement.allowlist import NAME as ALLOWLIST
from bandeau.enforcement.allowlist import connection_allowlist, link_patterns
from bandeau.enforcement.exchange import Headers
from bandeau.enforcement.media import media_type
from bandeau.web.guarded import App, Message, Receive, Scope, Send

_CSP = b"content-security-policy"
_NOTHING = b"default-src 'none'"


class Sealed:
    """``app``, whose every answer says what it may do if a browser shows it as a document.

    What has no Content-Security-Policy of its own may do nothing; with ``confine`` each answer
    without a Connection-Allowlist of its own gets one of where its links lead.
    """

    def __init__(self, app: App, *, confine: bool) -> None:
        self.app = app
        self._confine = confine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request under ``/.bandeau/``; its answer comes whole."""
        head: Message | None = None

        async def sealed(message: Message) -> None:
            nonlocal head
            if message["type"] == "http.response.start":
                head = message
                return
            waiting, head = head, None
            if waiting is not None:
                headers = self._sealed(list(waiting["headers"]), bytes(message.get("body", b"")))
                await send({**waiting, "headers": headers})
            await send(message)

        await self.app(scope, receive, sealed)

    def _sealed(self, headers: Headers, body: bytes) -> Headers:
        if not any(name == _CSP for name, _ in headers):
            headers = [*headers, (_CSP, _NOTHING)]
        if not self._confine or any(name == ALLOWLIST for name, _ in headers):
            return headers
        links = link_patterns(body) if media_type(headers) == b"text/html" else []
        return [*headers, (ALLOWLIST, connection_allowlist("", links, webrtc=False))]
