"""Which verdicts a report says were reached: no more than what was seen can answer."""

from __future__ import annotations

from seeing import POLICY, WORDS, by_lists, by_policy, evidence, notice, run, seen

from bandeau.audit.evidence import Phase
from bandeau.audit.shown import Choosing
from bandeau.audit.verdicts import judge
from bandeau.policy.check import load


def test_a_state_counts_once_its_choice_was_made() -> None:
    arrived = seen(Phase.ARRIVED, notice=notice())
    assert judge(evidence(run(arrived)), by_lists(), None, WORDS)[2] == (
        *("V1", "V2", "V4", "V7", "V8", "V9", "V24"),
    )
    refused = seen(Phase.REFUSED, choosing=Choosing("refuse_all", "words", 1, True, "kept", 0))
    again = seen(Phase.REFUSED, choosing=Choosing("refuse_all", "words", 1, False, "stands", 0))
    assert "V3" in judge(evidence(run(arrived, refused)), by_lists(), None, WORDS)[2]
    assert "V3" not in judge(evidence(run(arrived, again)), by_lists(), None, WORDS)[2]


def test_labels_are_reached_with_a_policy_file() -> None:
    policy = load(POLICY.encode(), WORDS)[0]
    found = judge(evidence(run(seen(Phase.ARRIVED, notice=None))), by_policy(), policy, WORDS)[2]
    assert {"V10", "V13", "V15"} <= set(found)
    assert not {"V2", "V8", "V3", "V16"} & set(found)
