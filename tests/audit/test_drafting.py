"""A draft of a policy from what was seen passes its check, and holds all of it."""

from __future__ import annotations

from seeing import (
    WORDS,
    by_lists,
    cookie,
    evidence,
    request,
    run,
    seen,
    stored,
    write,
)

from bandeau.audit.drafting import policy_draft
from bandeau.audit.evidence import Phase
from bandeau.policy.check import load
from bandeau.storage.files import read_vendors

SEEN = evidence(
    run(
        seen(
            Phase.ACCEPTED,
            requests=(
                request("https://x.adroit.test/a.js"),
                request("https://www.google-analytics.com/g/collect"),
            ),
            writes=(
                write("_ga", ".gazette.test", lifetime=395 * 86_400.0),
                write("mine", lifetime=10 * 86_400.0),
                write("session", lifetime=None),
            ),
            cookies=(cookie("session", expires=None),),
            stored=(stored("adr:id"),),
        )
    )
)


def test_a_draft_passes_its_check_and_declares_what_was_seen() -> None:
    text = policy_draft(SEEN, by_lists(), read_vendors(), WORDS)
    policy, _ = load(text.encode(), WORDS)
    by_vendor = {tracker.vendor: tracker for tracker in policy.trackers}
    google = by_vendor["Google Analytics"]
    assert google.purpose == "statistics"
    assert [(c.name, c.domain, str(c.max_age)) for c in google.cookies] == [
        ("_ga", ".gazette.test", "13 months")
    ]
    assert by_vendor["adroit.test"].hosts == ("x.adroit.test",)
    own = {c.name: c.max_age for t in policy.trackers for c in t.cookies}
    assert str(own["mine"]) == "10 days" and own["session"] is None
    assert "adr:id" in {key for t in policy.trackers for key in t.storage}
    assert "DECIDE" in text
