"""The queue of appeals: who rules, with which answer, and what becomes of the comment."""

from __future__ import annotations

from typing import Any

import html5lib
import pytest
from moderating import WORDS, Browser, Newsroom_

from bandeau.features.comments.appeals import Appeal
from bandeau.features.comments.grounds import Ground
from bandeau.features.comments.model import State
from bandeau.features.comments.reports import Report
from bandeau.features.comments.staff import Role

pytestmark = pytest.mark.usefixtures("quick_passwords")
APPEALS = "/.bandeau/admin/appeals"
QUEUE = "/.bandeau/admin/queue"


def lodge(newsroom: Newsroom_, comment: str, of_report: str = "", text: str = "Irony.") -> str:
    act = newsroom.run(newsroom.room.queue.log(1))[0]
    time = newsroom.clock * 1000
    made = Appeal(f"p-{comment}", act.id, comment, of_report, time, text)
    assert newsroom.run(newsroom.room.appeals.lodge(made))
    return made.id


def rejected(newsroom: Newsroom_, by: Browser, comment: str = "c1") -> str:
    newsroom.add(comment, "You <thief>", state=State.PUBLISHED)
    by.post(QUEUE, one=f"reject:{comment}", ground="insult", facts="It insults.")
    return lodge(newsroom, comment, text="It was <irony>.")


def buttons(page: str) -> list[str]:
    tree: Any = html5lib.parse(page, namespaceHTMLElements=False)
    return [each.get("value") for each in tree.findall(".//button[@name='one']")]


def test_somebody_else_rules_on_an_appeal() -> None:
    newsroom = Newsroom_()
    editor, moderator = newsroom.signed_in(Role.EDITOR), newsroom.signed_in(Role.MODERATOR)
    appeal = rejected(newsroom, editor)
    page = editor.get(APPEALS)
    assert WORDS.say("en", "admin.appeal_other") in page.text
    assert buttons(page.text) == []
    refused = editor.post(APPEALS, one=f"reverse:{appeal}", facts="I was right.")
    assert refused.status_code == 403
    assert newsroom.find("c1").state is State.REJECTED
    page = moderator.get(APPEALS)
    for text in (
        "Appeals (1)",
        "It was &lt;irony&gt;.",
        "You &lt;thief&gt;",
        "Reject by editor",
        "Insult or harassment",
        "It insults.",
    ):
        assert text in page.text, text
    assert buttons(page.text) == [f"uphold:{appeal}", f"reverse:{appeal}"]
    answer = moderator.post(APPEALS, one=f"reverse:{appeal}", facts="Irony it is.")
    assert "done=1" in answer.headers["location"]
    assert newsroom.find("c1").state is State.PUBLISHED
    assert WORDS.say("en", "admin.none") in moderator.get(APPEALS).text
    assert "done=0" in moderator.post(APPEALS, one=f"uphold:{appeal}").headers["location"]
    log = newsroom.signed_in().get("/.bandeau/admin/log").text
    assert "Reverse the decision" in log and "Decision reversed" in log


def test_who_is_alone_rules_on_what_they_decided() -> None:
    newsroom = Newsroom_()
    editor = newsroom.signed_in(Role.EDITOR)
    appeal = rejected(newsroom, editor)
    for role in (Role.MODERATOR, Role.ADMINISTRATOR):
        newsroom.run(newsroom.room.staff.remove(role.value))
    editor.post(APPEALS, one=f"uphold:{appeal}", facts="It insults all the same.")
    told = newsroom.run(newsroom.room.appeals.statements(["c1"]))["c1"].appeal
    assert (told.ruling.value, told.answer) == ("upheld", "It insults all the same.")
    assert newsroom.find("c1").state is State.REJECTED


def test_a_dismissal_is_reversed_with_a_ground() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1", state=State.PUBLISHED)
    made = Report("r1", "t1", "c1", "/article", newsroom.clock * 1000, Ground.ILLEGAL, "Why.")
    newsroom.run(newsroom.room.reports.file(made))
    newsroom.signed_in(Role.EDITOR).post(QUEUE, one="dismiss:c1")
    appeal = lodge(newsroom, "c1", "r1")
    browser = newsroom.signed_in()
    assert "Illegal content: Why." in browser.get(APPEALS).text
    fields = {"one": f"reverse:{appeal}", "ground": "illegal", "facts": "It <is>."}
    refused = browser.post(APPEALS, **fields)
    assert refused.status_code == 422
    assert WORDS.say("en", "admin.reason_law") in refused.text
    assert "It &lt;is&gt;." in refused.text
    browser.post(APPEALS, **fields, law="Press Act, § 9")
    assert newsroom.find("c1").state is State.REJECTED
    decision = newsroom.run(newsroom.room.reports.filed("t1")).decision
    assert (decision.reason.ground, decision.reason.law) == (Ground.ILLEGAL, "Press Act, § 9")


def test_an_appeal_needs_an_answer_and_a_button_that_is_there() -> None:
    newsroom = Newsroom_()
    appeal = rejected(newsroom, newsroom.signed_in(Role.EDITOR))
    browser = newsroom.signed_in()
    assert browser.post(APPEALS, one=f"uphold:{appeal}", facts=" ").status_code == 422
    for one in ("", "uphold", f"approve:{appeal}", "uphold:" + "x" * 65):
        assert browser.post(APPEALS, one=one, facts="Why.").status_code == 400
    assert browser.post(QUEUE, one=f"uphold:{appeal}").status_code == 400
    stranger = newsroom.browser()
    assert stranger.get(APPEALS).status_code == 303
    assert stranger.post(APPEALS, one=f"uphold:{appeal}", facts="Why.").status_code == 303
    assert newsroom.run(newsroom.room.appeals.waiting(9)) == 1
