"""The queue pages: what staff see, what their buttons do, and who may press them."""

from __future__ import annotations

import base64
import hashlib
import re
import string
from typing import Any
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest
from moderating import WORDS, Browser, Newsroom_

from bandeau import limits
from bandeau.features.comments.grounds import Ground, Reason
from bandeau.features.comments.model import State
from bandeau.features.comments.moderate import Why
from bandeau.features.comments.queue import CONDUCTS, Deed
from bandeau.features.comments.reports import Report
from bandeau.features.comments.staff import Role

pytestmark = pytest.mark.usefixtures("quick_passwords")
QUEUE = "/.bandeau/admin/queue"
AUTHOR = "/.bandeau/admin/author"
LOG = "/.bandeau/admin/log"


def parsed(html: str) -> Any:
    return html5lib.parse(html, namespaceHTMLElements=False)


def shown(browser: Browser, state: str = "held", **more: str) -> list[str]:
    query = "&".join(f"{name}={value}" for name, value in {"state": state, **more}.items())
    page = browser.get(f"{QUEUE}?{query}")
    assert page.status_code == 200
    return [each.get("id").removeprefix("c-") for each in parsed(page.text).findall(".//article")]


def values(browser: Browser, state: str = "held") -> list[str]:
    page = parsed(browser.get(f"{QUEUE}?state={state}").text)
    return [each.get("value") for each in page.findall(".//button[@name='one']")]


def test_a_moderator_reads_why_a_comment_waits() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1", "Come to the <b>Casino</b>", reasons=("first", "listed-word"), page="/a%20b")
    newsroom.add("c2", state=State.SPAM)
    page = newsroom.signed_in().get(QUEUE).text
    assert "Why: first comment of the author; a listed word" in page
    assert "Listed words: casino" in page
    assert "Come to the &lt;b&gt;Casino&lt;/b&gt;" in page
    assert 'href="/a%20b"' in page
    assert "Zoé, 2023-11-14 22:13 UTC" in page
    assert "The author: 0 published, 1 waiting, 0 rejected, 1 spam." in page
    assert "Waiting (1)" in page


def test_every_reason_has_words() -> None:
    for lang in WORDS.languages:
        assert all(WORDS.has(lang, f"reason.{why}") for why in Why if why in _KEPT)


_KEPT = set(Why) - {Why.CLOSED, Why.BANNED, Why.SUSPENDED}


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_say_the_same_things() -> None:
    english = WORDS.languages["en"]
    assert set(WORDS.languages) == {"en", "fr"}
    for texts in WORDS.languages.values():
        assert texts.keys() == english.keys()
        for key, text in texts.items():
            assert text and blanks(text) == blanks(english[key]), key


@pytest.mark.parametrize(
    ("lang", "said"), [("fr", "En attente"), ("de", "Waiting"), ("ar", "Waiting")]
)
def test_other_languages_fall_back_to_english(lang: str, said: str) -> None:
    browser = Newsroom_().signed_in()
    page = browser.get(f"{QUEUE}?lang={lang}").text
    assert said in page
    assert f'<html lang="{lang if lang == "fr" else "en"}" dir="ltr">' in page


@pytest.mark.parametrize(
    ("deed", "state"), [("approve", "published"), ("reject", "rejected"), ("spam", "spam")]
)
def test_a_button_judges_one_comment(deed: str, state: str) -> None:
    newsroom = Newsroom_()
    newsroom.add("c1")
    newsroom.add("c2")
    browser = newsroom.signed_in(Role.EDITOR)
    answer = browser.post(f"{QUEUE}?state=held", one=f"{deed}:c1")
    assert answer.status_code == 303
    where = urlsplit(answer.headers["location"])
    assert (where.path, parse_qs(where.query)) == (
        QUEUE,
        {"lang": ["en"], "state": ["held"], "done": ["1"]},
    )
    assert "1 change made." in browser.get(answer.headers["location"]).text
    assert shown(browser) == ["c2"]
    assert shown(browser, state) == ["c1"]
    assert newsroom.find("c1").state == State(state)
    again = browser.post(QUEUE, one=f"{deed}:c1")
    assert WORDS.say("en", "admin.done_none") in browser.get(again.headers["location"]).text


