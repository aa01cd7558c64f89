"""Statements of reasons and appeals: what authors and senders of reports read, and may answer."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import html5lib
import httpx
import pytest
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell, Visitor

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.choice.decide import expiry
from bandeau.features.comments.appeals import OPEN_FOR, StandsBack, open_until, rules_on
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.model import rfc3339
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.reports import Report, tag_of
from bandeau.features.comments.staff import Role, Staff
from bandeau.ledger.record import uuid7
from bandeau.policy.model import LANGUAGES
from bandeau.storage.comments.newsroom import Newsroom, newsroom
from bandeau.storage.files import read_words
from bandeau.storage.place import Folder

pytestmark = pytest.mark.slow

COMMENTS = "/.bandeau/comments"
MINE = f"{COMMENTS}/mine"
REPORT = f"{COMMENTS}/report"
JSON = {"accept": "application/json", "sec-fetch-site": "same-origin"}
FORM = {"accept": "text/html", "sec-fetch-site": "same-origin"}
WORDS = read_words()
# The site under test keeps the time of day.
NOW = int(time.time()) * 1000
ENDS = expiry(NOW // 1000, OPEN_FOR) * 1000
NO_REASON = Reason()


class Desk:
    """The newsroom behind the site."""

    def __init__(self, folder: Path, shell: Shell) -> None:
        self.folder, self.shell, self.count = folder, shell, 0

    def do(self, work: Any) -> Any:
        async def scenario(room: Newsroom) -> Any:
            return await work(room)

        with closing(Folder(self.folder).comments()) as store:
            return asyncio.run(scenario(newsroom(store.tables)))

    def act(self, deed: Deed, on: str, at: int) -> Act:
        self.count += 1
        return Act(uuid7(at, self.count.to_bytes(10)), at, "camille", deed, on)

    def decide(self, deed: Deed, on: str, reason: Reason = NO_REASON, at: int = NOW) -> None:
        act = self.act(deed, on, at)
        assert self.do(lambda room: room.queue.perform([act], 0, reason)) == 1

    def rule(self, deed: Deed, then: Deed | None, comment: str, answer: str) -> None:
        (found,) = [
            each.appeal.id
            for each in self.do(lambda room: room.appeals.appeals(99))
            if (each.decision.author or each.decision.comment) == comment
        ]
        acts = self.act(deed, found, NOW), then and self.act(then, comment, NOW)
        assert self.do(lambda room: room.appeals.rule(*acts, Reason(None, "", answer)))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("statements")
    rules = 'purpose = "social"\nrules = "/rules"\nlinks = 0\n'
    text = re.sub("alternative = .*", "", POLICY).replace('purpose = "social"\n', rules, 1)
    listed = json.dumps(list(LANGUAGES))
    (folder / "policy.toml").write_text(text.replace('["fr", "en", "ar"]', listed), "utf-8")
    app = Bandeau(publisher(Seen()), policy=folder / "policy.toml", data=folder / "data")
    with ExitStack() as stack:
        stack.callback(app.close)
        yield Desk(folder / "data", Shell(stack.enter_context(serving(app)).url, Seen()))


@pytest.fixture
def author(desk: Desk) -> Visitor:
    visitor = desk.shell.visitor()
    visitor.choose("accept_all")
    return visitor


def write(visitor: Visitor, text: str = "You thief") -> str:
    posted = {"page": "/article", "name": "Zoé", "text": text}
    answer = visitor.send("POST", COMMENTS, json=posted, headers=JSON)
    assert answer.status_code in (201, 202), answer.text
    return str(answer.json()["comment"]["id"])


def stated(visitor: Visitor) -> Any:
    (told,) = visitor.get(MINE, headers=JSON).json()["comments"]
    return told["statement"]


def appeal(visitor: Visitor, comment: str, text: str = "It was irony.") -> httpx.Response:
    fields = {"action": "appeal", "id": comment, "text": text}
    return visitor.send("POST", MINE, json=fields, headers=JSON)


def reason(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["reason"]


def said(key: str, lang: str = "en", **values: object) -> str:
    return WORDS.say(lang, f"statement.{key}", **values)


ILLEGAL = Reason(Ground.ILLEGAL, "Press Act, § 9", "It defames <Ada>\nby name.")


def test_a_published_comment_has_no_statement(author: Visitor) -> None:
    write(author)
    assert stated(author) is None
    assert said("title") not in author.get(f"{MINE}?lang=en").text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_statement_holds_what_article_17_asks_for(desk: Desk, author: Visitor, lang: str) -> None:
    comment = write(author)
    desk.decide(Deed.REJECT, comment, ILLEGAL)
    page = author.get(f"{MINE}?lang={lang}").text
    until = rfc3339(ENDS)[:10]
    for text in (
        said("removed", lang),
        said("cause_own", lang),
        WORDS.say(lang, "report.by_person"),
        WORDS.say(lang, "report.ground_illegal"),
        "Press Act, § 9",
        "It defames &lt;Ada&gt;\nby name.",
        said("redress", lang, date=until),
    ):
        assert text.replace("'", "&#39;") in page, text
    assert "camille" not in page
    assert stated(author) == {
        "restriction": "removed",
        "time": rfc3339(NOW),
        "ground": "illegal",
        "law": "Press Act, § 9",
        "facts": "It defames <Ada>\nby name.",
        "cause": "own",
        "detected": False,
        "automated": False,
        "appeal_until": rfc3339(ENDS),
        "appeal": None,
    }


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_a_rule_holds_back_is_told_too(author: Visitor, lang: str) -> None:
    write(author, "https://example.test/")
    page = author.get(f"{MINE}?lang={lang}").text
    assert said("held", lang) in page
    assert said("held_rule", lang, reasons=said("why_links", lang)) in page
    told = stated(author)
    assert (told["restriction"], told["automated"]) == ("held", True)
    assert 'value="appeal"' not in page


def test_a_rule_that_pointed_at_it_is_told(desk: Desk, author: Visitor) -> None:
    """Article 17(3)(c)."""
    desk.decide(Deed.SPAM, write(author, "https://example.test/"))
    assert said("detected") in author.get(f"{MINE}?lang=en").text
    assert (stated(author)["detected"], stated(author)["ground"]) == (True, "spam")


def test_what_its_author_took_back_has_no_statement(author: Visitor) -> None:
    comment = write(author)
    fields = {"action": "unpublish", "id": comment}
    author.send("POST", MINE, json=fields, headers=JSON)
    assert stated(author) is None
    assert reason(appeal(author, comment)) == (409, "no-decision")


def test_an_author_appeals_once_and_reads_the_answer(desk: Desk, author: Visitor) -> None:
    comment = write(author)
    desk.decide(Deed.REJECT, comment, ILLEGAL)
    fields = {"action": "appeal", "id": comment, "text": "It was <irony>."}
    answer = author.send("POST", f"{MINE}?lang=en", data=fields, headers=FORM)
    assert answer.status_code == 303
    page = author.get(answer.headers["location"]).text
    assert WORDS.say("en", "mine.done_appeal") in page
    assert "It was &lt;irony&gt;." in page and said("ruling_open") in page
    assert reason(appeal(author, comment)) == (409, "appealed")
    desk.rule(Deed.UPHOLD, None, comment, "It names a person.")
    page = author.get(f"{MINE}?lang=en").text
    assert said("ruling_upheld") in page and "It names a person." in page
    assert stated(author)["appeal"]["ruling"] == "upheld"
    assert "camille" not in page


def test_a_granted_appeal_brings_the_comment_back(desk: Desk, author: Visitor) -> None:
    comment = write(author)
    desk.decide(Deed.REJECT, comment)
    assert appeal(author, comment).json() == {"changed": 1}
    desk.rule(Deed.REVERSE, Deed.APPROVE, comment, "Irony it is.")
    page = author.get(f"{MINE}?lang=en").text
    assert said("ruling_reversed") in page and "Irony it is." in page
    assert said("removed") not in page
    assert reason(appeal(author, comment)) == (409, "no-decision")


def test_redress_does_not_hang_on_consent(desk: Desk, author: Visitor) -> None:
    comment = write(author)
    desk.decide(Deed.REJECT, comment)
    author.choose("refuse_all")
    assert appeal(author, comment).status_code == 200


def test_appeals_come_within_six_months_with_a_text(desk: Desk, author: Visitor) -> None:
    comment = write(author)
    desk.decide(Deed.REJECT, comment, ILLEGAL, NOW - 200 * 86_400_000)
    assert reason(appeal(author, comment)) == (409, "appeal-late")
    assert WORDS.say("en", "report.redress") in author.get(f"{MINE}?lang=en").text
    other = write(author, "Another thief")
    desk.decide(Deed.REJECT, other)
    long = "x" * (limits.APPEAL_CHARACTERS + 1)
    assert reason(appeal(author, other, " ")) == (422, "appeal-text")
    handed = author.send(
        "POST", MINE, data={"action": "appeal", "id": other, "text": long}, headers=FORM
    )
    assert handed.status_code == 422
    fields = html5lib.parse(handed.text, namespaceHTMLElements=False).findall(".//textarea")
    assert [(each.get("name"), each.text) for each in fields] == [("text", long)]


def test_nobody_appeals_for_another(desk: Desk, author: Visitor) -> None:
    comment = write(author)
    desk.decide(Deed.REJECT, comment)
    other = desk.shell.visitor()
    other.choose("accept_all")
    assert reason(appeal(other, comment)) == (404, "unknown-comment")
    assert other.send("POST", MINE, json={"action": "appeal", "id": "all"}).status_code == 400


def reported(desk: Desk, comment: str) -> str:
    named = f"REF{comment.replace('-', '').upper()}"
    made = Report(comment, tag_of(named), comment, "/article", NOW, Ground.INSULT)
    assert desk.do(lambda room: room.reports.file(made))
    return named


def test_who_reported_appeals_against_a_dismissal_once(desk: Desk, author: Visitor) -> None:
    comment = write(author)
    named = reported(desk, comment)
    sender = desk.shell.visitor()
    path = f"{REPORT}/{named}?lang=en"
    early = sender.send("POST", path, json={"text": "Look again."}, headers=JSON)
    assert reason(early) == (409, "no-decision")
    desk.decide(Deed.DISMISS, comment, Reason(None, "", "Fair criticism."))
    page = sender.get(path).text
    assert said("redress", date=rfc3339(ENDS)[:10]) in page and "Fair criticism." in page
    answer = sender.send("POST", path, data={"text": "It calls me a thief."}, headers=FORM)
    assert answer.status_code == 303
    assert "It calls me a thief." in sender.get(path).text
    again = sender.send("POST", path, json={"text": "Look again."}, headers=JSON)
    assert reason(again) == (409, "appealed")
    desk.rule(Deed.REVERSE, Deed.REJECT, comment, "It does.")
    page = sender.get(path).text
    assert said("ruling_reversed") in page
    assert WORDS.say("en", "report.outcome_removed") in page
    assert stated(author)["facts"] == "It does."
    told = sender.get(path, headers=JSON).json()["report"]
    assert (told["outcome"], told["appeal"]["ruling"]) == ("removed", "reversed")
    late = sender.send("POST", path, json={"text": "More."}, headers=JSON)
    assert reason(late) == (409, "no-decision")


def test_bad_appeals_of_senders_are_refused(desk: Desk, author: Visitor) -> None:
    named = reported(desk, write(author))
    path, sender = f"{REPORT}/{named}", desk.shell.visitor()
    other = {"accept": "application/json", "sec-fetch-site": "cross-site"}
    assert sender.send("POST", path, json={"text": "x"}, headers=other).status_code == 403
    unknown = sender.send("POST", f"{REPORT}/nothing", json={"text": "x"}, headers=JSON)
    assert reason(unknown) == (404, "unknown-report")


def test_whoever_decided_first_stands_back_if_there_is_somebody_else() -> None:
    decision = Decision("d", "c", NOW, "ada", Deed.REJECT, Reason())
    ada, ben = (Staff(name, Role.EDITOR, "", 0) for name in ("ada", "ben"))
    assert isinstance(rules_on(decision, ada, [ada, ben]), StandsBack)
    assert not isinstance(rules_on(decision, ben, [ada, ben]), StandsBack)
    assert not isinstance(rules_on(decision, ada, [ada]), StandsBack)
    assert open_until(decision) == expiry(NOW // 1000, OPEN_FOR) * 1000


def exclusions(visitor: Visitor) -> Any:
    return visitor.get(MINE, headers=JSON).json()["exclusions"]


def author_of(visitor: Visitor) -> str:
    return str(visitor.get(MINE, headers=JSON).json()["comments"][0]["author"])


def exclude(desk: Desk, author: str, deed: Deed = Deed.BAN, until: int = 0) -> None:
    act, why = desk.act(deed, author, NOW), Reason(Ground.INSULT, "", "Threats to <Ada>.")
    assert desk.do(lambda room: room.queue.perform([act], until, why)) == 1


def test_who_is_banned_reads_why_and_appeals_whatever_the_choice(
    desk: Desk, author: Visitor
) -> None:
    comment = write(author)
    assert exclusions(author) == []
    exclude(desk, author_of(author))
    posted = {"page": "/article", "name": "Zoé", "text": "More"}
    answer = author.send("POST", COMMENTS, json=posted, headers=JSON)
    assert reason(answer) == (403, "banned")
    for lang in LANGUAGES:
        page = author.get(f"{MINE}?lang={lang}").text
        for text in (
            said("exclusion_title", lang),
            said("banned", lang),
            said("cause_own", lang),
            WORDS.say(lang, "report.by_person"),
            WORDS.say(lang, "report.ground_insult"),
            "Threats to &lt;Ada&gt;.",
            said("redress", lang, date=rfc3339(ENDS)[:10]),
        ):
            assert text.replace("'", "&#39;") in page, text
    (told,) = exclusions(author)
    assert told == {
        "id": told["id"],
        "restriction": "banned",
        "until": None,
        "time": rfc3339(NOW),
        "ground": "insult",
        "law": "",
        "facts": "Threats to <Ada>.",
        "cause": "own",
        "detected": False,
        "automated": False,
        "appeal_until": rfc3339(ENDS),
        "appeal": None,
    }
    stranger = desk.shell.visitor()
    stranger.choose("accept_all")
    assert exclusions(stranger) == []
    assert reason(appeal(stranger, told["id"])) == (404, "unknown-comment")
    author.choose("refuse_all")
    assert reason(appeal(author, told["id"], " ")) == (422, "appeal-text")
    blank = {"action": "appeal", "id": told["id"], "text": "x" * 5001}
    handed_back = author.send("POST", MINE, data=blank, headers=FORM)
    assert (handed_back.status_code, "x" * 5001 in handed_back.text) == (422, True)
    assert appeal(author, told["id"]).json() == {"changed": 1}
    assert reason(appeal(author, told["id"])) == (409, "appealed")
    assert exclusions(author)[0]["appeal"]["ruling"] == "open"
    banned = author_of(author)
    desk.rule(Deed.REVERSE, Deed.RESTORE, banned, "Irony it is.")
    page = author.get(f"{MINE}?lang=en").text
    assert said("ruling_reversed") in page and "Irony it is." in page
    assert said("banned") not in page
    assert (exclusions(author)[0]["restriction"], comment in page) == (None, True)
    author.choose("accept_all")
    write(author, "Back")


def test_a_suspension_says_until_when_and_a_silent_ban_nothing(desk: Desk, author: Visitor) -> None:
    write(author)
    ends = NOW + 86_400_000
    exclude(desk, author_of(author), Deed.SUSPEND, ends)
    page = author.get(f"{MINE}?lang=en").text
    assert said("suspended", date=f"{rfc3339(ends)[:16].replace('T', ' ')} UTC") in page
    assert (exclusions(author)[0]["restriction"], exclusions(author)[0]["until"]) == (
        "suspended",
        rfc3339(ends),
    )
    exclude(desk, author_of(author), Deed.SILENCE)
    assert exclusions(author) == []
    assert said("exclusion_title") not in author.get(f"{MINE}?lang=en").text
    write(author, "Buy now")
    kept = author.get(MINE, headers=JSON).json()["comments"][0]
    assert (kept["state"], kept["reasons"]) == ("rejected", ["silent"])
