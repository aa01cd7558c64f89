"""Sessions of readers: in a cookie under ``/.bandeau/``, and only while their consent stands.

The cookie is set at sign-in only, after the purpose was granted, and holds a random number. Every
use asks the ledger: a withdrawal ends the session in all tabs at once, and no later consent
brings it back.
"""

from __future__ import annotations

import base64

from starlette.requests import Request

from bandeau import limits
from bandeau.enforcement.cookies import value_of
from bandeau.enforcement.rules import reader_cookie
from bandeau.features.comments.authors import tag_of
from bandeau.features.comments.gate import Open
from bandeau.features.comments.readers import Reader, ReaderStore, Session, token_tag
from bandeau.ledger.store import LedgerUnavailable
from bandeau.web.consents import Consents
from bandeau.web.context import Site
from bandeau.web.visitor import Sent

_PATH = "/.bandeau/"
_TOKEN_BYTES = 32


class Sessions:
    """The sessions of readers of one site."""

    def __init__(self, site: Site, readers: ReaderStore, consents: Consents) -> None:
        self._site = site
        self._readers = readers
        self._consents = consents

    async def reader(self, request: Request, verdict: Open) -> Reader | None:
        """Who is signed in, where the session is of this very consent.

        Raises :class:`CommentsUnavailable`; nobody is where the ledger cannot be asked.
        """
        token = token_of(self._site, request)
        session = await self._readers.session(token_tag(token), self._now()) if token else None
        if session is None or session.subject != self.subject(verdict):
            return None
        if session.receipt == verdict.receipt:
            return session.reader
        try:
            kept = await self._consents.follow(verdict.subject, session.receipt)
        except LedgerUnavailable:
            return None
        if not kept:
            await self._readers.end(token_tag(token))
            return None
        await self._readers.follow(token_tag(token), verdict.receipt)
        return session.reader

    async def begin(self, request: Request, verdict: Open, reader: Reader) -> bytes:
        """The ``Set-Cookie`` of a new session; the request's own ends, so that none is fixed.

        Raises :class:`CommentsUnavailable`.
        """
        await self.end(request)
        token = self.secret()
        now, lasts = self._now(), limits.READER_SESSION_SECONDS
        session = Session(reader, self.subject(verdict), verdict.receipt)
        await self._readers.begin(token_tag(token), session, now + lasts, now)
        return session_cookie(self._site, request, token, lasts)

    async def end(self, request: Request) -> bytes:
        """End the request's session; the ``Set-Cookie`` that takes it off the terminal.

        Raises :class:`CommentsUnavailable`.
        """
        token = token_of(self._site, request)
        if token:
            await self._readers.end(token_tag(token))
        return session_cookie(self._site, request, "", 0)

    def subject(self, verdict: Open) -> str:
        """What is kept of the consent subject of ``verdict``."""
        return tag_of(self._site.subject_key, verdict.subject)

    def secret(self) -> str:
        """A new random token, as text for cookies and links."""
        return base64.urlsafe_b64encode(self._site.random(_TOKEN_BYTES)).decode().rstrip("=")

    def _now(self) -> int:
        return int(self._site.now())


def token_of(site: Site, request: Request) -> str:
    """The session's token that a request brings, empty for none."""
    sent = Sent.of(request.scope["headers"])
    return value_of(sent.cookie, reader_cookie(site.policy)) or ""


def session_cookie(site: Site, request: Request, token: str, seconds: int) -> bytes:
    """The ``Set-Cookie`` line of a session."""
    kept = f"{reader_cookie(site.policy)}={token}; Path={_PATH}; Max-Age={seconds}"
    secure = "; Secure" if request.url.scheme == "https" else ""
    return f"{kept}; HttpOnly; SameSite=Lax{secure}".encode()
