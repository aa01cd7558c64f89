"""Puts an audit together: the browser, the scenario, and what is known of the site."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from bandeau.audit.by_lists import ByLists
from bandeau.audit.by_policy import ByPolicy
from bandeau.audit.evidence import Device, Evidence, Gap, HostSeen, Phase, Run
from bandeau.audit.finding import Source
from bandeau.audit.knowledge import Knowledge
from bandeau.audit.running import Ran, Tour, can, carry_out, offered, reached
from bandeau.audit.scenario import (
    Options,
    PlannedRun,
    first_run,
    further_runs,
    left_behind,
    runs_beside,
    without_choices,
)
from bandeau.audit.shown import Role
from bandeau.audit.tables import HostRules
from bandeau.audit.terminal import TerminalLost
from bandeau.policy.model import Policy
from bandeau.robot.browser import BrowserOptions
from bandeau.robot.browsers import Browser
from bandeau.robot.camera import RobotUnavailable
from bandeau.robot.notice_work import Person
from bandeau.robot.visitor import site_map, visitor_of
from bandeau.storage.lists import read_lists
from bandeau.storage.suffixes import public_suffixes

BROWSERS: Mapping[str, tuple[str, ...]] = {
    "chromium": ("chromium",),
    "firefox": ("firefox",),
    "both": ("chromium", "firefox"),
}
"""What can be visited with, by the word of an option; see :class:`Options`."""
Told = Callable[[int, int, str], None]
"""Is told how many runs are done, of how many, and what was done last."""


@dataclass(frozen=True, slots=True)
class AuditRequest:
    """One site to be audited: its address, how thoroughly, and with which browser.

    ``policy`` and its ``source`` are the file that the site is held against, if there is one;
    ``rules`` are trackers to know besides. ``at_once`` runs go on at the same time, each on a
    terminal of its own; ``person`` makes the choices where one is there to do so.
    """

    address: str
    options: Options = field(default_factory=Options)
    browser: BrowserOptions = field(default_factory=BrowserOptions)
    policy: Policy | None = None
    source: bytes = b""
    rules: HostRules | None = None
    at_once: int = 4
    person: Person | None = None

    @property
    def site(self) -> str:
        """What the site is called: the first host of its policy, else that of the address."""
        return self.policy.site.hosts[0] if self.policy else urlsplit(self.address).hostname or ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What an audit brought home: the evidence, and its pictures (PNG) by name."""

    evidence: Evidence
    pictures: Mapping[str, bytes]


def knowledge_of(request: AuditRequest) -> Knowledge:
    """What is known of the site: by its policy file where there is one, else by public lists."""
    lists = read_lists()
    lists = replace(lists, rules=request.rules) if request.rules else lists
    host = urlsplit(request.address).hostname or ""
    public = ByLists(host, lists, public_suffixes().registrable)
    if request.policy is None:
        return public
    digest = hashlib.sha256(request.source).hexdigest()
    file = Source("the site's policy file", "", digest, "the publisher's own")
    return ByPolicy(request.policy, file, public)


def thoroughness(asked: Mapping[str, Any], policy: Policy | None) -> Options:
    """How thoroughly a site is looked at, by the options of a command.

    ``pages``, ``idle`` and ``quick`` must be there, ``languages``, ``devices`` and
    ``browser`` (of :data:`BROWSERS`) may be.
    """
    languages = asked.get("languages") or (policy.site.languages if policy else ())
    options = Options(
        pages=asked["pages"],
        idle=asked["idle"],
        devices=tuple(Device(each) for each in asked.get("devices", Device)),
        languages=tuple(languages),
        purposes=tuple(each.key for each in policy.consent_purposes) if policy else (),
        browsers=BROWSERS[asked.get("browser", "chromium")],
    )
    if not asked["quick"]:
        return options
    return replace(options, devices=options.devices[:1], alone=False, extras=False)


async def look_at(
    request: AuditRequest, knowledge: Knowledge, browser: Browser, told: Told
) -> Looked:
    """Drive a browser through the site, as :mod:`bandeau.audit.scenario` says.

    ``knowledge`` tells which cookies of an acceptance are brought back later (rule R2). Raises
    :class:`~bandeau.robot.camera.RobotUnavailable` where no browser starts.
    """
    started = int(time.time() * 1000)
    looking = _Looking(request, browser, told)
    rans = await looking.everything(knowledge)
    gaps = [*looking.gaps, *(gap for ran in rans for gap in ran.gaps)]
    evidence = Evidence(
        address=request.address,
        started=started,
        browser=browser.name,
        runs=_runs(rans, beside=False),
        hosts=_merged(looking.hosts),
        gaps=tuple(dict.fromkeys(gaps)),
        beside=_runs(rans, beside=True),
    )
    return Looked(evidence, looking.pictures)


