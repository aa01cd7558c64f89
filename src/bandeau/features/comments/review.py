"""A service of the publisher's that is asked of a comment before it is shown: the last phase.

It is asked over one port, so that what it is does not matter here. It gets what readers would get,
and nothing of the reader: no address, no browser, no number that two comments have in common.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bandeau.features.comments.model import Comment, rfc3339
from bandeau.features.comments.moderate import Hold, Publish, Refuse, Why
from bandeau.policy.model import Review, Treatment

EVENT = "comment.review"
SIGNER = "comments review"
"""Whose secret signs the questions, as ``bandeau outbox secret`` names it."""
REVIEWED = "webhook-"
_REASON = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_REASON_CHARACTERS = 40


class Opinion(StrEnum):
    """What the service says; these words are part of the interface."""

    PUBLISH = "publish"
    HOLD = "hold"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Answer:
    """An opinion with a ``reason``, words in lower case with ``-`` between, empty for none."""

    opinion: Opinion
    reason: str = ""


class Reviewer(Protocol):
    """The service."""

    async def ask(self, comment: Comment) -> Answer | None:
        """What it says of ``comment``, ``None`` where it says nothing in time. Never raises."""
        ...


def verdict_of(answer: Answer | None, review: Review) -> Publish | Hold | Refuse:
    """What becomes of a comment that nothing else holds."""
    if answer is None:
        shown = review.fallback is Treatment.PUBLISH
        return Publish() if shown else Hold((Why.UNREACHABLE,))
    if answer.opinion is Opinion.REJECT:
        return Refuse(Why.WEBHOOK)
    if answer.opinion is Opinion.PUBLISH:
        return Publish()
    more = (f"{REVIEWED}{answer.reason}",) if answer.reason else ()
    return Hold((Why.WEBHOOK, *more))


def question(comment: Comment, review: Review, site: str, now: int) -> bytes:
    """What the service is sent: JSON in UTF-8; ``now`` in Unix milliseconds."""
    data: dict[str, object] = {
        "site": site,
        "id": comment.id,
        "page": comment.page,
        "reply_to": comment.reply_to,
        "text": comment.source,
        "html": comment.html,
        "edited": comment.edited > 0,
    }
    if review.names:
        data["name"] = comment.name
    body = {"type": EVENT, "timestamp": rfc3339(now), "data": data}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def question_id(comment: Comment) -> str:
    """The same text is asked about under the same id."""
    told = f"{comment.id}|{comment.edited}|{comment.source}".encode()
    return "msg_" + hashlib.sha256(told).hexdigest()[:32]


def answer_of(data: bytes) -> Answer | None:
    """What the service answered, ``None`` for anything else than it may."""
    try:
        told = json.loads(data)
        opinion, reason = Opinion(told["verdict"]), told.get("reason", "")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    fits = isinstance(reason, str) and len(reason) <= _REASON_CHARACTERS
    known = fits and (not reason or _REASON.fullmatch(reason))
    return Answer(opinion, reason) if known else None
