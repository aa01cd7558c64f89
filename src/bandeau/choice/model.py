"""What the visitor decided, and what of it stands under the policy of today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bandeau.policy.model import Policy, Tracker
from bandeau.policy.terms import vendor_key


class Answer(StrEnum):
    """What holds for one purpose. Only ``GRANTED`` lets anything pass."""

    GRANTED = "granted"
    REFUSED = "refused"
    UNDECIDED = "undecided"


class Band(StrEnum):
    """The state that the coloured band shows (DESIGN section 1, point 4)."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    MIXED = "mixed"
    UNDECIDED = "undecided"


class Source(StrEnum):
    """Why a standing is what it is."""

    CHOICE = "choice"
    SIGNAL = "signal"
    NONE = "none"
    LEDGER_DOWN = "ledger-down"


@dataclass(frozen=True, slots=True)
class Choice:
    """One decision, as the signed cookie carries it and the ledger proves it.

    ``terms`` is the digest of the terms that it was made under, ``answers`` holds each of
    their purposes (rule C5), ``made_at`` is in Unix seconds.
    """

    terms: str
    answers: Mapping[str, bool]
    record_id: str
    made_at: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds now for one visitor, under the policy of today.

    ``uncovered`` are (purpose, vendor) pairs that were added after the choice: they stay
    denied although their purpose is granted (rule C8). ``items`` are digests of single embeds
    that the visitor loaded, whatever is denied else (rule R4).
    """

    answers: Mapping[str, Answer]
    uncovered: frozenset[tuple[str, str]]
    source: Source
    choice: Choice | None = None
    items: frozenset[str] = frozenset()

    @property
    def decided(self) -> bool:
        """Whether an explicit choice covers all that the policy asks today."""
        return (
            self.source is Source.CHOICE
            and not self.uncovered
            and Answer.UNDECIDED not in self.answers.values()
        )

    @property
    def asks(self) -> bool:
        """Whether the notice shows: nothing decided, and no signal refused already (rule R6)."""
        return bool(self.answers) and not self.decided and self.source is not Source.SIGNAL

    @property
    def band(self) -> Band:
        """The colour of the band: what is allowed now, never what is wished."""
        granted = [answer is Answer.GRANTED for answer in self.answers.values()]
        if self.source in (Source.NONE, Source.LEDGER_DOWN):
            return Band.UNDECIDED
        if all(granted) and not self.uncovered:
            return Band.ALLOWED
        return Band.MIXED if any(granted) else Band.REFUSED

    def grants(self, purpose: str) -> bool:
        """Whether ``purpose`` is granted."""
        return self.answers.get(purpose) is Answer.GRANTED

    def allows(self, policy: Policy, tracker: Tracker) -> bool:
        """Whether ``tracker`` may be contacted, stored and read."""
        if policy.purpose(tracker.purpose).exempt is not None:
            return True
        vendor = (tracker.purpose, vendor_key(tracker.vendor))
        return self.grants(tracker.purpose) and vendor not in self.uncovered
