"""Works through a planned run on one terminal, and keeps what was seen in each phase."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from bandeau.audit.evidence import Gap, Run, Seen
from bandeau.audit.scenario import Planned, PlannedRun, pages_to_see
from bandeau.audit.shown import Choosing, Notice, Reach, Role, Visit
from bandeau.audit.terminal import Terminal, TerminalLost


@dataclass(frozen=True, slots=True)
class Tour:
    """What a site's pages are: its address, those to see beside it, and how long each is given.

    ``pages`` is ``None`` before anybody looked: the first page's own links are taken then, and
    ``listed`` (the site map's) after them.
    """

    address: str
    rest: float
    number: int
    pages: tuple[str, ...] | None = None
    listed: tuple[str, ...] = ()

    def after(self, visit: Visit) -> Tour:
        """The tour once the first page was seen; one that has its pages already stays."""
        if self.pages is not None:
            return self
        links = (*visit.links, *self.listed)
        return replace(self, pages=pages_to_see(visit.landed, links, self.number))


@dataclass(frozen=True, slots=True)
class Ran:
    """A run as it went, as far as it went, and why it did not go further."""

    run: Run
    tour: Tour
    gaps: tuple[Gap, ...] = ()
    beside: bool = False


@dataclass(slots=True)
class _Notes:
    """What one phase gathers while it goes on."""

    began: float
    visits: list[Visit] = field(default_factory=list)
    choosing: Choosing | None = None
    notice: Notice | None = None
    panel: Notice | None = None
    reach: Reach | None = None


async def carry_out(planned: PlannedRun, number: int, terminal: Terminal, tour: Tour) -> Ran:
    """Work through ``planned`` on a fresh ``terminal``.

    A phase that could not be entered, because the choice was not made, ends the run, since what
    came after would be judged by a choice that never was. So does a terminal that is lost; what
    was seen before stays.
    """
    phases: list[Seen] = []
    gaps: list[Gap] = []
    for step in planned.phases:
        if step.address:
            tour = Tour(step.address, tour.rest, 0, ())
        try:
            seen, tour = await _phase(step, terminal, tour, first=not phases, number=number)
        except TerminalLost as lost:
            gaps.append(Gap(step.phase.value, str(lost)))
            break
        phases.append(seen)
        if seen.choosing is not None and not seen.choosing.done:
            about = step.phase.value if step.purpose is None else f"{step.phase} {step.purpose}"
            gaps.append(Gap(about, seen.choosing.proof))
            break
        if seen.visits and all(each.failure for each in seen.visits):
            gaps.append(Gap(step.phase.value, seen.visits[0].failure))
            break
    run = Run(number, planned.setting, tuple(phases))
    return Ran(run, tour, tuple(gaps), planned.beside)


async def _phase(
    step: Planned, terminal: Terminal, tour: Tour, *, first: bool, number: int
) -> tuple[Seen, Tour]:
    notes = _Notes(began=0.0 if first else terminal.now())
    if first or step.address:
        visit = await terminal.visit(tour.address, step.idle)
        notes.visits.append(visit)
        tour = tour.after(visit)
    await _look(notes, step, terminal, number)
    if step.panel:
        notes.reach = await terminal.reach()
        await _second_layer(notes, step, terminal, number)
    if step.action is not None:
        notes.choosing = await terminal.choose(step.action, step.purpose)
        notes.visits.append(await terminal.present())
    if _goes_on(notes):
        await _browse(notes, step, terminal, tour)
    return await _kept(notes, step, terminal, number), tour


def _goes_on(notes: _Notes) -> bool:
    return notes.choosing is None or notes.choosing.done


async def _look(notes: _Notes, step: Planned, terminal: Terminal, number: int) -> None:
    notes.notice = await terminal.look()
    if notes.notice is not None:
        picture = await terminal.picture(f"{number}-{step.phase}", notes.notice)
        notes.notice = replace(notes.notice, picture=picture)


async def _second_layer(notes: _Notes, step: Planned, terminal: Terminal, number: int) -> None:
    """What the settings show. To open them is no choice, and the page is loaded anew after it."""
    if notes.notice is None or not notes.notice.having(Role.CUSTOMISE):
        return
    await terminal.look()
    notes.panel = await terminal.second_layer()
    if notes.panel is not None:
        picture = await terminal.picture(f"{number}-{step.phase}-panel", notes.panel)
        notes.panel = replace(notes.panel, picture=picture)
    await terminal.again(0.0)


async def _browse(notes: _Notes, step: Planned, terminal: Terminal, tour: Tour) -> None:
    if step.scroll:
        await terminal.linger(tour.rest)
    for page in (tour.pages or ()) if step.browse else ():
        notes.visits.append(await terminal.visit(page, tour.rest))
    if step.reload:
        await terminal.visit(tour.address, 0.0)
        notes.visits.append(await terminal.again(max(tour.rest, step.idle)))


async def _kept(notes: _Notes, step: Planned, terminal: Terminal, number: int) -> Seen:
    standing = await terminal.standing()
    if notes.visits and step.action is not None:
        picture = await terminal.picture(f"{number}-{step.phase}-after", None)
        notes.visits[-1] = replace(notes.visits[-1], picture=picture)
    cookies, stored = await terminal.kept()
    requests, writes, reads = await terminal.cut()
    return Seen(
        phase=step.phase,
        purpose=step.purpose,
        began=notes.began,
        ended=terminal.now(),
        visits=tuple(notes.visits),
        requests=tuple(requests),
        writes=tuple(writes),
        reads=tuple(reads),
        cookies=tuple(cookies),
        stored=tuple(stored),
        choosing=notes.choosing,
        notice=notes.notice,
        panel=notes.panel,
        tcf=standing.tcf,
        state=standing.text,
        purposes=standing.purposes,
        mode=standing.mode,
        reach=notes.reach,
    )


def reached(phases: Iterable[Seen]) -> bool:
    """Whether any page of the site could be seen in them."""
    return any(each.status and not each.failure for seen in phases for each in seen.visits)


def offered(runs: Sequence[Run]) -> tuple[str, ...]:
    """The purposes that a panel let choose, in its order."""
    panels = [seen.panel for run in runs for seen in run.phases if seen.panel]
    toggles = [each for panel in panels[:1] for each in panel.having(Role.TOGGLE)]
    return tuple(dict.fromkeys(each.purpose or each.label for each in toggles if not each.disabled))


def can(runs: Sequence[Run], role: Role) -> bool:
    """Whether a notice or panel of the first page had a control of ``role``."""
    return any(
        shown is not None and bool(shown.having(role))
        for run in runs
        for seen in run.phases
        for shown in (seen.notice, seen.panel)
    )
