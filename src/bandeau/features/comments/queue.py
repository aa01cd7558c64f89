"""What staff do with comments and authors: acts, each in the log with what was before and after."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bandeau.features.comments.grounds import Reason
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.moderate import Conduct

BY_MODERATOR = "moderator"
NO_REASON = Reason()


class Deed(StrEnum):
    """What can be done; these words are part of the log."""

    APPROVE = "approve"
    REJECT = "reject"
    SPAM = "spam"
    DISMISS = "dismiss"
    """The comment stays, whatever was reported of it."""
    UPHOLD = "uphold"
    """The decision that is appealed against stands."""
    REVERSE = "reverse"
    SUSPEND = "suspend"
    BAN = "ban"
    SILENCE = "silence"
    RESTORE = "restore"


STATES: Mapping[Deed, State] = {
    Deed.APPROVE: State.PUBLISHED,
    Deed.REJECT: State.REJECTED,
    Deed.SPAM: State.SPAM,
}
CONDUCTS: Mapping[Deed, Conduct] = {
    Deed.SUSPEND: Conduct.SUSPENDED,
    Deed.BAN: Conduct.BANNED,
    Deed.SILENCE: Conduct.SILENT,
    Deed.RESTORE: Conduct.OK,
}


@dataclass(frozen=True, slots=True)
class Act:
    """One deed. ``id`` is a UUIDv7, ``time`` in Unix milliseconds, ``object`` the id of a comment
    or an author. ``was`` and ``became`` are words of its state or conduct."""

    id: str
    time: int
    staff: str
    deed: Deed
    object: str
    was: str = ""
    became: str = ""


@dataclass(frozen=True, slots=True)
class Past:
    """What an author did before: how many comments are in each state, and how they stand.

    ``until`` is when a suspension ends, in Unix milliseconds.
    """

    counts: Mapping[State, int] = field(default_factory=dict)
    conduct: Conduct = Conduct.OK
    until: int = 0


def reasons_after(deed: Deed, comment: Comment) -> tuple[str, ...]:
    """The reasons of a comment once ``deed`` is done: a moderator's word comes first."""
    if deed is Deed.APPROVE:
        return ()
    return (BY_MODERATOR, *(each for each in comment.reasons if each != BY_MODERATOR))


class QueueStore(Protocol):
    """Comments by state, their authors' past, and the log of all acts.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def queue(self, state: State, limit: int, after: str = "") -> Sequence[Comment]:
        """Comments in ``state``: held ones oldest first, others newest first.

        ``after`` is the id of one in any state: those that follow its place.
        """
        ...

    async def held(self, most: int) -> int:
        """How many wait, counted up to ``most``."""
        ...

    async def pasts(self, authors: Collection[str]) -> Mapping[str, Past]:
        """The past of these authors; none of who is not known."""
        ...

    async def perform(self, acts: Sequence[Act], until: int = 0, reason: Reason = NO_REASON) -> int:
        """Do all of ``acts`` and log them, or none; how many changed something.

        ``until`` is when suspensions end, in Unix milliseconds. What changes nothing is not logged:
        an object that is not there, or is as it should be. ``reason`` is kept with what is
        decided; open reports of what is taken off are closed by that, and appeals of who is
        restored are granted.
        """
        ...

    async def of_author(self, author: str, limit: int) -> Sequence[Comment]:
        """Comments of an author in whatever state but erased, newest first."""
        ...

    async def log(self, limit: int, before: str = "") -> Sequence[Act]:
        """Acts, newest first; ``before`` is the id of one: those that are older."""
        ...
