"""What browsers report of our policies is read; all else that comes there is let go."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.enforcement.reports import (
    CSP_REPORT,
    REPORT_DIRECTIVE,
    REPORTS_JSON,
    seen_in_reports,
)
from bandeau.enforcement.sightings import Kind, Seen, Teller

OURS = "default-src 'self'" + REPORT_DIRECTIVE.decode()
PAGE = "https://www.quotidien.test/article?reader=7"


def by_uri(**changes: Any) -> bytes:
    """As ``report-uri`` sends it."""
    body = {
        "document-uri": PAGE,
        "referrer": "https://search.test/?q=secret",
        "violated-directive": "script-src-elem",
        "effective-directive": "script-src-elem",
        "original-policy": OURS,
        "disposition": "enforce",
        "blocked-uri": "https://tracker.test/a.js?id=secret",
        "source-file": "https://www.quotidien.test/app.js",
        "status-code": 200,
        "script-sample": "",
    }
    return json.dumps({"csp-report": body | changes}).encode()


def by_api(type_: str = "csp-violation", **changes: Any) -> dict[str, Any]:
    """As the Reporting API sends it, one of several."""
    body = {
        "documentURL": PAGE,
        "effectiveDirective": "img-src",
        "originalPolicy": OURS,
        "disposition": "enforce",
        "blockedURL": "https://tracker.test/p.gif?id=secret",
        "sourceFile": None,
    }
    return {"type": type_, "age": 1, "url": PAGE, "user_agent": "x", "body": body | changes}


def host(where: str, name: str = "tracker.test") -> Seen:
    return Seen(Kind.HOST, name, Teller.BROWSER, where, "/article")


def test_both_forms_of_a_violation() -> None:
    assert seen_in_reports(CSP_REPORT, by_uri()) == (host("script-src-elem"),)
    both = json.dumps([by_api(), by_api(blockedURL="wss://live.test/x")]).encode()
    assert seen_in_reports(REPORTS_JSON, both) == (host("img-src"), host("img-src", "live.test"))


def test_an_older_form_of_the_directive() -> None:
    older = json.loads(by_uri(**{"violated-directive": "img-src 'self' https://x.test"}))
    del older["csp-report"]["effective-directive"]
    assert seen_in_reports(CSP_REPORT, json.dumps(older).encode()) == (host("img-src"),)


def test_a_connection_that_was_not_on_the_list() -> None:
    body = json.dumps([by_api("connection-allowlist", connection="https://tracker.test/")])
    assert seen_in_reports(REPORTS_JSON, body.encode()) == (host("connection"),)


def test_names_that_the_guard_refused() -> None:
    told = by_api("bandeau-refused") | {"body": {"cookies": ["rogue"], "storage": ["key", 7]}}
    found = seen_in_reports(REPORTS_JSON, json.dumps([told]).encode())
    assert [(s.kind, s.name, s.where) for s in found if s.name] == [
        (Kind.COOKIE, "rogue", "script"),
        (Kind.STORAGE, "key", "script"),
    ]


@pytest.mark.parametrize(
    "changes",
    [
        {"original-policy": "default-src 'none'; report-uri /csp"},
        {"disposition": "report"},
        {"blocked-uri": "inline"},
        {"blocked-uri": "eval"},
        {"blocked-uri": "data"},
        {"blocked-uri": "blob:https://x.test/1"},
        {"blocked-uri": "chrome-extension://abc/x.js"},
        {"blocked-uri": "https"},
        {"blocked-uri": "https://[bad"},
        {"blocked-uri": 7},
        {"source-file": "chrome-extension://abc/x.js"},
        {"source-file": "chrome-extension"},
        {"source-file": "moz-extension"},
        {"source-file": "safari-web-extension://x/y.js"},
    ],
)
def test_what_is_not_the_business_of_the_site(changes: dict[str, Any]) -> None:
    assert seen_in_reports(CSP_REPORT, by_uri(**changes)) == ()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (CSP_REPORT, b""),
        (CSP_REPORT, b"{"),
        (CSP_REPORT, b"[" * 100_000),
        (CSP_REPORT, b"\xff"),
        (CSP_REPORT, b"7"),
        (REPORTS_JSON, b"{}"),
        (REPORTS_JSON, b'[1, null, {"body": []}, {"type": "deprecation", "body": {}}]'),
        ("text/plain", by_uri()),
    ],
)
def test_what_is_no_report(kind: str, body: bytes) -> None:
    assert seen_in_reports(kind, body) == ()


def test_one_body_holds_only_so_many() -> None:
    many = json.dumps([by_api()] * (limits.REPORTS_PER_BODY + 5)).encode()
    assert len(seen_in_reports(REPORTS_JSON, many)) == limits.REPORTS_PER_BODY
    names = [f"n{number}" for number in range(limits.REPORTS_PER_BODY + 5)]
    told = by_api("bandeau-refused") | {"body": {"cookies": names}}
    found = seen_in_reports(REPORTS_JSON, json.dumps([told]).encode())
    assert len(found) == limits.REPORTS_PER_BODY


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(OURS),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(by_api()["body"])), _JSON), _JSON)
def test_any_json_gives_sightings_or_nothing(body: dict[str, Any], url: Any) -> None:
    for kind in ("csp-violation", "connection-allowlist", "bandeau-refused"):
        told = json.dumps([{"type": kind, "url": url, "body": body}]).encode()
        assert all("?" not in s.page for s in seen_in_reports(REPORTS_JSON, told))
