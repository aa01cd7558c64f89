"""From a comment that was composed to one that is kept: its author, its verdict, its state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bandeau.features.comments.authors import AuthorStore
from bandeau.features.comments.model import Comment, Refusal, State
from bandeau.features.comments.moderate import (
    Publish,
    Refuse,
    Rules,
    Verdict,
    Why,
    judge,
    state_of,
)
from bandeau.features.comments.review import Reviewer, verdict_of
from bandeau.features.comments.store import CommentStore
from bandeau.features.comments.write import UNKNOWN_REPLY

AUTHOR_ID_BYTES = 16
REFUSALS = {
    Why.CLOSED: Refusal(Why.CLOSED, 403, "comments.error_closed"),
    Why.BANNED: Refusal(Why.BANNED, 403, "comments.error_banned"),
    Why.SUSPENDED: Refusal(Why.SUSPENDED, 403, "comments.error_suspended"),
    Why.WORD: Refusal(Why.WORD, 422, "comments.error_word"),
    Why.WEBHOOK: Refusal(Why.WEBHOOK, 422, "comments.error_review"),
}


class Judging:
    """Judges and keeps what is posted on one site. ``random`` gives so many random bytes."""

    def __init__(
        self,
        rules: Rules,
        store: CommentStore,
        authors: AuthorStore,
        random: Callable[[int], bytes],
        reviewer: Reviewer | None = None,
    ) -> None:
        self._rules = rules
        self._store = store
        self._authors = authors
        self._random = random
        self._reviewer = reviewer

    async def keep(
        self, comment: Comment, tag: str, *, unproven: bool = False
    ) -> Comment | Refusal:
        """``comment`` as it is kept, by the author of ``tag``, or why it is not.

        Raises :class:`CommentsUnavailable`; it may be kept then.
        """
        known_by = self._rules.mark(comment.source)
        new_id = self._random(AUTHOR_ID_BYTES).hex()
        author = await self._authors.author(tag, new_id, comment, known_by)
        known = replace(author.known, unproven=unproven)
        verdict = await self._reviewed(comment, judge(comment, self._rules, known))
        if isinstance(verdict, Refuse):
            return REFUSALS[verdict.reason]
        state, reasons = state_of(verdict)
        judged = replace(comment, author=author.id, state=state, reasons=reasons)
        return await self._store.add(judged, known_by) or UNKNOWN_REPLY

    async def again(self, comment: Comment, tag: str) -> Comment | Refusal:
        """``comment`` with a new text, as it stands by that, or why it cannot be.

        What waits for a moderator goes on waiting. Raises :class:`CommentsUnavailable`.
        """
        new_id, known_by = self._random(AUTHOR_ID_BYTES).hex(), self._rules.mark(comment.source)
        author = await self._authors.author(tag, new_id, comment, known_by)
        verdict = await self._reviewed(comment, judge(comment, self._rules, author.known))
        if isinstance(verdict, Refuse):
            return REFUSALS[verdict.reason]
        state, reasons = state_of(verdict)
        if comment.state is State.HELD and state is State.PUBLISHED:
            return comment
        return replace(comment, state=state, reasons=reasons)

    async def _reviewed(self, comment: Comment, verdict: Verdict) -> Verdict:
        """The last phase, outside: asked only of what would be shown."""
        review = self._rules.feature.review
        if self._reviewer is None or review is None or not isinstance(verdict, Publish):
            return verdict
        return verdict_of(await self._reviewer.ask(comment), review)


def as_told(comment: Comment) -> Comment:
    """``comment`` as its author is told of it: a silent ban is not told (:class:`Hide`)."""
    hidden = comment.state is State.REJECTED and comment.reasons == (Why.SILENT,)
    return replace(comment, state=State.PUBLISHED, reasons=()) if hidden else comment
