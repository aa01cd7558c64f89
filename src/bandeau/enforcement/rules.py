"""A policy made ready to be enforced: what does not depend on one request, worked out once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from bandeau import limits
from bandeau.choice.model import Answer, Standing
from bandeau.enforcement.allowlist import connection_allowlist, host_patterns, named_hosts
from bandeau.enforcement.cookies import Jar, judge_jar
from bandeau.enforcement.csp import own_policy
from bandeau.enforcement.declared import Declared
from bandeau.enforcement.expiry import Where, end_seen
from bandeau.enforcement.siblings import siblings
from bandeau.enforcement.variants import Variants
from bandeau.enforcement.verdict import Judge
from bandeau.policy.match import Matcher
from bandeau.policy.model import CookieRule, Policy, Tracker
from bandeau.policy.terms import vendor_key

_KEPT_POLICIES = 1_024
_KEPT_JARS = 1_024
_KEPT_JAR_BYTES = 4_096


class _Written(NamedTuple):
    """What headers say of one choice: our content policy, and patterns of reachable hosts.

    ``confined`` is the Connection-Allowlist of what leads nowhere.
    """

    content: bytes
    patterns: str
    denies_none: bool
    confined: bytes


class Rules:
    """``policy`` with its matcher, and a Content-Security-Policy for each choice as it comes."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.matcher = Matcher(policy)
        self.declared = Declared.of(policy, self.matcher)
        self.reserved = reserved_cookies(policy)
        self.variants = Variants(policy)
        self._written = lru_cache(_KEPT_POLICIES)(self._write)
        self._siblings = lru_cache(_KEPT_POLICIES)(lambda host: siblings(policy, host))
        self._judges: dict[object, Judge] = {}
        self._endings = lru_cache(_KEPT_JARS)(self._ended)
        self._jars = lru_cache(_KEPT_JARS)(self._jar)

    def judge(self, standing: Standing) -> Judge:
        """Who judges for ``standing``; visitors who chose alike share one.

        Who has loaded items shares none: their pages are like nobody else's.
        """
        if standing.items:
            return Judge(self.policy, self.matcher, standing)
        key = (tuple(standing.answers.items()), standing.uncovered, standing.source)
        judge = self._judges.get(key)
        if judge is None:
            judge = Judge(self.policy, self.matcher, standing)
            if len(self._judges) < _KEPT_POLICIES:
                self._judges[key] = judge
        return judge

    def jar(self, judge: Judge, header: bytes) -> Jar:
        """A ``Cookie`` header judged; a page and its parts send the same one many times."""
        return (self._jars if len(header) <= _KEPT_JAR_BYTES else self._jar)(judge, header)

    def endings(self, names: Sequence[str], where: Where) -> list[bytes]:
        """``Set-Cookie`` lines that end the denied cookies ``names`` (W4, W5)."""
        return list(self._endings(tuple(names), where))

    def _ended(self, names: Sequence[str], where: Where) -> tuple[bytes, ...]:
        def declared(name: str) -> Sequence[CookieRule]:
            return [rule for _, rule in self.matcher.cookie(name)]

        return tuple(end_seen(names, declared, where))

    def _jar(self, judge: Judge, header: bytes) -> Jar:
        return judge_jar(header, judge.cookie, self.reserved)

    def content_policy(self, standing: Standing) -> bytes:
        """Our Content-Security-Policy for what ``standing`` allows."""
        return self._written(_granted(standing), standing.uncovered).content

    def connection_allowlist(self, standing: Standing, links: Collection[str]) -> bytes:
        """Our Connection-Allowlist for what ``standing`` allows, and for ``links``.

        WebRTC names no hosts that could be judged: it waits until nothing is denied.
        """
        written = self._written(_granted(standing), standing.uncovered)
        if not links:
            return written.confined
        return connection_allowlist(written.patterns, links, webrtc=written.denies_none)

    def hosts(self, standing: Standing) -> list[str]:
        """The site's hosts and those that ``standing`` allows; a dot means subdomains too."""
        return named_hosts(self._written(_granted(standing), standing.uncovered).patterns)

    def siblings(self, host: str) -> tuple[str, ...]:
        """The publisher's other hosts that may hold what ``host`` cannot end."""
        return self._siblings(host)

    def strictest_policy(self) -> bytes:
        """The one that fits every visitor: exempt trackers only."""
        return self._written(frozenset(), frozenset()).content

    @property
    def too_wide(self) -> bool:
        """Whether a visitor who grants everything is held like one who refuses.

        That is where the hosts take more than headers may hold: browsers show no page then.
        """
        everything = frozenset(purpose.key for purpose in self.policy.consent_purposes)
        return not _fits(self._listed(everything, frozenset()))

    def _write(self, granted: frozenset[str], uncovered: frozenset[tuple[str, str]]) -> _Written:
        written = self._listed(granted, uncovered)
        return written if _fits(written) else self._listed(frozenset(), frozenset())

    def _listed(self, granted: frozenset[str], uncovered: frozenset[tuple[str, str]]) -> _Written:
        def allows(tracker: Tracker) -> bool:
            if self.policy.purpose(tracker.purpose).exempt is not None:
                return True
            vendor = (tracker.purpose, vendor_key(tracker.vendor))
            return tracker.purpose in granted and vendor not in uncovered

        allowed = self.matcher.hosts_allowed(allows)
        denied = self.matcher.hosts_allowed(lambda tracker: not allows(tracker))
        own = self.policy.site.hosts
        patterns = host_patterns(own, allowed, denied)
        confined = connection_allowlist(patterns, (), webrtc=not denied)
        return _Written(own_policy(own, allowed, denied), patterns, not denied, confined)


def _fits(written: _Written) -> bool:
    return len(written.content) + len(written.confined) <= limits.POLICY_HEADER_BYTES


def _granted(standing: Standing) -> frozenset[str]:
    return frozenset(key for key, answer in standing.answers.items() if answer is Answer.GRANTED)


def reserved_cookies(policy: Policy) -> frozenset[bytes]:
    """Names that only Bandeau writes and reads."""
    name = policy.choice.cookie
    own = (name, receipt_cookie(policy), items_cookie(policy), hint_cookie(policy))
    return frozenset(each.encode() for each in (*own, reader_cookie(policy)))


def receipt_cookie(policy: Policy) -> str:
    """Name of the cookie under ``/.bandeau/`` that ties this terminal to its record."""
    return f"{policy.choice.cookie}-receipt"


def items_cookie(policy: Policy) -> str:
    """Name of the cookie that names the single items which a visitor loaded."""
    return f"{policy.choice.cookie}-items"


def reader_cookie(policy: Policy) -> str:
    """Name of the cookie under ``/.bandeau/`` that a reader's session is in."""
    return f"{policy.choice.cookie}-reader"


def hint_cookie(policy: Policy) -> str:
    """Name of the readable cookie beside the signed one, written in shared-page mode only.

    It tells a page's script which choice to show; nothing opens by it.
    """
    return f"{policy.choice.cookie}-shared"
