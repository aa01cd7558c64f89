"""Whom rules tell apart: a random id for each consent subject of a site, and how it stands.

Nothing ties an author to a person: what is kept of the subject is a keyed hash, and it is erased
with the record that allowed the comments.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from bandeau.features.comments.model import Comment
from bandeau.features.comments.moderate import Known


@dataclass(frozen=True, slots=True)
class Author:
    """``id`` is random, and all that a comment tells of its author."""

    id: str
    known: Known


def tag_of(key: bytes, subject: str) -> str:
    """What is kept of a consent subject; ``key`` is the site's subject key."""
    return hmac.digest(key, b"author" + subject.encode(), "sha256").hex()


def reader_author(key: bytes, reader: str) -> str:
    """What is kept of the author that a reader who signed in is, in whatever browser."""
    return hmac.digest(key, b"author/reader" + reader.encode(), "sha256").hex()


class AuthorStore(Protocol):
    """Authors of one site, and what is known of what they post.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def author(self, tag: str, new_id: str, comment: Comment, mark: str) -> Author:
        """The author of ``tag`` as of a comment's time, called ``new_id`` if there was none.

        ``mark`` is that of the comment's text, :func:`moderate.mark`.
        """
        ...

    async def ids(self, tags: Collection[str]) -> Sequence[str]:
        """The authors of these tags, of those that are known."""
        ...

    async def forget(self, tags: Collection[str]) -> None:
        """Erase these authors, and what was decided on them, for good.

        Their comments have none any more.
        """
        ...
