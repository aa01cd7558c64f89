"""What a newsroom keeps beside the comments, in the same tables."""

from __future__ import annotations

from dataclasses import dataclass

from bandeau.storage.comments.authors import StoredAuthors
from bandeau.storage.tables import Tables


@dataclass(frozen=True, slots=True)
class Newsroom:
    """Who writes; closed with the tables."""

    authors: StoredAuthors


def newsroom(tables: Tables) -> Newsroom:
    """The newsroom over the tables of the comments."""
    return Newsroom(StoredAuthors(tables))
