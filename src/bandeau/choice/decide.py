"""What a visitor's action decides, how long it holds, and what of it stands today."""

from __future__ import annotations

import calendar
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from bandeau.choice.model import Answer, Choice, Source, Standing
from bandeau.policy.model import Period, Policy
from bandeau.policy.terms import Terms


class Action(StrEnum):
    """What a visitor can do (DESIGN section 6). ``GRANT`` adds one purpose to the former choice."""

    ACCEPT_ALL = "accept_all"
    REFUSE_ALL = "refuse_all"
    SAVE = "save"
    GRANT = "grant"


class UnknownPurposeError(ValueError):
    """An action names a purpose that the policy does not ask about."""


def decide(
    action: Action, terms: Terms, chosen: Collection[str], former: Mapping[str, Answer]
) -> dict[str, bool]:
    """The answer to each purpose of ``terms``, refusals as explicit as grants (rule C5).

    ``chosen`` are the purposes that a ``SAVE`` or ``GRANT`` names; all others are refused by
    ``SAVE`` and stay as they stand by ``GRANT``. Raises :class:`UnknownPurposeError`.
    """
    unknown = sorted(set(chosen) - set(terms.keys))
    if unknown:
        raise UnknownPurposeError(", ".join(unknown))
    granted = {
        Action.ACCEPT_ALL: set(terms.keys),
        Action.REFUSE_ALL: set[str](),
        Action.SAVE: set(chosen),
        Action.GRANT: set(chosen) | {k for k, a in former.items() if a is Answer.GRANTED},
    }[action]
    return {key: key in granted for key in terms.keys}


def expiry(made_at: int, lifetime: Period) -> int:
    """When a choice ends, in Unix seconds: calendar months, the last day where none matches."""
    start = datetime.fromtimestamp(made_at, UTC)
    if lifetime.unit == "day":
        return int((start + timedelta(days=lifetime.count)).timestamp())
    months = lifetime.count * (12 if lifetime.unit == "year" else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def stand(asked: Terms, choice: Choice, agreed: Terms) -> Standing:
    """What of ``choice``, made under the terms ``agreed``, stands where ``asked`` (rules C4, C8).

    A purpose whose data grew or whose words changed is undecided again; a vendor that was added
    to a granted purpose stays denied while the others keep what they had.
    """
    answers: dict[str, Answer] = {}
    uncovered: set[tuple[str, str]] = set()
    for purpose in asked.purposes:
        told = agreed.purpose(purpose.key)
        if told is None or not purpose.data <= told.data or purpose.rewords(told):
            answers[purpose.key] = Answer.UNDECIDED
            continue
        granted = choice.answers.get(purpose.key, False)
        answers[purpose.key] = Answer.GRANTED if granted else Answer.REFUSED
        uncovered |= {(purpose.key, vendor) for vendor in purpose.vendors - told.vendors}
    return Standing(answers, frozenset(uncovered), Source.CHOICE, choice)


def stand_without_choice(policy: Policy, *, signal: bool) -> Standing:
    """Nothing chosen: undecided, or refused by the browser's signal (rules G1, G4)."""
    answer = Answer.REFUSED if signal else Answer.UNDECIDED
    source = Source.SIGNAL if signal else Source.NONE
    return Standing(_all(policy, answer), frozenset(), source)


def stand_ledger_down(policy: Policy) -> Standing:
    """The ledger cannot be asked: everyone is treated as refusing (rule P9)."""
    return Standing(_all(policy, Answer.REFUSED), frozenset(), Source.LEDGER_DOWN)


def _all(policy: Policy, answer: Answer) -> dict[str, Answer]:
    """One answer to every purpose, in the order that terms have."""
    return dict.fromkeys(sorted(purpose.key for purpose in policy.consent_purposes), answer)
