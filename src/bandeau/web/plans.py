"""Edit plans in memory: a page that was seen before is not scanned again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bandeau import limits
from bandeau.enforcement.engine import Engine
from bandeau.enforcement.pieces import Piece
from bandeau.enforcement.plan import Plan
from bandeau.enforcement.urls import Target


def fingerprint(key: bytes) -> Callable[[bytes], bytes]:
    """A fast hash of pages under a ``key`` of 32 random bytes: GMAC, its nonce always the same.

    No value of it is ever told, so whoever writes two pages, they collide with a chance of their
    length in blocks / 2^128 at most: GHASH is a polynomial over its secret key (NIST SP 800-38D).
    """
    mac, nonce = AESGCM(key), bytes(12)

    def hashed(page: bytes) -> bytes:
        return mac.encrypt(nonce, b"", page)

    return hashed


class Plans:
    """The plans of the pages last asked for, of one process.

    ``fingerprint`` must be one that nobody who writes pages can find two pages for: a keyed or
    cryptographic hash. ``most`` bytes are kept at most, the longest unused go first.
    """

    def __init__(
        self,
        engine: Engine,
        fingerprint: Callable[[bytes], bytes],
        most: int = limits.PLAN_CACHE_BYTES,
    ) -> None:
        self.engine = engine
        self._fingerprint = fingerprint
        self._most = most
        self._kept: OrderedDict[tuple[bytes, str, str], Plan] = OrderedDict()
        self.bytes_kept = 0

    def plan(self, page: bytes, host: str, base: Target) -> Plan:
        """The plan of ``page``, as ``host`` serves it."""
        key = self._fingerprint(page), self.engine.serves(host), base.url
        plan = self._kept.get(key)
        if plan is not None:
            self._kept.move_to_end(key)
            return plan
        plan = self.engine.plan(page, host, base)
        self._keep(key, plan)
        return plan

    def _keep(self, key: tuple[bytes, str, str], plan: Plan) -> None:
        if plan.bytes_kept > self._most:
            return
        self._kept[key] = plan
        self.bytes_kept += plan.bytes_kept
        while self.bytes_kept > self._most:
            _, oldest = self._kept.popitem(last=False)
            self.bytes_kept -= oldest.bytes_kept


class Planned:
    """A page of which all is known, as if it were scanned: ``pieces`` are its form for a choice."""

    def __init__(self, plan: Plan, pieces: Sequence[Piece]) -> None:
        self.lang = plan.lang
        self.is_document = plan.is_document
        self.rebased = plan.rebased
        self._pieces = pieces

    def feed(self, chunk: bytes) -> Sequence[Piece]:
        """All pieces, for all of the page."""
        return self._pieces

    def close(self) -> Sequence[Piece]:
        """Nothing is left."""
        return ()


UNREAD = Planned(Plan((), "", is_document=False, rebased=False, overflowed=False), ())
"""What a page tells before it is read."""
