"""A comment is shown once the publisher's service says so: over memory, and over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from commenting import GRANTED, POLICY, WORDS, Site_
from documents import blocks
from publisher import POLICY as FILE
from publisher import Seen, publisher
from serving import serving
from visitor import Shell
from webhooks import Receiver, receiving

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.cli import main
from bandeau.features.comments.model import Comment
from bandeau.features.comments.review import Answer, Opinion
from bandeau.policy.model import LANGUAGES, Feature, Review
from bandeau.web.reviewing import WebReviewer

URL = "https://review.test/"
HELD = Answer(Opinion.HOLD, "toxicity")
REJECTED = Answer(Opinion.REJECT, "spam")


class Remembering:
    """A service in memory."""

    def __init__(self, answer: Answer | None) -> None:
        self.answer = answer
        self.asked: list[Comment] = []

    async def ask(self, comment: Comment) -> Answer | None:
        self.asked.append(comment)
        return self.answer


def reviewed(answer: Answer | None, **keys: Any) -> tuple[Site_, Remembering]:
    review = {"url": URL} | keys.pop("review", {})
    told = {"key": "comments", "purpose": "social", "review": review, **keys}
    policy = POLICY.model_copy(update={"features": (Feature.model_validate(told),)})
    service = Remembering(answer)
    site = Site_(replace(GRANTED, subject="visitor-1"), policy=policy, reviewer=service)
    return site, service


def kept(site: Site_) -> Comment | None:
    return asyncio.run(site.store.find("id-0000"))


def test_what_it_passes_is_shown_at_once() -> None:
    site, service = reviewed(Answer(Opinion.PUBLISH))
    assert site.post_json().status_code == 201
    assert [each.source for each in service.asked] == ["One.\nTwo."]
    assert kept(site).reasons == ()  # type: ignore[union-attr]


def test_what_it_holds_waits_with_its_reason() -> None:
    site, _ = reviewed(HELD)
    assert site.post_json().json()["comment"]["state"] == "held"
    assert kept(site).reasons == ("webhook", "webhook-toxicity")  # type: ignore[union-attr]
    assert site.get().json()["count"] == 0


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_it_rejects_is_not_kept_and_its_author_is_told(lang: str) -> None:
    site, _ = reviewed(REJECTED)
    answer = site.post_form({"accept-language": lang})
    assert answer.status_code == 422
    assert WORDS.say(lang, "comments.error_review") in answer.text
    assert site.post_json().json()["error"]["reason"] == "webhook"
    assert kept(site) is None


def test_without_an_answer_the_policy_says_what_happens() -> None:
    site, _ = reviewed(None)
    assert site.post_json().status_code == 202
    assert kept(site).reasons == ("webhook-unreachable",)  # type: ignore[union-attr]
    site, _ = reviewed(None, review={"fallback": "publish"})
    assert site.post_json().status_code == 201


@pytest.mark.parametrize(
    "keys", [{"moderation": "before"}, {"words": ["!two"]}, {"words": ["two"]}]
)
def test_it_is_not_asked_of_what_is_not_to_be_shown(keys: dict[str, Any]) -> None:
    site, service = reviewed(Answer(Opinion.PUBLISH), **keys)
    assert site.post_json().status_code in (202, 422)
    assert service.asked == []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def ask(url: str, *, private: bool = True) -> Answer | None:
    reviewer = WebReviewer(Review(url=url), "phare.test", b"s" * 32, lambda: 5.0, private=private)
    comment = Comment("id-1", "/a", "Zoé", "<p>x</p>", 1, None, "r-1", source="x")
    return asyncio.run(reviewer.ask(comment))


def test_it_answers_over_http(receiver: Receiver) -> None:
    receiver.answers.put(200)
    receiver.body = b'{"verdict": "hold", "reason": "toxicity"}'
    assert ask(receiver.url) == HELD
    told = receiver.next()
    assert told.headers["webhook-timestamp"] == "5" and "cookie" not in told.headers
    assert told.data["data"]["site"] == "phare.test"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b'{"verdict": "publish"}'),
        (204, b""),
        (302, b'{"verdict": "publish"}'),
        (200, b"<html>"),
        (200, b'{"verdict": "publish", "x": "' + b"x" * limits.REVIEW_ANSWER_BYTES + b'"}'),
    ],
)
def test_what_is_no_answer_counts_as_none(receiver: Receiver, status: int, body: bytes) -> None:
    receiver.answers.put(status)
    receiver.body, receiver.location = body, receiver.url
    assert ask(receiver.url) is None
    receiver.next()
    assert receiver.told.empty()


def test_it_is_not_waited_for_longer_than_a_reader_would(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "REVIEW_SECONDS", 0.2)
    receiver.ready.clear()
    receiver.answers.put(200)
    receiver.body = b'{"verdict": "publish"}'
    assert ask(receiver.url) is None
    receiver.next()


def test_nobody_listens() -> None:
    with receiving() as gone:
        pass
    assert ask(gone.url) is None


def test_private_addresses_and_plain_http_are_not_asked(receiver: Receiver) -> None:
    for url in (receiver.url, receiver.url.replace("http:", "https:"), "https://localhost:1/"):
        assert ask(url, private=False) is None
    assert receiver.told.empty()


def test_a_whole_site_asks_with_a_signature_that_can_be_checked(
    receiver: Receiver, tmp_path: Path
) -> None:
    review = f'[features.comments.review]\nurl = "{receiver.url}"\nnames = true\n\n[[trackers]]'
    (tmp_path / "policy.toml").write_text(FILE.replace("[[trackers]]", review, 1), "utf-8")
    receiver.body = b'{"verdict": "publish"}'
    for status in (200, 500):
        receiver.answers.put(status)
    data = tmp_path / "data"
    with ExitStack() as stack:
        told = {"policy": tmp_path / "policy.toml", "data": data, "notify_private": True}
        site = Bandeau(publisher(Seen()), **told)
        visitor = Shell(stack.enter_context(serving(site)).url, Seen()).visitor()
        visitor.choose("save", "social")
        own = {"sec-fetch-site": "same-origin", "accept": "application/json"}
        draft = {"page": "/a", "name": "Zoé", "text": "One."}
        answers: list[httpx.Response] = [
            visitor.send("POST", "/.bandeau/comments", json=draft, headers=own) for _ in range(2)
        ]
    assert [answer.status_code for answer in answers] == [201, 202]
    secret = (
        CliRunner()
        .invoke(main, ["outbox", "secret", "comments review", "--data", str(data)])
        .output.strip()
    )
    first = receiver.next()
    second = receiver.next()
    assert first.signed_with(secret) and second.signed_with(secret)
    example: dict[str, Any] = {}
    (block,) = [b for b in blocks() if b.page == "comments.md" and b.language == "python"]
    exec(compile(block.text, block.page, "exec"), example)
    assert example["signed"](first.headers, first.body, secret)
    assert not example["signed"](first.headers, second.body, secret)
    assert first.data["data"]["name"] == "Zoé"
    assert first.data["data"]["id"] == answers[0].json()["comment"]["id"]
