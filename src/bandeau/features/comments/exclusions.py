"""Authors who may not comment, for a while or for good, and what they read of it. Pure, one port.

Digital Services Act, Article 17(1)(c): who is suspended reads why, and may appeal (Article 20). A
silent ban is the demotion that Article 17(2) lets go without a statement: of deceptive commercial
content in high volume, and of nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bandeau import limits
from bandeau.features.comments.appeals import Restriction, Ruling, Statement, open_until
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.model import Refusal
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import Deed

NO_FACTS = Refusal("no-facts", 422, "admin.author_facts")
ONLY_SPAM = Refusal("only-spam", 422, "admin.author_silent")
NO_END = Refusal(*("no-end", 422, "admin.author_days"), {"most": limits.SUSPENSION_DAYS_MOST})
RESTRICTIONS = {Conduct.SUSPENDED: Restriction.SUSPENDED, Conduct.BANNED: Restriction.BANNED}
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Exclusion:
    """How the author of that id stands, and the last decision that suspended or banned them.

    ``until`` is when a suspension ends, in Unix milliseconds. ``statement`` is ``None`` where the
    author was taken over from elsewhere.
    """

    author: str
    conduct: Conduct
    until: int = 0
    statement: Statement | None = None


def excluded(exclusion: Exclusion, now: int) -> Restriction | None:
    """What the author reads of it at ``now``, in Unix milliseconds.

    A suspension that is over is told as long as one may appeal against it.
    """
    restriction = RESTRICTIONS.get(exclusion.conduct)
    if restriction is Restriction.SUSPENDED and exclusion.until <= now:
        statement = exclusion.statement
        return restriction if statement and now < open_until(statement.decision) else None
    return restriction


def reversed_(exclusion: Exclusion) -> bool:
    """Whether the author's appeal was granted, which is all that is left to be told."""
    appeal = exclusion.statement.appeal if exclusion.statement else None
    granted = appeal is not None and appeal.ruling is Ruling.REVERSED
    return granted and exclusion.conduct is Conduct.OK


def told(exclusions: Collection[Exclusion], now: int) -> list[Exclusion]:
    """Those that their authors read."""
    return [each for each in exclusions if excluded(each, now) or reversed_(each)]


def stated(deed: Deed, because: Reason) -> Reason | Refusal:
    """The reason of a deed on an author, as it is kept, or what it lacks."""
    if deed is Deed.RESTORE:
        return because
    if deed is Deed.SILENCE:
        fits = because.ground in (None, Ground.SPAM)
        return replace(because, ground=Ground.SPAM) if fits else ONLY_SPAM
    return because if because.facts else NO_FACTS


def ends(days: str, now: int) -> int | Refusal:
    """When a suspension of so many days ends; ``now`` and the end in Unix milliseconds."""
    known = days.isascii() and days.isdecimal() and len(days) < 4
    if not known or not 1 <= int(days) <= limits.SUSPENSION_DAYS_MOST:
        return NO_END
    return now + int(days) * _DAY_MS


class ExclusionStore(Protocol):
    """Decisions on the authors of one site.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def exclusions(self, authors: Collection[str]) -> Sequence[Exclusion]:
        """How these authors stand, of those that are known."""
        ...
