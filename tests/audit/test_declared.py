"""What the policy file says of trackers, held against what they are and what is seen of them."""

from __future__ import annotations

import pytest
from seeing import (
    HOME,
    POLICY,
    STORY,
    WORDS,
    by_lists,
    cookie,
    evidence,
    ids,
    judged,
    request,
    run,
    seen,
    visit,
    write,
)

from bandeau.audit.by_policy import ByPolicy
from bandeau.audit.evidence import Phase
from bandeau.audit.finding import Severity, Source
from bandeau.audit.verdicts import judge
from bandeau.policy.lines import lines_of
from bandeau.policy.parse import parse

DAY = 86_400.0
GOOGLE = '\n[[trackers]]\nvendor = "G"\npurpose = "{}"\ncookies = [{{ name = "{}" }}]\n'


def with_cookie(name: str, purpose: str, of_purpose: str = "") -> str:
    own = f"[purposes.{purpose}]\n{of_purpose}\n\n[features" if of_purpose else "[features"
    return POLICY.replace("[features", own) + GOOGLE.format(purpose, name)


TWICE = POLICY + GOOGLE.format("advertising", "_two1") + GOOGLE.format("social", "_two*")
SHELF = 'data = ["usage"]\ntitle = { en = "Others" }\nsummary = { en = "Not sorted yet." }'


@pytest.mark.parametrize(
    ("policy", "name", "id"),
    [
        (with_cookie("_fbp", "functioning"), "_fbp", "V10"),
        (with_cookie("_fbp", "advertising"), "_fbp", None),
        (with_cookie("_fbp", "social"), "_fbp", "V11"),
        (with_cookie("_fbp", "unclassified", SHELF), "_fbp", "V13"),
        (with_cookie("_adr1", "advertising"), "_adr1", None),
    ],
)
def test_the_purpose_that_is_declared_is_its_own(policy: str, name: str, id: str | None) -> None:
    found = ids(judged(seen(Phase.ACCEPTED, cookies=(cookie(name),)), policy=policy))
    assert found & {"V10", "V11", "V13", "V15"} == ({id} if id else set())


def test_one_cookie_has_one_purpose() -> None:
    """``bandeau check`` refuses such a file; one that was never checked is judged all the same."""
    policy = parse(TWICE.encode(), lines_of(TWICE.encode()))
    knowledge = ByPolicy(policy, Source("policy.toml", "", "0" * 64, ""), by_lists())
    for name, twice in (("_two1", True), ("_two2", False)):
        shown = evidence(run(seen(Phase.ACCEPTED, cookies=(cookie(name),))))
        assert ("V15" in ids(judge(shown, knowledge, policy, WORDS)[0])) is twice


@pytest.mark.parametrize(
    ("name", "days", "id"),
    [
        ("_adr1", 183, None),
        ("_adr1", 300, "V12"),
        ("cart", 30, None),
        ("cart", 32, "V12"),
        ("session", 2, "V12"),
        ("seen", 396, None),
        ("seen", 398, "V12"),
    ],
)
def test_no_cookie_outlives_what_is_declared_of_it(name: str, days: int, id: str | None) -> None:
    found = judged(seen(Phase.ACCEPTED, writes=(write(name, lifetime=days * DAY),)))
    assert ids(found) == ({id} if id else set())
    assert all("I8" in each.rules for each in found)


def accepted(*hosts: str, links: tuple[str, ...] = (STORY,)) -> tuple[set[str], list[str]]:
    visits = (visit(HOME, links=links), visit(STORY, 4, links=links))
    requests = tuple(request(f"https://{host}/a.js") for host in hosts)
    found = judged(seen(Phase.ACCEPTED, requests=requests, visits=visits))
    assert all(each.severity is not Severity.VIOLATION for each in found)
    return ids(found), [each.subject for each in found]


def test_partners_that_are_declared_are_there() -> None:
    files = "assets.gazette-files.test"
    assert accepted(files, "x.adroit.test", "birdsong.test") == (set(), [])
    assert accepted(files, "birdsong.test") == ({"I6"}, ["Adroit"])
    elsewhere = accepted(files, "birdsong.test", links=(STORY, f"{HOME}more"))
    assert elsewhere == (set(), []), "a page that was not opened may hold it"
