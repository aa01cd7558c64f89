"""Tags and headers that lead to paths of the publisher's own which trackers declare.

The request itself is refused in any case: what is done here keeps a page from asking, so it may
miss what is written in strange ways, never the reverse.
"""

from __future__ import annotations

import re

from ahocorasick_rs import BytesAhoCorasick

from bandeau.enforcement.urls import Reach, Target
from bandeau.policy.match import Matcher
from bandeau.policy.model import Policy
from bandeau.policy.paths import canonical

_RUN = re.compile(r"[a-z0-9]+")
_BEFORE_PATH = re.compile(r"(?:[a-z]+:)?//[^/?#\\]*")
# Letters and digits in disguise: percent-encoded, or as character references.
_DISGUISED = re.compile(
    rb"%(?:3[0-9]|[46][1-9a-f]|[57][0-9a])"
    rb"|&#(?:x0*(?:3[0-9]|[46][1-9a-f]|[57][0-9a])|0*(?:4[89]|5[0-7]|6[5-9]|[78]\d|90|9[7-9]|1[01]\d|12[0-2]))(?![0-9a-f])"
)


class OwnPaths:
    """The own paths that a policy's trackers declare, as far as pages lead to them."""

    def __init__(self, policy: Policy, matcher: Matcher) -> None:
        self._matcher = matcher
        runs = {_run(path) for tracker in policy.trackers for path in tracker.paths}
        self._always = "" in runs
        self._runs = BytesAhoCorasick([run.encode() for run in runs if run])

    def page(self, target: str) -> Target:
        """What the base URL of a page at ``target``, its path and query, reaches."""
        return Target(Reach.OWN, url=target)

    def rebased(self, target: Target) -> Target:
        """``target``, a base URL on an own host, as :meth:`page` gives it."""
        return self.page(_BEFORE_PATH.sub("", target.url, count=1) or "/")

    def declared(self, target: Target) -> tuple[str, ...]:
        """The path that ``target`` leads to on an own host, where a tracker declares it."""
        path = canonical(_BEFORE_PATH.sub("", target.url, count=1))
        return (path,) if self._matcher.path(path) else ()

    def mentioned(self, markup: bytes, base: Target) -> bool:
        """Whether a URL in ``markup`` may lead to one, to be asked before a look at each tag.

        A URL leads there only if the longest word of a declared path is in it, or in ``base``,
        which it may be relative to.
        """
        if self._always or self._runs.find_matches_as_indexes(base.url.lower().encode()):
            return True
        lowered = markup.lower()
        return bool(self._runs.find_matches_as_indexes(lowered) or _DISGUISED.search(lowered))


def _run(path: str) -> str:
    return max(_RUN.findall(canonical(path)), key=len, default="")
