"""Comments over HTTP: what readers, posters and forgers get."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlencode

import html5lib
import pytest
from commenting import GRANTED, PATH, POLICY, POST, REFUSED, WORDS, Site_, standing
from memory_tables import MemoryTables

from bandeau import limits
from bandeau.choice.model import Answer, Source, Standing
from bandeau.features.comments.gate import Proof
from bandeau.features.comments.model import Comment, Listing
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.policy.model import LANGUAGES
from bandeau.policy.words import direction
from bandeau.storage.comments.store import MIGRATIONS, StoredComments
from bandeau.web.comments_view import start_tag

LOCKED = {
    "refused": REFUSED,
    "not-decided": Proof(standing(Answer.UNDECIDED, Source.NONE), None, False),
    "no-record": Proof(standing(Answer.GRANTED), None, True),
    "superseded": Proof(standing(Answer.GRANTED), "receipt-1", False),
    "ledger-down": Proof(standing(Answer.REFUSED, Source.LEDGER_DOWN), None, False),
}


class FullDisk(StoredComments):
    """A store that can still be read."""

    def __init__(self) -> None:
        super().__init__(MemoryTables(MIGRATIONS))

    async def add(self, comment: Comment, mark: str = "") -> Comment | None:
        raise CommentsUnavailable("full")


class BrokenStore(FullDisk):
    """A store whose disk is gone."""

    async def version(self, page: str) -> int:
        raise CommentsUnavailable("gone")

    async def threads(self, *_: object) -> Listing:
        raise CommentsUnavailable("gone")

    async def thread(self, *_: object) -> Listing:
        raise CommentsUnavailable("gone")

    async def find(self, comment_id: str) -> Comment | None:
        raise CommentsUnavailable("gone")


def section_html(
    site: Site_, proof: Proof = GRANTED, lang: str = "en", path: str = "/article"
) -> str:
    _, section = asyncio.run(site.comments.section_for(proof.standing, lang, path))
    return section.decode()


def parsed(html: str) -> Any:
    return html5lib.parse(html, namespaceHTMLElements=False)


# Reading


def test_a_page_without_comments_lists_none() -> None:
    answer = Site_().get()
    assert answer.status_code == 200
    assert answer.json() == {"page": "/article", "count": 0, "next": None, "comments": []}
    assert answer.headers["content-type"] == "application/json"


def test_the_list_is_open_to_all_and_tells_nothing_of_the_visitor() -> None:
    site = Site_()
    site.post_json()
    site.post_json(text="answer", reply_to="id-0000")
    site.proof = LOCKED["not-decided"]
    listed = site.get().json()
    root, reply = listed["comments"]
    assert (listed["page"], listed["count"], listed["next"]) == ("/article", 2, None)
    assert root == {
        "id": "id-0000",
        "name": "Zoé",
        "html": '<p dir="auto">One.<br>\nTwo.</p>',
        "time": "2023-11-14T22:13:21.250Z",
        "reply_to": None,
        "edited": None,
    }
    assert (reply["html"], reply["reply_to"]) == ('<p dir="auto">answer</p>', "id-0000")


def test_reading_sets_no_cookie() -> None:
    for answer in (Site_().get(), Site_().get(html=True), Site_(REFUSED).post_json()):
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("accept", "query", "kind"),
    [
        ("application/json", {}, "application/json"),
        ("*/*", {}, "application/json"),
        ("text/html,application/xhtml+xml", {}, "text/html; charset=utf-8"),
        ("text/html", {"format": "json"}, "application/json"),
        ("application/json", {"format": "html"}, "text/html; charset=utf-8"),
    ],
)
def test_the_reader_chooses_the_form(accept: str, query: dict[str, str], kind: str) -> None:
    query = {"page": "/article", **query}
    answer = Site_().ask("GET", params=query, headers={"accept": accept})
    assert answer.headers["content-type"] == kind
    assert "Accept" in answer.headers["vary"]


def test_long_lists_come_in_pages() -> None:
    site = Site_()
    for number in range(limits.COMMENTS_PER_PAGE + 2):
        site.post_json(text=str(number))
    first = site.get().json()
    assert (first["count"], len(first["comments"])) == (102, 100)
    assert first["next"] == first["comments"][-1]["id"]
    rest = site.get(after=first["next"]).json()
    assert rest["next"] is None
    assert [each["html"] for each in rest["comments"]] == [
        '<p dir="auto">1</p>',
        '<p dir="auto">0</p>',
    ]
    assert "after=id-0002" in site.get(html=True).text
    assert "after=" not in site.get(html=True, after="id-0002").text


@pytest.mark.parametrize("page", ["", "nowhere", "//evil.test", "/\\evil.test", "/a\nb", "/%00"])
def test_a_list_of_no_page_is_refused(page: str) -> None:
    for html in (False, True):
        answer = Site_().get(page, html=html)
        assert answer.status_code == 400
    assert Site_().ask("GET").status_code == 400
    assert Site_().ask("GET", PATH + "?page=/a&page=/b").status_code == 400


def test_strange_queries_change_nothing() -> None:
    for query in ({"limit": "1" * 24}, {"after": "'; --"}, {"reply": "\ud7ff" * 99, "x": "\0"}):
        for html in (False, True):
            assert Site_().get(html=html, **query).status_code == 200


def test_other_methods_are_refused() -> None:
    for method in ("PUT", "DELETE", "PATCH"):
        assert Site_().ask(method).status_code == 405
    assert Site_().ask("HEAD", params={"page": "/a"}).status_code == 200


# Posting


def test_a_form_is_sent_back_to_its_comment() -> None:
    site = Site_()
    answer = site.post_form(page="/été?utm=1#x")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/%C3%A9t%C3%A9#comment-id-0000"
    assert answer.headers["cache-control"] == "no-store"
    assert site.get("/%C3%A9t%c3%a9").json()["count"] == 1


def test_json_is_answered_with_the_comment() -> None:
    answer = Site_().post_json(reply_to=None)
    assert answer.status_code == 201
    assert answer.headers["location"] == "/article#comment-id-0000"
    assert answer.json() == {
        "comment": {
            "id": "id-0000",
            "name": "Zoé",
            "html": '<p dir="auto">One.<br>\nTwo.</p>',
            "time": "2023-11-14T22:13:21.250Z",
            "reply_to": None,
            "edited": None,
        }
    }


def test_a_comment_keeps_its_receipt() -> None:
    site = Site_()
    site.post_form()
    kept = asyncio.run(site.store.find("id-0000"))
    assert kept is not None
    assert kept.receipt == "receipt-1"


def test_the_same_id_twice_is_one_comment() -> None:
    site = Site_(ids=["same", "same"])
    assert site.post_json().json() == site.post_json().json()
    assert site.get().json()["count"] == 1


def test_markup_is_published_as_text() -> None:
    site = Site_()
    site.post_form(name="<b onclick=x>Zoé</b>", text="</template><script>alert(1)</script>")
    for html in (site.get(html=True).text, section_html(site)):
        tree = parsed(html)
        assert len(tree.findall(".//script")) == 1
        assert "&lt;b onclick=x&gt;Zoé" in html


SIGNAL = Proof(standing(Answer.REFUSED, Source.SIGNAL), None, False)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_who_refused_decides_there_what_becomes_of_earlier_comments(lang: str) -> None:
    site = Site_(REFUSED)
    forged = site.post_form(headers={"accept-language": lang})
    for html in (
        section_html(site, REFUSED, lang),
        site.get(html=True, lang=lang).text,
        forged.text,
    ):
        (form,) = re.findall(r'<form class="mine".*?</form>', html, re.DOTALL)
        assert f'action="{PATH}/mine?lang={lang}"' in form
        assert 'name="id" value="all"' in form
        pressed = re.findall(
            'name="action" value="([a-z]+)" aria-describedby="mine">([^<]+)<', form
        )
        assert dict(pressed) == {
            action: WORDS.say(lang, f"mine.{action}") for action in ("keep", "unpublish", "erase")
        }


@pytest.mark.parametrize("proof", [*(p for p in LOCKED.values() if p != REFUSED), SIGNAL])
def test_nothing_of_that_is_offered_to_who_recorded_no_refusal(proof: Proof) -> None:
    site = Site_(proof)
    for html in (section_html(site, proof), site.get(html=True, lang="en").text):
        drawn = re.sub(r"<template class.*?</template>", "", html, flags=re.DOTALL)
        assert '<form class="mine"' not in drawn
        assert f'href="{PATH}/mine?lang=en"' in drawn


def test_an_open_section_holds_the_offer_for_the_moment_it_locks() -> None:
    kept = section_html(Site_()).split('<template class="when-locked">')[1].split("</template>")[0]
    assert kept.count('<form class="mine"') == 1


@pytest.mark.parametrize(("code", "proof"), LOCKED.items())
def test_a_forged_post_is_refused_with_the_reason(code: str, proof: Proof) -> None:
    site = Site_(proof)
    answer = site.post_json()
    assert answer.status_code == 403
    error = answer.json()["error"]
    assert (set(error), error["reason"]) == ({"reason", "message"}, code)
    page = site.post_form()
    assert page.status_code == 403
    assert WORDS.say("en", "comments.locked_title") in page.text
    assert 'data-state="locked"' in page.text
    assert asyncio.run(site.store.threads("/article", 1)).count == 0


def test_a_forged_post_keeps_what_was_written_and_says_why() -> None:
    answer = Site_(REFUSED).post_form(text="My <long> thoughts")
    assert "My &lt;long&gt; thoughts</textarea>" in answer.text
    assert "Social networks" in answer.text
    assert "Write to &lt;a@phare.test&gt;" in answer.text


def test_a_forged_post_is_refused_whatever_its_body() -> None:
    site = Site_(REFUSED)
    for body, kind in ((b"{", "application/json"), (b"", "text/plain"), (b"a=b", "multipart/x")):
        answer = site.ask("POST", content=body, headers={"content-type": kind})
        assert answer.status_code == 403
        assert len(answer.text) > 50


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.test"},
        {"origin": "null"},
    ],
)
def test_another_site_cannot_post(headers: dict[str, str]) -> None:
    site = Site_()
    answer = site.post_form(headers)
    assert answer.status_code == 403
    assert WORDS.say("en", "error.cross_site") in answer.text
    answer = site.ask("POST", json=POST, headers=headers)
    assert answer.json()["error"]["reason"] == "cross-site"
    assert site.get().json()["count"] == 0


def test_replies_stay_on_their_page() -> None:
    site = Site_()
    site.post_json()
    for reply_to, page in (
        ("nothing", "/article"),
        ("id-0000", "/other"),
        ("' OR 1=1", "/article"),
    ):
        answer = site.post_json(reply_to=reply_to, page=page)
        assert answer.status_code == 422
        assert answer.json()["error"]["reason"] == "unknown-reply"
    assert site.get().json()["count"] == 1


# Bad input

BAD_JSON = [
    (b"", 400),
    (b"{", 400),
    (b"[]", 400),
    (b'"x"', 400),
    (b"null", 400),
    (b"[" * 60_000, 400),
    (b'{"a":' * 10_000, 400),
    (b'{"page": ' + b"9" * 10_000 + b"}", 400),
    (b"\xff\xfe{\x00}\x00", 400),
    (b'\xef\xbb\xbf{"page": "/a", "name": "x", "text": "x"}', 400),
    (b'{"page": "/a", "name": "\xff", "text": "x"}', 400),
    (b'{"page": "/a", "name": "x", "text": "x", "text": "y"}', 400),
    (b'{"page": "/a", "name": "\\ud800", "text": "x"}', 400),
    (b'{"page": "/a", "name": "x", "text": "\\udc00"}', 400),
    (b'{"page": "/a\\ud800", "name": "x", "text": "x"}', 400),
    (b'{"page": "/a", "name": "x", "text": "x", "reply_to": "\\ud800"}', 400),
    (b'{"page": "/a", "name": "x", "text": "a\\u0000b"}', 400),
    (b'{"page": "//evil.test", "name": "x", "text": "x"}', 400),
    (b'{"name": "x", "text": "x"}', 400),
    (b'{"page": "/a", "text": "x"}', 422),
    (b'{"page": "/a", "name": "x"}', 422),
    (b'{"page": "/a", "name": " ", "text": "x"}', 422),
    (b'{"page": "/a", "name": 1, "text": "x"}', 422),
    (b'{"page": "/a", "name": null, "text": "x"}', 422),
    (b'{"page": "/a", "name": "x", "text": ["x"]}', 422),
    (b'{"page": {"x": true}, "name": "x", "text": "x"}', 422),
    (b'{"page": "/a", "name": "x", "text": "x", "reply_to": 1}', 422),
    (json.dumps({**POST, "text": "x" * 5_001}).encode(), 422),
    (json.dumps({**POST, "name": "x" * 81}).encode(), 422),
    (json.dumps({**POST, "text": "x" * 65_535}).encode(), 413),
    (b" " * 300_000, 413),
]


@pytest.mark.parametrize(("body", "status"), BAD_JSON)
def test_bad_json_is_refused_clearly(body: bytes, status: int) -> None:
    site = Site_()
    answer = site.ask("POST", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status
    assert answer.json()["error"]["message"]
    assert site.get("/a").json()["count"] == site.get().json()["count"] == 0


BAD_FORMS = [
    (b"", 400),
    (b"page=/a&page=/b&name=x&text=x", 400),
    (b"page=/a&name=%FF&text=x", 400),
    (b"page=/a&name=\xff&text=x", 400),
    (b"page=/a&name=%ED%A0%80&text=x", 400),
    (b"page=/a&name=x&text=a%00b", 400),
    (b"&".join(b"f%d=1" % n for n in range(100)), 400),
    (b"page=/a&name=&text=x", 422),
    (b"page=/a&name=x", 422),
    (b"page=/a&name=x&text=x&reply_to=nothing", 422),
    (b"page=/a&name=x&text=" + b"x" * 5_001, 422),
    (b"page=/a&name=x&text=" + b"%E2%82%AC" * 10_000, 413),
]


@pytest.mark.parametrize(("body", "status"), BAD_FORMS)
def test_bad_forms_are_refused_readably(body: bytes, status: int) -> None:
    site = Site_()
    kind = {"content-type": "application/x-www-form-urlencoded", "accept": "text/html"}
    answer = site.ask("POST", content=body, headers=kind)
    assert answer.status_code == status
    assert parsed(answer.text).find(".//main") is not None
    assert site.get("/a").json()["count"] == 0


@pytest.mark.parametrize(
    "kind",
    [
        "",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "application/json; charset=latin-1",
        "application/x-www-form-urlencoded; charset=windows-1252",
    ],
)
def test_other_content_types_are_refused(kind: str) -> None:
    body = json.dumps(POST).encode()
    answer = Site_().ask("POST", content=body, headers={"content-type": kind} if kind else {})
    assert answer.status_code == 415


def test_content_types_may_name_utf_8() -> None:
    for kind in ("application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"'):
        body = json.dumps(POST).encode()
        answer = Site_().ask("POST", content=body, headers={"content-type": kind})
        assert answer.status_code == 201


def test_a_huge_body_is_not_read_to_its_end() -> None:
    taken = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(160):
            taken += 65_536
            yield b"x" * 65_536

    async def call() -> int:
        site = Site_()
        body = endless()

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": await anext(body), "more_body": True}

        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "query_string": b"",
            "headers": [(b"content-type", b"application/json")],
        }
        await site.app(scope, receive, send)
        return int(sent[0]["status"])

    assert asyncio.run(call()) == 413
    assert taken <= 3 * limits.COMMENT_BODY_BYTES


def test_a_visitor_who_leaves_while_posting_breaks_nothing() -> None:
    async def call() -> None:
        site = Site_()

        async def receive() -> dict[str, Any]:
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            assert message.get("status", 400) == 400

        scope = {
            "type": "http",
            "method": "POST",
            "path": PATH,
            "query_string": b"",
            "headers": [],
        }
        await site.app(scope, receive, send)

    asyncio.run(call())


def test_a_store_that_is_down_answers_503() -> None:
    site = Site_(store=BrokenStore())
    for answer in (site.get(), site.get(html=True), site.post_json(), site.post_form()):
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
    assert site.post_json().json()["error"]["reason"] == "unavailable"
    assert "Comments cannot be saved" in section_html(site)


def test_a_locked_visitor_is_refused_even_while_the_store_is_down() -> None:
    site = Site_(REFUSED, store=BrokenStore())
    assert site.post_json().status_code == 403
    assert site.post_form().status_code == 403


def test_without_comments_in_the_policy_there_is_nothing_here() -> None:
    site = Site_(policy=POLICY.model_copy(update={"features": ()}))
    for answer in (site.get(), site.get(html=True), site.post_json(), site.post_form()):
        assert answer.status_code == 404
    assert section_html(site) == ""


# Drafts


@pytest.mark.parametrize(
    ("fields", "status", "text_key"),
    [
        ({"name": " "}, 422, "comments.error_empty"),
        ({"reply_to": "gone"}, 422, "comments.error_reply"),
        ({"name": "x" * 81}, 422, "comments.error_long"),
    ],
)
def test_an_error_keeps_the_draft(fields: dict[str, str], status: int, text_key: str) -> None:
    site = Site_()
    answer = site.post_form(**{"text": "\nI & <you>", **fields})
    assert answer.status_code == status
    said = WORDS.say("en", text_key, limit=limits.COMMENT_NAME_CHARACTERS)
    tree = parsed(answer.text)
    assert said in tree.find(".//p[@role='status']").text
    assert tree.find(".//textarea[@name='text']").text == "\nI & <you>"
    name = fields.get("name", POST["name"])
    assert tree.find(".//input[@name='name']").get("value") == name


def test_a_draft_outlives_a_full_disk() -> None:
    answer = Site_(store=FullDisk()).post_form()
    assert answer.status_code == 503
    assert "One.\nTwo.</textarea>" in answer.text.replace("\r\n", "\n")


def test_a_reply_keeps_what_it_answers_through_an_error() -> None:
    site = Site_()
    site.post_json(name="Ada")
    answer = site.post_form(reply_to="id-0000", text=" ")
    assert 'name="reply_to" value="id-0000"' in answer.text
    assert "In reply to Ada" in answer.text


# Drawing


@pytest.mark.parametrize("lang", sorted(WORDS.languages))
@pytest.mark.parametrize("proof", [GRANTED, *LOCKED.values()])
def test_the_section_speaks_every_language(lang: str, proof: Proof) -> None:
    site = Site_(proof)
    for number in (1, 2):
        asyncio.run(site.store.add(comment(number)))
    html = section_html(site, proof, lang)
    assert f'lang="{lang}" dir="{direction(lang)}"' in html
    assert html.count("<article ") == 2
    for said in ("comments.title", "comments.locked_title"):
        assert WORDS.say(lang, said) in html
    page = site.ask(
        "GET",
        params={"page": "/article"},
        headers={"accept": "text/html", "accept-language": f"{lang}, en;q=0.5"},
    )
    assert f'<html lang="{lang}" dir="{direction(lang)}">' in page.text


def comment(number: int, reply_to: str | None = None) -> Comment:
    time = 1_700_000_000_000 + number
    return Comment(f"c{number}", "/article", f"N{number}", "<p>x</p>", time, reply_to, "receipt-1")


def test_the_form_opens_only_when_allowed() -> None:
    site = Site_()
    for proof, state in ((GRANTED, "open"), *((proof, "locked") for proof in LOCKED.values())):
        shown, section = asyncio.run(site.comments.section_for(appearing(proof), "en", "/article"))
        assert shown == state
        form = '<form class="write" method="post" action="/.bandeau/comments?lang=en"'
        assert (form in section.decode()) == (state == "open")


def appearing(proof: Proof) -> Standing | None:
    """The same visitor as the short cookie alone shows it: what only the ledger knows is gone."""
    if proof.standing.grants("social") and (not proof.current or proof.record_id is None):
        return standing(Answer.UNDECIDED, Source.NONE)
    return proof.standing


def test_the_locked_panel_says_why_what_else_and_offers_the_choice() -> None:
    html = section_html(Site_(), REFUSED, "en", "/été à l’est")
    tree = parsed(html)
    page = "/%C3%A9t%C3%A9%20%C3%A0%20l%E2%80%99est"
    form = tree.find(".//form")
    fields = {each.get("name"): each.get("value") for each in form.findall("input")}
    assert (form.get("method"), form.get("action")) == ("post", "/.bandeau/choice")
    assert fields == {
        "action": "grant",
        "purpose": "social",
        "mechanism": "comments",
        "return": page,
    }
    assert (
        tree.find(".//a").get("href")
        == "/.bandeau/panel?return=" + urlencode({"": page}, safe="/")[1:]
    )
    assert "You have not allowed it" in html
    assert "Another way to have your say:" in html
    assert "Write to &lt;a@phare.test&gt;" in html


def test_an_undecided_visitor_is_not_told_of_a_refusal() -> None:
    html = section_html(Site_(), LOCKED["not-decided"])
    assert "You have not decided about it yet" in html
    assert "You have not allowed it" not in html


def test_a_ledger_that_is_down_offers_no_choice_that_it_cannot_keep() -> None:
    html = section_html(Site_(), LOCKED["ledger-down"])
    assert 'value="grant"' not in html
    assert "Comments cannot be saved right now" in html


def test_the_alternative_speaks_another_language_rather_than_none() -> None:
    assert "Écrivez-nous" in section_html(Site_(), REFUSED, "de")


def test_threads_are_one_level_deep_and_read_downwards() -> None:
    site = Site_()
    for each in (comment(1), comment(2, "c1"), comment(3), comment(4, "c2"), comment(5)):
        asyncio.run(site.store.add(each))
    tree = parsed(section_html(site))
    articles = tree.findall(".//ol/li/article")
    names = [article.get("aria-label").split()[0] for article in articles]
    assert names == ["N5", "N3", "N1", "N2", "N4"]
    assert len(tree.findall(".//ol/li/ol/li/article")) == 2
    assert not tree.findall(".//ol/li/ol/li/ol")


def test_every_comment_has_an_anchor_outside_the_shadow_tree() -> None:
    site = Site_()
    asyncio.run(site.store.add(comment(1)))
    tree = parsed(section_html(site))
    inside = {each.get("name") for each in tree.findall(".//template//slot")}
    outside = {each.get("slot"): each.get("id") for each in tree.findall("./body/div/span")}
    assert set(outside) == inside
    assert outside["comment-c1"] == "comment-c1"


def test_nothing_inline_but_what_the_hashes_name() -> None:
    site = Site_()
    site.post_json()
    page = site.get(html=True)
    policy = page.headers["content-security-policy"]
    tree = parsed(page.text)
    inline = [*tree.findall(".//style"), *tree.findall(".//script")]
    assert len(inline) == 3
    for each in inline:
        digest = base64.b64encode(hashlib.sha256(each.text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    for each in (*site.comments.view.style_hashes, *site.comments.view.script_hashes):
        assert each in policy
    assert "unsafe" not in policy
    for element in tree.iter():
        names = set(element.attrib)
        assert "style" not in names
        assert not any(name.startswith("on") for name in names)


def test_a_reply_has_its_own_address() -> None:
    site = Site_()
    site.post_json(name="Ada")
    assert "reply=id-0000" in section_html(site)
    page = site.get(html=True, reply="id-0000").text
    assert 'name="reply_to" value="id-0000"' in page
    assert 'name="reply_to"' not in site.get("/other", html=True, reply="id-0000").text
    site.proof = REFUSED
    assert "reply=id-0000" not in section_html(site, REFUSED)


def test_the_section_survives_a_path_that_is_no_page() -> None:
    for path in ("//evil.test", "/" + "a" * 501, "/\ufffd\udcff", "/\x00"):
        state, section = asyncio.run(Site_().comments.section_for(None, "en", path))
        assert (state, section) == ("locked", b"")


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        (
            b'<section data-bandeau="comments">',
            b'<section data-state="open" data-bandeau="comments">',
        ),
        (
            b"<SECTION class=a data-state=locked data-bandeau=comments>",
            b'<SECTION data-state="open" class=a data-bandeau=comments>',
        ),
        (
            b"<div data-bandeau='comments' DATA-STATE='x>y' id=\"data-state=z\"/>",
            b'<div data-state="open" data-bandeau=\'comments\' id="data-state=z"/>',
        ),
        (
            b'<div\n\tdata-state\n data-bandeau = "comments" \xe9="\xff">',
            b'<div data-state="open"\n data-bandeau = "comments" \xe9="\xff">',
        ),
        (b"<div>", b'<div data-state="open">'),
        (b"not a tag", b"not a tag"),
    ],
)
def test_the_state_is_put_on_the_publishers_own_tag(original: bytes, expected: bytes) -> None:
    assert start_tag(original, "open") == expected


def test_the_style_and_script_stay_small() -> None:
    section = section_html(Site_())
    style = re.search(r"<style>(.*?)</style>", section, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", section, re.DOTALL)
    assert style is not None
    assert script is not None
    assert len(style[1]) <= 3_000
    assert len(script[1]) <= 1_500
