"""Bad input to the comments of a real server: a clear refusal, or nothing comes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import html5lib
import pytest
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell, Visitor

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.features.comments.model import Draft
from bandeau.features.comments.write import compose
from bandeau.storage.place import open_place

pytestmark = pytest.mark.slow

COMMENTS = "/.bandeau/comments"
MINE = f"{COMMENTS}/mine"
OWN = {"sec-fetch-site": "same-origin"}
JSON = {**OWN, "accept": "application/json", "content-type": "application/json"}
FORM = {**OWN, "content-type": "application/x-www-form-urlencoded"}
GOOD: dict[str, Any] = {"page": "/article", "name": "Zoé", "text": "Bonjour", "action": "erase"}


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "policy.toml").write_text(POLICY, "utf-8")
    seen = Seen()
    app = Bandeau(publisher(seen), policy=folder / "policy.toml", data=folder / "data")
    with ExitStack() as stack:
        stack.callback(app.close)
        yield Shell(stack.enter_context(serving(app)).url, seen)


@pytest.fixture(scope="module")
def reader(shell: Shell) -> Visitor:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    return visitor


def told(**fields: Any) -> bytes:
    return json.dumps({**GOOD, **fields}).encode()


BAD_JSON = {
    "10 MB": b" " * 10_000_000,
    "300 KB": b" " * 300_000,
    "65,535 characters": told(text="x" * 65_535, id="x"),
    "over the limit": told(text="x" * (limits.COMMENT_TEXT_CHARACTERS + 1), id="x"),
    "no UTF-8": b'{"page": "/a", "name": "\xff", "text": "x"}',
    "lone surrogate": b'{"page": "/a", "name": "\\ud800", "text": "x", "id": "\\ud800"}',
    "NUL": told(text="a\0b", id="a\0b"),
    "malformed": b'{"page": "/a", "name": ',
    "array": b"[]",
    "array of an object": b"[" + told() + b"]",
    "60,000 deep": b"[" * 60_000,
    "objects 10,000 deep": b'{"a":' * 10_000,
    "a number without end": b'{"page": ' + b"9" * 60_000 + b"}",
    "NaN": b'{"page": NaN, "name": Infinity, "text": -Infinity, "id": NaN}',
    "a field twice": b'{"page": "/a", "page": "/b", "name": "x", "text": "x", "id": 1, "id": 2}',
    "texts in lists": told(page=["/a"], name=["x"], text=[["x"]]),
}


@pytest.mark.parametrize(
    "path",
    [
        COMMENTS,
        *(pytest.param(each, marks=pytest.mark.slow) for each in (MINE, "/.bandeau/choice")),
    ],
)
@pytest.mark.parametrize("body", BAD_JSON.values(), ids=list(BAD_JSON))
def test_a_bad_body_is_refused_clearly(reader: Visitor, path: str, body: bytes) -> None:
    for headers in (JSON, FORM):
        answer = reader.send("POST", path, content=body, headers=headers)
        assert 400 <= answer.status_code < 500
        assert "Traceback" not in answer.text
        if headers is JSON:
            assert answer.json()["error"]["message"]


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", ""])
def test_a_simple_request_of_another_site_posts_nothing(reader: Visitor, kind: str) -> None:
    for origin in ("https://evil.test", "null", "http://quotidien.test.evil.test"):
        headers = {"origin": origin, "content-type": kind}
        for path in (COMMENTS, MINE):
            answer = reader.send("POST", path, content=told(), headers=headers)
            assert answer.status_code == 403


INJECTED = (
    "' OR '1'='1",
    "'; DROP TABLE comment; --",
    '" UNION SELECT receipt, source FROM comment --',
    "1); DELETE FROM comment WHERE (1=1",
    "$1 :1 ?1 %s {0}",
)
QUERIES = (
    *({"limit": value} for value in ("1" + "0" * 23, "-1", "1e9", "٣", "0x10", "NaN", "")),
    *({"from": value, "thread": "x"} for value in ("1" + "0" * 23, "-1", "٣", "")),
    *({name: "\x00"} for name in ("after", "thread", "reply", "sort", "lang", "format")),
    *({name: text} for text in INJECTED for name in ("after", "thread", "reply", "sort", "lang")),
    {"after": "x" * 6_000},
    {"reply": "\ud7ff" * 500},
)


def test_strange_queries_are_read_as_none(reader: Visitor) -> None:
    for query in QUERIES:
        for kind in ("application/json", "text/html"):
            asked = {"page": "/article", **query}
            answer = reader.get(COMMENTS, params=asked, headers={"accept": kind})
            assert answer.status_code in (200, 400), query


@pytest.mark.parametrize(
    "raw",
    [
        *("page=%ff", "page=%00", "page=/%c0%af", "page=/a%0d%0aset-cookie:x=1", ""),
        *("page=//evil.test", "page=/\\evil.test", "page=/a&page=/b", "page=/%e2%80%ae"),
        "page=/" + "a" * 501,
    ],
)
def test_an_address_that_names_no_page_is_refused(reader: Visitor, raw: str) -> None:
    for headers in ({"accept": "application/json"}, {"accept": "text/html"}):
        answer = reader.get(f"{COMMENTS}?{raw}", headers=headers)
        assert answer.status_code == 400
        assert "set-cookie" not in answer.headers


STRANGE = (
    *(
        f"feed?page={path}"
        for path in ("%ff", "%00", "//evil.test", "/a%0d%0ax:y", "/" + "a" * 501)
    ),
    *("feed?lang=%00&page=/a", "feed?lang=' OR 1=1", "counts", "counts?page=", "counts?lang=%00"),
    "counts?" + "&".join(f"page=/{number}" for number in range(500)),
    "counts?page=%ff&page=%00&page='%20OR%201=1&page=//evil.test",
    *(f"at/{named}" for named in ("%ff", "%00", "'%20OR%201=1", "x" * 2_000, "..%2fmine", "")),
)


@pytest.mark.parametrize("address", STRANGE)
def test_other_strange_addresses_are_refused_or_empty(reader: Visitor, address: str) -> None:
    for known in ({}, {"if-none-match": b"\xff*", "if-modified-since": "Mon, 99 Foo 0000"}):
        answer = reader.get(f"{COMMENTS}/{address}", headers=known)
        assert answer.status_code in (200, 400, 404)
        assert "set-cookie" not in answer.headers


HOSTILE = (
    '"><img src=x onerror=alert(1)>',
    "</template></section><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ 733 * 911 }}{% raw %}",
    "Моderatоr",  # Cyrillic letters among Latin ones
    "\u202eenod si txet",
    "Z\u0300" + "\u0301" * 400 + "algo",
    *INJECTED,
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_and_texts_are_only_text(reader: Visitor, text: str) -> None:
    page = f"/hostile/{HOSTILE.index(text)}"
    posted = {"page": page, "name": text[:80], "text": text}
    answer = reader.send("POST", COMMENTS, json=posted, headers=JSON)
    assert answer.status_code in (201, 202)
    shown = reader.get(COMMENTS, params={"page": page}, headers={"accept": "text/html"})
    tree = html5lib.parse(shown.text, namespaceHTMLElements=False)
    assert len(tree.findall(".//script")) == 1
    assert not tree.findall(".//img")
    assert "667763" not in shown.text
    assert "\u202e" not in shown.text
    assert "\u0301" * 5 not in shown.text
    article = reader.get("/article")
    assert (article.status_code, article.text.count("<h1>")) == (200, 1)


def test_a_name_in_look_alike_letters_waits_for_a_moderator(reader: Visitor) -> None:
    posted = {**GOOD, "page": "/alike", "name": "Моdеrаtоr"}
    assert reader.send("POST", COMMENTS, json=posted, headers=JSON).status_code == 202


def test_answers_to_answers_ten_thousand_deep_are_one_flat_thread(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("deep")
    (folder / "policy.toml").write_text(POLICY, "utf-8")
    app = Bandeau(publisher(Seen()), policy=folder / "policy.toml", data=folder / "data")
    store = open_place(folder / "data").comments()

    async def nested() -> None:
        for number in range(10_000):
            above = f"{number - 1:032}" if number else None
            draft = Draft("/article", "Zoé", f"answer {number}", above)
            made = compose(draft, comment_id=f"{number:032}", time=number, receipt="r")
            assert await store.add(made)

    asyncio.run(nested())
    store.close()
    with ExitStack() as stack:
        stack.callback(app.close)
        reader = Shell(stack.enter_context(serving(app)).url, Seen()).visitor()
        listed = reader.get(COMMENTS, params={"page": "/article"}, headers=JSON).json()
        assert (listed["count"], len(listed["comments"])) == (10_000, 51)
        answer = reader.get("/article")
        assert answer.status_code == 200
        assert answer.text.count('<slot name="comment-0') == 51
        last = {"page": "/article", "thread": f"{0:032}", "from": "9990"}
        rest = reader.get(COMMENTS, params=last, headers=JSON).json()["comments"]
        assert rest[-1]["html"] == '<p dir="auto">answer 9999</p>'
