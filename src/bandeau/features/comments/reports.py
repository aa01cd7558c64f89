"""Reports of comments by readers, notices of illegal content among them. Pure, with two ports.

A notice holds what Article 16(2) of the Digital Services Act asks for. Its sender follows it by a
reference, of which only a hash is kept; an account or a mark on the terminal is not needed.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from bandeau import limits
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.grounds import Ground
from bandeau.features.comments.model import Comment, Refusal
from bandeau.features.comments.write import clean_name, clean_text

REFERENCE_BYTES = 15
_EMAIL = re.compile(r"[^\s@<>,;:\"()\[\]\\]+@[^\s@<>,;:\"()\[\]\\]+")

NO_GROUND = Refusal("no-ground", 422, "report.error_ground")
NO_EXPLANATION = Refusal(
    *("no-explanation", 422, "report.error_text"),
    {"least": limits.COMMENT_REPORT_TEXT_LEAST, "limit": limits.COMMENT_REPORT_TEXT_CHARACTERS},
)
NO_SENDER = Refusal("no-sender", 422, "report.error_sender")
NO_FAITH = Refusal("no-good-faith", 422, "report.error_faith")


class Outcome(StrEnum):
    """What became of a report; these words are part of the HTTP interface."""

    OPEN = "open"
    KEPT = "kept"
    """The comment stays."""
    REMOVED = "removed"
    GONE = "gone"
    """Its author erased the comment before anyone decided."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """A report as a reader sends it, or as :func:`prepare` cleaned it."""

    comment: str
    ground: str
    text: str = ""
    name: str = ""
    email: str = ""
    good_faith: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A report as it is kept. ``id`` is a UUIDv7, ``tag`` what is kept of its reference, times are
    Unix milliseconds, ``lang`` is the language that its sender reads.

    ``page`` is that of the comment, ``readers`` 0 where the same reader reported it already, else
    1. ``decision`` is the id of the decision that closed it.
    """

    id: str
    tag: str
    comment: str
    page: str
    time: int
    ground: Ground
    text: str = ""
    name: str = ""
    email: str = ""
    lang: str = "en"
    readers: int = 1
    outcome: Outcome = Outcome.OPEN
    decided: int = 0
    decision: str = ""


@dataclass(frozen=True, slots=True)
class Filed:
    """A report as its sender may follow it, with the decision that closed it."""

    report: Report
    decision: Decision | None = None


@dataclass(frozen=True, slots=True)
class Reported:
    """A comment that waits for a decision on reports; ``readers`` told of it, since ``since``.

    ``mark`` is its place in the queue.
    """

    comment: Comment
    since: int
    readers: int
    mark: str


def prepare(sent: Complaint) -> Complaint | Refusal:
    """``sent`` with its texts cleaned, or why it cannot be taken.

    A notice needs an explanation, a statement of good faith, and name and address of its sender
    unless it is about sexual abuse of children (Article 16(2)).
    """
    if sent.ground not in set(Ground):
        return NO_GROUND
    text = clean_text(sent.text.replace("\r\n", "\n").replace("\r", "\n"))
    if len(text) > limits.COMMENT_REPORT_TEXT_CHARACTERS:
        return NO_EXPLANATION
    cleaned = replace(sent, text=text, name=clean_name(sent.name), email=sent.email.strip())
    if not Ground(sent.ground).is_notice:
        return replace(cleaned, name="", email="")
    return _notice(cleaned)


def _notice(cleaned: Complaint) -> Complaint | Refusal:
    if len(cleaned.text) < limits.COMMENT_REPORT_TEXT_LEAST:
        return NO_EXPLANATION
    needed = cleaned.ground != Ground.CHILD_ABUSE
    if (needed or cleaned.email) and not _reachable(cleaned.email):
        return NO_SENDER
    if (needed and not cleaned.name) or len(cleaned.name) > limits.COMMENT_REPORT_SENDER_CHARACTERS:
        return NO_SENDER
    return cleaned if cleaned.good_faith else NO_FAITH


def _reachable(email: str) -> bool:
    short = len(email) <= limits.COMMENT_REPORT_SENDER_CHARACTERS
    return short and email.isprintable() and bool(_EMAIL.fullmatch(email))


def reference(random: Callable[[int], bytes]) -> str:
    """A new reference, in groups that can be read out."""
    letters = base64.b32encode(random(REFERENCE_BYTES)).decode()
    return "-".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def tag_of(reference_: str) -> str:
    """What is kept of a reference, however its letters were grouped."""
    letters = "".join(char for char in reference_.upper() if char.isalnum())
    return hashlib.sha256(letters.encode("utf-8", "replace")).hexdigest()


class ReportStore(Protocol):
    """Reports of one site.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def file(self, report: Report) -> bool:
        """Keep a report, once; false where its comment is not published."""
        ...

    async def filed(self, tag: str) -> Filed | None:
        """The report of that reference."""
        ...

    async def reported(self, limit: int, after: str = "") -> Sequence[Reported]:
        """Comments that wait for a decision, notices first, then who waits longest.

        ``after`` is the mark of one: those behind it, whether it still waits or not.
        """
        ...

    async def waiting(self, most: int) -> int:
        """How many comments wait, counted up to ``most``."""
        ...

    async def reports(self, comments: Collection[str]) -> Mapping[str, Sequence[Report]]:
        """The open reports of these comments: of each all notices and the first others."""
        ...

    async def purge(self, decided_before: int, sent_before: int) -> None:
        """Erase reports that were decided, or sent, before these Unix milliseconds."""
        ...
