"""Which pages of ours a cache in front may hand to all who chose alike, and under which key.

Browsers and other caches are told ``private``. Only a front that was compiled from the same policy
asks for more: it states the key under which it would keep the page (rule C10).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bandeau.choice.model import Source, Standing
from bandeau.choice.token import NOTED, VERSION
from bandeau.enforcement.storing import seconds_kept
from bandeau.policy.model import Policy
from bandeau.policy.terms import digest, terms_of

Headers = Sequence[tuple[bytes, bytes]]

KEY_HEADER = b"bandeau-key"
"""From the front: the key that it read from the choice cookie; from ``decide``: the true one."""
GRANT_HEADER = b"bandeau-cache"
_NGINX_GRANT = b"x-accel-expires"

_KEYED = frozenset({b"accept-encoding", b"accept-language", b"bandeau-choice", b"host"})
_LONGEST_SECONDS = 86_400


def fingerprint(policy: Policy) -> str:
    """The short name of everything that ``policy`` says; a front compiled from another differs."""
    return hashlib.sha256(policy.model_dump_json().encode()).hexdigest()[:16]


class Variants:
    """The cache keys of one policy."""

    def __init__(self, policy: Policy) -> None:
        self.policy = fingerprint(policy)
        self._terms = digest(terms_of(policy))
        self._asks = bool(policy.consent_purposes)

    def key(self, standing: Standing) -> bytes:
        """The key of all who stand alike; empty where the page is this visitor's alone.

        A choice made under other terms may stand in part, in more ways than a key can tell; a page
        with an item that was loaded alone is its visitor's.
        """
        state = "" if standing.items else self._state(standing)
        return f"{self.policy}/{state}".encode() if state else b""

    def _state(self, standing: Standing) -> str:
        if standing.source in (Source.NONE, Source.SIGNAL):
            return "undecided" if standing.source is Source.NONE else "signal"
        if standing.source is not Source.CHOICE:
            return ""
        if not self._asks:
            return NOTED
        if standing.choice is None or standing.choice.terms != self._terms:
            return ""
        mask = "".join("01"[standing.choice.answers[k]] for k in sorted(standing.choice.answers))
        return f"{VERSION}.{self._terms}.{mask}"


def kept_seconds(status: int, headers: Headers, *, sent_cookies: bool) -> int:
    """For how long the site lets a front keep its answer; 0 where it does not (RFC 9111, 3)."""
    seconds = seconds_kept(status, headers, cookies=sent_cookies, varies=_KEYED)
    return min(seconds, _LONGEST_SECONDS)


def grant(seconds: int) -> list[tuple[bytes, bytes]]:
    """What tells a compiled front that it may keep a page for ``seconds``."""
    age = str(seconds).encode()
    return [(GRANT_HEADER, b"max-age=" + age), (_NGINX_GRANT, age)]
