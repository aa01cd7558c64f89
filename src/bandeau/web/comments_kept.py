"""What was made of the comments of pages, for as long as their readers see the same."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

from bandeau import limits

Made = TypeVar("Made")


class Kept(Generic[Made]):
    """At most ``most_bytes`` of what was made, each for one version of a page.

    What was not asked for longest goes first.
    """

    def __init__(self, most_bytes: int = limits.COMMENTS_KEPT_BYTES) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[Hashable, tuple[int, Made, int]] = OrderedDict()
        self.bytes = 0

    def found(self, key: Hashable, version: int) -> Made | None:
        """What is kept under ``key``, if it was made of this very version."""
        kept = self._kept.get(key)
        if kept is None or kept[0] != version:
            return None
        self._kept.move_to_end(key)
        return kept[1]

    def keep(self, key: Hashable, version: int, made: Made, size: int) -> None:
        """Keep ``made`` of so many bytes in place of what was there."""
        _, _, gone = self._kept.pop(key, (0, None, 0))
        self._kept[key] = (version, made, size)
        self.bytes += size - gone
        while self.bytes > self._most:
            _, (_, _, gone) = self._kept.popitem(last=False)
            self.bytes -= gone
