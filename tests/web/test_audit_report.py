"""``report.html``: what it tells, and that nothing in it can act."""

from __future__ import annotations

import re
from dataclasses import replace

import audited
import pytest

from bandeau import limits
from bandeau.audit.baseline import compare
from bandeau.audit.evidence import Phase
from bandeau.audit.loading import chain
from bandeau.audit.report import Judgement, Report, report_of
from bandeau.web.audit_report import CONSENTED, report_page

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}'


@pytest.fixture(scope="module")
def report() -> Report:
    return audited.report()


@pytest.fixture(scope="module")
def page(report: Report) -> str:
    return report_page(report, audited.PICTURES)


def text_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page.partition("</style>")[2]).split())


def test_it_tells_summary_findings_and_what_was_not_checked(report: Report, page: str) -> None:
    text = text_of(page)
    for each in report.findings:
        assert f"{each.id} {each.title} {each.subject}" in text
        assert each.again in text
    assert "no TC string was found" in text and "the sitemap could not be read" in text
    assert "2 violations" in text and "2 not checked" in text
    assert "third-party-web" in text and "cd" * 32 in text


def test_a_tracker_is_told_in_words_in_each_state(page: str) -> None:
    row = next(row for row in page.split("<tr>") if ">stats.example<" in row)
    cells = [text_of("</style>" + cell) for cell in row.split("<td")[2:]]
    assert [re.sub("^.*?> ?", "", cell) for cell in cells] == [
        "not allowed, 1×",
        "allowed, 1×",
        "– not seen",
        "– not seen",
    ]


def test_pictures_are_inside_and_only_those_that_the_report_vouches_for(report: Report) -> None:
    whole = report_page(report, audited.PICTURES)
    assert whole.count('href="data:image/png;base64,') == 2
    assert whole.count('class="outline accept"') == 2
    changed = {name: data + b"x" for name, data in audited.PICTURES.items()}
    for pictures in (changed, {}):
        told = report_page(report, pictures)
        assert "data:image" not in told
        assert "Not shown here" in told and "<bdi>0-arrived.png</bdi>" in told


def test_what_a_page_wrote_is_text_cut_and_seen(report: Report) -> None:
    long = "y" * (limits.AUDIT_SHOWN_CHARACTERS + 100)
    evidence = audited.evidence()
    run = evidence.runs[0]
    seen = run.phases[0]
    assert seen.notice
    bad = replace(
        seen,
        requests=tuple(replace(r, url=f"https://ads.example/{HOSTILE}") for r in seen.requests),
        visits=(replace(seen.visits[0], landed=f"javascript:{HOSTILE}"),),
        notice=replace(seen.notice, text=HOSTILE + long, language=HOSTILE, tool=HOSTILE),
        state=HOSTILE,
    )
    finding = replace(
        audited.findings()[1], subject="host \u202etset.esiurt\u202c", detail=HOSTILE, proof=(long,)
    )
    made = report_of(
        replace(evidence, runs=(replace(run, phases=(bad,)),)),
        Judgement((finding,)),
        audited.Declared(),
        program="0.1.0",
        files={},
    )
    page = report_page(made, {})
    assert "<script" not in page and "<img" not in page and "javascript:" in page
    assert "49" not in re.findall(r"onerror=alert\(1\)&gt;(..)", page)
    assert "\u202e" not in page and "host ⟨U+202E⟩tset.esiurt⟨U+202C⟩" in page
    assert long not in page and "y…" in page
    assert {href[:1] for href in re.findall(r'href="([^"]*)"', page)} == {"#"}


def test_a_baseline_is_told(report: Report) -> None:
    a6, v4, v21, v8 = audited.findings()
    page = report_page(report, {}, compare((v4, v21, v8), (v4, a6)))
    text = text_of(page)
    assert "host stats.example known from the baseline" in text
    assert "cookie _ga of quotidien.test new since the baseline" in text
    assert "1 finding of the baseline not found again" in text
    assert "since the baseline" not in report_page(report, {})


def test_who_loaded_whom_goes_from_the_page_outwards(report: Report) -> None:
    among = frozenset(Phase) - CONSENTED
    whole = chain(report.evidence, report.things, among, 40)
    layers = {host.name: host.layer for host in whole.hosts}
    assert layers == {
        "www.quotidien.test": 0,
        "ads.example": 1,
        "stats.example": 1,
        "sync.partner.example": 2,
    }
    assert {(link.source, link.target) for link in whole.links} == {
        ("www.quotidien.test", "ads.example"),
        ("www.quotidien.test", "stats.example"),
        ("ads.example", "sync.partner.example"),
    }
    short = chain(report.evidence, report.things, among, 2)
    assert (len(short.hosts), short.more) == (2, 2)


def test_an_audit_that_saw_nothing_says_so() -> None:
    made = report_of(
        replace(audited.evidence(), runs=(), gaps=(), hosts=()),
        Judgement(()),
        audited.Undeclared(),
        program="0.1.0",
    )
    text = text_of(report_page(made, {}))
    assert "Nothing was found" in text and "No request led to another host." in text
