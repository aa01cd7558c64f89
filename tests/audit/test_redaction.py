"""Secrets in a report give way to marks, in every form in which it is handed on."""

from __future__ import annotations

import re
from dataclasses import replace

import audited
import pytest

from bandeau.audit.har import har
from bandeau.audit.redaction import redacted
from bandeau.audit.report import Report
from bandeau.audit.report_json import read_report, report_bytes

SECRETS = (
    *(audited.IDENTIFIER, audited.SESSION, audited.BEARER, "u-77aa88bb99cc", "sports,55-64"),
)


@pytest.fixture(scope="module")
def hidden() -> Report:
    return redacted(audited.report(), b"k" * 32)


def test_no_secret_is_left_in_any_form(hidden: Report) -> None:
    whole = report_bytes(audited.report()).decode()
    runs = hidden.evidence.runs
    hars = [
        har(hidden.evidence, run, seen, program="0.1.0").decode()
        for run in runs
        for seen in run.phases
    ]
    for secret in SECRETS:
        assert secret in whole
        for form in (report_bytes(hidden).decode(), *hars):
            assert secret not in form


def test_marks_keep_length_and_equality_within_one_report(hidden: Report) -> None:
    arrived = hidden.evidence.runs[0].phases[0]
    ga = next(write.value for write in arrived.writes if write.name == "_ga")
    assert re.fullmatch(rf"REDACTED\.{len(audited.IDENTIFIER)}\.[0-9a-f]{{10}}", ga)
    sent = [request.url for request in arrived.requests if ga in request.url]
    assert [url.partition("?")[0] for url in sent] == [
        "https://stats.example/collect",
        "https://sync.partner.example/match",
    ]
    (v4,) = [each for each in hidden.findings if each.id == "V4"]
    assert ga in v4.proof[0]
    assert ga not in report_bytes(redacted(audited.report(), b"j" * 32)).decode()


def test_what_is_no_secret_stays(hidden: Report) -> None:
    report = audited.report()
    assert [each.key for each in hidden.findings] == [each.key for each in report.findings]
    assert hidden.things == report.things
    assert hidden.summary == report.summary
    arrived = hidden.evidence.runs[0].phases[0]
    assert arrived.requests[2].url.startswith("https://stats.example/collect?v=1&cid=REDACTED")
    assert arrived.requests[0].answer_headers[1][1].endswith("; Path=/; HttpOnly")
    assert read_report(report_bytes(hidden)).redacted


@pytest.mark.parametrize(
    ("url", "gone"),
    [
        ("https://ana:hunter2hunter2@t.example/", "hunter2"),
        ("https://t.example/p;jsessionid=AB12CD34", "AB12CD34"),
        ("https://t.example/#access_token=abcdefgh1", "abcdefgh1"),
        ("https://t.example/?otp=4711", "4711"),
        ("https://t.example/u/GA1.2.83746192.1799999999/x", "GA1.2"),
        ("https://t.example/?m=ana%40mail.test", "ana%40"),
    ],
)
def test_secrets_in_addresses(url: str, gone: str) -> None:
    report = audited.report()
    run = report.evidence.runs[0]
    first = run.phases[0]
    more = replace(first, requests=(*first.requests, replace(first.requests[0], url=url)))
    evidence = replace(report.evidence, runs=(replace(run, phases=(more,)),))
    made = redacted(replace(report, evidence=evidence), b"k" * 32)
    told = made.evidence.runs[0].phases[0].requests[-1].url
    assert gone not in told and "t.example/" in told


def test_what_was_seen_on_another_site_is_hidden_too() -> None:
    report = audited.report()
    runs = report.evidence.runs
    beside = replace(report, evidence=replace(report.evidence, runs=runs[1:], beside=runs[:1]))
    text = report_bytes(redacted(beside, b"k" * 32)).decode()
    assert not [secret for secret in SECRETS if secret in text]
