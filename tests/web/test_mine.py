"""``/.bandeau/comments/mine``: readers see their own comments, and decide what becomes of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import html5lib
import httpx
import pytest
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell, Visitor

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.policy.model import LANGUAGES
from bandeau.storage.files import read_words

pytestmark = pytest.mark.slow

COMMENTS = "/.bandeau/comments"
MINE = f"{COMMENTS}/mine"
RECORD = "/.bandeau/record"
JSON = {"accept": "application/json", "sec-fetch-site": "same-origin"}
OWN = {"sec-fetch-site": "same-origin"}
WORDS = read_words()


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bandeau]:
    folder = tmp_path_factory.mktemp("mine")
    listed = json.dumps(list(LANGUAGES))
    text = re.sub("alternative = .*", "", POLICY).replace('["fr", "en", "ar"]', listed)
    (folder / "policy.toml").write_text(text, "utf-8")
    seen = Seen()
    app = Bandeau(publisher(seen), policy=folder / "policy.toml", data=folder / "data")
    yield app
    app.close()


@pytest.fixture(scope="module")
def shell(app: Bandeau) -> Iterator[Shell]:
    with ExitStack() as stack:
        yield Shell(stack.enter_context(serving(app)).url, Seen())


@pytest.fixture
def reader(shell: Shell) -> Visitor:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    return visitor


def write(visitor: Visitor, text: str = "Bonjour", page: str = "/article", **more: str) -> str:
    posted = {"page": page, "name": "Zoé", "text": text, **more}
    answer = visitor.send("POST", COMMENTS, json=posted, headers=JSON)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["comment"]["id"])


def mine(visitor: Visitor) -> list[dict[str, Any]]:
    found = visitor.get(MINE, headers=JSON).json()["comments"]
    assert isinstance(found, list)
    return found


def do(visitor: Visitor, action: str, named: str = "all", **more: str) -> httpx.Response:
    return visitor.send("POST", MINE, json={"action": action, "id": named, **more}, headers=JSON)


def shown(visitor: Visitor, page: str) -> list[dict[str, Any]]:
    found = visitor.get(COMMENTS, params={"page": page}, headers=JSON).json()["comments"]
    assert isinstance(found, list)
    return found


def test_only_this_browser_sees_what_it_wrote(shell: Shell, reader: Visitor) -> None:
    first, second = write(reader, "Premier"), write(reader, "**Second**", page="/a")
    reader.choose("save", "social")
    third = write(reader, "Troisième")
    answer = reader.get(MINE, headers=JSON)
    assert answer.headers["cache-control"] == "no-store"
    assert [each["id"] for each in answer.json()["comments"]] == [third, second, first]
    told = answer.json()["comments"][1]
    assert (told["page"], told["name"], told["text"]) == ("/a", "Zoé", "**Second**")
    assert (told["state"], told["edited"], told["reply_to"]) == ("published", None, None)
    assert told["html"] == '<p dir="auto"><strong>Second</strong></p>'
    assert told["receipt"] != answer.json()["comments"][0]["receipt"]
    other = shell.visitor()
    assert mine(other) == []
    other.choose("accept_all")
    assert mine(other) == []
    page = other.get(f"{MINE}?lang=en")
    assert WORDS.say("en", "mine.none") in page.text
    assert first not in page.text


def test_all_that_is_kept_comes_as_a_file(reader: Visitor, monkeypatch: Any) -> None:
    monkeypatch.setattr(limits, "COMMENTS_MINE", 2)
    written = [write(reader, str(number)) for number in range(5)]
    answer = reader.get(f"{MINE}?download")
    assert answer.headers["content-disposition"] == 'attachment; filename="comments.json"'
    assert answer.headers["content-type"] == "application/json"
    assert [each["id"] for each in answer.json()["comments"]] == written[::-1]
    assert answer.json()["comments"] == mine(reader)
    shown_first = reader.get(f"{MINE}?lang=en").text
    assert (written[4] in shown_first, written[0] in shown_first) == (True, False)
    assert "Only the latest 2 are shown." in shown_first
    assert do(reader, "unpublish").json() == {"changed": 5}
    assert do(reader, "erase").json() == {"changed": 5}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_says_it_in_every_language(reader: Visitor, lang: str) -> None:
    named = write(reader, "<b>x</b>")
    page = reader.get(f"{MINE}?lang={lang}")
    assert page.headers["cache-control"] == "no-store"
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert f'<html lang="{lang}"' in page.text
    assert f'href="/article#comment-{named}"' in page.text
    assert "&lt;b&gt;x" in page.text
    assert f'href="/.bandeau/record?lang={lang}"' in page.text
    assert f'href="{MINE}?lang={lang}"' in reader.get(f"/.bandeau/record?lang={lang}").text
    for action in ("keep", "unpublish", "erase", "edit"):
        assert WORDS.say(lang, f"mine.{action}") in page.text
        done = reader.get(f"{MINE}?lang={lang}&done={action}").text
        assert WORDS.say(lang, f"mine.done_{action}") in done


def test_pages_of_the_site_lead_there_and_hold_nothing_of_it(reader: Visitor) -> None:
    write(reader)
    receipt = mine(reader)[0]["receipt"]
    page = reader.get("/article").text
    assert page.count(f'href="{MINE}?lang=fr"') == 2
    assert receipt not in page
    assert f'href="{MINE}?lang=' in reader.get("/.bandeau/privacy").text


def test_a_comment_is_kept_without_its_name(reader: Visitor) -> None:
    named, page = write(reader, page="/keep"), "/keep"
    answer = write(reader, page=page, reply_to=named)
    assert do(reader, "keep", named).json() == {"changed": 1}
    root, _ = shown(reader, page)
    assert (root["id"], root["name"], root["html"]) == (named, None, '<p dir="auto">Bonjour</p>')
    assert [each["id"] for each in mine(reader)] == [answer]
    for lang in LANGUAGES:
        html = reader.get(f"{COMMENTS}?page={page}&format=html&lang={lang}").text
        assert WORDS.say(lang, "mine.nameless") in html
    for action in ("keep", "erase", "unpublish", "edit", "publish"):
        assert do(reader, action, named, text="x").status_code == 404


def test_unpublishing_hides_and_publishing_undoes_it(reader: Visitor) -> None:
    named, page = write(reader, page="/hide"), "/hide"
    assert do(reader, "unpublish", named).json() == {"changed": 1}
    assert shown(reader, page) == []
    (told,) = mine(reader)
    assert (told["state"], told["reasons"]) == ("rejected", ["by-author"])
    assert WORDS.say("en", "mine.state_unpublished") in reader.get(f"{MINE}?lang=en").text
    assert do(reader, "unpublish", named).json() == {"changed": 0}
    assert do(reader, "publish", named).json() == {"changed": 1}
    assert do(reader, "publish", named).json() == {"changed": 0}
    assert [each["id"] for each in shown(reader, page)] == [named]


def test_erasing_leaves_replies_under_a_tombstone_and_no_text_on_the_disk(
    shell: Shell, reader: Visitor, tmp_path_factory: pytest.TempPathFactory
) -> None:
    named, page = write(reader, "Introuvable-5f1d", page="/erase"), "/erase"
    other = shell.visitor()
    other.choose("accept_all")
    reply = write(other, page=page, reply_to=named)
    receipt = mine(reader)[0]["receipt"]
    assert do(reader, "erase", named).json() == {"changed": 1}
    root, answer = shown(reader, page)
    assert (root["state"], root["name"], root["html"]) == ("removed", None, None)
    assert (answer["id"], answer["name"]) == (reply, "Zoé")
    assert mine(reader) == []
    data = next(tmp_path_factory.getbasetemp().glob("mine*/data"))
    for file in data.glob("comments.sqlite*"):
        assert b"Introuvable-5f1d" not in file.read_bytes()
        assert receipt.encode() not in file.read_bytes()
    assert do(reader, "erase", named).status_code == 404


def test_an_edit_is_marked_and_cleaned(reader: Visitor) -> None:
    named, page = write(reader, page="/edit"), "/edit"
    assert do(reader, "edit", named, text="**Neuf** <b>").json() == {"changed": 1}
    (told,) = shown(reader, page)
    assert told["html"] == '<p dir="auto"><strong>Neuf</strong> &lt;b&gt;</p>'
    assert told["edited"] is not None
    for text, code in ((" \n", "empty"), ("x" * 5_001, "text-too-long")):
        answer = do(reader, "edit", named, text=text)
        assert (answer.status_code, answer.json()["error"]["reason"]) == (422, code)
    assert shown(reader, page) == [told]
    assert do(reader, "unpublish", named).json() == {"changed": 1}
    answer = do(reader, "edit", named, text="x")
    assert (answer.status_code, answer.json()["error"]["reason"]) == (409, "not-published")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_form_whose_edit_is_refused_hands_the_text_back(
    shell: Shell, lang: str, monkeypatch: Any
) -> None:
    writer = shell.visitor(**{"accept-language": lang})
    writer.choose("accept_all")
    named = write(writer, page="/returned")
    typed = "<b>" + "long " * 1_000

    def refused(status: int, key: str, text: str = typed) -> Any:
        fields = {"action": "edit", "id": named, "text": text}
        answer = writer.send("POST", f"{MINE}?lang={lang}", data=fields, headers=OWN)
        assert answer.status_code == status
        page = html5lib.parse(answer.text, namespaceHTMLElements=False)
        assert page.find(".//div[@role='alert']//strong").text == WORDS.say(lang, f"error.{key}")
        (area,) = (each for each in page.iter("textarea") if each.text == text)
        return area, page

    area, page = refused(422, "comment_text")
    assert area.get("name") == "text"
    assert any(
        area in each.iter() and each.get("open") is not None for each in page.iter("details")
    )
    with monkeypatch.context() as patch:
        patch.setattr(limits, "COMMENT_EDIT_SECONDS", 0)
        assert refused(403, "comment_closed", "late")[0].get("readonly") is not None
    writer.choose("refuse_all")
    assert refused(403, "comments_locked")[0].get("readonly") is not None
    assert mine(writer)[0]["text"] == "Bonjour"


def test_what_was_typed_keeps_its_lines_and_is_only_text(reader: Visitor) -> None:
    text = "Un.\n\n> deux\n\n```\na\n  b\n```\n%BANDEAU-FRAGMENT% </textarea><script>"
    write(reader, text)
    page = html5lib.parse(reader.get(MINE).text, namespaceHTMLElements=False)
    (typed,) = page.findall(".//main//textarea")
    assert typed.text == text
    (code,) = page.findall(".//main//pre/code")
    assert code.text == "a\n  b\n"
    assert page.findall(".//main//script") == []


def test_the_edit_window_closes(reader: Visitor, monkeypatch: Any) -> None:
    named = write(reader, page="/late")
    assert "<textarea" in reader.get(MINE).text
    monkeypatch.setattr(limits, "COMMENT_EDIT_SECONDS", 0)
    answer = do(reader, "edit", named, text="x")
    assert (answer.status_code, answer.json()["error"]["reason"]) == (403, "edit-closed")
    assert "<textarea" not in reader.get(MINE).text
    assert mine(reader)[0]["text"] == "Bonjour"


@pytest.mark.parametrize("action", ["keep", "unpublish", "erase"])
def test_after_withdrawal_all_but_writing_is_allowed(reader: Visitor, action: str) -> None:
    page = f"/withdrawn-{action}"
    named, _ = write(reader, page=page), write(reader, page=page)
    reader.choose("refuse_all")
    for writes in ("edit", "publish"):
        answer = do(reader, writes, named, text="x")
        error = answer.json()["error"]
        assert (answer.status_code, error["reason"]) == (403, "refused")
        assert error["message"] == WORDS.say("fr", "error.comments_locked")
    assert "<textarea" not in reader.get(MINE).text
    assert do(reader, action).json() == {"changed": 2}
    assert do(reader, action).json() == {"changed": 0}
    assert len(shown(reader, page)) == (2 if action == "keep" else 0)
    if action == "unpublish":
        assert do(reader, "publish").status_code == 403
        reader.choose("accept_all")
        assert do(reader, "publish").json() == {"changed": 2}
        assert len(shown(reader, page)) == 2


def test_a_replayed_cookie_writes_nothing(reader: Visitor) -> None:
    named = write(reader)
    jar = dict(reader.jar)
    reader.choose("refuse_all")
    reader.jar = jar
    assert do(reader, "edit", named, text="x").status_code == 403
    assert mine(reader)[0]["text"] == "Bonjour"


@pytest.mark.parametrize(
    ("fate", "left"),
    [("erase", []), ("keep", [None, None, None]), ("leave", ["Zoé"] * 3), (None, ["Zoé"] * 3)],
)
def test_erasing_the_record_settles_the_comments(
    reader: Visitor, monkeypatch: Any, fate: str | None, left: list[str | None]
) -> None:
    monkeypatch.setattr(limits, "COMMENTS_MINE", 2)
    page = f"/erased-{fate}"
    for choice in ("social", "social", "advertising"):
        reader.choose("save", "social", choice)
        write(reader, page=page)
    ids = [each["id"] for each in shown(reader, page)]
    kept = {"comments": fate} if fate else {}
    answer = reader.send("POST", f"{RECORD}/erase", json=kept, headers=JSON)
    assert answer.json()["erased"] >= 4
    assert [each["name"] for each in shown(reader, page)] == left
    assert mine(reader) == []
    reader.choose("accept_all")
    assert mine(reader) == []
    assert [do(reader, "erase", each).status_code for each in ids] == [404] * 3


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_question_before_erasing_asks_about_comments_where_there_are_any(
    shell: Shell, reader: Visitor, lang: str
) -> None:
    write(reader)
    question = reader.get(f"{RECORD}/erase?lang={lang}").text
    for fate in ("keep", "erase", "leave"):
        radio = f'<input type="radio" name="comments" value="{fate}" required>'
        assert f"{radio} {WORDS.say(lang, f'record.comments_{fate}')}</label>" in question
    assert WORDS.say(lang, "record.comments_text") in question
    other = shell.visitor()
    other.choose("accept_all")
    assert 'name="comments"' not in other.get(f"{RECORD}/erase?lang={lang}").text


def test_an_unknown_fate_erases_nothing(reader: Visitor) -> None:
    write(reader)
    for fate in ("destroy", ["keep", "erase"]):
        answer = reader.send("POST", f"{RECORD}/erase", json={"comments": fate}, headers=JSON)
        assert answer.status_code == 400
    assert len(mine(reader)) == 1


def test_what_is_not_ones_own_tells_and_changes_nothing(shell: Shell, reader: Visitor) -> None:
    named, other = write(reader, page="/foreign"), shell.visitor()
    before = shown(reader, "/foreign")
    for visitor in (other, shell.visitor()):
        visitor.choose("accept_all")
        for action in ("keep", "unpublish", "publish", "erase", "edit"):
            foreign = do(visitor, action, named, text="x")
            unknown = do(visitor, action, "0199-none", text="x")
            assert foreign.status_code == unknown.status_code == 404
            assert foreign.content == unknown.content
            if action != "edit":
                assert do(visitor, action).json() == {"changed": 0}
    assert do(shell.visitor(), "erase", named).status_code == 404
    assert shown(reader, "/foreign") == before


def test_a_form_is_answered_with_the_page_in_words(reader: Visitor) -> None:
    named = write(reader)
    fields = {"action": "unpublish", "id": named}
    answer = reader.send("POST", f"{MINE}?lang=en", data=fields, headers=OWN)
    assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
    assert answer.headers["location"] == f"{MINE}?done=unpublish&lang=en"
    assert "readers no longer see it" in reader.get(answer.headers["location"]).text
    do(reader, "erase")
    none = reader.send("POST", f"{MINE}?lang=en", data={"action": "erase", "id": "all"})
    assert WORDS.say("en", "mine.none") in reader.get(none.headers["location"]).text
    unknown = reader.send("POST", f"{MINE}?lang=en", data=fields, headers=OWN)
    assert (unknown.status_code, "no comment of this browser" in unknown.text) == (404, True)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"id": "all"}, 400),
        ({"action": "publish"}, 400),
        ({"action": "destroy", "id": "all"}, 400),
        ({"action": "keep", "id": ["a", "b"]}, 400),
        ({"action": "edit", "id": "all", "text": "x"}, 404),
        ({"action": "keep", "id": "'; --"}, 404),
        ({"action": "keep", "id": ""}, 404),
        ({"action": "keep", "id": "\0"}, 400),
    ],
)
def test_strange_posts_change_nothing(reader: Visitor, fields: Any, status: int) -> None:
    write(reader)
    before = mine(reader)
    assert reader.send("POST", MINE, json=fields, headers=JSON).status_code == status
    assert reader.send("POST", MINE, data=fields, headers=OWN).status_code == status
    assert mine(reader) == before


def test_no_other_site_posts_here(reader: Visitor) -> None:
    write(reader)
    before = mine(reader)
    fields = {"action": "erase", "id": "all"}
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}):
        assert reader.send("POST", MINE, data=fields, headers=headers).status_code == 403
    assert mine(reader) == before


def test_an_edit_is_judged_as_a_post_is(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("judged")
    (folder / "words.txt").write_text("casino\n!pills\n", "utf-8")
    rules = 'purpose = "social"\nlinks = 1\nwords = "words.txt"'
    text = POLICY.replace(
        '[features.comments]\npurpose = "social"', f"[features.comments]\n{rules}"
    )
    (folder / "policy.toml").write_text(text, "utf-8")
    app = Bandeau(publisher(Seen()), policy=folder / "policy.toml", data=folder / "data")
    with serving(app) as served:
        reader = Shell(served.url, Seen()).visitor()
        reader.choose("accept_all")
        named = write(reader)
        refused = do(reader, "edit", named, text="cheap pills")
        assert (refused.status_code, refused.json()["error"]["reason"]) == (422, "listed-word")
        assert [each["html"] for each in shown(reader, "/article")] == ['<p dir="auto">Bonjour</p>']
        assert do(reader, "edit", named, text="the casino").status_code == 200
        assert shown(reader, "/article") == []
        assert (mine(reader)[0]["state"], mine(reader)[0]["reasons"]) == ("held", ["listed-word"])
        assert do(reader, "edit", named, text="harmless").status_code == 200
        assert mine(reader)[0]["state"] == "held"
        assert mine(reader)[0]["text"] == "harmless"
    app.close()
