"""Asks the publisher's service about a comment: one signed POST, a short time, one answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp

from bandeau import limits
from bandeau.features.comments.gate import FEATURE
from bandeau.features.comments.model import Comment
from bandeau.features.comments.review import (
    SIGNER,
    Answer,
    answer_of,
    question,
    question_id,
)
from bandeau.ledger.outbox import Message, signed_headers, webhook_secret
from bandeau.policy.model import Review
from bandeau.web.context import Site
from bandeau.web.outgoing import require_public, session_for

_SAFE = "https://"


class WebReviewer:
    """A :class:`bandeau.features.comments.review.Reviewer` over HTTP.

    ``now`` gives Unix seconds, ``site`` is what the service knows the site by. Unless ``private``,
    only public addresses are asked, and only over https.
    """

    def __init__(
        self, review: Review, site: str, secret: bytes, now: Callable[[], float], *, private: bool
    ) -> None:
        self._review = review
        self._site = site
        self._secret = secret
        self._now = now
        self._private = private
        self._turns = asyncio.Semaphore(limits.REVIEWS_AT_ONCE)

    async def ask(self, comment: Comment) -> Answer | None:
        """See the port; waiting for a turn counts too."""
        try:
            async with asyncio.timeout(limits.REVIEW_SECONDS), self._turns:
                return await self._asked(comment)
        except (aiohttp.ClientError, OSError, ValueError):
            return None

    async def _asked(self, comment: Comment) -> Answer | None:
        url, now = self._review.url, self._now()
        if not self._private:
            if not url.startswith(_SAFE):
                return None
            require_public(url)
        body = question(comment, self._review, self._site, int(now * 1000))
        message = Message(question_id(comment), SIGNER, url, body, int(now))
        headers = signed_headers(message, self._secret, int(now))
        async with (
            session_for(limits.REVIEW_SECONDS, private=self._private) as session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as answer,
        ):
            return answer_of(await _told(answer)) if answer.status == 200 else None


async def _told(answer: aiohttp.ClientResponse) -> bytes:
    """The body, raising ``ValueError`` where it is too long."""
    told = b""
    async for piece in answer.content.iter_any():
        told += piece
        if len(told) > limits.REVIEW_ANSWER_BYTES:
            raise ValueError("a longer answer than there can be")
    return told


def reviewer_of(site: Site, *, private: bool) -> WebReviewer | None:
    """The service that the policy of ``site`` names."""
    feature = site.policy.feature(FEATURE)
    if feature is None or feature.review is None:
        return None
    secret = webhook_secret(site.subject_key, SIGNER)
    host = site.policy.site.hosts[0]
    return WebReviewer(feature.review, host, secret, site.now, private=private)