def test_a_comment_that_is_approved_is_seen_by_readers() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1")
    newsroom.signed_in().post(QUEUE, one="approve:c1")
    assert newsroom.run(newsroom.store.threads("/article", 9)).count == 1


def test_check_boxes_judge_many_at_once() -> None:
    newsroom = Newsroom_()
    for number in range(4):
        newsroom.add(f"c{number}")
    browser = newsroom.signed_in()
    answer = browser.post(QUEUE, deed="spam", comment=["c0", "c2", "c0", "nothing"])
    assert "done=2" in answer.headers["location"]
    assert "2 changes made." in browser.get(answer.headers["location"]).text
    assert shown(browser) == ["c1", "c3"]
    assert "done=0" in browser.post(QUEUE, deed="spam").headers["location"]


def test_a_long_queue_comes_in_pages() -> None:
    newsroom = Newsroom_()
    for number in range(limits.QUEUE_SHOWN + 3):
        newsroom.add(f"c{number:03}")
    browser = newsroom.signed_in()
    first = browser.get(QUEUE).text
    (more,) = re.findall(r'href="([^"]*after=[^"]*)"', first)
    assert len(shown(browser)) == limits.QUEUE_SHOWN
    rest = browser.get(more.replace("&amp;", "&")).text
    assert len(parsed(rest).findall(".//article")) == 3
    assert "after=" not in rest
    assert f"Waiting ({limits.QUEUE_SHOWN + 3})" in rest


def test_the_queue_leads_to_the_author_for_who_judges_authors() -> None:
    newsroom = Newsroom_()
    author = newsroom.add("c1").author
    moderator, editor = newsroom.signed_in(Role.MODERATOR), newsroom.signed_in(Role.EDITOR)
    link = f'href="/.bandeau/admin/author?id={author}'
    assert link in moderator.get(QUEUE).text
    assert link not in editor.get(QUEUE).text


def test_who_is_no_longer_known_has_no_buttons() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1")
    newsroom.run(newsroom.room.authors.forget(["t1"]))
    browser = newsroom.signed_in()
    assert "/author" not in browser.get(QUEUE).text
    assert WORDS.say("en", "admin.no_author") in browser.get(QUEUE).text


def test_every_act_is_in_the_log_which_administrators_read() -> None:
    newsroom = Newsroom_()
    author = newsroom.add("c1").author
    moderator, administrator = newsroom.signed_in(Role.MODERATOR), newsroom.signed_in()
    moderator.post(QUEUE, one="approve:c1")
    newsroom.clock += 60
    administrator.post(f"{AUTHOR}?id={author}", deed="ban", facts="Threats.")
    rows = parsed(administrator.get(LOG).text).findall(".//tbody/tr")
    told = [["".join(cell.itertext()) for cell in row] for row in rows]
    assert told == [
        ["2023-11-14 22:14 UTC", "administrator", "Ban", author, "not restricted", "banned"],
        ["2023-11-14 22:13 UTC", "moderator", "Approve", "c1", "Waiting", "Published"],
    ]
    for role in (Role.MODERATOR, Role.EDITOR):
        browser = newsroom.signed_in(role)
        assert LOG not in browser.get(QUEUE).text
        refused = browser.get(LOG)
        assert refused.status_code == 403
        assert "<table" not in refused.text


def test_a_long_log_comes_in_pages() -> None:
    newsroom = Newsroom_()
    author = newsroom.add("c1").author
    browser = newsroom.signed_in()
    for number in range(limits.LOG_SHOWN + 1):
        newsroom.clock += 1
        deed = "restore" if number % 2 else "ban"
        browser.post(f"{AUTHOR}?id={author}", deed=deed, facts="Threats.")
    first = browser.get(LOG).text
    assert first.count("<tr>") == limits.LOG_SHOWN + 1
    (more,) = re.findall(r'href="([^"]*before=[^"]*)"', first)
    rest = browser.get(more.replace("&amp;", "&")).text
    assert rest.count("<tr>") == 2
    assert "before=" not in rest


