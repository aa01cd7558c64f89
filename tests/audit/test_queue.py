"""The values of the queue: by what a job and a survey are known, and what a worker may tell."""

from __future__ import annotations

import pytest

from bandeau import limits
from bandeau.audit.queue import Counts, Job, in_a_line, survey_of


def test_a_survey_is_known_by_policy_and_options_whatever_their_order() -> None:
    known = survey_of(b"[site]", {"a": 1, "b": 2})
    assert known == survey_of(b"[site]", {"b": 2, "a": 1})
    others = [survey_of(None, {"a": 1, "b": 2}), survey_of(b"", {"a": 1, "b": 2}),
              survey_of(b"[site]", {"a": 1}), survey_of(b"[site] ", {"a": 1, "b": 2})]  # fmt: skip
    assert len({known, *others}) == 5


def test_the_place_of_results_says_address_and_survey_and_not_the_place_in_the_list() -> None:
    job = Job("s", "https://a.test/", "a.test", 1)
    assert job.key == Job("s", "https://a.test/", "a.test", 9).key
    assert len({job.key, Job("t", job.address, "a.test", 1).key,
                Job("s", "https://a.test/b", "a.test", 1).key}) == 3  # fmt: skip


def test_counts_are_read_as_they_were_written() -> None:
    counts = Counts({"V4": 2, "A1": 1}, unchecked=3, states=8)
    assert Counts.read(counts.written()) == counts
    assert Counts.read('{"findings": {}}') == Counts()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"findings": {"V4": -1}}', '{"findings": {"V4": true}}',
     '{"findings": {}, "states": 1.5}', '{"findings": {"V4": "2"}}',
     " " * (limits.SURVEY_RESULT_BYTES + 1)],
)  # fmt: skip
def test_counts_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Counts.read(text)


def test_a_reason_is_one_line() -> None:
    assert in_a_line("a\nb\x00\u202e  c") == "a b c"
    assert in_a_line("\n") == "no reason given"
