"""What every verdict is drawn from: the evidence, what is known, and what was allowed when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bandeau.audit.evidence import Evidence, Phase, Run, Seen
from bandeau.audit.finding import Where
from bandeau.audit.knowledge import Basis, Knowledge, Known
from bandeau.audit.purposes import purpose_named
from bandeau.policy.model import Policy
from bandeau.policy.words import Words

UNTOUCHED = frozenset({Phase.ARRIVED, Phase.IGNORED, Phase.SEEDED})
"""Phases in which nobody has chosen."""
DENIED = UNTOUCHED | {Phase.REFUSED, Phase.WITHDRAWN, Phase.CLOSED, Phase.SAVED}
"""Phases in which nothing that needs consent may be."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One phase of one run."""

    run: Run
    seen: Seen

    @property
    def phase(self) -> Phase:
        """Its phase."""
        return self.seen.phase

    @property
    def chosen(self) -> float:
        """When the choice was made, in seconds of the run; where none was, when it began."""
        choosing = self.seen.choosing
        return self.seen.began if choosing is None else max(choosing.at, self.seen.began)

    @property
    def settled(self) -> float:
        """When the first page after the choice was asked for: until then the former choice may
        still be at work."""
        later = [visit.at for visit in self.seen.visits if visit.at > self.chosen]
        return min(later, default=self.chosen)

    @property
    def before(self) -> tuple[Seen, ...]:
        """Phases of the same run before this one."""
        return self.run.phases[: self.run.phases.index(self.seen)]

    def where(self, at: float | None = None, page: str = "") -> Where:
        """It as a place of a finding."""
        seen = self.seen
        return Where(self.run.number, seen.phase, self.run.setting, at, page, seen.purpose)


@dataclass(frozen=True, slots=True)
class Audited:
    """One audit. ``policy`` is ``None`` where no file was given."""

    evidence: Evidence
    knowledge: Knowledge
    policy: Policy | None
    words: Words

    def moments(self, *phases: Phase) -> Iterator[Moment]:
        """Every phase of every run, or those of ``phases``."""
        for run in self.evidence.runs:
            for seen in run.phases:
                if not phases or seen.phase in phases:
                    yield Moment(run, seen)

    def beside(self) -> Iterator[tuple[tuple[Moment, ...], Moment]]:
        """What was seen on the site, and then on the other one that was reached (rule M6)."""
        for run in self.evidence.beside:
            *here, there = (Moment(run, seen) for seen in run.phases)
            if there.phase is Phase.BESIDE and any(each.status for each in there.seen.visits):
                yield tuple(here), there

    def judged(self, *phases: Phase) -> Iterator[Moment]:
        """Those of them in which the choice that gives them their name was really made."""
        return (each for each in self.moments(*phases) if self.unmade(each) is None)

    def unmade(self, moment: Moment) -> str | None:
        """Why the state of ``moment`` cannot be judged, or ``None`` where it can."""
        choosing = moment.seen.choosing
        if moment.phase in UNTOUCHED:
            return None
        if choosing is None:
            return "no notice was found in which to choose"
        if not choosing.done:
            return f"the choice could not be made: {choosing.proof}"
        if moment.phase is Phase.WITHDRAWN and not _accepted_before(moment):
            return "nothing had been accepted that could be withdrawn"
        return None

    def granted(self, seen: Seen) -> frozenset[str] | None:
        """Purposes that were accepted; ``None`` for all of them."""
        if seen.phase is Phase.ACCEPTED:
            return None
        return frozenset({self.purpose(seen)}) if seen.phase is Phase.ONLY else frozenset()

    def purpose(self, seen: Seen) -> str:
        """The key of the one purpose accepted in ``ONLY``, empty where its name says nothing."""
        name = seen.purpose or ""
        keys = {each.key for each in self.policy.purposes} if self.policy else set()
        return name if name in keys else purpose_named(name)

    def permits(self, known: Known, seen: Seen) -> bool | None:
        """Whether what is ``known`` may be in the state of ``seen``; ``None`` where unclear."""
        if known.basis is Basis.NOTHING and self.knowledge.declared:
            return False
        if known.gated is not True:
            return None if known.gated is None else True
        granted = self.granted(seen)
        if granted is None:
            return True
        if not granted:
            return False
        if "" in granted or not known.purpose:
            return None
        return self.knowledge.allowed(known.purpose, granted)


def _accepted_before(moment: Moment) -> bool:
    return any(
        seen.phase in (Phase.ACCEPTED, Phase.ONLY) and seen.choosing and seen.choosing.done
        for seen in moment.before
    )
