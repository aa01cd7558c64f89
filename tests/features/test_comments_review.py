"""The service that is asked before a comment is shown: what it is told, what its word does."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bandeau.features.comments.model import Comment, Draft
from bandeau.features.comments.moderate import Hold, Publish, Refuse, Why
from bandeau.features.comments.review import (
    Answer,
    Opinion,
    answer_of,
    question,
    question_id,
    verdict_of,
)
from bandeau.features.comments.write import compose, prepare
from bandeau.policy.model import Review

URL = "https://review.test/comments"
HOLDS, SHOWS = Review(url=URL), Review.model_validate({"url": URL, "fallback": "publish"})


def comment() -> Comment:
    draft = prepare(Draft("/a", "Zoé", "One *two*"))
    assert isinstance(draft, Draft)
    made = compose(draft, comment_id="id-1", time=1_700_000_000_000, receipt="receipt-1")
    return replace(made, author="author-1")


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (Answer(Opinion.PUBLISH, "fine"), Publish()),
        (Answer(Opinion.HOLD), Hold(("webhook",))),
        (Answer(Opinion.HOLD, "toxicity"), Hold(("webhook", "webhook-toxicity"))),
        (Answer(Opinion.REJECT, "spam"), Refuse(Why.WEBHOOK)),
        (None, Hold(("webhook-unreachable",))),
    ],
)
def test_what_its_word_does(answer: Answer | None, verdict: Any) -> None:
    assert verdict_of(answer, HOLDS) == verdict
    assert verdict_of(answer, SHOWS) == (Publish() if answer is None else verdict)


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"verdict": "publish"}', Answer(Opinion.PUBLISH)),
        (
            b'{"verdict": "hold", "reason": "hate-speech", "more": 1}',
            Answer(Opinion.HOLD, "hate-speech"),
        ),
        (b'{"verdict": "PUBLISH"}', None),
        (b'{"verdict": "hold", "reason": "Two words"}', None),
        (b'{"verdict": "hold", "reason": "<script>"}', None),
        (b'{"verdict": "hold", "reason": 5}', None),
        (b'{"verdict": "hold", "reason": "' + b"x" * 41 + b'"}', None),
        (b'{"verdict": ["hold"]}', None),
        (b'{"reason": "x"}', None),
        (b'["publish"]', None),
        (b"publish", None),
        (b"", None),
        (b"\xff", None),
        (b"[" * 4_000, None),
    ],
)  # fmt: skip
def test_anything_else_is_no_answer(body: bytes, answer: Answer | None) -> None:
    assert answer_of(body) == answer


def test_it_is_told_of_the_comment_and_nothing_of_the_reader() -> None:
    told = question(comment(), HOLDS, "www.phare.test", 1_700_000_000_500)
    assert json.loads(told) == {
        "type": "comment.review",
        "timestamp": "2023-11-14T22:13:20.500Z",
        "data": {
            "site": "www.phare.test",
            "id": "id-1",
            "page": "/a",
            "reply_to": None,
            "text": "One *two*",
            "html": '<p dir="auto">One <em>two</em></p>',
            "edited": False,
        },
    }
    assert not [word for word in (b"author-1", b"receipt-1", "Zoé".encode()) if word in told]
    named = question(comment(), Review(url=URL, names=True), "www.phare.test", 0)
    assert json.loads(named)["data"]["name"] == "Zoé"


def test_the_same_text_is_asked_about_under_the_same_id() -> None:
    once = question_id(comment())
    assert question_id(replace(comment(), state=comment().state)) == once
    assert question_id(replace(comment(), source="other", edited=5)) != once
