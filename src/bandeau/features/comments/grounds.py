"""What a comment is reported or taken off for, and the reason that staff state. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bandeau import limits
from bandeau.features.comments.model import Refusal
from bandeau.features.comments.write import clean_text


class Ground(StrEnum):
    """What a comment is reported or taken off for; these words are part of the HTTP interface."""

    SPAM = "spam"
    INSULT = "insult"
    OFF_TOPIC = "off-topic"
    PERSONAL = "personal-data"
    OTHER = "other"
    """Any other breach of the site's rules for comments."""
    ILLEGAL = "illegal"
    CHILD_ABUSE = "child-abuse"
    """An offence of Articles 3 to 7 of Directive 2011/93/EU."""

    @property
    def is_notice(self) -> bool:
        """Whether a report of it is a notice of illegal content (Article 16)."""
        return self in (Ground.ILLEGAL, Ground.CHILD_ABUSE)


JUDGED = tuple(ground for ground in Ground if ground is not Ground.CHILD_ABUSE)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is decided, as staff say it. ``law`` is the provision that is broken, where
    the ground is that the content is illegal."""

    ground: Ground | None = None
    law: str = ""
    facts: str = ""


NO_LAW = Refusal("no-law", 422, "admin.reason_law")
TOO_LONG = Refusal("too-long", 422, "admin.reason_long")


def reason(ground: str, law: str, facts: str) -> Reason | Refusal:
    """The reason that a form states; an empty ``ground`` is left to :func:`ground_of`.

    A ground that is none counts as empty.
    """
    stated = next((each for each in JUDGED if each.value == ground), None)
    named, told = clean_text(law), clean_text(facts)
    if len(named) > limits.REASON_LAW_CHARACTERS or len(told) > limits.REASON_CHARACTERS:
        return TOO_LONG
    if stated is Ground.ILLEGAL and not named:
        return NO_LAW
    return Reason(stated, named if stated is Ground.ILLEGAL else "", told)
