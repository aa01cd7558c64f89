"""The authors of one site in tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bandeau import limits
from bandeau.features.comments.authors import Author
from bandeau.features.comments.model import Comment
from bandeau.features.comments.moderate import Conduct, Known
from bandeau.storage.comments.decisions import author_gone
from bandeau.storage.tables import Rows, Statement, Steps, Tables, listed

_AUTHOR = (
    "SELECT id, conduct, until, approved, (SELECT opened FROM page WHERE path = $2),"
    " EXISTS (SELECT 1 FROM posted WHERE mark = $3 AND time > $4"
    " AND (posted.author = author.id OR page <> $2)) FROM author WHERE tag = $1"
)
_NEW = "INSERT INTO author VALUES ($1, $2, $3, 0, $4, 0) ON CONFLICT (tag) DO NOTHING"
_POSTED = "INSERT INTO posted VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING"
_NO_TAG = "UPDATE comment SET author = '' WHERE author = $1"
_REPEATS_MS = limits.COMMENT_REPEAT_HOURS * 3_600_000


class StoredAuthors:
    """An :class:`bandeau.features.comments.authors.AuthorStore` over the tables of comments."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    async def author(self, tag: str, new_id: str, comment: Comment, mark: str) -> Author:
        """See the port."""
        asked = Statement(_AUTHOR, (tag, comment.page, mark, comment.time - _REPEATS_MS))
        found = await self._tables.read(asked.text, *asked.values)
        if not found:
            found = await self._tables.write(_made(asked, tag, new_id, comment.time))
        author_id, conduct, until, approved, opened, alike = found[0]
        known = Known(
            conduct=Conduct(conduct),
            until=until,
            approved=approved,
            opened=opened,
            repeated=bool(mark and alike),
        )
        return Author(author_id, known)

    async def ids(self, tags: Collection[str]) -> Sequence[str]:
        """See the port."""
        if not tags:
            return ()
        names = listed(1, len(tags))
        rows = await self._tables.read(
            f"SELECT id FROM author WHERE tag IN ({names}) ORDER BY id",  # noqa: S608
            *tags,
        )
        return [author for (author,) in rows]

    async def forget(self, tags: Collection[str]) -> None:
        """See the port."""
        if tags:
            await self._tables.write(_forgetting(list(tags)), erasing=True)


def _made(asked: Statement, tag: str, new_id: str, time: int) -> Steps[Rows]:
    yield Statement(_NEW, (new_id, tag, time, Conduct.OK.value))
    return (yield asked)


def posting(comment: Comment, mark: str) -> Steps[None]:
    """Know the text of ``comment`` again by ``mark``, for ``limits.COMMENT_REPEAT_HOURS``.

    Without a ``mark`` only what is older is forgotten.
    """
    yield Statement("DELETE FROM posted WHERE time <= $1", (comment.time - _REPEATS_MS,))
    if mark:
        yield Statement(_POSTED, (comment.id, mark, comment.time, comment.page, comment.author))


def _forgetting(tags: list[str]) -> Steps[None]:
    for tag in tags:
        found = yield Statement("SELECT id FROM author WHERE tag = $1", (tag,))
        for (author,) in found:
            yield Statement(_NO_TAG, (author,))
            yield from without_author(author)


def without_author(author: str) -> Steps[None]:
    """Erase an author, with what was decided on them."""
    yield from author_gone(author)
    yield Statement("DELETE FROM posted WHERE author = $1", (author,))
    yield Statement("DELETE FROM author WHERE id = $1", (author,))
