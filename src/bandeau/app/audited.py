"""What an audit is handed on as: verdicts, the report, and every file of its folder."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version

from bandeau.app.auditing import AuditRequest, Looked, Told, knowledge_of, look_at
from bandeau.audit.baseline import Compared
from bandeau.audit.finding import Severity
from bandeau.audit.har import har, har_name
from bandeau.audit.junit import junit
from bandeau.audit.knowledge import Knowledge
from bandeau.audit.redaction import redacted
from bandeau.audit.report import Judgement, Report, report_of
from bandeau.audit.report_json import report_bytes
from bandeau.audit.running import reached
from bandeau.audit.sarif import sarif
from bandeau.audit.verdicts import judge
from bandeau.policy.terms import digest, terms_of
from bandeau.robot.browsers import Browser, open_browsers
from bandeau.storage.files import read_words
from bandeau.web.audit_report import report_page


@dataclass(frozen=True, slots=True)
class Audited:
    """A report with its pictures, and what was known of the site."""

    report: Report
    pictures: Mapping[str, bytes]
    knowledge: Knowledge


async def audit_site(request: AuditRequest, told: Told, *, redact: bool = False) -> Audited:
    """Audit one site with a browser of its own: look, judge, report.

    With ``redact`` the report keeps no value of a cookie or token. Raises
    :class:`~bandeau.robot.camera.RobotUnavailable` where no browser starts.
    """
    async with open_browsers(request.browser, request.options.browsers) as browser:
        return await audit_in(browser, request, told, redact=redact)


async def audit_in(
    browser: Browser, request: AuditRequest, told: Told, *, redact: bool = False
) -> Audited:
    """As :func:`audit_site`, with a browser that is open already."""
    knowledge = knowledge_of(request)
    looked = await look_at(request, knowledge, browser, told)
    return judged(request, knowledge, looked, redact=redact)


def unreached(audited: Audited) -> str:
    """Why not one page of the site could be seen, so that nothing can be said; else empty."""
    evidence = audited.report.evidence
    phases = [seen for run in evidence.runs for seen in run.phases]
    if reached(phases):
        return ""
    # What the gate says of the address is better than what the browser says of the gate.
    why = [each.failure for seen in phases for each in seen.requests if each.failure]
    why += [gap.why for gap in evidence.gaps]
    return f"{evidence.address} could not be visited: {why[0] if why else 'no answer'}"


def judged(
    request: AuditRequest, knowledge: Knowledge, looked: Looked, *, redact: bool = False
) -> Audited:
    """The report on what was seen, held against ``knowledge``."""
    policy = request.policy
    told = judge(looked.evidence, knowledge, policy, read_words())
    report = report_of(
        looked.evidence,
        Judgement(*told),
        knowledge,
        program=version("bandeau"),
        policy=digest(terms_of(policy)) if policy else "",
        options={"pages": request.options.pages, "idle": request.options.idle},
        files=looked.pictures,
    )
    # The key is forgotten: marks can be compared within one report only.
    shown = redacted(report, secrets.token_bytes(32)) if redact else report
    return Audited(shown, looked.pictures, knowledge)


def files_of(audited: Audited, compared: Compared, fail_on: Severity) -> Mapping[str, bytes]:
    """Every file of a report's folder, by name."""
    report, program = audited.report, audited.report.program
    files = {
        "report.json": report_bytes(report),
        "report.html": report_page(report, audited.pictures, compared).encode(),
        "report.sarif": sarif(report, compared),
        "junit.xml": junit(report, compared, fail_on),
    }
    for run in report.evidence.all_runs:
        for seen in run.phases:
            files[har_name(run, seen)] = har(report.evidence, run, seen, program=program)
    return {**files, **audited.pictures}