def test_nobody_sees_or_does_anything_without_a_session() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1", "secret words")
    stranger = newsroom.browser()
    for answer in (
        stranger.get(QUEUE),
        stranger.get(LOG),
        stranger.get(f"{QUEUE}?state=spam&after=c1"),
        stranger.post(QUEUE, one="approve:c1"),
        stranger.post(QUEUE, deed="approve", comment="c1"),
    ):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/.bandeau/admin/?")
        assert "secret" not in answer.text
    assert newsroom.find("c1").state is State.HELD


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "same-site"}, {"origin": "null"}])
def test_another_site_presses_no_button(headers: dict[str, str]) -> None:
    newsroom = Newsroom_()
    newsroom.add("c1")
    assert newsroom.signed_in().post(QUEUE, headers, one="approve:c1").status_code == 403
    assert newsroom.find("c1").state is State.HELD


@pytest.mark.parametrize(
    "fields",
    [
        {"x": "1"},
        {"one": ""},
        {"one": "approve"},
        {"one": "approve:"},
        {"one": "delete:c1"},
        {"one": "ban:c1"},
        {"one": "approve:" + "c" * 65},
        {"one": ["approve:c1", "spam:c1"]},
        {"deed": "ban", "comment": "c1"},
        {"deed": "APPROVE", "comment": "c1"},
        {"deed": ["spam", "approve"], "comment": "c1"},
    ],
)
def test_there_is_no_other_button(fields: dict[str, Any]) -> None:
    newsroom = Newsroom_()
    newsroom.add("c1")
    assert newsroom.signed_in().post(QUEUE, **fields).status_code == 400
    assert newsroom.find("c1").state is State.HELD


def test_strange_queries_show_the_queue() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1")
    browser = newsroom.signed_in()
    for query in (
        "state=nothing",
        "done=x",
        "done=-1",
        "done=" + "9" * 99,
        "lang=xx",
        "state=gone",
    ):
        assert browser.get(f"{QUEUE}?{query}").status_code == 200
    assert shown(browser, after="nothing") == []


def test_hostile_text_is_text_here_too() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1", "</div><script>alert(1)</script>", name='"><img src=x onerror=alert(1)>')
    tree = parsed(newsroom.signed_in().get(QUEUE).text)
    assert len(tree.findall(".//script")) == 1
    assert not tree.findall(".//img")


