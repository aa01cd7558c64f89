"""The documentation against what goes over the wire and what is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from documents import (
    PAGES,
    SOURCE,
    blocks,
    codes,
    doc,
    first_codes,
    rows,
    section,
    theme_properties,
)
from publisher import POLICY, Seen, publisher
from serving import serving
from starlette.applications import Starlette
from starlette.routing import Route

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.cli import main
from bandeau.enforcement.verdict import Reason as VerdictReason
from bandeau.features.comments import appeals, judging, reports, write
from bandeau.features.comments.appeals import Appeal, Statement
from bandeau.features.comments.decisions import Cause, Decision
from bandeau.features.comments.exclusions import Exclusion
from bandeau.features.comments.gate import Reason
from bandeau.features.comments.grounds import Ground
from bandeau.features.comments.grounds import Reason as Rationale
from bandeau.features.comments.model import Comment, Refusal, State
from bandeau.features.comments.moderate import Conduct, Why
from bandeau.features.comments.own import Action
from bandeau.features.comments.own import told as kept_of
from bandeau.features.comments.queue import BY_MODERATOR, Deed
from bandeau.features.comments.reports import Filed, Outcome, Report
from bandeau.ledger.record import ACTIONS, FIELDS, MECHANISMS, Kind
from bandeau.web import comment_reports, comments, comments_body
from bandeau.web.comment_reports_view import FiledScene
from bandeau.web.comment_reports_view import told as told_of_report
from bandeau.web.heard import Heard
from bandeau.web.sealed import Sealed
from bandeau.web.statements import exclusion_told
from bandeau.web.statements import told as stated

# HTTP.


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Bandeau]:
    text = re.sub("alternative = .*", "votes = true", POLICY)
    (tmp_path / "policy.toml").write_text(text, "utf-8")
    app = Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=tmp_path / "data")
    yield app
    app.close()


def test_every_address_and_no_other(site: Bandeau) -> None:
    heard = site._enforcer._desk.own
    assert isinstance(heard, Heard)
    sealed = heard.app
    assert isinstance(sealed, Sealed)
    own = sealed.app
    assert isinstance(own, Starlette)
    served = {
        (method, route.path.replace(":path", ""))
        for route in own.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    told = {
        (cells[0], codes(cells[1])[0]) for cells in rows(section(doc("http.md"), "## Addresses"))
    }
    assert told == served
    text = "".join(page.read_text("utf-8") for page in PAGES)
    names = {path.split("/")[2] for _, path in served}
    assert set(re.findall(r"/\.bandeau/([a-z]+)", text)) <= names


def test_the_json_state(site: Bandeau) -> None:
    with serving(site) as address, httpx.Client(base_url=address.url) as visitor:
        state = visitor.get("/.bandeau/choice").json()
        decided = visitor.post("/.bandeau/choice", json={"action": "accept_all"}).json()
    told = section(doc("http.md"), "### GET `/.bandeau/choice`")
    assert first_codes(told) == set(state) == set(decided["choice"])
    (example,) = [b for b in blocks() if b.page == "http.md" and '"decided"' in b.text]
    assert set(re.findall(r'^  "(\w+)"', example.text, re.MULTILINE)) == set(state)
    assert set(codes(section(doc("ledger.md"), "## Receipts"))) >= set(decided["receipt"])


def test_cookies_and_actions() -> None:
    told = set(codes(doc("http.md")))
    assert {"eu-consent", "eu-consent-receipt"} <= first_codes(
        section(doc("http.md"), "## Cookies")
    )
    assert ACTIONS | MECHANISMS | {"dismiss"} <= told


def test_headers_and_reasons() -> None:
    text = section(doc("http.md"), "## Headers")
    spoken = "".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py"))).lower()
    for header in first_codes(text):
        assert f'b"{header.lower()}"' in spoken, header
    passing = {VerdictReason.OWN, VerdictReason.EXEMPT, VerdictReason.GRANTED}
    assert {reason.value for reason in set(VerdictReason) - passing} <= set(codes(text))


def test_why_a_comment_is_turned_down() -> None:
    refusals = {
        str(value.code)
        for module in (write, comments, comments_body)
        for value in vars(module).values()
        if isinstance(value, Refusal)
    } | set(judging.REFUSALS)
    table = rows(section(doc("comments.md"), "## POST `/.bandeau/comments`"))
    assert {code for cells in table for code in codes(cells[1])} == refusals | set(Reason)


def test_what_becomes_of_ones_own_comments() -> None:
    text = section(doc("comments.md"), "### POST `/.bandeau/comments/mine`")
    assert first_codes(text) >= set(Action)
    given = (SOURCE / "web" / "mine.py").read_text("utf-8")
    reasons = set(re.findall(r'InboundError\(\d+, "comment\w+", "([a-z-]+)"\)', given))
    assert reasons and reasons <= set(codes(text))
    (example,) = [b for b in blocks() if b.page == "comments.md" and '"receipt"' in b.text]
    (comment,) = json.loads(example.text)["comments"]
    assert set(comment) == {*kept_of(Comment("", "", "", "", 0, None, "")), "statement"}
    refused = {v.code for v in vars(appeals).values() if isinstance(v, Refusal)}
    assert refused <= set(codes(text))


def test_reports_of_comments() -> None:
    text = section(doc("reports.md"), "## POST `/.bandeau/comments/report`")
    refused = {
        str(value.code)
        for module in (reports, comment_reports)
        for value in vars(module).values()
        if isinstance(value, Refusal)
    }
    refused -= {v.code for v in vars(appeals).values() if isinstance(v, Refusal)}
    table = rows(text)
    assert {code for cells in table if len(cells) == 3 for code in codes(cells[1])} == refused | {
        "unknown-comment",
        "unavailable",
    }
    assert {code for cells in table for code in codes(cells[0])} >= set(Ground)
    follows = section(doc("reports.md"), "## GET `/.bandeau/comments/report/{reference}`")
    assert set(codes(follows)) >= set(Outcome)
    (example,) = [b for b in blocks() if b.page == "reports.md" and '"received"' in b.text]
    scene = FiledScene(Filed(Report("", "", "", "", 0, Ground.SPAM)), "", "")
    assert set(json.loads(example.text)["report"]) == set(told_of_report(scene))


def test_statements_and_appeals() -> None:
    table = section(doc("reports.md"), "### POST `/.bandeau/comments/report/{reference}`")
    refused = {v.code for v in vars(appeals).values() if isinstance(v, Refusal)}
    assert refused <= set(codes(table))
    headings = ("## Statements of reasons", "### Suspensions and bans")
    text = "".join(section(doc("reports.md"), each) for each in headings)
    assert set(codes(text)) >= {*Cause, *appeals.Restriction}
    example, excluding = (
        b for b in blocks() if b.page == "reports.md" and '"restriction"' in b.text
    )
    decision = Decision("", "", 0, "", Deed.REJECT, Rationale())
    told = Statement(decision, Appeal("", "", "", "", 0, ""))
    comment = Comment("", "", "", "", 0, None, "", state=State.SPAM, reasons=(BY_MODERATOR,))
    shown = stated(comment, told)
    assert shown is not None and isinstance(shown["appeal"], dict)
    given = json.loads(example.text)
    assert (set(given), set(given["appeal"])) == (set(shown), set(shown["appeal"]))
    exclusion = Exclusion("a", Conduct.SUSPENDED, 1, told)
    assert set(json.loads(excluding.text)) == set(exclusion_told(exclusion))


def test_why_a_comment_is_held() -> None:
    table = rows(section(doc("comments.md"), "## Moderation"))
    assert {code for cells in table for code in codes(cells[0])} == set(Why) - {Why.SILENT}


# What is kept, limits, theming.


def test_fields_of_a_record() -> None:
    told = first_codes(section(doc("ledger.md"), "## What a record holds"))
    assert told == FIELDS[Kind.CHOICE]


def test_fields_of_an_export(site: Bandeau, tmp_path: Path) -> None:
    with serving(site) as address:
        httpx.post(f"{address.url}/.bandeau/choice", json={"action": "refuse_all"})
    out = tmp_path / "out.jsonl"
    data = str(tmp_path / "data")
    done = CliRunner().invoke(main, ["ledger", "export", "--data", data, "--out", str(out)])
    assert done.exit_code == 0, done.output
    line = out.read_text("utf-8").splitlines()[0]
    told = first_codes(section(doc("ledger.md"), "## Export"))
    assert told == set(re.findall(r'"(\w+)": ', line))


def test_every_limit_that_holds_and_no_other() -> None:
    sources = "".join(path.read_text("utf-8") for path in sorted(SOURCE.rglob("*.py")))
    held = set(re.findall(r"\blimits\.([A-Z_]+)", sources))
    table = rows(section(doc("serving.md"), "## Limits"))
    assert {codes(cells[0])[0]: cells[1] for cells in table} == {
        name: f"{getattr(limits, name):,}" for name in held
    }


def test_every_property_of_the_theme_and_no_other() -> None:
    assert set(re.findall(r"--bandeau-[a-z-]+", doc("theming.md"))) == theme_properties()
    table = rows(doc("theming.md"))
    assert {c for cells in table for c in codes(cells[0]) if c[:2] == "--"} == theme_properties()


def test_every_element_that_can_be_selected() -> None:
    markup = "".join(p.read_text("utf-8") for p in sorted(SOURCE.rglob("web/templates/*.html")))
    present = set(re.findall(r'data-bandeau="([a-z-]+)"', markup)) | {"comments"}
    assert set(re.findall(r"\[data-bandeau=([a-z-]+)\]", doc("theming.md"))) == present
