"""The first file passes its own check, whatever the site is called."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau.policy.check import load
from bandeau.policy.fault import PolicyError
from bandeau.policy.model import LANGUAGES
from bandeau.policy.starter import starter
from bandeau.storage.files import read_words

WORDS = read_words()


@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_no_fault_in_any_language(language: str) -> None:
    text = starter("Le Phare", "www.phare.test", "Le Phare SAS", [language])
    policy, warnings = load(text.encode(), WORDS)
    assert warnings == ()
    assert policy.site.hosts == ("www.phare.test", "phare.test")
    assert policy.site.languages == (language,)
    assert [purpose.key for purpose in policy.consent_purposes] == ["social", "advertising"]


def test_it_is_short_and_its_comments_explain_it() -> None:
    text = starter("Le Phare", "phare.test", "Le Phare SAS", LANGUAGES)
    effective = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(effective) <= 32
    assert "bandeau check" in text


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_names_are_quoted_whatever_they_hold(name: str) -> None:
    text = starter(name, "phare.test", f"{name} SAS", ["en"])
    try:
        policy, _ = load(text.encode(), WORDS)
    except PolicyError as error:
        assert all(fault.rule != "toml" for fault in error.faults)
    else:
        assert policy.site.name == name.strip()
