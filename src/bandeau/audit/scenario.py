"""What is done on a site, in which order: the regulator's own protocol (rules section 3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bandeau.audit.evidence import Cookie, Device, Phase, Setting
from bandeau.audit.knowledge import Knowledge
from bandeau.audit.urls import split_of


@dataclass(frozen=True, slots=True)
class Options:
    """How thoroughly a site is looked at.

    ``pages`` are opened in each state beside the first; ``idle`` seconds are waited on arrival
    (rule P1 waits ten) and once after a refusal and a withdrawal, at most ``rest`` on each other
    page. ``purposes`` are the keys that are tried alone; those that a panel shows are taken where
    the list is empty.
    """

    pages: int = 3
    idle: float = 10.0
    rest: float = 2.0
    devices: tuple[Device, ...] = (Device.DESKTOP, Device.PHONE)
    languages: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    alone: bool = True
    extras: bool = True
    """Whether to close, to save as shown, to come back with old trackers, to say Global Privacy
    Control and to hold back third-party cookies, each in a run of its own."""
    browsers: tuple[str, ...] = ("chromium",)
    """The first does all of this; each other one arrives and accepts, and arrives and refuses."""
    beside: str = ""
    """Another site, which a terminal goes to after this one, or none (rule M6)."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One phase to come: what is chosen first (``None``: nothing), and what is done then."""

    phase: Phase
    action: str | None = None
    purpose: str | None = None
    idle: float = 0.0
    browse: bool = True
    scroll: bool = False
    reload: bool = True
    panel: bool = False
    """Whether the settings are opened and looked at, and left without a choice."""
    address: str = ""
    """Another site, which is gone to first, and stayed on."""


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """One fresh profile to come. ``seeds`` are cookies that it holds from the start."""

    setting: Setting
    phases: tuple[Planned, ...]
    seeds: tuple[Cookie, ...] = ()

    @property
    def beside(self) -> bool:
        """Whether it ends on another site."""
        return any(each.phase is Phase.BESIDE for each in self.phases)


def first_run(options: Options) -> PlannedRun:
    """Arrive and wait; browse; accept and browse; withdraw and browse (CNIL's protocol)."""
    return PlannedRun(
        _home(options),
        (
            Planned(Phase.ARRIVED, idle=options.idle, browse=False, reload=False),
            Planned(Phase.IGNORED, scroll=True, panel=True),
            Planned(Phase.ACCEPTED, "accept_all"),
            Planned(Phase.WITHDRAWN, "withdraw", idle=options.idle),
        ),
    )


def further_runs(
    options: Options,
    purposes: Sequence[str],
    *,
    closes: bool,
    saves: bool,
    seeds: tuple[Cookie, ...] = (),
) -> Iterator[PlannedRun]:
    """The runs after the first, each a fresh profile.

    ``purposes`` are those that a panel lets choose; ``closes`` and ``saves`` tell whether the
    notice can be closed and its second layer saved; ``seeds`` what acceptance left (rule R2).
    """
    home = _home(options)
    refusing = Planned(Phase.REFUSED, "refuse_all")
    yield PlannedRun(home, (_arrival(options), replace(refusing, idle=options.idle)))
    if options.alone:
        for purpose in purposes:
            alone = Planned(Phase.ONLY, "only", purpose)
            yield PlannedRun(home, (_arrival(options), alone))
    yield from _elsewhere(options, home, refusing)
    if options.extras:
        yield from _extras(options, home, refusing, closes=closes, saves=saves, seeds=seeds)


def _elsewhere(options: Options, home: Setting, refusing: Planned) -> Iterator[PlannedRun]:
    shown = replace(_arrival(options), panel=True)
    accepting = Planned(Phase.ACCEPTED, "accept_all")
    for device in options.devices[1:]:
        yield PlannedRun(replace(home, device=device), (shown, refusing))
        yield PlannedRun(replace(home, device=device), (_arrival(options), accepting))
    for other in options.languages[1:]:
        yield PlannedRun(replace(home, language=other), (shown, refusing))
    for browser in options.browsers[1:]:
        yield PlannedRun(replace(home, browser=browser), (shown, refusing))
        yield PlannedRun(replace(home, browser=browser), (_arrival(options), accepting))


