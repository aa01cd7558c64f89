"""Findings as JUnit XML, which CI services show as tests: a case for each verdict and state."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from bandeau.audit.baseline import Compared, failing
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.report import Report, state_of

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_Case = tuple[str, str]


def junit(report: Report, compared: Compared, fail_on: Severity) -> bytes:
    """One suite; what fails is a failure, what could not be checked is skipped.

    A finding that fails nothing, because it is known or not grave enough, is told in the output
    of a case that passes; so is each verdict of ``report.checked`` that found nothing.
    """
    fail = {each.key for each in failing(compared, fail_on)}
    cases: dict[_Case, list[Finding]] = {(id, "every state"): [] for id in report.checked}
    for each in report.findings:
        cases.pop((each.id, "every state"), None)
        cases.setdefault((each.id, _state(each)), []).append(each)
    failures = sum(any(each.key in fail for each in found) for found in cases.values())
    skipped = _skipped(report)
    total = {"tests": str(len(cases) + len(skipped)), "failures": str(failures), "errors": "0"}
    root = Element("testsuites", total)
    name = _plain(f"bandeau audit {report.evidence.address}")
    told = {"name": name, **total, "skipped": str(len(skipped)), "time": "0"}
    suite = SubElement(root, "testsuite", told)
    for case, found in sorted(cases.items()):
        _add(suite, case, found, fail)
    for about, reasons in sorted(skipped.items()):
        element = _case(suite, about, "not checked")
        SubElement(element, "skipped", {"message": _plain("; ".join(reasons))})
    indent(root, " ")
    document: bytes = tostring(root, "utf-8", xml_declaration=True)
    return document + b"\n"


def _add(suite: Element, case: _Case, found: Sequence[Finding], fail: set[str]) -> None:
    element = _case(suite, *case)
    bad = [each for each in found if each.key in fail]
    rest = [each for each in found if each.key not in fail]
    if bad:
        subjects = ", ".join(dict.fromkeys(each.subject for each in bad))
        message = _plain(f"{bad[0].title}: {subjects}")
        worst = min((each.severity for each in bad), key=list(Severity).index)
        failure = SubElement(element, "failure", {"message": message, "type": worst.value})
        failure.text = _told(bad)
    if rest:
        SubElement(element, "system-out").text = _told(rest)


def _case(suite: Element, id: str, state: str) -> Element:
    told = {"classname": f"bandeau.{_plain(id)}", "name": _plain(f"{id} {state}"), "time": "0"}
    return SubElement(suite, "testcase", told)


def _skipped(report: Report) -> dict[str, list[str]]:
    skipped: dict[str, list[str]] = {}
    for each in report.unchecked:
        skipped.setdefault(each.id, []).append(each.why)
    for gap in report.evidence.gaps:
        skipped.setdefault(gap.about, []).append(gap.why)
    return skipped


def _state(finding: Finding) -> str:
    if not finding.where:
        return "every state"
    return state_of(finding.where[0].phase, finding.where[0].purpose)


def _told(findings: Iterable[Finding]) -> str:
    return _plain("\n\n".join("\n".join(_lines(each)) for each in findings))


def _lines(finding: Finding) -> Iterable[str]:
    yield f"{finding.severity.value}: {finding.title}: {finding.subject}"
    yield finding.detail
    yield from (f"- {line}" for line in finding.proof)
    yield f"To see it again: {finding.again}"
    if finding.cases:
        yield f"Cases: {'; '.join(finding.cases)}"


def _plain(text: str) -> str:
    """``text`` without what XML 1.0 cannot hold, not even escaped."""
    return _NOT_XML.sub("\ufffd", text)
