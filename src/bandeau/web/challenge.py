"""A little work before a comment is posted, done by the browser and asked of nobody's attention.

Nothing is stored on the terminal for it, and nothing read from there (rule M1). Who does not do
the work is not turned away: the comment waits for a moderator.
"""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from altcha.v1 import ChallengeOptions, create_challenge, verify_solution
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.readers import ReaderStore, token_tag
from bandeau.policy.model import Asking, Feature
from bandeau.web import static
from bandeau.web.context import Site

PATH = "/.bandeau/comments/challenge"
SCRIPT = "/.bandeau/comments/proof.js"
_UNCACHED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
# A worker is held to the policy of its own script.
_KEPT = {
    "Cache-Control": "max-age=3600",
    "Content-Security-Policy": "default-src 'none'; connect-src 'self'",
    "X-Content-Type-Options": "nosniff",
}


class Challenge:
    """The work that one site asks for, always or while too much is posted to this process."""

    def __init__(self, site: Site, feature: Feature, spent: ReaderStore) -> None:
        self._feature = feature
        self._spent = spent
        self._now: Callable[[], float] = site.now
        self._key = hmac.digest(site.subject_key, b"bandeau/challenge/v1", "sha256").hex()
        self._posts: deque[float] = deque(maxlen=feature.attack)

    def routes(self) -> list[BaseRoute]:
        """A challenge, and the script that works it out."""
        return [
            Route(PATH, self.give, methods=["GET"]),
            Route(SCRIPT, self.script, methods=["GET"]),
        ]

    @property
    def asked(self) -> bool:
        """Whether the next post is to bring a proof."""
        match self._feature.challenge:
            case Asking.ALWAYS:
                return True
            case Asking.ATTACK:
                full = len(self._posts) == self._feature.attack
                return full and self._now() - self._posts[0] < limits.COMMENT_ATTACK_SECONDS
        return False

    async def give(self, _: Request) -> Response:
        """A challenge as JSON (ALTCHA); 204 where none is asked for now."""
        if not self.asked:
            return Response(status_code=204, headers=_UNCACHED)
        ends = datetime.fromtimestamp(self._now() + limits.COMMENT_CHALLENGE_SECONDS, UTC)
        made = create_challenge(
            ChallengeOptions(
                algorithm="SHA-256",
                max_number=limits.COMMENT_CHALLENGE_NUMBERS,
                number=secrets.randbelow(limits.COMMENT_CHALLENGE_NUMBERS),
                hmac_key=self._key,
                expires=ends,
            )
        )
        told = {"algorithm": made.algorithm, "challenge": made.challenge, "salt": made.salt}
        most = {"signature": made.signature, "maxnumber": made.max_number}
        return JSONResponse(told | most, headers=_UNCACHED)

    async def script(self, _: Request) -> Response:
        """The worker."""
        kind = "text/javascript"
        return Response(static.script("proof.js"), media_type=kind, headers=_KEPT)

    async def unproven(self, proof: str) -> bool:
        """Whether a post is to wait, since its proof is missing, wrong, too old or used up.

        Each post counts. Raises :class:`CommentsUnavailable`.
        """
        asked, now = self.asked, self._now()
        self._posts.append(now)
        return asked and not await self._proven(proof, int(now))

    async def _proven(self, proof: str, now: int) -> bool:
        if not 0 < len(proof) <= limits.COMMENT_PROOF_CHARACTERS:
            return False
        try:
            told = json.loads(base64.b64decode(proof, validate=True))
            right, _ = verify_solution(proof, self._key)
            tag = token_tag(f"proof\0{told['challenge']}")
        except (ValueError, TypeError, KeyError, RecursionError):
            return False
        until = now + limits.COMMENT_CHALLENGE_SECONDS + 1
        return right and await self._spent.spend(tag, until, now)
