"""Looks at each site once, keeps what was seen, and judges that with and without policy file.

A look is a ``report.json`` of ``bandeau audit``, which holds all its evidence: verdicts are redrawn
from it in moments after they were changed. A site is looked at as long as its fault needs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bandeau.app.auditing import AuditRequest, knowledge_of
from bandeau.audit import verdicts
from bandeau.audit.evidence import Evidence
from bandeau.audit.finding import Severity
from bandeau.audit.report_json import read_report
from bandeau.policy.check import load
from bandeau.storage.files import read_words
from tests.zoo.built import Built
from tests.zoo.measured import AuditFailed, Found, Outcome, command, judge
from tests.zoo.site import Site
from tests.zoo.sites import SITES

_WHOLE = ("@only", "@closed", "@saved", "@seeded")
_WHOLE_ON = ("phone", "language", "signal")
_EVERY = 12


def options(site: Site, sites: Sequence[Site] = SITES) -> list[str]:
    """What ``bandeau audit`` is told of how to look at ``site``.

    The whole scenario where its fault (or that of the site that it is the twin of) shows only
    there, and on some others: a fault of the auditor could show on any. Pages for all that it has.
    """
    names = [each.name for each in sites]
    faulty = next((each for each in sites if each.name == site.twin_of), site)
    told = " ".join((*faulty.expects, *(faulty.blind or ())))
    whole = (
        any(phase in told for phase in _WHOLE)
        or any(each.on in _WHOLE_ON for each in faulty.trackers)
        or faulty.notice.phone_only_accept
        or bool(faulty.bandeau)
        or names.index(site.name) % _EVERY == 0
    )
    return ["--pages", "3", "--idle", "5", *([] if whole else ["--quick"])]


def outcomes(built: Built, report: Path, modes: Sequence[bool]) -> Iterator[Outcome]:
    """How the kept look at a site is judged, in each mode."""
    evidence = read_report(report.read_bytes()).evidence
    for with_policy in modes:
        began = time.monotonic()
        met, missed, wrong = judge(built, with_policy, found(evidence, built, with_policy))
        took = time.monotonic() - began
        yield Outcome(built.site.name, with_policy, met, missed, wrong, took)


def found(evidence: Evidence, built: Built, with_policy: bool) -> frozenset[Found]:
    """Violations and warnings, as ``bandeau audit`` would report them."""
    source = built.policy if with_policy else b""
    policy, _ = load(source, read_words()) if with_policy else (None, ())
    knowledge = knowledge_of(AuditRequest(built.address, policy=policy, source=source))
    findings, _ = verdicts.judge(evidence, knowledge, policy, read_words())
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
    limit: float = 900.0,
) -> list[Outcome]:
    """Judges every site in each mode by one look; sites that ``folder`` holds are not visited.

    Violators come first: what they show is worth more than their twins.
    """
    gate = asyncio.Semaphore(jobs)
    ordered = sorted(sites, key=lambda each: not each.site.faulty)

    async def one(built: Built) -> list[Outcome]:
        out = folder / built.site.name
        async with gate:
            try:
                if not (out / "report.json").exists():
                    words = options(built.site)
                    await command(built.address, built.policy, resolve, out, *words, limit=limit)
                done = list(outcomes(built, out / "report.json", modes))
            except AuditFailed as error:
                done = [_failed(built, mode, str(error)) for mode in modes]
        for outcome in done:
            tell(outcome)
        return done

    return [each for done in await asyncio.gather(*map(one, ordered)) for each in done]


def _failed(built: Built, with_policy: bool, why: str) -> Outcome:
    missed = built.expected(with_policy)
    return Outcome(built.site.name, with_policy, (), missed, (), 0.0, why)
