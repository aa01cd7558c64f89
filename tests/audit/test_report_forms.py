"""SARIF, JUnit and HAR of one audit: what a service that reads them is told."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import audited
import pytest

from bandeau.audit.baseline import compare, exit_code, failing
from bandeau.audit.evidence import Phase
from bandeau.audit.finding import Finding, Severity
from bandeau.audit.har import har, har_name
from bandeau.audit.junit import junit
from bandeau.audit.report import Report
from bandeau.audit.sarif import sarif


@pytest.fixture(scope="module")
def report() -> Report:
    return audited.report()


def run_of(log: bytes) -> Any:
    told = json.loads(log)
    assert told["version"] == "2.1.0"
    (run,) = told["runs"]
    return run


def ids(findings: tuple[Finding, ...]) -> list[str]:
    return [each.id for each in findings]


def test_a_baseline_tells_new_known_and_gone(report: Report) -> None:
    a6, v4, v21, v8 = audited.findings()
    graver = replace(v8, severity=Severity.VIOLATION)
    compared = compare((v4, v21, graver), (v4, a6, v8))
    assert (ids(compared.new), ids(compared.known), ids(compared.gone)) == (
        ["V21", "V8"],
        ["V4"],
        ["A6"],
    )
    assert ids(compare(report.findings, None).new) == ["V21", "V4", "V8", "A6"]
    assert compare(report.findings, report.findings).new == ()


@pytest.mark.parametrize(
    ("ids", "fail_on", "code"),
    [
        ({"V4"}, Severity.VIOLATION, 1),
        ({"V8"}, Severity.VIOLATION, 0),
        ({"V8"}, Severity.WARNING, 1),
        ({"A6"}, Severity.WARNING, 0),
        ({"A6"}, Severity.NOTE, 1),
        (set(), Severity.NOTE, 0),
    ],
)
def test_what_fails_is_new_and_grave_enough(ids: set[str], fail_on: Severity, code: int) -> None:
    some = tuple(each for each in audited.findings() if each.id in ids)
    assert exit_code(compare(some, None), fail_on) == code
    assert exit_code(compare(some, some), fail_on) == 0


def test_sarif_has_a_rule_and_a_result_for_each_finding(report: Report) -> None:
    run = run_of(sarif(report, compare(report.findings, None)))
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["A6", "V21", "V4", "V8"]
    assert "CNIL SAN-2020-012" in rules[2]["help"]["text"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    first = next(each for each in run["results"] if each["ruleId"] == "V4")
    assert first["level"] == "error" and "baselineState" not in first
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == audited.SITE
    assert "host stats.example" in first["message"]["text"]
    told = run["invocations"][0]["toolExecutionNotifications"]
    assert "V22 could not be checked: no TC string was found" in [
        t["message"]["text"] for t in told
    ]


def test_sarif_knows_a_finding_again_and_says_what_became_of_it(report: Report) -> None:
    before, after = report.findings[:2], report.findings[1:]
    told = run_of(sarif(report, compare(after, before), file="policy.toml"))["results"]
    states = {each["ruleId"]: each["baselineState"] for each in told}
    assert states == {"V4": "unchanged", "V21": "absent", "V8": "new", "A6": "new"}
    place = told[0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "policy.toml"
    assert told[0]["relatedLocations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    again = replace(report.findings[1], detail="other", proof=("11.00 s: once more",))
    both = compare((report.findings[1], again), None)
    marks = [each["partialFingerprints"] for each in run_of(sarif(report, both))["results"]]
    assert marks[0] == marks[1]
    assert len({json.dumps(each["partialFingerprints"]) for each in told}) == 4


def test_junit_fails_what_fails_and_skips_what_was_not_checked(report: Report) -> None:
    suite = ElementTree.fromstring(
        junit(report, compare(report.findings, report.findings[:1]), Severity.WARNING)
    )[0]
    cases = {case.attrib["name"]: case for case in suite}
    assert {name: [each.tag for each in case] for name, case in cases.items()} == {
        "V1 every state": [],
        "V3 every state": [],
        "V4 On arrival": ["failure"],
        "V8 On arrival": ["failure"],
        "V21 Withdrawn": ["system-out"],
        "A6 All refused": ["system-out"],
        "V22 not checked": ["skipped"],
        "accepted not checked": ["skipped"],
    }
    assert (suite.attrib["tests"], suite.attrib["failures"], suite.attrib["skipped"]) == (
        *("8", "2", "2"),
    )
    failure = cases["V4 On arrival"][0]
    assert failure.attrib["message"] == "Trackers before any choice: host stats.example"
    assert "To see it again: Open the page" in str(failure.text)


def test_junit_of_what_xml_cannot_hold(report: Report) -> None:
    odd = replace(audited.findings()[1], subject="host \x00\x1b]0;<b>\ufffe&", detail="\x08")
    made = replace(report, findings=(odd,))
    data = junit(made, compare((odd,), None), Severity.NOTE)
    failure = ElementTree.fromstring(data).find(".//failure")
    assert failure is not None
    assert failure.attrib["message"].endswith("host \ufffd\ufffd]0;<b>\ufffd&")


def test_har_has_a_page_a_visit_and_an_entry_a_request(report: Report) -> None:
    run = report.evidence.runs[0]
    seen = run.phases[1]
    assert har_name(run, seen) == "0-accepted.har"
    only = replace(seen, phase=Phase.ONLY, purpose="Réseaux sociaux")
    assert har_name(run, only) == "0-only-r-seaux-sociaux.har"
    log = json.loads(har(report.evidence, run, seen, program="0.1.0"))["log"]
    assert log["version"] == "1.2"
    assert [page["startedDateTime"] for page in log["pages"]] == [
        "2027-01-15T08:00:12.000+00:00",
        "2027-01-15T08:00:15.000+00:00",
    ]
    entries = {entry["request"]["url"].partition("?")[0]: entry for entry in log["entries"]}
    assert len(log["entries"]) == len(seen.requests)
    pixel = entries["https://ads.example/pixel.gif"]
    assert pixel["pageref"] == "page_0"
    assert pixel["request"]["cookies"][0]["name"] == "uid"
    assert pixel["response"]["cookies"][0]["expires"] == "2028-01-15T08:00:12.800+00:00"
    assert pixel["response"]["redirectURL"].startswith("https://sync.partner.example/")
    assert pixel["_initiator"]["stack"]["callFrames"][0]["url"] == audited.TAG
    collect = entries["https://stats.example/collect"]
    assert {"name": "cid", "value": audited.IDENTIFIER} in collect["request"]["queryString"]
    for entry in log["entries"]:
        timings = entry["timings"]
        assert entry["time"] == timings["send"] + timings["wait"] + timings["receive"]
        assert {"headers", "cookies", "headersSize", "bodySize", "httpVersion"} <= set(
            entry["request"]
        ) & set(entry["response"])


def test_failing_tells_which(report: Report) -> None:
    assert ids(failing(compare(report.findings, None), Severity.WARNING)) == ["V21", "V4", "V8"]
