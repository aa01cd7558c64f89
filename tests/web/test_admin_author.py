"""The page of an author: what staff see there, what they decide, and what their reasons need."""

from __future__ import annotations

from typing import Any

import pytest
from moderating import WORDS, Browser, Newsroom_

from bandeau.features.comments.appeals import Appeal
from bandeau.features.comments.grounds import Ground
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.staff import Role

pytestmark = pytest.mark.usefixtures("quick_passwords")
APPEALS = "/.bandeau/admin/appeals"


def page_of(author: str) -> str:
    return f"/.bandeau/admin/author?id={author}"


def stands(newsroom: Newsroom_, author: str) -> Any:
    return newsroom.run(newsroom.room.exclusions.exclusions([author]))[0]


def refused(browser: Browser, author: str, key: str, **fields: str) -> str:
    answer = browser.post(page_of(author), **fields)
    assert answer.status_code == 422
    assert WORDS.say("en", f"admin.author_{key}", most=365) in answer.text
    return answer.text


def test_an_author_is_suspended_for_so_many_days_with_a_reason() -> None:
    newsroom = Newsroom_()
    author = newsroom.add("c1", "You <thief>").author
    browser = newsroom.signed_in(Role.MODERATOR)
    page = browser.get(page_of(author)).text
    for text in ("You &lt;thief&gt;", "many links", "1 waiting", 'value="7"', 'value="silence"'):
        assert text in page, text
    assert 'value="restore"' not in page
    fields = {"deed": "suspend", "ground": "insult", "facts": "It <insults>.", "days": "30"}
    answer = browser.post(page_of(author), **fields)
    assert (answer.status_code, "done=1" in answer.headers["location"]) == (303, True)
    page = browser.get(answer.headers["location"]).text
    for text in ("1 change made.", "suspended until 2023-12-14 22:13 UTC", "Suspend by moderator"):
        assert text in page, text
    assert "Insult or harassment." in page and "It &lt;insults&gt;." in page
    browser.post(page_of(author), deed="restore")
    assert stands(newsroom, author).conduct is Conduct.OK


def test_a_decision_lacks_nothing_that_the_author_has_to_be_told() -> None:
    newsroom = Newsroom_()
    author = newsroom.add("c1").author
    browser = newsroom.signed_in(Role.MODERATOR)
    refused(browser, author, "facts", deed="ban", ground="insult", facts=" ")
    kept = refused(browser, author, "days", deed="suspend", facts="Why <x>.", days="0")
    assert "Why &lt;x&gt;." in kept
    refused(browser, author, "silent", deed="silence", ground="insult", facts="Rude.")
    illegal = browser.post(page_of(author), deed="ban", ground="illegal", facts="It is.")
    assert WORDS.say("en", "admin.reason_law") in illegal.text
    assert stands(newsroom, author).conduct is Conduct.OK
    browser.post(page_of(author), deed="silence")
    assert stands(newsroom, author).conduct is Conduct.SILENT
    browser.post(page_of(author), deed="ban", ground="spam", facts="Fifty adverts.")
    assert stands(newsroom, author).statement.decision.reason.ground is Ground.SPAM


def test_editors_look_and_judge_no_author() -> None:
    newsroom = Newsroom_()
    author = newsroom.add("c1").author
    editor = newsroom.signed_in(Role.EDITOR)
    assert "<form" not in editor.get(page_of(author)).text.partition("<main")[2]
    answer = editor.post(page_of(author), deed="ban", facts="Rude.")
    assert answer.status_code == 403
    assert WORDS.say("en", "admin.forbidden") in answer.text
    assert stands(newsroom, author).conduct is Conduct.OK


def test_an_appeal_against_a_ban_is_ruled_on_by_another_moderator() -> None:
    newsroom = Newsroom_()
    author = newsroom.add("c1").author
    newsroom.signed_in(Role.MODERATOR).post(page_of(author), deed="ban", facts="Threats.")
    decision = stands(newsroom, author).statement.decision.id
    made = Appeal("p1", decision, "", "", newsroom.clock * 1000, "It was <irony>.")
    assert newsroom.run(newsroom.room.appeals.lodge(made))
    for role, key in ((Role.MODERATOR, "appeal_other"), (Role.EDITOR, "appeal_role")):
        browser = newsroom.signed_in(role)
        page = browser.get(APPEALS).text
        assert WORDS.say("en", f"admin.{key}") in page and "It was &lt;irony&gt;." in page
        assert browser.post(APPEALS, one="reverse:p1", facts="Yes.").status_code == 403
    browser = newsroom.signed_in()
    page = browser.get(APPEALS).text
    assert "Ban by moderator" in page and f"author?id={author}" in page
    answer = browser.post(APPEALS, one="reverse:p1", facts="Irony it is.")
    assert "done=1" in answer.headers["location"]
    assert stands(newsroom, author).conduct is Conduct.OK


def test_strangers_and_strange_addresses() -> None:
    newsroom = Newsroom_()
    author = newsroom.add("c1").author
    stranger, browser = newsroom.browser(), newsroom.signed_in()
    assert stranger.get(page_of(author)).status_code == 303
    assert stranger.post(page_of(author), deed="ban", facts="x").status_code == 303
    assert browser.get(page_of("nobody")).status_code == 404
    assert browser.get("/.bandeau/admin/author").status_code == 404
    assert browser.post(page_of(author), deed="approve").status_code == 400
    other_site = browser.post(page_of(author), {"origin": "null"}, deed="ban", facts="x")
    assert other_site.status_code == 403
    assert stands(newsroom, author).conduct is Conduct.OK
