"""Drafts of a policy: each block passes the check in its place, or says why it cannot."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from publisher import POLICY

from bandeau.enforcement.draft import DECIDE, Drafted, block, drafted, grouped, undeclared
from bandeau.enforcement.sightings import Gathering, Kind, Seen, Sighting, Teller, sightings_of
from bandeau.policy.check import load
from bandeau.policy.fault import PolicyError
from bandeau.policy.match import Matcher
from bandeau.storage.files import read_vendors, read_words
from bandeau.storage.suffixes import public_suffixes

registrable = public_suffixes().registrable
WORDS, VENDORS = read_words(), read_vendors()
DAY = date(2026, 11, 25)


def sighting(name: str, kind: Kind = Kind.HOST, **changes: object) -> Sighting:
    plain = Sighting(kind, name, Teller.SITE, "markup", "/a", DAY, DAY)
    return replace(plain, **changes)  # type: ignore[arg-type]


def draft(*sightings: Sighting, policy: str = POLICY) -> tuple[Drafted, ...]:
    hosts = ("www.quotidien.test",)
    groups = grouped(sightings, VENDORS, registrable, "Le Quotidien", hosts)
    return drafted(groups, policy.encode(), WORDS)


def test_what_is_declared_by_now_is_left_out() -> None:
    policy, _ = load(POLICY.encode(), WORDS)
    mixed = (
        sighting("x.ads.test"),
        sighting("www.quotidien.test"),
        sighting("new.test"),
        sighting("_ea7", Kind.COOKIE),
        sighting("rogue", Kind.COOKIE),
        sighting("ea:1", Kind.STORAGE),
        sighting("key", Kind.STORAGE),
    )
    assert [s.name for s in undeclared(mixed, Matcher(policy))] == ["new.test", "rogue", "key"]


def test_hosts_cookies_and_keys_of_a_vendor_stand_together() -> None:
    (google,) = draft(
        sighting("www.google-analytics.com"),
        sighting("_ga", Kind.COOKIE),
        sighting("region1.analytics.google.com"),
    )
    assert google.text == (
        "[purposes.statistics]\n\n"
        "[[trackers]]\n"
        'vendor = "Google Analytics"\n'
        'purpose = "statistics"\n'
        "hosts = [\n"
        '    "region1.analytics.google.com",\n'
        '    "www.google-analytics.com",\n'
        "]\n"
        'cookies = [{ name = "_ga" }]\n'
    )


def test_an_unknown_host_is_named_after_its_domain_and_marked() -> None:
    (unknown,) = draft(sighting("a.tracker.test"), sighting("b.tracker.test"))
    assert 'vendor = "tracker.test"' in unknown.text
    assert unknown.text.count(DECIDE) == 2
    assert unknown.clash is None


def test_a_host_beside_the_sites_own_may_be_the_publishers() -> None:
    (beside,) = draft(
        sighting("pictures.quotidien.test"), policy=POLICY.replace('"quotidien.test", ', "")
    )
    assert "put it into site.hosts instead" in beside.text
    (other,) = draft(sighting("pictures.other.test"))
    assert "site.hosts" not in other.text


def test_cookies_of_nobody_known_are_the_sites_until_decided() -> None:
    own, *none = draft(sighting("rogue", Kind.COOKIE), sighting("key", Kind.STORAGE))
    assert none == []
    assert 'vendor = "Le Quotidien"' in own.text
    assert "yours, or of a script" in own.text
    (told,) = draft(sighting("rogue", Kind.COOKIE, teller=Teller.BROWSER))
    assert "browsers do not say" in told.text


def test_the_most_seen_come_first() -> None:
    first, second = draft(sighting("a.test", times=1), sighting("b.test", times=9))
    assert (first.group.vendor, second.group.vendor) == ("b.test", "a.test")


def test_all_blocks_together_pass_the_check() -> None:
    found = draft(
        sighting("www.youtube.com"),
        sighting("www.google-analytics.com"),
        sighting("_hjSession_*", Kind.COOKIE),
        sighting("new.test"),
        sighting("clé « d'or »", Kind.STORAGE),
    )
    whole = POLICY + "\n" + "\n".join(map(str, found))
    policy, _ = load(whole.encode(), WORDS)
    matcher = Matcher(policy)
    assert matcher.host("www.youtube.com")
    assert matcher.cookie("_hjSession_99")
    assert matcher.storage("clé « d'or »")


def test_a_block_that_clashes_says_why_and_holds_nobody_up() -> None:
    whole = POLICY.replace('hosts = ["telegram.test"]', 'hosts = ["a.bad.test"]')
    clashing, fine = draft(sighting("bad.test", times=2), sighting("new.test"), policy=whole)
    assert clashing.clash
    assert '"a.bad.test" is under "social"' in clashing.clash
    assert str(clashing).startswith("# Left out: ")
    assert all(line.startswith("#") for line in str(clashing).splitlines())
    assert fine.clash is None
    load((whole + "\n" + "\n".join(map(str, (clashing, fine)))).encode(), WORDS)


def test_a_policy_that_does_not_hold_gets_no_draft() -> None:
    with pytest.raises(PolicyError):
        draft(sighting("new.test"), policy="[site]")


@given(
    st.lists(
        st.builds(
            Seen,
            kind=st.sampled_from(Kind),
            name=st.text(min_size=1, max_size=20)
            | st.from_regex(r"[a-z_]{2,9}(\.[a-z]{2,5}){0,2}", fullmatch=True),
            teller=st.sampled_from(Teller),
            where=st.just("markup"),
            page=st.just("/"),
        ),
        max_size=6,
    )
)
def test_whatever_was_seen_makes_a_policy_that_holds(told: list[Seen]) -> None:
    gathering = Gathering()
    for each in told:
        gathering.add(each, DAY)
    found = draft(*sightings_of(gathering.drain(), registrable))
    load((POLICY + "\n" + "\n".join(map(str, found))).encode(), WORDS)
    for each in found:
        assert each.text.endswith(block(each.group))
