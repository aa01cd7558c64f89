"""Findings as SARIF 2.1.0 (OASIS), which code-scanning services of repositories read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from bandeau.audit.baseline import Compared
from bandeau.audit.finding import Finding, Severity, Where
from bandeau.audit.matrix import host_of
from bandeau.audit.report import Report, moment, state_of

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "bandeauFinding/v1"
_LEVELS = {Severity.VIOLATION: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}
_ADDRESS = "!#$%&'()*+,/:;=?@[]~"
Json = dict[str, object]


def sarif(report: Report, compared: Compared, *, file: str = "") -> bytes:
    """A SARIF log with one run.

    ``file`` is a path in the repository, such as that of the policy file: services that show
    results beside the code need one; the page that was seen is then a related location. Without
    it the page is the location. Findings that an earlier report holds are ``unchanged``, those
    that are gone ``absent``.
    """
    every = (*compared.new, *compared.known, *compared.gone)
    rules = {each.id: each for each in reversed(every)}
    places = {id: at for at, id in enumerate(sorted(rules))}
    run: Json = {
        "tool": {
            "driver": {
                "name": "Bandeau",
                "version": report.program,
                "rules": [_rule(id, rules[id], every) for id in places],
            }
        },
        "automationDetails": {"id": f"bandeau/{_uri(host_of(report.evidence.address))}/"},
        "invocations": [_invocation(report)],
        "results": [_result(each, places[each.id], state, file) for state, each in _told(compared)],
        "columnKind": "unicodeCodePoints",
    }
    log: Json = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=1).encode() + b"\n"


def _told(compared: Compared) -> Iterator[tuple[str, Finding]]:
    """Each finding with its state against the baseline; without one there is no state."""
    yield from (("new" if compared.compared else "", each) for each in compared.new)
    yield from (("unchanged", each) for each in compared.known)
    yield from (("absent", each) for each in compared.gone)


def _rule(id: str, finding: Finding, every: Iterable[Finding]) -> Json:
    worst = min((each.severity for each in every if each.id == id), key=list(Severity).index)
    cases = f"\n\nCases: {'; '.join(finding.cases)}." if finding.cases else ""
    rules = f"\n\nRules: {', '.join(finding.rules)}." if finding.rules else ""
    help_text = f"{finding.title}.\n\nTo see it again: {finding.again}{cases}{rules}"
    return {
        "id": id,
        "shortDescription": {"text": finding.title},
        "fullDescription": {"text": finding.title},
        "help": {"text": help_text},
        "defaultConfiguration": {"level": _LEVELS[worst]},
        "properties": {"tags": ["privacy", *finding.rules]},
    }


def _result(finding: Finding, rule: int, state: str, file: str) -> Json:
    proof = "".join(f"\n- {line}" for line in finding.proof)
    told: Json = {
        "ruleId": finding.id,
        "ruleIndex": rule,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.title}: {finding.subject}\n\n{finding.detail}{proof}"},
        "locations": [_location(file or _page(finding))],
        "partialFingerprints": {FINGERPRINT: hashlib.sha256(finding.key.encode()).hexdigest()},
        "properties": {"subject": finding.subject, "states": _states(finding.where)},
    }
    if file:
        told["relatedLocations"] = [_location(_page(finding)) | {"id": 1}]
    if state:
        told["baselineState"] = state
    return told


def _invocation(report: Report) -> Json:
    why = [
        *((each.id, each.why) for each in report.unchecked),
        *((gap.about, gap.why) for gap in report.evidence.gaps),
    ]
    return {
        "executionSuccessful": True,
        "startTimeUtc": f"{moment(report.evidence):%Y-%m-%dT%H:%M:%SZ}",
        "toolExecutionNotifications": [
            {"level": "note", "message": {"text": f"{about} could not be checked: {reason}"}}
            for about, reason in why
        ],
    }


def _location(uri: str) -> Json:
    place: Mapping[str, object] = {
        "artifactLocation": {"uri": _uri(uri)},
        "region": {"startLine": 1},
    }
    return {"physicalLocation": place}


def _page(finding: Finding) -> str:
    return next((where.page for where in finding.where if where.page), "") or "about:blank"


def _states(where: Iterable[Where]) -> list[str]:
    return list(dict.fromkeys(state_of(each.phase, each.purpose) for each in where))


def _uri(text: str) -> str:
    """A URI reference: what may not stand in one is escaped, what is escaped stays."""
    return quote(text, safe=_ADDRESS)
