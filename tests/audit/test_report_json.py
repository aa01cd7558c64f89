"""``report.json`` holds all of an audit, is what its schema says, and is read again strictly."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import audited
import jsonschema_rs
import pytest

from bandeau import limits
from bandeau.audit.evidence import Phase
from bandeau.audit.matrix import Standing
from bandeau.audit.report import Report
from bandeau.audit.report_json import ReportError, read_report, report_bytes, report_schema


@pytest.fixture(scope="module")
def report() -> Report:
    return audited.report()


def test_what_is_written_is_read_again(report: Report) -> None:
    data = report_bytes(report)
    assert read_report(data) == report
    assert report_bytes(read_report(data)) == data


def test_the_schema_accepts_it_and_no_more(report: Report) -> None:
    schema = report_schema()
    jsonschema_rs.meta.validate(schema)
    validator = jsonschema_rs.Draft202012Validator(schema)
    told = json.loads(report_bytes(report))
    validator.validate(told)
    for change in ({"extra": 1}, {"version": 2}, {"findings": [{}]}, {"evidence": None}):
        assert not validator.is_valid(told | change)
    assert all(each.get("description") for each in schema["$defs"].values())  # type: ignore[attr-defined]


def changed(report: Report, place: tuple[Any, ...], value: Any) -> bytes:
    told = inside = json.loads(report_bytes(report))
    for part in place[:-1]:
        inside = inside[part]
    inside[place[-1]] = value
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("version",), 2, "not a report of this form: bandeau-audit, version 1"),
        (("findings", 0, "severity"), "bad", "findings.0.severity: Input should be 'violation'"),
        (("findings", 0, "title"), None, "findings.0.title: Input should be a valid string"),
        (("evidence", "started"), "now", "evidence.started: Input should be a valid integer"),
        (("evidence", "runs", 0, "phases", 1, "began"), "1", "evidence.runs.0.phases.1.began:"),
        (("evidence", "runs", 0, "more"), 1, "evidence.runs.0.more: Unexpected keyword argument"),
        (
            ("program",),
            "x" * (limits.AUDIT_VALUE_CHARACTERS + 1),
            "program: String should have",
        ),
    ],
)
def test_anything_else_is_refused_with_its_place(
    report: Report, place: tuple[Any, ...], value: Any, said: str
) -> None:
    with pytest.raises(ReportError) as refused:
        read_report(changed(report, place, value))
    assert said in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b"[" * 100_000, b'{"version": NaN}'])
def test_bytes_that_are_no_report_are_refused(data: bytes) -> None:
    with pytest.raises(ReportError):
        read_report(data)


def test_a_page_that_writes_no_unicode_does_not_stop_the_report() -> None:
    seen = audited.evidence()
    findings = (replace(audited.findings()[0], detail="a\ud800b"),)
    judged = replace(audited.judgement(), findings=findings)
    made = audited.report_of(seen, judged, audited.Declared(), program="0.1.0")
    assert read_report(report_bytes(made)).findings[0].detail == "a\ufffdb"


def test_the_summary_says_what_was_done_found_and_not_told(report: Report) -> None:
    assert report.summary == (
        "https://www.quotidien.test/ was visited on 2027-01-15 08:00 UTC with Chromium 156.0:"
        " 2 fresh profiles, 4 states, 6 pages opened, 15 requests, 4 hosts of others contacted.",
        "Found: 2 violations, 1 warning, 1 note.",
        "On arrival: Trackers before any choice.",
        "Withdrawn: Kept after withdrawal.",
        "2 things could not be checked; the report says which, and why.",
        "What needs consent is told by the site's own policy file.",
    )
    assert [each.id for each in report.findings] == ["V21", "V4", "V8", "A6"]


def test_what_was_contacted_and_kept_stands_against_what_was_chosen(report: Report) -> None:
    told = {
        (thing.name, cell.phase): cell.standing for thing in report.things for cell in thing.cells
    }
    assert told["stats.example", Phase.ARRIVED] is Standing.DENIED
    assert told["stats.example", Phase.ACCEPTED] is Standing.ALLOWED
    assert told["_ga", Phase.WITHDRAWN] is Standing.DENIED
    assert told["session", Phase.REFUSED] is Standing.ALLOWED
    assert told["sync.partner.example", Phase.ACCEPTED] is Standing.DENIED
    assert ("stats.example", Phase.REFUSED) not in told
    assert [t.standing for t in report.things] == sorted(
        (t.standing for t in report.things), key=["denied", "unknown", "allowed"].index
    )


def test_what_nobody_knows_is_called_unknown_where_there_is_no_policy_file() -> None:
    made = audited.report_of(
        audited.evidence(), audited.judgement(), audited.Undeclared(), program="0.1.0"
    )
    (partner,) = [thing for thing in made.things if thing.name == "sync.partner.example"]
    assert partner.standing is Standing.UNKNOWN
    assert "no policy file" in made.summary[-1]
