"""Whether one visitor may comment now (rules F2 to F4): a verdict with its reason.

Reading is never gated. Writing opens only when the feature's purpose is granted by an explicit
choice, whose record is the latest one that the ledger holds for this visitor.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bandeau.choice.model import Answer, Source, Standing
from bandeau.policy.model import Policy

FEATURE = "comments"


class Reason(StrEnum):
    """Why commenting is locked; these codes are part of the HTTP interface."""

    NOT_DECIDED = "not-decided"
    REFUSED = "refused"
    NO_RECORD = "no-record"
    SUPERSEDED = "superseded"
    LEDGER_DOWN = "ledger-down"
    NOT_OFFERED = "not-offered"


@dataclass(frozen=True, slots=True)
class Proof:
    """What the ledger says of a visitor, reconciled with the signed cookie.

    ``record_id`` names the visitor's latest record, ``current`` is false when the cookie
    carries an older one (a copy replayed after withdrawal). ``subject`` is the visitor's
    pseudonym in the ledger.
    """

    standing: Standing
    record_id: str | None
    current: bool
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Open:
    """The visitor may comment; ``receipt`` is the record that allows it, of ``subject``."""

    receipt: str
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Locked:
    """The visitor may not comment; ``recorded`` where a choice of theirs refuses it.

    Else a signal of the browser does, or nothing is known, so that nothing can be theirs.
    """

    reason: Reason
    recorded: bool = False


Verdict = Open | Locked


def judge(proof: Proof, policy: Policy) -> Verdict:
    """The verdict that a post is held to: the ledger's word, not the browser's (rule F2)."""
    feature = policy.feature(FEATURE)
    if feature is None:
        return Locked(Reason.NOT_OFFERED)
    reason = _not_granted(proof.standing, feature.purpose)
    if reason is not None:
        chosen = proof.standing.source is Source.CHOICE
        return Locked(reason, recorded=chosen and reason is Reason.REFUSED)
    if not proof.current:
        return Locked(Reason.SUPERSEDED)
    if not proof.record_id or proof.standing.source is not Source.CHOICE:
        return Locked(Reason.NO_RECORD)
    return Open(proof.record_id, proof.subject)


def appears(standing: Standing | None, policy: Policy) -> Verdict:
    """The verdict that a page is drawn by, from the signed cookie alone; never opens a post."""
    if standing is None:
        known = policy.feature(FEATURE) is not None
        return Locked(Reason.NOT_DECIDED if known else Reason.NOT_OFFERED)
    record_id = standing.choice.record_id if standing.choice else None
    return judge(Proof(standing, record_id, current=True), policy)


def _not_granted(standing: Standing, purpose: str) -> Reason | None:
    if standing.source is Source.LEDGER_DOWN:
        return Reason.LEDGER_DOWN
    answer = standing.answers.get(purpose, Answer.UNDECIDED)
    if answer is Answer.REFUSED:
        return Reason.REFUSED
    return None if answer is Answer.GRANTED else Reason.NOT_DECIDED
