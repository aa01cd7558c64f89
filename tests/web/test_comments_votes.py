"""Recommending comments: who may, how often, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import html5lib
import httpx
import pytest
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell, Visitor

from bandeau.app import Bandeau
from bandeau.policy.model import LANGUAGES
from bandeau.storage.files import read_words

COMMENTS = "/.bandeau/comments"
VOTES = f"{COMMENTS}/votes"
OWN = {"sec-fetch-site": "same-origin"}
JSON = {**OWN, "accept": "application/json"}
WORDS = read_words()
PAGES = (f"/votes/{number}" for number in count())


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("votes")
    listed = json.dumps(list(LANGUAGES))
    text = re.sub("alternative = .*", "votes = true", POLICY).replace('["fr", "en", "ar"]', listed)
    (folder / "policy.toml").write_text(text, "utf-8")
    seen = Seen()
    app = Bandeau(publisher(seen), policy=folder / "policy.toml", data=folder / "data")
    with ExitStack() as stack:
        stack.callback(app.close)
        yield Shell(stack.enter_context(serving(app)).url, seen)


def granted(shell: Shell) -> Visitor:
    visitor = shell.visitor()
    visitor.choose("accept_all")
    return visitor


@pytest.fixture
def reader(shell: Shell) -> Visitor:
    return granted(shell)


@pytest.fixture
def page() -> str:
    return next(PAGES)


def write(visitor: Visitor, page: str) -> str:
    posted = {"page": page, "name": "Zoé", "text": "Bonjour"}
    answer = visitor.send("POST", COMMENTS, json=posted, headers=JSON)
    return str(answer.json()["comment"]["id"])


def press(visitor: Visitor, **fields: Any) -> httpx.Response:
    return visitor.send("POST", VOTES, json=fields, headers=JSON)


def votes(visitor: Visitor, page: str) -> list[int]:
    listed = visitor.get(COMMENTS, params={"page": page}, headers=JSON).json()["comments"]
    return [each["votes"] for each in listed]


def test_each_visitor_counts_once_whatever_they_choose_anew(
    shell: Shell, reader: Visitor, page: str
) -> None:
    named = write(reader, page)
    assert votes(reader, page) == [0]
    assert press(reader, vote=named).json() == {"voted": True, "votes": 1}
    assert press(reader, vote=named).json() == {"voted": True, "votes": 1}
    reader.choose("save", "social")
    assert press(reader, vote=named).json() == {"voted": True, "votes": 1}
    assert press(granted(shell), vote=named).json() == {"voted": True, "votes": 2}
    assert votes(reader, page) == [2]
    assert press(reader, unvote=named).json() == {"voted": False, "votes": 1}


def test_a_button_does_it_without_script(reader: Visitor, page: str) -> None:
    named = write(reader, page)
    html = reader.get(COMMENTS, params={"page": page, "lang": "en"}).text
    button = f'<button class="reply vote" form="votes" name="vote" value="{named}"'
    assert f'{button} aria-label="Recommend: Zoé">Recommend</button>' in html
    assert f'<form id="votes" method="post" action="{VOTES}?lang=en"></form>' in html
    answer = reader.send("POST", VOTES, data={"vote": named}, headers=OWN)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{page}#comment-{named}")
    html = reader.get(COMMENTS, params={"page": page, "lang": "en"}).text
    assert '<span class="quiet">1 recommendation</span>' in html
    again = reader.send("POST", f"{VOTES}?lang=en", data={"vote": named}, headers=OWN)
    assert (again.status_code, again.headers["location"]) == (303, f"{VOTES}?lang=en")
    mine = html5lib.parse(reader.get(f"{VOTES}?lang=en").text, namespaceHTMLElements=False)
    (take,) = (each for each in mine.iter("button") if each.get("value") == named)
    assert (take.get("name"), take.text) == ("unvote", "Take it back")
    answer = reader.send("POST", VOTES, data={"unvote": named}, headers=OWN)
    assert answer.headers["location"] == f"{page}#comment-{named}"
    assert votes(reader, page) == [0]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_speaks_every_language(shell: Shell, lang: str) -> None:
    visitor = shell.visitor()
    assert WORDS.say(lang, "comments.votes_none") in visitor.get(f"{VOTES}?lang={lang}").text
    assert f'href="{VOTES}?lang={lang}"' in visitor.get(f"{COMMENTS}/mine?lang={lang}").text


def test_it_needs_what_posting_needs_and_taking_back_does_not(
    shell: Shell, reader: Visitor, page: str
) -> None:
    named = write(reader, page)
    stranger = shell.visitor()
    assert press(stranger, vote=named).json()["error"]["reason"] == "not-decided"
    assert press(stranger, unvote=named).json() == {"voted": False, "votes": 0}
    press(reader, vote=named)
    old = dict(reader.jar)
    reader.choose("refuse_all")
    assert press(reader, vote=named).status_code == 403
    assert votes(reader, page) == [1]
    assert press(reader, unvote=named).json() == {"voted": False, "votes": 0}
    reader.jar = old
    answer = press(reader, vote=named)
    assert (answer.status_code, votes(reader, page)) == (403, [0])
    locked = stranger.get(COMMENTS, params={"page": page}).text
    assert 'name="vote"' not in re.sub(r"<template class.*?</template>", "", locked, flags=re.S)


def test_it_is_erased_with_the_record(shell: Shell, reader: Visitor, page: str) -> None:
    named = write(granted(shell), page)
    press(reader, vote=named)
    assert reader.get(VOTES, headers=JSON).json() == {"votes": [named]}
    gone = reader.send("POST", "/.bandeau/record/erase", json={"confirm": "yes"}, headers=JSON)
    assert gone.status_code == 200, gone.text
    assert votes(reader, page) == [0]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 400),
        ({"vote": "a", "unvote": "b"}, 400),
        ({"vote": ["a", "b"]}, 400),
        ({"vote": "nothing"}, 404),
        ({"vote": "' OR 1=1 --"}, 404),
        ({"vote": 1}, 400),
        ({"vote": "a\0"}, 400),
        ({"unvote": "nothing"}, 200),
    ],
)
def test_strange_posts_change_nothing(reader: Visitor, fields: Any, status: int) -> None:
    assert press(reader, **fields).status_code == status


def test_no_other_site_presses_the_button(reader: Visitor, page: str) -> None:
    named = write(reader, page)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.test"}):
        answer = reader.send("POST", VOTES, data={"vote": named}, headers=headers)
        assert answer.status_code == 403
    assert votes(reader, page) == [0]