def _extras(
    options: Options,
    home: Setting,
    refusing: Planned,
    *,
    closes: bool,
    saves: bool,
    seeds: tuple[Cookie, ...],
) -> Iterator[PlannedRun]:
    if closes:
        yield PlannedRun(home, (_arrival(options), Planned(Phase.CLOSED, "close")))
    if saves:
        yield PlannedRun(home, (_arrival(options), Planned(Phase.SAVED, "save")))
    if seeds:
        seeded = Planned(Phase.SEEDED, idle=options.rest)
        yield PlannedRun(home, (seeded, refusing), seeds)
    signalling = replace(home, signal=True)
    yield PlannedRun(signalling, (_arrival(options), Planned(Phase.ACCEPTED, "accept_all")))
    blocking = replace(home, third_party_cookies=False)
    yield PlannedRun(blocking, (_arrival(options), refusing))


def runs_beside(options: Options, *, asked: bool) -> Iterator[PlannedRun]:
    """From the site to the other one: nothing chosen on either, and both refused (rule M6).

    ``asked`` tells whether the site asks at all, so that there is something to refuse.
    """
    if not options.beside:
        return
    there = Planned(Phase.BESIDE, idle=options.rest, browse=False, address=options.beside)
    yield PlannedRun(_home(options), (_arrival(options), there))
    if asked:
        refusing = Planned(Phase.REFUSED, "refuse_all", browse=False)
        refused = (_arrival(options), refusing, replace(there, action="refuse_all"))
        yield PlannedRun(_home(options), refused)


def without_choices(runs: Iterable[PlannedRun]) -> Iterator[PlannedRun]:
    """What is left of ``runs`` where nobody is asked: each setting once, and nothing chosen."""
    seen: set[Setting] = set()
    for run in runs:
        phases = tuple(each for each in run.phases if each.action is None)
        if run.setting not in seen and phases:
            seen.add(run.setting)
            yield replace(run, phases=phases, seeds=())


def _arrival(options: Options) -> Planned:
    return Planned(Phase.ARRIVED, idle=options.rest, browse=False, reload=False)


def _home(options: Options) -> Setting:
    language = options.languages[0] if options.languages else None
    return Setting(options.devices[0], language, browser=options.browsers[0])


def pages_to_see(address: str, links: Iterable[str], number: int) -> tuple[str, ...]:
    """At most ``number`` pages of the site, spread over its sections: one of each in turn.

    ``links`` are absolute addresses, the likelier ones first. The order is kept, so that the same
    site is seen alike each time; the page itself, other sites and fragments are left out.
    """
    here = split_of(address)
    sections: dict[str, list[str]] = {}
    known = {_page(address)}
    for link in links:
        page = _page(link)
        parts = split_of(page)
        if page in known or parts.hostname != here.hostname or parts.scheme not in _SCHEMES:
            continue
        if parts.path.lower().endswith(_FILES):
            continue
        known.add(page)
        sections.setdefault(parts.path.strip("/").partition("/")[0], []).append(page)
    chosen: list[str] = []
    for turn in range(max(map(len, sections.values()), default=0)):
        chosen += [pages[turn] for pages in sections.values() if turn < len(pages)]
        if len(chosen) >= number:
            break
    return tuple(chosen[:number])


_SCHEMES = ("http", "https")
_FILES = (
    *(".pdf", ".zip", ".gz", ".jpg", ".jpeg", ".png", ".gif", ".svg", ".webp", ".avif", ".ico"),
    *(".mp3", ".mp4", ".webm", ".css", ".js", ".json", ".xml", ".rss", ".atom", ".docx", ".xlsx"),
)


def _page(address: str) -> str:
    return address.partition("#")[0]


def left_behind(cookies: Iterable[Cookie], knowledge: Knowledge) -> tuple[Cookie, ...]:
    """Of what is on a terminal after acceptance, the cookies that need consent (rule R2, V23)."""
    return tuple(cookie for cookie in cookies if knowledge.cookie(cookie.name, cookie.domain).gated)
