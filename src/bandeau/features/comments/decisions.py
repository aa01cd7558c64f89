"""Decisions of staff on comments and their authors, with the reasons that are told to them.

Digital Services Act (Regulation (EU) 2022/2065), Articles 16(5) and 17.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.queue import Deed

_OF_SPAM = (Deed.SPAM, Deed.SILENCE)


class Cause(StrEnum):
    """What a decision goes back to (Article 17(3)(b)); these words are part of the export."""

    NOTICE = "notice"
    """A notice of illegal content."""
    REPORT = "report"
    OWN = "own"
    """The site's own looking."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision on a comment, or on the author of that id; the other of the two is empty.

    ``id`` is that of the act in the log, ``time`` in Unix milliseconds, ``staff`` who decided,
    which is told to staff only. ``detected`` says that an automated rule had pointed at the
    comment; it never decides itself. ``until`` is when a suspension ends, in Unix milliseconds,
    ``waited`` for how many the comment had waited, ``None`` where it had not.
    """

    id: str
    comment: str
    time: int
    staff: str
    deed: Deed
    reason: Reason
    cause: Cause = Cause.OWN
    detected: bool = False
    author: str = ""
    until: int = 0
    waited: int | None = None


def ground_of(deed: Deed, stated: Reason) -> Ground:
    """What a decision rests on: what is stated, else what the deed itself says."""
    return stated.ground or (Ground.SPAM if deed in _OF_SPAM else Ground.OTHER)