def test_nothing_inline_but_what_the_hashes_name() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1")
    page = newsroom.signed_in().get(QUEUE)
    policy = page.headers["content-security-policy"]
    tree = parsed(page.text)
    inline = [*tree.findall(".//style"), *tree.findall(".//script")]
    assert len(inline) == 2
    for each in inline:
        digest = base64.b64encode(hashlib.sha256(each.text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    assert "unsafe" not in policy
    assert not [e for e in tree.iter() for name in e.attrib if name.startswith("on")]


def test_enter_in_a_check_box_judges_nobody() -> None:
    """A form that is sent by Enter presses its first button: that one reads the queue again."""
    newsroom = Newsroom_()
    newsroom.add("c1")
    form = parsed(newsroom.signed_in().get(QUEUE).text).find(".//main/form")
    first = form.find(".//button")
    assert "hidden" in first.attrib
    assert (first.get("formmethod"), first.get("name"), first.get("value")) == (
        "get",
        "state",
        "held",
    )


def test_the_keys_press_buttons_that_are_there() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1")
    page = parsed(newsroom.signed_in().get(QUEUE).text)
    found = page.findall(".//article//button[@data-key]")
    keys = {each.get("data-key"): each.get("value") for each in found}
    assert keys == {"a": "approve:c1", "r": "reject:c1", "s": "spam:c1"}


def test_every_deed_has_words() -> None:
    for lang in WORDS.languages:
        assert all(WORDS.has(lang, f"deed.{deed}") for deed in Deed)
        assert all(WORDS.has(lang, f"conduct.{conduct}") for conduct in CONDUCTS.values())
        assert all(WORDS.has(lang, f"state.{state}") for state in State)
        assert all(WORDS.has(lang, f"role.{role}") for role in Role)
        assert all(WORDS.has(lang, f"ground.{ground}") for ground in Ground)


def report(newsroom: Newsroom_, comment: str, number: int = 1, **changes: Any) -> None:
    made = Report(
        *(f"r{number}", f"t{number}", comment, "/article", newsroom.clock * 1000),
        Ground(changes.pop("ground", "insult")),
        **changes,
    )
    assert newsroom.run(newsroom.room.reports.file(made))


SENDER = {"text": "Defames <Ada>.", "name": "Ada", "email": "ada@example.test"}


def test_reports_stand_beside_the_comment() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1", state=State.PUBLISHED)
    newsroom.add("c2", state=State.PUBLISHED)
    report(newsroom, "c2", 1, text="Rude.")
    report(newsroom, "c1", 2, ground="illegal", **SENDER)
    browser = newsroom.signed_in(Role.EDITOR)
    assert shown(browser, "reported") == ["c1", "c2"]
    page = browser.get(f"{QUEUE}?state=reported").text
    for text in ("Reported (2)", "Reported by 1 reader.", "Rude.", "Defames &lt;Ada&gt;."):
        assert text in page
    assert "From Ada, ada@example.test" in page
    assert values(browser, "reported")[:3] == ["dismiss:c1", "reject:c1", "spam:c1"]
    assert shown(browser, "reported", after="junk") == ["c1", "c2"]


def test_reports_are_dismissed_or_followed_with_a_reason() -> None:
    newsroom = Newsroom_()
    for number in range(4):
        newsroom.add(f"c{number}", state=State.PUBLISHED)
        report(newsroom, f"c{number}", number)
    browser = newsroom.signed_in()
    answer = browser.post(f"{QUEUE}?state=reported", one="dismiss:c0", facts="Fair criticism.")
    assert "state=reported" in answer.headers["location"] and "done=1" in answer.headers["location"]
    browser.post(f"{QUEUE}?state=reported", deed="reject", comment=["c1", "c2"], ground="off-topic")
    assert shown(browser, "reported") == ["c3"]
    assert newsroom.find("c0").state is State.PUBLISHED
    assert newsroom.find("c1").state is State.REJECTED
    told = [newsroom.run(newsroom.room.reports.filed(f"t{number}")) for number in range(3)]
    assert [each.report.outcome.value for each in told] == ["kept", "removed", "removed"]
    assert told[0].decision.reason == Reason(Ground.OTHER, "", "Fair criticism.")
    assert told[1].decision.reason.ground is Ground.OFF_TOPIC
    rows = parsed(browser.get(LOG).text).findall(".//tbody/tr")
    log = [["".join(cell.itertext()) for cell in row][2:] for row in rows]
    assert ["Dismiss the reports", "c0", "Reported", "Reports dismissed"] in log
    again = browser.post(f"{QUEUE}?state=reported", one="dismiss:c0")
    assert "done=0" in again.headers["location"]


def test_illegal_content_needs_its_law() -> None:
    newsroom = Newsroom_()
    newsroom.add("c1", state=State.PUBLISHED)
    report(newsroom, "c1", ground="illegal", **SENDER)
    browser = newsroom.signed_in()
    where = f"{QUEUE}?state=reported"
    refused = browser.post(where, one="reject:c1", ground="illegal", facts="Why <it> is.")
    assert refused.status_code == 422
    assert WORDS.say("en", "admin.reason_law") in refused.text
    assert "Why &lt;it&gt; is." in refused.text
    long = "x" * (limits.REASON_CHARACTERS + 1)
    assert browser.post(where, one="reject:c1", facts=long).status_code == 422
    assert shown(browser, "reported") == ["c1"]
    browser.post(where, one="reject:c1", ground="illegal", law="Press Act, § 9")
    filed = newsroom.run(newsroom.room.reports.filed("t1"))
    assert filed.decision.reason == Reason(Ground.ILLEGAL, "Press Act, § 9", "")


def test_a_long_queue_of_reports_comes_in_pages() -> None:
    newsroom = Newsroom_()
    for number in range(limits.QUEUE_SHOWN + 1):
        newsroom.add(f"c{number:03}", state=State.PUBLISHED)
        report(newsroom, f"c{number:03}", number)
    browser = newsroom.signed_in()
    first = browser.get(f"{QUEUE}?state=reported").text
    (more,) = re.findall(r'href="([^"]*after=[^"]*)"', first)
    rest = browser.get(more.replace("&amp;", "&")).text
    assert len(parsed(rest).findall(".//article")) == 1
