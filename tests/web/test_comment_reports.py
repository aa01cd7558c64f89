"""``/.bandeau/comments/report``: what readers can report, without account, consent or cookie."""

from __future__ import annotations

import asyncio
import re
import secrets
from typing import Any

import html5lib
import httpx
import pytest
from commenting import POLICY, WORDS
from memory_tables import memory_comments
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bandeau import limits
from bandeau.features.comments.attempts import Attempts
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.queue import Act, Deed
from bandeau.policy.model import LANGUAGES
from bandeau.storage.comments.newsroom import newsroom
from bandeau.web.comment_reports import Counting, ReportDesk
from bandeau.web.inbound import InboundError
from bandeau.web.notice import Notice
from bandeau.web.pages import Pages
from bandeau.web.redress import Redress

pytestmark = pytest.mark.slow

PATH = "/.bandeau/comments/report"
NOW = 1_700_000_000
ORDINARY = {"id": "c1", "ground": "insult"}
NOTICE = {
    "id": "c1",
    "ground": "illegal",
    "text": "It insults a person by name.",
    "name": "Ada",
    "email": "ada@example.test",
    "good_faith": "yes",
}


class Site_:
    """One site with one comment, spoken to over ASGI from several addresses."""

    def __init__(self) -> None:
        self.store, self.clock, self.address = memory_comments(), float(NOW), "203.0.113.1"
        self.room = newsroom(self.store.tables)
        site: Any = self
        self.policy, self.words, self.random = POLICY, WORDS, secrets.token_bytes
        pages = Pages(POLICY, Notice(POLICY, WORDS))
        counting = Counting(Attempts(self.room.attempts, self.now, secrets.token_bytes))
        room = self.room
        redress = Redress(site, room.appeals, room.exclusions, room.authors, room.readers)
        desk = ReportDesk(site, pages, self.store, room.reports, redress, counting)

        async def refused(_: Request, error: Any) -> Response:
            return JSONResponse({"key": error.key, "reason": error.reason}, error.status)

        self.app = Starlette(routes=desk.routes(), exception_handlers={InboundError: refused})
        for number in (1, 2):
            html = f"<p>Number {number}</p>"
            made = Comment(f"c{number}", "/été", "Zoé", html, NOW * 1000, None, "r")
            self.run(self.store.add(made))

    def now(self) -> float:
        return self.clock

    def run(self, work: Any) -> Any:
        return asyncio.run(work)

    def ask(self, method: str, path: str = PATH, **options: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=(self.address, 1))
            base = "https://phare.test"
            async with httpx.AsyncClient(transport=transport, base_url=base) as http:
                return await http.request(method, path, **options)

        return self.run(call())

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, headers={"accept": "text/html", **headers})

    def send(self, **fields: Any) -> httpx.Response:
        headers = {"accept": "text/html", "accept-language": "en"}
        return self.ask("POST", data=fields, headers=headers)

    def waiting(self) -> list[tuple[str, int]]:
        found = self.run(self.room.reports.reported(9))
        return [(each.comment.id, each.readers) for each in found]


@pytest.fixture
def site() -> Site_:
    return Site_()


def parsed(html: str) -> Any:
    return html5lib.parse(html, namespaceHTMLElements=False)


def test_the_form_needs_no_cookie_and_sets_none(site: Site_) -> None:
    page = site.get(f"{PATH}?id=c1&lang=en", cookie="eu-consent=1.x; other=y")
    assert page.status_code == 200
    assert "set-cookie" not in page.headers
    assert page.headers["cache-control"] == "no-store"
    assert page.text == site.get(f"{PATH}?id=c1&lang=en").text
    tree = parsed(page.text)
    assert not tree.findall(".//script")
    assert "https://phare.test/.bandeau/comments/at/c1" in page.text
    forms = tree.findall(".//form")
    assert [form.get("method", "get") for form in forms] == ["post", "post", "get"]
    offered = [[i.get("value") for i in f.findall(".//input[@type='radio']")] for f in forms]
    told = [ground.value for ground in Ground]
    assert offered == [told[:5], told[5:], []]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_language_says_which_article_it_is(site: Site_, lang: str) -> None:
    page = site.get(f"{PATH}?id=c1&lang={lang}").text
    assert f'<html lang="{lang}" dir="{"rtl" if lang == "ar" else "ltr"}">' in page
    assert "2022/2065" in page and "16" in page and "2011/93" in page


