"""Sightings in memory, for tests and for trying things out. Nothing outlives the process."""

from __future__ import annotations

from collections.abc import Iterable

from bandeau.enforcement.folding import Registrable
from bandeau.enforcement.sightings import Sighting, joined


class MemorySightings:
    """A :class:`SightingStore` over a tuple."""

    def __init__(self, registrable: Registrable) -> None:
        self._registrable = registrable
        self._kept: tuple[Sighting, ...] = ()

    def add(self, batch: Iterable[Sighting]) -> None:
        """See the port."""
        self._kept = joined(self._kept, batch, self._registrable)

    def all(self) -> tuple[Sighting, ...]:
        """See the port."""
        return self._kept
