"""Signing in to the newsroom: a password, then a session of fixed length in a cookie.

The cookie is strictly necessary to what the staff ask for (rule M1): set at sign-in only, under
:data:`PATH` only, and it holds a random number. A sign-in gives a new one, whatever was sent.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Callable

from starlette.requests import Request

from bandeau import limits
from bandeau.enforcement.cookies import value_of
from bandeau.features.comments.attempts import ANYBODY, Attempts
from bandeau.features.comments.staff import (
    Staff,
    StaffError,
    StaffStore,
    matches,
    session_tag,
    staff_name,
)
from bandeau.web.context import Site
from bandeau.web.visitor import Sent

PATH = "/.bandeau/admin"
COOKIE = "bandeau-staff"
_TOKEN_BYTES = 32
_KIND = "staff\0"


class TooManyAttempts(Exception):
    """Nobody may try this name from here for a while."""


class SignIn:
    """Signs staff of one site in and out. ``now`` gives Unix seconds."""

    def __init__(
        self,
        staff: StaffStore,
        attempts: Attempts,
        now: Callable[[], float],
        random: Callable[[int], bytes],
    ) -> None:
        self._staff = staff
        self._attempts = attempts
        self._now = now
        self._random = random
        # Each takes 64 MiB while it is computed.
        self._room = threading.BoundedSemaphore(limits.STAFF_SIGN_INS_AT_ONCE)

    @classmethod
    def of(cls, site: Site, staff: StaffStore, attempts: Attempts) -> SignIn:
        """Signing in to ``site``."""
        return cls(staff, attempts, site.now, site.random)

    async def who(self, request: Request) -> Staff | None:
        """Whose session the request has. Raises :class:`CommentsUnavailable`."""
        token = _token(request)
        return await self._staff.session(session_tag(token), int(self._now())) if token else None

    async def begin(self, request: Request, name: str, password: str) -> bytes | None:
        """The ``Set-Cookie`` of a new session, ``None`` where name and password do not match.

        As slow for a name that nobody has. Raises :class:`TooManyAttempts` and
        :class:`CommentsUnavailable`.
        """
        known, address = _known(name), _address(request)
        await self._count(known, address, limits.STAFF_ATTEMPTS)
        await self._count(known, ANYBODY, limits.STAFF_ATTEMPTS_ALIKE)
        await self.count_address(request)
        member = await self._staff.find(known)
        if not await asyncio.to_thread(self._matches, member, password):
            return None
        await self._attempts.forgive(_KIND + known, address)
        return await self.session(request, known)

    async def session(self, request: Request, known: str) -> bytes:
        """The ``Set-Cookie`` of a new session of the member ``known``; the request's own ends."""
        await self.end(request)
        token = base64.urlsafe_b64encode(self._random(_TOKEN_BYTES)).decode().rstrip("=")
        now = int(self._now())
        until = now + limits.STAFF_SESSION_SECONDS
        await self._staff.begin(session_tag(token), known, until, now)
        return _cookie(request, token, limits.STAFF_SESSION_SECONDS)

    async def end(self, request: Request) -> bytes:
        """End the request's session; the ``Set-Cookie`` that takes it off the terminal."""
        token = _token(request)
        if token:
            await self._staff.end(session_tag(token))
        return _cookie(request, "", 0)

    async def count_address(self, request: Request) -> None:
        """Count an attempt of no name, from the request's address.

        Raises :class:`TooManyAttempts` and :class:`CommentsUnavailable`.
        """
        await self._count(ANYBODY, _address(request), limits.STAFF_ATTEMPTS_ALIKE)

    def _matches(self, member: Staff | None, password: str) -> bool:
        with self._room:
            return matches(member, password)

    async def _count(self, name: str, address: str, most: int) -> None:
        seconds = limits.STAFF_ATTEMPT_SECONDS
        if not await self._attempts.allows(_KIND + name, address, most, seconds):
            raise TooManyAttempts


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _known(name: str) -> str:
    try:
        return staff_name(name)
    except StaffError:
        return ""


def _token(request: Request) -> str:
    return value_of(Sent.of(request.scope["headers"]).cookie, COOKIE) or ""


def _cookie(request: Request, token: str, seconds: int) -> bytes:
    secure = "; Secure" if request.url.scheme == "https" else ""
    kept = f"{COOKIE}={token}; Path={PATH}; Max-Age={seconds}"
    return f"{kept}; HttpOnly; SameSite=Strict{secure}".encode()