class _Looking:
    """One audit that goes on: what it gathers while its runs share a browser."""

    def __init__(self, request: AuditRequest, browser: Browser, told: Told) -> None:
        self.pictures: dict[str, bytes] = {}
        self.gaps: list[Gap] = []
        self.hosts: list[HostSeen] = []
        self._request = request
        self._browser = browser
        self._told = told
        self._done = 0
        self._most = 1
        self._turn = asyncio.Semaphore(request.at_once)

    async def everything(self, knowledge: Knowledge) -> list[Ran]:
        """The first run, and those that follow from what it showed."""
        request, options = self._request, self._request.options
        planned = first_run(options)
        listed = await site_map(self._browser, planned.setting, request.address)
        tour = Tour(request.address, options.rest, options.pages, listed=listed)
        first = await self._run(planned, 0, tour)
        if first.run.phases and not reached(first.run.phases):
            return [first]
        further = self._further(first.run, knowledge)
        self._most = 1 + len(further)
        runs = [
            self._run(planned, number, first.tour)
            for number, planned in enumerate(further, start=1)
        ]
        return [first, *await _together(runs)]

    def _further(self, run: Run, knowledge: Knowledge) -> list[PlannedRun]:
        options = self._request.options
        accepted = [seen for seen in run.phases if seen.phase is Phase.ACCEPTED]
        seeds = left_behind((c for seen in accepted for c in seen.cookies), knowledge)
        purposes: Sequence[str] = options.purposes or offered([run])
        closes, saves = can([run], Role.CLOSE), can([run], Role.SAVE)
        runs = further_runs(options, purposes, closes=closes, saves=saves, seeds=seeds)
        asked = any(seen.notice or (seen.choosing and seen.choosing.done) for seen in run.phases)
        beside = runs_beside(options, asked=asked)
        return [*(runs if asked else without_choices(runs)), *beside]

    async def _run(self, planned: PlannedRun, number: int, tour: Tour) -> Ran:
        """One run. Where its terminal is lost at once there is a gap instead of phases.

        So there is where a browser does not start, unless none did before.
        """
        setting, seeds = planned.setting, planned.seeds
        ran = Ran(Run(number, setting, ()), tour, beside=planned.beside)
        async with self._turn:
            try:
                async with visitor_of(
                    self._browser, setting, seeds, self.pictures, self._request.person
                ) as visitor:
                    ran = await carry_out(planned, number, visitor, tour)
                    self.gaps.extend(visitor.gaps)
                    self.hosts.extend(visitor.hosts)
            except TerminalLost as lost:
                self.gaps.append(Gap(f"run {number}", str(lost)))
            except RobotUnavailable as error:
                if number == 0:
                    raise
                self.gaps.append(Gap(f"run {number}", str(error)))
        self._done += 1
        self._told(self._done, self._most, _named(planned))
        return ran


async def _together(runs: Iterable[Coroutine[Any, Any, Ran]]) -> list[Ran]:
    """What all came to; where one fails, or this is called off, none goes on."""
    tasks = [asyncio.ensure_future(run) for run in runs]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _runs(rans: Iterable[Ran], *, beside: bool) -> tuple[Run, ...]:
    """The runs in which anything was seen: those of the site, or those that ended ``beside`` it."""
    return tuple(ran.run for ran in rans if ran.run.phases and ran.beside is beside)


def _merged(hosts: Sequence[HostSeen]) -> tuple[HostSeen, ...]:
    """Each host once, with all addresses that it had in any run."""
    found: dict[str, HostSeen] = {}
    for each in hosts:
        known = found.get(each.host, each)
        addresses = tuple(dict.fromkeys((*known.addresses, *each.addresses)))
        found[each.host] = HostSeen(each.host, addresses, known.canonical or each.canonical)
    return tuple(found[host] for host in sorted(found))


def _named(planned: PlannedRun) -> str:
    setting = planned.setting
    words = [] if setting.browser == "chromium" else [setting.browser]
    words += [str(setting.device), *([setting.language] if setting.language else [])]
    words += [str(each.phase) for each in planned.phases if each.phase is not Phase.ARRIVED]
    return " ".join(words)
