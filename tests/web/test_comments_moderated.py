"""Posting where rules hold: what is said to who posted, and what the others see."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from commenting import GRANTED, POLICY, WORDS, Site_

from bandeau.features.comments.model import State
from bandeau.policy.model import LANGUAGES, Feature
from bandeau.storage.tables import Statement


def moderated(**keys: Any) -> Site_:
    feature = Feature.model_validate({"key": "comments", "purpose": "social", **keys})
    policy = POLICY.model_copy(update={"features": (feature,)})
    return Site_(replace(GRANTED, subject="visitor-1"), policy=policy)


def kept(site: Site_, comment_id: str = "id-0000") -> Any:
    return asyncio.run(site.store.find(comment_id))


def conduct(site: Site_, word: str, until: int = 0) -> None:
    async def change() -> None:
        def steps() -> Any:
            yield Statement("UPDATE author SET conduct = $1, until = $2", (word, until))

        await site.store.tables.write(steps())

    asyncio.run(change())


def test_json_is_told_that_a_comment_waits() -> None:
    site = moderated(moderation="before")
    answer = site.post_json()
    assert answer.status_code == 202
    told = answer.json()["comment"]
    assert (told["id"], told["state"], told["name"]) == ("id-0000", "held", "Zoé")
    assert "location" not in answer.headers
    assert site.get().json()["count"] == 0
    assert kept(site).reasons == ("before",)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_form_is_told_in_its_language(lang: str) -> None:
    site = moderated(first="hold")
    answer = site.post_form({"accept-language": lang})
    assert answer.status_code == 202
    assert WORDS.say(lang, "comments.held") in answer.text
    assert 'role="status"' in answer.text and "One.\nTwo.</textarea>" not in answer.text
    assert kept(site).reasons == ("first",)


def test_a_listed_word_is_refused_and_the_draft_stays() -> None:
    site = moderated(words=["!pills"])
    answer = site.post_form(text="Cheap PILLS here")
    assert answer.status_code == 422
    assert WORDS.say("en", "comments.error_word") in answer.text
    assert "Cheap PILLS here</textarea>" in answer.text
    assert site.post_json(text="pills").json()["error"]["reason"] == "listed-word"
    assert kept(site) is None


def test_a_page_closes() -> None:
    site = moderated(close_after="1 day")
    assert site.post_json().status_code == 201
    site.clock += 86_400
    answer = site.post_json()
    assert answer.status_code == 403
    assert answer.json()["error"] == {
        "reason": "closed",
        "message": WORDS.say("fr", "comments.error_closed"),
    }
    assert site.post_json(page="/other").status_code == 201


def test_the_same_text_again_is_held() -> None:
    site = moderated(repeats="hold")
    text = "Visit my wonderful shop today"
    assert site.post_json(text=text).status_code == 201
    assert site.post_json(text=text.upper(), page="/b").status_code == 202
    assert kept(site, "id-0001").reasons == ("repeated",)


def test_no_text_is_known_again_where_nobody_asks() -> None:
    site = moderated()
    text = "Visit my wonderful shop today"
    assert [site.post_json(text=text).status_code for _ in range(2)] == [201, 201]
    assert asyncio.run(site.store.tables.read("SELECT * FROM posted")) == []


def test_a_visitor_is_one_author_and_the_next_one_another() -> None:
    site = moderated()
    site.post_json()
    site.post_json(page="/b")
    site.proof = replace(GRANTED, subject="visitor-2")
    site.post_json(page="/c")
    first, second, third = (kept(site, f"id-{n:04}").author for n in range(3))
    assert first == second != third
    assert len(first) == 32
    assert "visitor" not in first
    assert first not in site.get().text


@pytest.mark.parametrize("word", ["banned", "suspended"])
def test_who_is_banned_is_told_so(word: str) -> None:
    site = moderated()
    site.post_json()
    conduct(site, word, until=2**60)
    answer = site.post_json()
    assert (answer.status_code, answer.json()["error"]["reason"]) == (403, word)
    assert WORDS.say("en", f"comments.error_{word}") in site.post_form().text


def test_a_silent_ban_looks_like_publishing() -> None:
    site = moderated()
    published = site.post_json()
    conduct(site, "silent")
    hidden = site.post_json()
    assert (hidden.status_code, set(hidden.json()["comment"])) == (
        published.status_code,
        set(published.json()["comment"]),
    )
    assert hidden.headers["location"] == "/article#comment-id-0001"
    form = site.post_form()
    assert (form.status_code, form.headers["location"]) == (303, "/article#comment-id-0002")
    site.proof = replace(GRANTED, subject="visitor-2")
    assert site.get().json()["count"] == 1
    assert (kept(site, "id-0001").state, kept(site, "id-0001").reasons) == (
        State.REJECTED,
        ("silent",),
    )


def test_a_name_that_poses_as_the_newsroom_is_held() -> None:
    site = moderated()
    for name in ("Le Phare", "LE  PHÀRE officiel", "Modératrice"):
        assert site.post_json(name=name).status_code == 202
    assert site.post_json(name="Pharel").status_code == 201
