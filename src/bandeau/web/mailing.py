"""Asking for a letter: within bounds, to an address that is kept sealed, with a link."""

from __future__ import annotations

import base64

from starlette.requests import Request

from bandeau import limits
from bandeau.features.comments.attempts import ANYBODY, Attempts
from bandeau.features.comments.letters import NONCE_BYTES, Content, Letter, LetterStore, seal
from bandeau.web.context import Site

_ID_BYTES = 16


class TooManyLetters(Exception):
    """No more letters can be asked for from here for a while."""


class Mailing:
    """The letters that readers of one site ask for."""

    def __init__(self, site: Site, letters: LetterStore, attempts: Attempts) -> None:
        self._site = site
        self._letters = letters
        self._attempts = attempts

    async def ask(
        self, request: Request, content: Content, receipt: str, *, lasts: int, watch: str = ""
    ) -> None:
        """Let a letter be sent, that is worth something for ``lasts`` seconds.

        An address gets only so many an hour: further ones are not sent, and nobody is told that.
        Raises :class:`TooManyLetters` and :class:`CommentsUnavailable`.
        """
        now, source = int(self._site.now()), request.client.host if request.client else ""
        if not await self._counted(ANYBODY, source, limits.LETTERS_PER_SOURCE):
            raise TooManyLetters
        if not await self._counted(content.address.lower(), ANYBODY, limits.LETTERS_PER_ADDRESS):
            return
        letter = Letter(
            id=self._site.random(_ID_BYTES).hex(),
            receipt=receipt,
            box=self.sealed(content),
            made=now,
            ends=now + lasts,
            due=now,
            watch=watch,
        )
        if not await self._letters.post(letter, limits.MAIL_QUEUE):
            raise TooManyLetters

    def sealed(self, content: Content) -> str:
        """``content`` as it is kept."""
        return seal(self._site.subject_key, self._site.random(NONCE_BYTES), content)

    def base(self, request: Request) -> str:
        """Where links in letters lead: where the reader is, if that is a host of the site's.

        A ``Host`` that a forger made up leads nobody astray.
        """
        host, hosts = request.url.hostname or "", self._site.policy.site.hosts
        if host in hosts:
            return f"{request.url.scheme}://{request.url.netloc}"
        return f"https://{hosts[0]}"

    def new_id(self) -> str:
        """A random id that fits into a link."""
        return base64.urlsafe_b64encode(self._site.random(_ID_BYTES)).decode().rstrip("=")

    async def _counted(self, name: str, source: str, most: int) -> bool:
        seconds = limits.LETTER_ATTEMPT_SECONDS
        return await self._attempts.allows(f"letter\0{name}", source, most, seconds)
