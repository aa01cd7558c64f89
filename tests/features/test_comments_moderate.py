"""What becomes of a comment: each phase by itself, their order, and what they tell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau.features.comments.markdown import render
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.moderate import (
    Conduct,
    Hide,
    Hold,
    Known,
    Publish,
    Refuse,
    Rules,
    Why,
    judge,
    mark,
    state_of,
)
from bandeau.policy.model import Feature

DAY = 86_400_000
NOW = 1_700_000_000_000
KNOWN = Known(approved=1, opened=NOW - DAY)
LISTED = ("casino", "!pills")
SECTIONS = [
    {"path": "/politics/calm", "moderation": "after"},
    {"path": "/politics/*", "moderation": "before", "close_after": "7 days"},
    {"path": "/archive", "close_after": "1 day"},
]


def rules(**keys: Any) -> Rules:
    feature = Feature.model_validate({"key": "comments", "purpose": "social", **keys})
    return Rules(feature, LISTED, "Le Phare")


STRICT = rules(first="hold", repeats="hold", links=1, close_after="30 days", sections=SECTIONS)


def comment(text: str = "Well said.", page: str = "/a", name: str = "Zoé") -> Comment:
    return Comment(
        id="c1",
        page=page,
        name=name,
        html=render(text),
        time=NOW,
        reply_to=None,
        receipt="r1",
        source=text,
    )


LINKS = "https://a.test/ and [b](https://b.test/)"


@pytest.mark.parametrize(
    ("posted", "known", "verdict"),
    [
        (comment(), KNOWN, Publish()),
        (comment(), Known(), Hold((Why.FIRST,))),
        (comment(LINKS), KNOWN, Hold((Why.LINKS,))),
        (comment("https://a.test/ only"), KNOWN, Publish()),
        (comment("At the CASINO"), KNOWN, Hold((Why.WORD,))),
        (comment(name="Casino King"), KNOWN, Hold((Why.WORD,))),
        (comment("Cheap pills"), KNOWN, Refuse(Why.WORD)),
        (comment(), replace(KNOWN, repeated=True), Hold((Why.REPEATED,))),
        (comment(name="Le Phare"), KNOWN, Hold((Why.STAFF_NAME,))),
        (comment(name="The Admin"), KNOWN, Hold((Why.STAFF_NAME,))),
        (comment(name="Мodеratоr"), KNOWN, Hold((Why.STAFF_NAME,))),
        (comment(name="Administrata"), KNOWN, Publish()),
        (comment(page="/politics/a"), KNOWN, Hold((Why.BEFORE,))),
        (comment(page="/Politics/%61"), KNOWN, Hold((Why.BEFORE,))),
        (comment(page="/politics/calm"), KNOWN, Publish()),
        (comment(page="/politicsx"), KNOWN, Publish()),
        (comment(page="/archive"), KNOWN, Refuse(Why.CLOSED)),
        (comment(page="/archive/x"), replace(KNOWN, opened=NOW - DAY + 1_000), Publish()),
        (comment(page="/archive"), replace(KNOWN, opened=None), Publish()),
        (comment(), replace(KNOWN, opened=NOW - 31 * DAY), Refuse(Why.CLOSED)),
        (comment(page="/politics/a"), replace(KNOWN, opened=NOW - 8 * DAY), Refuse(Why.CLOSED)),
        (comment(), replace(KNOWN, conduct=Conduct.BANNED), Refuse(Why.BANNED)),
        (
            comment(),
            replace(KNOWN, conduct=Conduct.SUSPENDED, until=NOW + 1),
            Refuse(Why.SUSPENDED),
        ),
        (comment(), replace(KNOWN, conduct=Conduct.SUSPENDED, until=NOW), Publish()),
        (comment(), replace(KNOWN, conduct=Conduct.SILENT), Hide()),
        (comment(LINKS + " casino"), replace(KNOWN, conduct=Conduct.SILENT), Hide()),
        (comment("pills"), replace(KNOWN, conduct=Conduct.SILENT), Refuse(Why.WORD)),
        (
            comment(LINKS + " casino", "/politics/a", "Editor"),
            Known(repeated=True),
            Hold((Why.BEFORE, Why.FIRST, Why.LINKS, Why.WORD, Why.REPEATED, Why.STAFF_NAME)),
        ),
    ],
)
def test_a_verdict_and_its_reasons(posted: Comment, known: Known, verdict: object) -> None:
    assert judge(posted, STRICT, known) == verdict


def test_without_keys_only_what_poses_as_staff_and_what_is_listed_is_held() -> None:
    plain = rules()
    unknown = Known(opened=1, repeated=True)
    assert judge(comment(LINKS * 9), plain, unknown) == Publish()
    assert judge(comment(name="Moderator"), plain, unknown) == Hold((Why.STAFF_NAME,))


def test_the_site_can_hold_all() -> None:
    strict = rules(moderation="before", sections=SECTIONS)
    assert judge(comment(), strict, KNOWN) == Hold((Why.BEFORE,))
    assert judge(comment(page="/politics/calm"), strict, KNOWN) == Publish()


def test_no_link_may_be_allowed() -> None:
    assert judge(comment("https://a.test/"), rules(links=0), KNOWN) == Hold((Why.LINKS,))


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Publish(), (State.PUBLISHED, ())),
        (Hold((Why.LINKS, Why.FIRST)), (State.HELD, ("links", "first"))),
        (Hide(), (State.REJECTED, ("silent",))),
    ],
)
def test_only_what_is_published_is_seen(verdict: Any, state: object) -> None:
    assert state_of(verdict) == state


@given(
    st.text(max_size=80),
    st.text(max_size=20),
    st.builds(
        Known,
        conduct=st.sampled_from(Conduct),
        until=st.integers(0, 2 * NOW),
        approved=st.integers(0, 3),
        opened=st.none() | st.integers(0, NOW),
        repeated=st.booleans(),
    ),
)
def test_no_author_gains_by_a_worse_past(text: str, name: str, known: Known) -> None:
    posted = comment(text, name=name)
    verdict = judge(posted, STRICT, known)
    assert isinstance(verdict, Publish | Hold | Hide | Refuse)
    if known.conduct is Conduct.BANNED:
        assert isinstance(verdict, Refuse)
    if known.conduct is not Conduct.OK:
        return
    better = judge(posted, STRICT, replace(known, approved=9, repeated=False))
    if isinstance(verdict, Publish):
        assert better == Publish()
    if isinstance(verdict, Hold) and isinstance(better, Hold):
        assert set(better.reasons) <= set(verdict.reasons)


def test_a_text_is_known_again_however_it_is_written() -> None:
    text = "Visit my wonderful shop today"
    assert mark(text) == mark("visit, MY  wonderful shop — todáy!")
    assert mark(text) != mark(text + " again")
    assert mark("Thank you!") == mark("") == ""