@pytest.mark.parametrize("query", ["", "?id=", "?id=nothing", "?id=" + "x" * 999])
def test_what_readers_do_not_see_cannot_be_reported(site: Site_, query: str) -> None:
    assert site.get(PATH + query).status_code == 404
    site.run(site.store.move("c2", State.HELD))
    assert site.get(f"{PATH}?id=c2").status_code == 404
    assert site.send(**{**ORDINARY, "id": "c2"}).status_code == 404


def test_a_report_is_confirmed_with_a_reference(site: Site_) -> None:
    answer = site.send(**ORDINARY, text="Look at it.")
    assert answer.status_code == 303
    page = site.get(answer.headers["location"])
    assert WORDS.say("en", "report.received") in page.text
    assert WORDS.say("en", "report.outcome_open") in page.text
    (named,) = re.findall(r'<code dir="ltr">([A-Z2-7]{4}(?:-[A-Z2-7]{4}){5})</code>', page.text)
    assert "Look at it." in page.text
    typed = named.replace("-", " ").lower()
    found = site.ask("GET", params={"reference": typed}, headers={"accept-language": "en"})
    assert found.status_code == 303
    assert site.get(found.headers["location"]).status_code == 200
    assert site.waiting() == [("c1", 1)]
    rows = site.run(site.store.tables.read("SELECT tag, name, email FROM report"))
    assert named not in rows[0][0] and rows[0][1:] == ("", "")


def test_nobody_follows_a_report_without_its_reference(site: Site_) -> None:
    site.send(**NOTICE)
    for named in ("c1", "AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", "%00"):
        answer = site.get(f"{PATH}/{named}")
        assert (answer.status_code, answer.json()["key"]) == (404, "report_unknown")


def test_a_notice_holds_what_article_16_asks_for(site: Site_) -> None:
    answer = site.send(**NOTICE)
    assert answer.status_code == 303
    ((told,),) = site.run(site.room.reports.reports(["c1"])).values()
    assert (told.ground, told.text) == (Ground.ILLEGAL, NOTICE["text"])
    assert (told.name, told.email, told.lang) == ("Ada", "ada@example.test", "en")
    assert "ada@example.test" not in site.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"text": "Illegal."}, "error_text"),
        ({"text": "x" * (limits.COMMENT_REPORT_TEXT_CHARACTERS + 1)}, "error_text"),
        ({"name": ""}, "error_sender"),
        ({"name": "x" * (limits.COMMENT_REPORT_SENDER_CHARACTERS + 1)}, "error_sender"),
        ({"email": ""}, "error_sender"),
        ({"email": "ada"}, "error_sender"),
        ({"email": "ada@b\r\nbcc: x@y.test"}, "error_sender"),
        ({"ground": "child-abuse", "name": "", "email": "no address"}, "error_sender"),
        ({"good_faith": ""}, "error_faith"),
        ({"ground": "nothing"}, "error_ground"),
        ({"ground": ""}, "error_ground"),
    ],
)
def test_what_a_notice_lacks_is_said_and_nothing_is_lost(
    site: Site_, changes: dict[str, str], said: str
) -> None:
    answer = site.send(**{**NOTICE, **changes})
    assert answer.status_code == 422
    key = f"report.{said}"
    least, limit = limits.COMMENT_REPORT_TEXT_LEAST, limits.COMMENT_REPORT_TEXT_CHARACTERS
    values = {"least": least, "limit": limit} if said == "error_text" else {}
    assert WORDS.say("en", key, **values) in answer.text
    if changes.get("ground", "illegal") == "illegal" and "text" not in changes:
        assert NOTICE["text"] in answer.text
    assert site.waiting() == []


