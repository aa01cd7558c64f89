"""What a survey found, site by site: no more is kept than is told in the end."""

from __future__ import annotations

from collections import Counter

from bandeau import limits
from bandeau.audit.queue import Counts, Stage, Tally


class Counting:
    """Adds up the sites of one survey."""

    def __init__(self) -> None:
        self._stages: Counter[Stage] = Counter()
        self._sites: Counter[str] = Counter()
        self._times: Counter[str] = Counter()
        self._unchecked = self._states = 0
        self._failures: list[tuple[str, str]] = []

    def add(self, address: str, stage: Stage, told: str) -> None:
        """One site; ``told`` are its counts where it is done, its reason where it failed."""
        self._stages[stage] += 1
        if stage is Stage.DONE:
            counts = Counts.read(told)
            found = {name: number for name, number in counts.findings.items() if number}
            self._sites.update(found.keys())
            self._times.update(found)
            self._unchecked += counts.unchecked
            self._states += counts.states
        elif stage is Stage.FAILED and len(self._failures) < limits.SURVEY_FAILURES_SHOWN:
            self._failures.append((address, told))

    def tally(self) -> Tally:
        """All of them."""
        summed = (self._unchecked, self._states)
        return Tally(self._stages, self._sites, self._times, *summed, tuple(self._failures))
