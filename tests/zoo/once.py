"""Looks at each site once, keeps what was seen, and judges that with and without policy file.

A look is kept as its ``report.json``, which holds all its evidence: verdicts are redrawn
from it in moments after they were changed. A site is looked at as long as its fault needs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from bandeau.app.audited import audit_in, unreached
from bandeau.app.auditing import AuditRequest, knowledge_of
from bandeau.audit import verdicts
from bandeau.audit.evidence import Evidence
from bandeau.audit.finding import Severity
from bandeau.audit.report_json import read_report, report_bytes
from bandeau.audit.scenario import Options
from bandeau.policy.check import load
from bandeau.policy.fault import PolicyError
from bandeau.robot.browser import Browser, BrowserOptions, open_browser
from bandeau.storage.files import read_words
from tests.zoo.built import Built
from tests.zoo.measured import Found, Outcome, judge
from tests.zoo.site import Site
from tests.zoo.sites import SITES

_WHOLE = ("@only", "@closed", "@saved", "@seeded")
_WHOLE_ON = ("phone", "language", "signal")
_SLOW = ("delay", "scroll")
_EVERY = 20
_BROWSER = 20


def options(site: Site, sites: Sequence[Site] = SITES) -> Options:
    """How ``site`` is looked at: as its fault, or that of the site that it is the twin of, needs.

    The whole scenario where the fault shows only in a part of it, and on some others, since a
    fault of the auditor could show on any; all pages where it is about these.
    """
    faulty = next((each for each in sites if each.name == site.twin_of), site)
    told = " ".join((*faulty.expects, *(faulty.blind or ())))
    whole = (
        any(phase in told for phase in _WHOLE)
        or any(each.on in _WHOLE_ON for each in faulty.trackers)
        or faulty.notice.phone_only_accept
        or bool(faulty.bandeau)
        or sites.index(site) % _EVERY == 0
    )
    pages = faulty.unused_declared or faulty.policy_missing or faulty.notice.covers_policy
    slow = any(each.on in _SLOW or each.how == "ticking" for each in faulty.trackers)
    patient = slow or whole
    looked = Options(
        pages=3 if pages or whole else 1,
        idle=5.0 if patient else 3.0,
        rest=2.0 if patient else 1.0,
    )
    if whole:
        return looked
    return replace(looked, devices=looked.devices[:1], alone=False, extras=False)


def outcomes(built: Built, report: Path, modes: Sequence[bool]) -> Iterator[Outcome]:
    """How the kept look at a site is judged, in each mode; without one it has failed."""
    evidence = read_report(report.read_bytes()).evidence if report.exists() else None
    for with_policy in modes:
        if evidence is None:
            missed = built.expected(with_policy)
            yield Outcome(built.site.name, with_policy, (), missed, (), 0.0, "not one page seen")
            continue
        began = time.monotonic()
        met, missed, wrong = judge(built, with_policy, found(evidence, built, with_policy))
        took = time.monotonic() - began
        yield Outcome(built.site.name, with_policy, met, missed, wrong, took)


def found(evidence: Evidence, built: Built, with_policy: bool) -> frozenset[Found]:
    """Violations and warnings, as ``bandeau audit`` would report them."""
    source = built.policy if with_policy else b""
    policy = None
    if with_policy:
        try:
            policy, _ = load(source, read_words())
        except PolicyError as error:
            return frozenset(Found(each.rule or "") for each in error.faults)
    knowledge = knowledge_of(AuditRequest(built.address, policy=policy, source=source))
    findings, *_ = verdicts.judge(evidence, knowledge, policy, read_words())
    return frozenset(
        Found(
            each.id,
            frozenset(each.rules),
            frozenset(place.phase.value for place in each.where),
            each.subject,
            each.title,
        )
        for each in findings
        if each.severity is not Severity.NOTE
    )


async def look_once(
    sites: Sequence[Built],
    resolve: str,
    folder: Path,
    jobs: int,
    modes: Sequence[bool],
    tell: Callable[[Outcome], None],
) -> list[Outcome]:
    """Judges every site in each mode by one look; sites that ``folder`` holds are not visited.

    Violators come first: what they show is worth more than their twins.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(sites, key=lambda each: not each.site.faulty)
    todo = [each for each in ordered if not _kept(folder, each).exists()]
    done: list[Outcome] = []

    def judged(built: Built) -> None:
        for outcome in outcomes(built, _kept(folder, built), modes):
            tell(outcome)
            done.append(outcome)

    for built in ordered:
        if built not in todo:
            judged(built)
    for start in range(0, len(todo), _BROWSER):
        async with open_browser(BrowserOptions(None, resolve, allow_private=True)) as browser:
            looking = _looking(browser, folder, asyncio.Semaphore(jobs), judged)
            await asyncio.gather(*map(looking, todo[start : start + _BROWSER]))
    return done


def _looking(
    browser: Browser, folder: Path, gate: asyncio.Semaphore, judged: Callable[[Built], None]
) -> Callable[[Built], Awaitable[None]]:
    async def one(built: Built) -> None:
        async with gate:
            with suppress(OSError):
                await _look(built, browser, _kept(folder, built))
            judged(built)

    return one


def _kept(folder: Path, built: Built) -> Path:
    return folder / f"{built.site.name}.json"


async def _look(built: Built, browser: Browser, kept: Path) -> None:
    beside = f"https://{built.sister}/" if built.sister else ""
    chosen = replace(options(built.site), languages=built.languages, beside=beside)
    request = AuditRequest(built.address, chosen, at_once=2)
    with suppress(PolicyError):
        policy, _ = load(built.policy, read_words())
        keys = tuple(each.key for each in policy.consent_purposes)
        chosen = replace(chosen, purposes=keys)
        request = replace(request, options=chosen, policy=policy, source=built.policy)
    audited = await audit_in(browser, request, lambda _done, _most, _what: None)
    if why := unreached(audited):
        raise OSError(why)
    kept.write_bytes(report_bytes(audited.report))