def test_who_reports_abuse_of_children_stays_unknown_on_request(site: Site_) -> None:
    """Article 16(2)(c)."""
    answer = site.send(**{**NOTICE, "ground": "child-abuse", "name": "", "email": ""})
    assert answer.status_code == 303
    ((told,),) = site.run(site.room.reports.reports(["c1"])).values()
    assert (told.ground, told.name, told.email) == (Ground.CHILD_ABUSE, "", "")


def test_of_an_ordinary_report_no_name_is_kept(site: Site_) -> None:
    site.send(**ORDINARY, name="Ada", email="ada@example.test")
    ((told,),) = site.run(site.room.reports.reports(["c1"])).values()
    assert (told.name, told.email) == ("", "")


def test_a_reader_counts_once_a_day(site: Site_) -> None:
    for address in ("203.0.113.1", "203.0.113.1", "203.0.113.2", "2001:db8::1", "2001:db8::2"):
        site.address = address
        assert site.send(**ORDINARY).status_code == 303
    assert site.waiting() == [("c1", 3)]
    site.clock += limits.COMMENT_REPORT_READER_HOURS * 3_600 + 1
    site.send(**ORDINARY)
    assert site.waiting() == [("c1", 4)]


def test_one_network_cannot_flood(site: Site_, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "COMMENT_REPORTS_ALIKE", 2)
    monkeypatch.setattr(limits, "COMMENT_REPORTS_IN_ALL", 3)
    assert [site.send(**ORDINARY).status_code for _ in range(2)] == [303, 303]
    refused = site.send(**NOTICE)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == str(limits.COMMENT_REPORTS_PERIOD_SECONDS)
    assert NOTICE["text"] in refused.text
    site.address = "203.0.113.9"
    assert site.send(**ORDINARY).status_code == 303
    site.address = "203.0.113.10"
    assert site.send(**ORDINARY).status_code == 429
    site.clock += limits.COMMENT_REPORTS_PERIOD_SECONDS + 1
    assert site.send(**ORDINARY).status_code == 303
    kept = site.run(site.store.tables.read("SELECT tag FROM attempt"))
    assert all(re.fullmatch("[0-9a-f]{64}", tag) for (tag,) in kept)


def test_a_decision_is_told_with_its_reasons(site: Site_) -> None:
    follow = site.send(**NOTICE).headers["location"]
    reason = Reason(Ground.ILLEGAL, "Criminal Code, article 1", "It names <a person>.")
    act = Act("act-1", NOW * 1000 + 60_000, "camille", Deed.REJECT, "c1")
    site.run(site.room.queue.perform([act], 0, reason))
    page = site.get(follow).text
    for key in ("outcome_removed", "ground_illegal", "by_person", "redress"):
        assert WORDS.say("en", f"report.{key}") in page
    assert "Criminal Code, article 1" in page and "It names &lt;a person&gt;." in page
    assert "camille" not in page
    told = site.get(follow, accept="application/json").json()["report"]
    assert (told["outcome"], told["decision"]["law"]) == ("removed", "Criminal Code, article 1")
    assert told["decision"]["time"] == "2023-11-14T22:14:20.000Z"


def test_programs_report_in_json(site: Site_) -> None:
    answer = site.ask("POST", json=NOTICE)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{PATH}/{answer.json()['reference']}"
    told = site.ask("GET", answer.headers["location"], headers={"accept": "application/json"})
    assert told.json()["report"]["outcome"] == "open"
    refused = site.ask("POST", json={**NOTICE, "good_faith": ""})
    assert (refused.status_code, refused.json()["error"]["reason"]) == (422, "no-good-faith")


def test_another_site_reports_nothing(site: Site_) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    assert site.ask("POST", data=ORDINARY, headers=headers).status_code == 403
    assert site.ask("POST", data={**ORDINARY, "id": ["c1", "c2"]}).status_code == 400
    assert site.ask("POST", data={"text": "x" * 70_000}).status_code == 413
    assert site.waiting() == []
