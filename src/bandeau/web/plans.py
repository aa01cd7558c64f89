"""Edit plans in memory: a page that was seen before is not scanned again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from bandeau import limits
from bandeau.enforcement.engine import Engine
from bandeau.enforcement.plan import Plan
from bandeau.enforcement.urls import Target


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
