"""Verdicts: what may pass, and why. The same values serve every shell, the log and the auditor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bandeau.choice.model import Source, Standing
from bandeau.policy.match import Matcher
from bandeau.policy.model import Policy, Tracker
from bandeau.policy.paths import canonical

_KEPT_VERDICTS = 2_048
_KEPT_CHARACTERS = 200


class Effect(StrEnum):
    """What happens to a thing that is judged."""

    PASS = "pass"  # noqa: S105 - no password
    STRIP = "strip"
    INERT = "inert"
    EXPIRE = "expire"
    REFUSE = "refuse"


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
    """Judges hosts, cookies, own paths and scripts for one standing (rules P1 to P3, R1, R2).

    The same few names come with every request, so what was judged is kept.
    """

    def __init__(self, policy: Policy, matcher: Matcher, standing: Standing) -> None:
        self._policy = policy
        self._matcher = matcher
        self._standing = standing
        self.host = lru_cache(_KEPT_VERDICTS)(self._host)
        self._kept_path = lru_cache(_KEPT_VERDICTS)(self._path)
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
        return self._all([tracker for tracker, _ in found], name, Effect.STRIP)

    def path(self, path: str) -> Verdict:
        """Whether ``path`` of the publisher's own hosts may be asked for, in any spelling.

        One that no tracker declares is the publisher's own.
        """
        bare = path.partition("?")[0]
        return self._kept_path(bare) if len(bare) <= _KEPT_CHARACTERS else self._path(bare)

    def _path(self, path: str) -> Verdict:
        found = self._matcher.path(path)
        return self._all(found, canonical(path) if found else path, Effect.REFUSE)

    def snippet(self, text: str) -> Verdict:
        """Whether an inline script with this ``text`` may run, or one with this declared snippet.

        One in which no tracker has a snippet is the publisher's own.
        """
        found = self._matcher.snippets.all(text.encode("utf-8", "replace"))
        return self._all([tracker for _, tracker in found], text, Effect.INERT)

    def _all(self, trackers: Sequence[Tracker], subject: str, denied: Effect) -> Verdict:
        """Each of ``trackers`` must be allowed; where there is none the thing is the site's own."""
        if not trackers:
            return Verdict(Effect.PASS, Reason.OWN, subject)
        verdicts = [self._judged(tracker, subject, denied) for tracker in trackers]
        return next((verdict for verdict in verdicts if not verdict.passes), verdicts[0])

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
