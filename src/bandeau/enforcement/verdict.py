"""Verdicts: what may pass, and why. The same values serve every shell, the log and the auditor."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bandeau.choice.model import Source, Standing
from bandeau.policy.match import Matcher
from bandeau.policy.model import Policy, Tracker

_KEPT_VERDICTS = 2_048


class Effect(StrEnum):
    """What happens to a thing that is judged."""

    PASS = "pass"  # noqa: S105 - no password
    STRIP = "strip"
    INERT = "inert"
    EXPIRE = "expire"


class Reason(StrEnum):
    """Why. Only the first three let anything pass."""

    OWN = "own"
    EXEMPT = "exempt"
    GRANTED = "granted"
    REFUSED = "refused"
    UNDECIDED = "undecided"
    ADDED_SINCE = "added-since"
    UNDECLARED = "undeclared"
    RESERVED = "reserved"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One decision. ``subject`` names what was judged: a host, a cookie, a header."""

    effect: Effect
    reason: Reason
    subject: str
    tracker: Tracker | None = None

    @property
    def passes(self) -> bool:
        """Whether the thing goes through untouched."""
        return self.effect is Effect.PASS


class Judge:
    """Judges hosts and cookies for one standing under one policy (rules P1 to P3, R1, R2).

    The same few names come with every request, so what was judged is kept.
    """

    def __init__(self, policy: Policy, matcher: Matcher, standing: Standing) -> None:
        self._policy = policy
        self._matcher = matcher
        self._standing = standing
        self.host = lru_cache(_KEPT_VERDICTS)(self._host)
        self.cookie = lru_cache(_KEPT_VERDICTS)(self._cookie)

    def _host(self, host: str) -> Verdict:
        """Whether ``host`` may be contacted; a host that no tracker declares never may."""
        if self._matcher.owns(host):
            return Verdict(Effect.PASS, Reason.OWN, host)
        tracker = self._matcher.host(host)
        if tracker is None:
            return Verdict(Effect.INERT, Reason.UNDECLARED, host)
        return self._judged(tracker, host, Effect.INERT)

    def _cookie(self, name: str) -> Verdict:
        """Whether the cookie ``name`` may be stored and read.

        A request does not say which of several rules a cookie was set under, so each of them
        must allow it.
        """
        found = self._matcher.cookie(name)
        if not found:
            return Verdict(Effect.STRIP, Reason.UNDECLARED, name)
        verdicts = [self._judged(tracker, name, Effect.STRIP) for tracker, _ in found]
        return next((verdict for verdict in verdicts if not verdict.passes), verdicts[0])

    def storage(self, key: str) -> Verdict:
        """Whether the storage key, or the service worker at the path ``key``, may be kept."""
        tracker = self._matcher.storage(key)
        if tracker is None:
            return Verdict(Effect.STRIP, Reason.UNDECLARED, key)
        return self._judged(tracker, key, Effect.STRIP)

    def _judged(self, tracker: Tracker, subject: str, denied: Effect) -> Verdict:
        reason = _reason(self._policy, self._standing, tracker)
        passes = reason in (Reason.EXEMPT, Reason.GRANTED)
        return Verdict(Effect.PASS if passes else denied, reason, subject, tracker)


def _reason(policy: Policy, standing: Standing, tracker: Tracker) -> Reason:
    if policy.purpose(tracker.purpose).exempt is not None:
        return Reason.EXEMPT
    if standing.allows(policy, tracker):
        return Reason.GRANTED
    if standing.grants(tracker.purpose):
        return Reason.ADDED_SINCE
    return Reason.UNDECIDED if standing.source is Source.NONE else Reason.REFUSED
