"""What happens to a draft once its visitor may comment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bandeau.features.comments.authors import AuthorStore, tag_of
from bandeau.features.comments.gate import FEATURE, Open
from bandeau.features.comments.judging import Judging, as_told
from bandeau.features.comments.model import Comment, Draft, Refusal
from bandeau.features.comments.moderate import Rules
from bandeau.features.comments.review import Reviewer
from bandeau.features.comments.store import CommentStore, CommentsUnavailable
from bandeau.features.comments.write import compose, prepare
from bandeau.ledger.record import uuid7
from bandeau.policy.model import Feature
from bandeau.web.context import Site

UNAVAILABLE = Refusal("unavailable", 503, "comments.error_unavailable")


class Posting:
    """Posts drafts on one site.

    ``tag`` gives what is kept of a visitor, ``new_id`` a UUIDv7, ``now`` Unix seconds.
    """

    def __init__(
        self,
        judging: Judging,
        tag: Callable[[Open], str],
        new_id: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        self._judging = judging
        self._tag = tag
        self._new_id = new_id
        self._now = now

    @classmethod
    def of(
        cls,
        site: Site,
        listed: Sequence[str],
        store: CommentStore,
        authors: AuthorStore,
        reviewer: Reviewer | None = None,
    ) -> Posting:
        """Posting by the rules of ``site``; ``listed`` are the entries of its word list."""
        feature = site.policy.feature(FEATURE) or Feature(key=FEATURE, purpose=FEATURE)
        rules = Rules(feature, listed, site.policy.site.name)

        def tag(verdict: Open) -> str:
            return tag_of(site.subject_key, verdict.subject)

        def new_id() -> str:
            return uuid7(int(site.now() * 1000), site.random(10))

        return cls(Judging(rules, store, authors, site.random, reviewer), tag, new_id, site.now)

    async def post(self, draft: Draft, verdict: Open) -> Comment | Refusal:
        """The comment as its author is told of it, or why there is none. Never raises."""
        ready = prepare(draft)
        if isinstance(ready, Refusal):
            return ready
        comment = compose(
            ready,
            comment_id=self._new_id(),
            time=int(self._now() * 1000),
            receipt=verdict.receipt,
        )
        try:
            kept = await self._judging.keep(comment, self._tag(verdict))
        except CommentsUnavailable:
            return UNAVAILABLE
        return kept if isinstance(kept, Refusal) else as_told(kept)

    async def again(self, edited: Comment, verdict: Open) -> Comment | Refusal:
        """An edited comment as it stands by its new text, or why it cannot be.

        Raises :class:`CommentsUnavailable`.
        """
        return await self._judging.again(edited, self._tag(verdict))
