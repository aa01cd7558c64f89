"""Appeals against decisions on comments, by authors and by who reported them. Pure, with one port.

In the spirit of Article 20 of the Digital Services Act: free, for six months, decided by people.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from bandeau import limits
from bandeau.choice.decide import expiry
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.grounds import Reason
from bandeau.features.comments.model import Comment, Refusal, State
from bandeau.features.comments.queue import BY_MODERATOR, Act
from bandeau.features.comments.reports import Report
from bandeau.features.comments.staff import Staff
from bandeau.features.comments.write import clean_text
from bandeau.policy.model import Period

OPEN_FOR = Period(count=6, unit="month")

NOTHING = Refusal("no-decision", 409, "error.appeal_closed")
LATE = Refusal("appeal-late", 409, "error.appeal_closed")
AGAIN = Refusal("appealed", 409, "error.appeal_closed")
NO_TEXT = Refusal("appeal-text", 422, "error.comment_text")


class Ruling(StrEnum):
    """What became of an appeal; these words are part of the HTTP interface."""

    OPEN = "open"
    UPHELD = "upheld"
    """The decision stands."""
    REVERSED = "reversed"


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal against ``decision``. ``report`` is the id of the report that it follows, empty
    where the comment's author appeals; times are Unix milliseconds.

    ``answer`` is what ``staff`` say to it; who ruled is told to staff only.
    """

    id: str
    decision: str
    comment: str
    report: str
    time: int
    text: str
    ruling: Ruling = Ruling.OPEN
    decided: int = 0
    staff: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """Why a comment was taken off, or who wrote it kept out, for that author (Article 17).

    ``appeal`` is the author's own.
    """

    decision: Decision
    appeal: Appeal | None = None


@dataclass(frozen=True, slots=True)
class Lodged:
    """An appeal with all that it is about; ``report`` is that of who appeals, if not the author.

    ``comment`` is the one that was decided on, ``None`` where that was its author.
    """

    appeal: Appeal
    decision: Decision
    comment: Comment | None
    report: Report | None = None


class Restriction(StrEnum):
    """What readers or authors are kept from; these words are part of the HTTP interface."""

    REMOVED = "removed"
    HELD = "held"
    """An automated rule keeps it back until a person has looked."""
    SUSPENDED = "suspended"
    """Its author may not comment for a while."""
    BANNED = "banned"


class Why(StrEnum):
    """Why somebody does not rule on an appeal."""

    DECIDED_FIRST = "decided-first"
    ROLE = "role"
    """It is about an author, and they judge comments only."""


@dataclass(frozen=True, slots=True)
class Rules:
    """They rule on the appeal."""


@dataclass(frozen=True, slots=True)
class StandsBack:
    """Somebody else rules on the appeal, for that ``reason``."""

    reason: Why


def rules_on(decision: Decision, member: Staff, staff: Collection[Staff]) -> Rules | StandsBack:
    """Whether ``member`` rules on an appeal against ``decision``; ``staff`` are all there are.

    Whoever took the decision does not, unless nobody else could.
    """
    able = [each for each in staff if each.judges_authors or not decision.author]
    if member not in able:
        return StandsBack(Why.ROLE)
    others = any(each != member for each in able)
    return StandsBack(Why.DECIDED_FIRST) if decision.staff == member.name and others else Rules()


def restricted(comment: Comment, statement: Statement | None) -> Restriction | None:
    """What of the site keeps readers from ``comment``; nothing where its author took it back."""
    if comment.state is State.HELD:
        return Restriction.HELD
    taken = comment.state in (State.REJECTED, State.SPAM)
    by_staff = statement is not None and comment.reasons[:1] == (BY_MODERATOR,)
    return Restriction.REMOVED if taken and by_staff else None


def open_until(decision: Decision) -> int:
    """When an appeal against ``decision`` comes too late, in Unix milliseconds."""
    return expiry(decision.time // 1000, OPEN_FOR) * 1000


def appealed(
    decision: Decision | None, before: Appeal | None, text: str, now: int
) -> str | Refusal:
    """The text of an appeal as it is kept, or why there is none; ``now`` in Unix milliseconds.

    ``before`` is an appeal by the same party against the same decision.
    """
    if decision is None:
        return NOTHING
    if before is not None:
        return AGAIN
    if now >= open_until(decision):
        return LATE
    said = clean_text(text.replace("\r\n", "\n").replace("\r", "\n"))
    return said if 0 < len(said) <= limits.APPEAL_CHARACTERS else NO_TEXT


class AppealStore(Protocol):
    """Appeals of one site.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def lodge(self, appeal: Appeal) -> bool:
        """Keep an appeal; false where its party has appealed against the decision before, or the
        decision is no longer kept."""
        ...

    async def statements(self, comments: Collection[str]) -> Mapping[str, Statement]:
        """The last decision that took each of these comments off, of those where one did."""
        ...

    async def of_report(self, report: str) -> Appeal | None:
        """The last appeal of who sent the report of that id."""
        ...

    async def appeals(self, limit: int, after: str = "") -> Sequence[Lodged]:
        """Open appeals, oldest first; ``after`` is the id of one: those that follow it."""
        ...

    async def lodged(self, appeal_id: str) -> Lodged | None:
        """The appeal of that id, while it is open."""
        ...

    async def waiting(self, most: int) -> int:
        """How many appeals are open, counted up to ``most``."""
        ...

    async def rule(self, act: Act, consequence: Act | None, reason: Reason) -> bool:
        """Rule on the open appeal ``act.object``; false where it is not open any more.

        ``consequence`` is what is done with the comment where the decision is reversed; it is
        kept with ``reason``, whose facts are the answer, and who reported the comment is told.
        An author is restored by it, unless another decision on them came since.
        """
        ...
