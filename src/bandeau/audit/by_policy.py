"""What the site's own policy file says of its things: what it leaves out is not allowed."""

from __future__ import annotations

import math
from dataclasses import replace

from bandeau.audit.addresses import bare, host_of, parts_of
from bandeau.audit.finding import Source
from bandeau.audit.knowledge import Basis, Knowledge, Known
from bandeau.enforcement.rules import reserved_cookies
from bandeau.policy.glob import Globs
from bandeau.policy.match import Matcher, suffixes
from bandeau.policy.model import CookieRule, Period, Policy, Tracker

_STAFF = "bandeau-staff"
_DAY_SECONDS = 86_400


class ByPolicy:
    """A :class:`~bandeau.audit.knowledge.Knowledge` of one policy file.

    ``public`` names those whom the file does not know; ``source`` is the file itself.
    """

    declared = True

    def __init__(self, policy: Policy, source: Source, public: Knowledge) -> None:
        self._matcher = Matcher(policy)
        self._exempt = frozenset(each.key for each in policy.purposes if each.exempt is not None)
        self._elsewhere = Globs(
            (rule.name, (tracker, rule))
            for tracker in policy.trackers
            for rule in tracker.cookies
            if rule.domain
        )
        self._source = source
        self._public = public
        names = (f"{prefix}{policy.choice.cookie}" for prefix in ("__Host-", "__Secure-"))
        reserved = (each.decode() for each in reserved_cookies(policy))
        self._reserved = frozenset((*reserved, *names, _STAFF))
        self._own = Known(Basis.POLICY, "functioning", gated=False, source=source.name)

    def domain(self, host: str) -> str:
        """The registrable domain of ``host``."""
        return self._public.domain(host)

    def own(self, host: str) -> bool:
        """Whether the policy's ``site.hosts`` cover it."""
        return self._matcher.owns(host)

    def host(self, host: str) -> Known:
        """As its tracker, the site's own, or nobody's."""
        tracker = self._matcher.host(host)
        if tracker is not None:
            return self._of(tracker)
        return self._own if self.own(host) else self._nothing(self._public.host(host))

    def address(self, url: str) -> Known:
        """As :meth:`host`, but for paths of the site's own that a tracker declares."""
        host = host_of(url)
        if self.own(host) and (found := self._matcher.path(parts_of(url).path or "/")):
            return self._of(self._strictest(found))
        return self.host(host)

    def cookie(self, name: str, domain: str) -> Known:
        """By name on the site's own hosts; elsewhere by name and domain, then as its host."""
        host = bare(domain)
        if self.own(host) or any(self.own(each) for each in suffixes(host)) or self._above(host):
            if name in self._reserved:
                return self._own
            rules = self._matcher.cookie(name)
            if not rules:
                return self._nothing(self._public.cookie(name, domain))
            return self._ruled(*max(rules, key=lambda each: len(each[1].name)))
        return self._of_vendor(name, host) or self.host(host)

    def stored(self, key: str, host: str) -> Known:
        """By the key, else as the host where that is a vendor's."""
        tracker = self._matcher.storage(key)
        if tracker is not None:
            return self._of(tracker)
        return self._nothing(self._public.stored(key, host)) if self.own(host) else self.host(host)

    def allowed(self, purpose: str, granted: frozenset[str]) -> bool:
        """Whether it is exempt or granted."""
        return purpose in self._exempt or purpose in granted

    @property
    def public(self) -> Knowledge:
        """What the lists say."""
        return self._public

    @property
    def sources(self) -> tuple[Source, ...]:
        """The policy file, then the lists."""
        return (self._source, *self._public.sources)

    def _above(self, host: str) -> bool:
        """Whether cookies of ``host`` reach the site: a domain above one of its hosts."""
        return self.domain(host) == host and any(
            suffix == host for own in self._matcher.site_hosts for suffix in suffixes(own)
        )

    def _of_vendor(self, name: str, host: str) -> Known | None:
        above = tuple(suffixes(host))
        for tracker, rule in self._elsewhere.all(name):
            if bare(rule.domain or "") in above:
                return self._ruled(tracker, rule)
        return None

    def _ruled(self, tracker: Tracker, rule: CookieRule) -> Known:
        declared = _most_days(rule.max_age) * _DAY_SECONDS if rule.max_age else 0
        return replace(self._of(tracker), max_age=float(declared))

    def _of(self, tracker: Tracker) -> Known:
        gated = tracker.purpose not in self._exempt
        return Known(Basis.POLICY, tracker.purpose, tracker.vendor, gated, None, self._source.name)

    def _strictest(self, trackers: tuple[Tracker, ...]) -> Tracker:
        gated = (each for each in trackers if each.purpose not in self._exempt)
        return next(gated, trackers[0])

    def _nothing(self, public: Known) -> Known:
        """What nobody declared needs consent, whatever a list calls it; the list may name it."""
        return Known(Basis.NOTHING, "", public.vendor, True, None, public.source)


def _most_days(period: Period) -> int:
    """The longest that it can last by the calendar: 6 months 184 days, 13 months 397."""
    if period.unit != "month":
        return period.days_at_most
    return min(period.days_at_most, math.ceil(period.count * 30.4375 + 0.9))
