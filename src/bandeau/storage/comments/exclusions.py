"""Authors who were shut out, in tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from bandeau.features.comments.appeals import Statement
from bandeau.features.comments.exclusions import Exclusion
from bandeau.features.comments.moderate import Conduct
from bandeau.storage.comments.appeals import appeals_of, appeals_read
from bandeau.storage.comments.decisions import decisions_of, exclusions_read
from bandeau.storage.tables import Tables, listed


class StoredExclusions:
    """An :class:`bandeau.features.comments.exclusions.ExclusionStore` over the same tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def exclusions(self, authors: Collection[str]) -> Sequence[Exclusion]:
        """See the port."""
        if not authors:
            return ()
        names = listed(1, len(authors))
        rows = await self._tables.read(
            f"SELECT id, conduct, until FROM author WHERE id IN ({names}) ORDER BY id",  # noqa: S608
            *authors,
        )
        why = await self._statements(authors)
        return [
            Exclusion(author, Conduct(conduct), until, why.get(author))
            for author, conduct, until in rows
        ]

    async def _statements(self, authors: Collection[str]) -> Mapping[str, Statement]:
        rows = await self._tables.read(exclusions_read(len(authors)), *authors)
        last = {each.author: each for each in decisions_of(rows)}
        if not last:
            return {}
        named = [each.id for each in last.values()]
        told = await self._tables.read(appeals_read(len(named)), *named)
        appeals = {each.decision: each for each in appeals_of(told)}
        return {author: Statement(each, appeals.get(each.id)) for author, each in last.items()}
