"""Who may comment: one row for each way that a visitor can stand."""

from __future__ import annotations

import pytest

from bandeau.choice.model import Answer, Choice, Source, Standing
from bandeau.features.comments.gate import Locked, Open, Proof, Reason, appears, judge
from bandeau.policy.model import Feature, Policy, Purpose, Site

SITE = Site(
    name="Le Phare", controller="Le Phare", hosts=("phare.test",), privacy_policy="/vie-privee"
)
PURPOSES = (Purpose(key="social"), Purpose(key="advertising"))
POLICY = Policy(site=SITE, purposes=PURPOSES, features=(Feature(key="comments", purpose="social"),))
WITHOUT_COMMENTS = Policy(site=SITE, purposes=PURPOSES)
UNCOVERED = frozenset({("social", "newnetwork")})


def standing(
    social: Answer | None,
    source: Source = Source.CHOICE,
    uncovered: frozenset[tuple[str, str]] = frozenset(),
    record: str | None = "record-1",
) -> Standing:
    answers = {"advertising": Answer.GRANTED}
    if social is not None:
        answers["social"] = social
    choice = Choice("0" * 16, {"social": True}, record, 1) if record else None
    return Standing(answers, uncovered, source, choice)


GRANTED = standing(Answer.GRANTED)


@pytest.mark.parametrize(
    ("proof", "verdict"),
    [
        (Proof(GRANTED, "record-1", True), Open("record-1")),
        (Proof(standing(Answer.GRANTED, uncovered=UNCOVERED), "r", True), Open("r")),
        (Proof(standing(Answer.REFUSED), "record-1", True), Locked(Reason.REFUSED, True)),
        (Proof(standing(Answer.REFUSED, Source.SIGNAL), None, False), Locked(Reason.REFUSED)),
        (Proof(standing(Answer.UNDECIDED), "r", True), Locked(Reason.NOT_DECIDED)),
        (Proof(standing(None), "r", True), Locked(Reason.NOT_DECIDED)),
        (Proof(standing(Answer.UNDECIDED, Source.NONE), None, True), Locked(Reason.NOT_DECIDED)),
        (Proof(GRANTED, None, True), Locked(Reason.NO_RECORD)),
        (Proof(GRANTED, "", True), Locked(Reason.NO_RECORD)),
        (Proof(standing(Answer.GRANTED, Source.NONE), "r", True), Locked(Reason.NO_RECORD)),
        (Proof(standing(Answer.GRANTED, Source.SIGNAL), "r", True), Locked(Reason.NO_RECORD)),
        (Proof(GRANTED, "record-1", False), Locked(Reason.SUPERSEDED)),
        (Proof(GRANTED, None, False), Locked(Reason.SUPERSEDED)),
        (
            Proof(standing(Answer.GRANTED, Source.LEDGER_DOWN), "r", True),
            Locked(Reason.LEDGER_DOWN),
        ),
    ],
)
def test_the_ledger_decides_who_may_post(proof: Proof, verdict: Open | Locked) -> None:
    assert judge(proof, POLICY) == verdict


def test_nothing_opens_where_the_policy_declares_no_comments() -> None:
    proof = Proof(GRANTED, "record-1", True)
    assert judge(proof, WITHOUT_COMMENTS) == Locked(Reason.NOT_OFFERED)
    assert appears(None, WITHOUT_COMMENTS) == Locked(Reason.NOT_OFFERED)


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (None, Locked(Reason.NOT_DECIDED)),
        (GRANTED, Open("record-1")),
        (standing(Answer.GRANTED, record=None), Locked(Reason.NO_RECORD)),
        (standing(Answer.REFUSED), Locked(Reason.REFUSED, True)),
        (standing(Answer.REFUSED, Source.SIGNAL, record=None), Locked(Reason.REFUSED)),
    ],
)
def test_a_page_is_drawn_by_the_signed_choice(
    seen: Standing | None, verdict: Open | Locked
) -> None:
    assert appears(seen, POLICY) == verdict


def test_reason_codes_are_those_that_the_interface_promises() -> None:
    assert {str(reason) for reason in Reason} == {
        "not-decided",
        "refused",
        "no-record",
        "superseded",
        "ledger-down",
        "not-offered",
    }
