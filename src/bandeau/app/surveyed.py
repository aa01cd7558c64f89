"""Audits one site after another for a survey, as ``bandeau audit`` does each."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bandeau.app.audited import audit_in, files_of, unreached
from bandeau.app.auditing import AuditRequest, thoroughness
from bandeau.audit.baseline import compare
from bandeau.audit.finding import Severity
from bandeau.audit.queue import Counts
from bandeau.policy.check import load
from bandeau.robot.browser import BrowserOptions
from bandeau.robot.warm import warm_browser
from bandeau.storage.files import read_words, write_new

# Of what a worker may have; the rest is left to the site that is audited next.
_SHARE = 0.5


class NotReached(Exception):
    """Not one page of a site could be seen; the message says why."""


@asynccontextmanager
async def site_auditor(
    options: Mapping[str, Any],
) -> AsyncIterator[Callable[[str, Path], Awaitable[Counts]]]:
    """What audits a site at an address into a folder; ``options`` are those of a survey's plan."""
    source = (options["policy"] or "").encode()
    policy = load(source, read_words())[0] if source else None
    chosen = thoroughness(options, policy)
    browsing = BrowserOptions(None, options["resolve"], options["allow_private"])

    async def audit(address: str, out: Path) -> Counts:
        request = AuditRequest(address, chosen, browsing, policy, source)
        audited = await audit_in(await warm.ready(), request, lambda _done, _most, _what: None)
        if why := unreached(audited):
            raise NotReached(why)
        report = audited.report
        files = files_of(audited, compare(report.findings, None), Severity.WARNING)
        for name in sorted(files, key=lambda each: each == "report.json"):
            write_new(out / name, files[name], replace=True)
        found = Counter(each.id for each in report.findings)
        states = sum(len(run.phases) for run in report.evidence.runs)
        return Counts(dict(found), len(report.unchecked), states)

    async with warm_browser(browsing, options["memory"] * _SHARE) as warm:
        yield audit
