"""What happens to a draft once its visitor may comment."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from bandeau.features.comments.authors import AuthorStore, reader_author, tag_of
from bandeau.features.comments.gate import FEATURE, Open
from bandeau.features.comments.judging import Judging, as_told
from bandeau.features.comments.model import Comment, Draft, Refusal
from bandeau.features.comments.moderate import Rules
from bandeau.features.comments.readers import Reader, ReaderStore
from bandeau.features.comments.review import Reviewer
from bandeau.features.comments.store import CommentStore, CommentsUnavailable
from bandeau.features.comments.write import NAME_TAKEN, SIGN_IN, compose, prepare
from bandeau.ledger.record import uuid7
from bandeau.policy.model import Feature
from bandeau.web.context import Site

UNAVAILABLE = Refusal("unavailable", 503, "comments.error_unavailable")


class Posting:
    """Posts drafts on one site.

    ``tag`` gives what is kept of a visitor or of who signed in, ``new_id`` a UUIDv7, ``now`` Unix
    seconds. ``taken`` says of a name that it is a reader's who signed in.
    """

    def __init__(
        self,
        judging: Judging,
        tag: Callable[[Open, Reader | None], str],
        new_id: Callable[[], str],
        now: Callable[[], float],
        taken: Callable[[str], Awaitable[bool]],
        *,
        anonymous: bool = True,
    ) -> None:
        self._judging = judging
        self._tag = tag
        self._new_id = new_id
        self._now = now
        self._taken = taken
        self._anonymous = anonymous

    @classmethod
    def of(
        cls,
        site: Site,
        listed: Sequence[str],
        store: CommentStore,
        authors: AuthorStore,
        readers: ReaderStore,
        reviewer: Reviewer | None = None,
    ) -> Posting:
        """Posting by the rules of ``site``; ``listed`` are the entries of its word list."""
        feature = site.policy.feature(FEATURE) or Feature(key=FEATURE, purpose=FEATURE)
        rules = Rules(feature, listed, site.policy.site.name)

        def tag(verdict: Open, reader: Reader | None) -> str:
            key = site.subject_key
            return reader_author(key, reader.id) if reader else tag_of(key, verdict.subject)

        def new_id() -> str:
            return uuid7(int(site.now() * 1000), site.random(10))

        judging = Judging(rules, store, authors, site.random, reviewer)
        taken, anonymous = readers.named, feature.anonymous
        return cls(judging, tag, new_id, site.now, taken, anonymous=anonymous)

    async def post(
        self, draft: Draft, verdict: Open, reader: Reader | None = None
    ) -> Comment | Refusal:
        """The comment as its author is told of it, or why there is none. Never raises.

        Who signed in goes by their own name, and nobody else by that.
        """
        if reader is None and not self._anonymous:
            return SIGN_IN
        ready = prepare(replace(draft, name=reader.name) if reader else draft)
        if isinstance(ready, Refusal):
            return ready
        try:
            return await self._kept(ready, verdict, reader)
        except CommentsUnavailable:
            return UNAVAILABLE

    async def _kept(self, ready: Draft, verdict: Open, reader: Reader | None) -> Comment | Refusal:
        if reader is None and await self._taken(ready.name):
            return NAME_TAKEN
        comment = compose(
            ready,
            comment_id=self._new_id(),
            time=int(self._now() * 1000),
            receipt=verdict.receipt,
        )
        kept = await self._judging.keep(comment, self._tag(verdict, reader))
        return kept if isinstance(kept, Refusal) else as_told(kept)

    async def again(
        self, edited: Comment, verdict: Open, reader: Reader | None
    ) -> Comment | Refusal:
        """An edited comment as it stands by its new text, or why it cannot be.

        Raises :class:`CommentsUnavailable`.
        """
        return await self._judging.again(edited, self._tag(verdict, reader))
