"""What may become of a comment at its author's word, and what may not."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from bandeau import limits
from bandeau.features.comments.model import Comment, Refusal, State
from bandeau.features.comments.own import (
    Action,
    editable,
    published_again,
    revised,
    told,
    unpublished,
)

WRITTEN = Comment(
    "id-1", "/%C3%A9t%C3%A9", "Zoé", "<p>x</p>", 1_700_000_000_000, None, "r-1", "x", "author-1"
)
WINDOW = limits.COMMENT_EDIT_SECONDS * 1000


def in_state(state: State, *reasons: str) -> Comment:
    return replace(WRITTEN, state=state, reasons=reasons)


def test_only_what_writes_needs_the_purpose() -> None:
    assert {action for action in Action if action.writes} == {"edit", "publish"}


@pytest.mark.parametrize(
    "before",
    [in_state(State.PUBLISHED), in_state(State.HELD), in_state(State.HELD, "links", "by-author")],
)
def test_unpublishing_is_undone_to_where_it_was(before: Comment) -> None:
    state, reasons = unpublished(before)  # type: ignore[misc]
    assert (state, reasons[0]) == (State.REJECTED, "by-author")
    assert published_again(in_state(state, *reasons)) == (before.state, before.reasons)


@pytest.mark.parametrize("state", [State.SPAM, State.REJECTED, State.GONE])
def test_what_others_took_out_of_sight_stays_there(state: State) -> None:
    assert unpublished(in_state(state)) is None
    assert published_again(in_state(state, "words", "by-author")) is None
    assert published_again(in_state(state)) is None
    assert not editable(in_state(state), WRITTEN.time)


def test_the_window_for_edits_closes() -> None:
    for state in (State.PUBLISHED, State.HELD):
        assert editable(in_state(state), WRITTEN.time + WINDOW - 1)
        assert not editable(in_state(state), WRITTEN.time + WINDOW)


def test_an_edit_is_cleaned_as_a_post_is() -> None:
    held = in_state(State.HELD, "links")
    edited = revised(held, "**a**\r\n<b>\u202e", 9)
    assert edited == replace(
        held,
        source="**a**\n<b>",
        html=edited.html,
        edited=9,  # type: ignore[union-attr]
    )
    assert edited.html == '<p dir="auto"><strong>a</strong><br>\n&lt;b&gt;</p>'  # type: ignore[union-attr]
    for text, code in ((" ", "empty"), ("x" * 9_999, "text-too-long"), ("\0", "bad-characters")):
        refused = revised(held, text, 9)
        assert isinstance(refused, Refusal)
        assert refused.code == code


def test_all_that_is_kept_is_told_in_plain_words() -> None:
    shown = told(replace(WRITTEN, edited=1_700_000_001_500, root="id-1"))
    assert len(shown) == len(fields(Comment))
    assert shown == {
        "id": "id-1",
        "page": "/%C3%A9t%C3%A9",
        "name": "Zoé",
        "text": "x",
        "html": "<p>x</p>",
        "time": "2023-11-14T22:13:20.000Z",
        "edited": "2023-11-14T22:13:21.500Z",
        "reply_to": None,
        "thread": "id-1",
        "receipt": "r-1",
        "author": "author-1",
        "state": "published",
        "reasons": [],
        "place": 0,
        "replies": 0,
        "origin": "",
    }
    assert told(WRITTEN)["edited"] is None
