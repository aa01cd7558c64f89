"""Tags and headers that lead to paths of the publisher's own which trackers declare.

The request itself is refused in any case: what is done here keeps a page from asking, so it may
miss what is written in strange ways, never the reverse.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ahocorasick_rs import BytesAhoCorasick

from bandeau.enforcement.urls import Reach, Target
from bandeau.policy.match import Matcher
from bandeau.policy.model import Policy
from bandeau.policy.paths import canonical

_WORD = re.compile(r"[a-z0-9]+/?")
_BEFORE_PATH = re.compile(r"(?:[a-z]+:)?//[^/?#\\]*")
# Letters and digits in disguise. Two patterns, since one that begins plainly is searched faster.
_ENCODED = re.compile(rb"%(?:3[0-9]|[46][1-9a-f]|[57][0-9a])")
_REFERENCE = re.compile(
    rb"&#(?:x0*(?:3[0-9]|[46][1-9a-f]|[57][0-9a])"
    rb"|0*(?:4[89]|5[0-7]|6[5-9]|[78]\d|90|9[7-9]|1[01]\d|12[0-2]))(?![0-9a-f])"
)
_KEPT_BASES = 256


class OwnPaths:
    """The own paths that a policy's trackers declare, as far as pages lead to them."""

    def __init__(self, policy: Policy, matcher: Matcher) -> None:
        self._matcher = matcher
        words = {_word(path) for tracker in policy.trackers for path in tracker.paths}
        self._always = "" in words
        self._in_base = lru_cache(_KEPT_BASES)(lambda url: self._words(url.encode()))
        self._search = BytesAhoCorasick([each for word in words if word for each in _spelled(word)])

    def page(self, target: str) -> Target:
        """What the base URL of a page at ``target``, its path and query, reaches."""
        return Target(Reach.OWN, url=target)

    def asked(self, target: str) -> str:
        """The path that the target of a request names (RFC 9112, 3.2), its bytes as Latin-1."""
        path = target if target.startswith("/") else _BEFORE_PATH.sub("", target, count=1)
        return path.encode("latin-1", "replace").decode("utf-8", "replace")

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
        return self._always or self._in_base(base.url) or self._words(markup)

    def _words(self, text: bytes) -> bool:
        lowered = text.lower()
        return bool(
            self._search.find_matches_as_indexes(lowered)
            or _ENCODED.search(lowered)
            or _REFERENCE.search(lowered)
        )


def _word(path: str) -> str:
    return max(_WORD.findall(canonical(path)), key=len, default="")


def _spelled(word: str) -> list[bytes]:
    """``word`` with the spellings of the slash at its end: it may be encoded, or come later."""
    if not word.endswith("/"):
        return [word.encode()]
    return [word[:-1].encode() + slash for slash in (b"/", b"\\", b"%2f", b"%5c", b"&", b";")]
