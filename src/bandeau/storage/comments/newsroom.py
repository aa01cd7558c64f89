"""What a newsroom keeps beside the comments, in the same tables."""

from __future__ import annotations

from dataclasses import dataclass

from bandeau.storage.comments.appeals import StoredAppeals
from bandeau.storage.comments.attempts import StoredAttempts
from bandeau.storage.comments.authors import StoredAuthors
from bandeau.storage.comments.exclusions import StoredExclusions
from bandeau.storage.comments.figures import StoredFigures
from bandeau.storage.comments.letters import StoredLetters
from bandeau.storage.comments.passkeys import StoredPasskeys
from bandeau.storage.comments.queue import StoredQueue
from bandeau.storage.comments.readers import StoredReaders
from bandeau.storage.comments.reports import StoredReports
from bandeau.storage.comments.search import StoredSearch
from bandeau.storage.comments.staff import StoredStaff
from bandeau.storage.comments.votes import StoredVotes
from bandeau.storage.tables import Tables


@dataclass(frozen=True, slots=True)
class Newsroom:
    """Who writes, who moderates, who recommends, what they did, what was
    reported; closed with the tables."""

    authors: StoredAuthors
    staff: StoredStaff
    attempts: StoredAttempts
    queue: StoredQueue
    reports: StoredReports
    appeals: StoredAppeals
    exclusions: StoredExclusions
    search: StoredSearch
    figures: StoredFigures
    readers: StoredReaders
    letters: StoredLetters
    passkeys: StoredPasskeys
    votes: StoredVotes


def newsroom(tables: Tables) -> Newsroom:
    """The newsroom over the tables of the comments."""
    return Newsroom(
        authors=StoredAuthors(tables),
        staff=StoredStaff(tables),
        attempts=StoredAttempts(tables),
        queue=StoredQueue(tables),
        reports=StoredReports(tables),
        appeals=StoredAppeals(tables),
        exclusions=StoredExclusions(tables),
        search=StoredSearch(tables),
        figures=StoredFigures(tables),
        readers=StoredReaders(tables),
        letters=StoredLetters(tables),
        passkeys=StoredPasskeys(tables),
        votes=StoredVotes(tables),
    )
