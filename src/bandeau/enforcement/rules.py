"""A policy made ready to be enforced: what does not depend on one request, worked out once."""

from __future__ import annotations

from functools import lru_cache

from bandeau.choice.model import Answer, Standing
from bandeau.enforcement.csp import own_policy
from bandeau.policy.match import Matcher
from bandeau.policy.model import Policy, Tracker
from bandeau.policy.terms import vendor_key

_KEPT_POLICIES = 1_024


class Rules:
    """``policy`` with its matcher, and a Content-Security-Policy for each choice as it comes."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.matcher = Matcher(policy)
        self._written = lru_cache(_KEPT_POLICIES)(self._write)

    def content_policy(self, standing: Standing) -> bytes:
        """Our Content-Security-Policy for what ``standing`` allows."""
        granted = [key for key, answer in standing.answers.items() if answer is Answer.GRANTED]
        return self._written(frozenset(granted), standing.uncovered)

    def strictest_policy(self) -> bytes:
        """The one that fits every visitor: exempt trackers only."""
        return self._written(frozenset(), frozenset())

    def _write(self, granted: frozenset[str], uncovered: frozenset[tuple[str, str]]) -> bytes:
        def allows(tracker: Tracker) -> bool:
            if self.policy.purpose(tracker.purpose).exempt is not None:
                return True
            vendor = (tracker.purpose, vendor_key(tracker.vendor))
            return tracker.purpose in granted and vendor not in uncovered

        allowed = self.matcher.hosts_allowed(allows)
        denied = self.matcher.hosts_allowed(lambda tracker: not allows(tracker))
        return own_policy(self.policy.site.hosts, allowed, denied)
