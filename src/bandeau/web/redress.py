"""What those whom a decision concerns may read of it, and their appeals."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bandeau.features.comments.appeals import (
    AGAIN,
    NOTHING,
    Appeal,
    AppealStore,
    Statement,
    appealed,
)
from bandeau.features.comments.authors import AuthorStore, reader_author, tag_of
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.exclusions import Exclusion, ExclusionStore, told
from bandeau.features.comments.model import Comment, Refusal
from bandeau.features.comments.readers import ReaderStore
from bandeau.ledger.record import uuid7
from bandeau.web.context import Site
from bandeau.web.inbound import InboundError


@dataclass(frozen=True, slots=True)
class Redress:
    """Statements and appeals of one site. Raises :class:`CommentsUnavailable`."""

    site: Site
    appeals: AppealStore
    exclusions: ExclusionStore
    authors: AuthorStore
    readers: ReaderStore

    async def statements(self, comments: Collection[Comment]) -> Mapping[str, Statement]:
        """Why some of these were taken off."""
        return await self.appeals.statements([each.id for each in comments])

    async def excluded(self, subject: str) -> Sequence[Exclusion]:
        """What a consent subject reads of being shut out, whoever signed in under it."""
        key = self.site.subject_key
        tag = tag_of(key, subject)
        readers = [reader_author(key, each) for each in await self.readers.bound(tag)]
        known = await self.authors.ids([tag, *readers])
        return told(await self.exclusions.exclusions(known), self._now())

    async def lodge(
        self, decision: Decision | None, before: Appeal | None, text: str, report: str = ""
    ) -> None:
        """Appeal against ``decision``, as the sender of ``report`` or as the author.

        ``before`` is an appeal of the same party. Raises :class:`InboundError`: 409 where there is
        nothing to appeal against, 422 without a text.
        """
        said = appealed(decision, before, text, self._now())
        if decision is None or isinstance(said, Refusal):
            raise _refused(said if isinstance(said, Refusal) else NOTHING)
        new_id = uuid7(self._now(), self.site.random(10))
        appeal = Appeal(new_id, decision.id, decision.comment, report, self._now(), said)
        if not await self.appeals.lodge(appeal):
            raise _refused(AGAIN)

    def _now(self) -> int:
        return int(self.site.now() * 1000)


def _refused(refusal: Refusal) -> InboundError:
    key = refusal.text_key.removeprefix("error.")
    return InboundError(refusal.status, key, str(refusal.code))
