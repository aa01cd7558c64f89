"""The matcher answers as a plain reading of the policy would."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bandeau.policy.glob import Glob, Globs, meet
from bandeau.policy.match import Matcher
from bandeau.policy.model import CookieRule, Policy, Site, Tracker


def policy(*trackers: Tracker, hosts: tuple[str, ...] = ("www.site.test",)) -> Policy:
    site = Site(name="S", controller="S", hosts=hosts, privacy_policy="/p")
    return Policy(site=site, trackers=trackers)


def tracker(vendor: str, **declared: object) -> Tracker:
    return Tracker.model_validate({"vendor": vendor, "purpose": "social", **declared})


def test_a_site_host_stands_for_its_subdomains() -> None:
    matcher = Matcher(policy())
    assert matcher.owns("www.site.test")
    assert matcher.owns("WWW.Site.Test.")
    assert matcher.owns("a.www.site.test")
    assert not matcher.owns("site.test")
    assert not matcher.owns("evilwww.site.test")
    assert not matcher.owns("")


def test_the_nearest_domain_answers_for_a_host() -> None:
    wide = tracker("Wide", hosts=["example.test"])
    narrow = tracker("Narrow", hosts=["cdn.example.test"])
    matcher = Matcher(policy(wide, narrow))
    assert matcher.host("example.test") is wide
    assert matcher.host("x.Example.test.") is wide
    assert matcher.host("a.b.cdn.example.test") is narrow
    assert matcher.host("badexample.test") is None
    assert matcher.host("test") is None
    assert matcher.host("a." * 5_000 + "example.test") is None


def test_every_declaration_of_a_cookie_is_found_in_file_order() -> None:
    any_ga = tracker("Any", cookies=[{"name": "_g*"}])
    ga = tracker("Exact", cookies=[{"name": "other"}, {"name": "_ga", "path": "/a"}])
    matcher = Matcher(policy(any_ga, ga))
    assert matcher.cookie("_ga") == ((any_ga, any_ga.cookies[0]), (ga, ga.cookies[1]))
    assert matcher.cookie("_gid") == ((any_ga, any_ga.cookies[0]),)
    assert matcher.cookie("_GA") == ()
    assert matcher.cookie("_g" + "x" * 10_000) == ((any_ga, any_ga.cookies[0]),)


def test_cookies_of_a_vendors_own_domain_say_nothing_of_the_sites() -> None:
    theirs = tracker("Theirs", cookies=[{"name": "id", "domain": ".vendor.example"}])
    ours = tracker("Ours", cookies=[{"name": "id", "domain": ".site.test"}])
    assert Matcher(policy(theirs)).cookie("id") == ()
    assert Matcher(policy(theirs, ours)).cookie("id") == ((ours, ours.cookies[0]),)


def test_a_storage_key_belongs_to_its_exact_or_longest_pattern() -> None:
    wide = tracker("Wide", storage=["ea:*"])
    long = tracker("Long", storage=["ea:user:*"])
    exact = tracker("Exact", storage=["ea:user:1"])
    matcher = Matcher(policy(wide, long, exact))
    assert matcher.storage("ea:x") is wide
    assert matcher.storage("ea:user:2") is long
    assert matcher.storage("ea:user:1") is exact
    assert matcher.storage("other") is None


def test_allowed_hosts_are_listed_once_in_file_order() -> None:
    one = tracker("One", hosts=["b.test", "a.test"])
    two = tracker("Two", hosts=["c.test"])
    again = tracker("One", hosts=["a.test"])
    matcher = Matcher(policy(one, two, again))
    assert matcher.hosts_allowed(lambda t: t.vendor == "One") == ("b.test", "a.test")
    assert matcher.hosts_allowed(lambda t: False) == ()


_PATTERNS = st.text("ab*", min_size=1, max_size=6)
_NAMES = st.text("ab", max_size=8)


def fits(pattern: str, name: str) -> bool:
    return re.fullmatch(pattern.replace("*", ".*"), name) is not None


@given(_PATTERNS, _NAMES)
def test_a_pattern_matches_as_its_regular_expression_does(pattern: str, name: str) -> None:
    assert Glob.of(pattern).matches(name) == fits(pattern, name)


@given(st.lists(_PATTERNS, max_size=12), _NAMES)
def test_many_patterns_match_as_one_by_one(patterns: list[str], name: str) -> None:
    globs = Globs((pattern, order) for order, pattern in enumerate(patterns))
    assert globs.all(name) == tuple(o for o, each in enumerate(patterns) if fits(each, name))


@given(_PATTERNS, _PATTERNS, _NAMES)
def test_patterns_meet_when_a_name_fits_both(one: str, other: str, name: str) -> None:
    if fits(one, name) and fits(other, name):
        assert meet(one, other)
    assert meet(one, other) == meet(other, one)


@given(_PATTERNS, _PATTERNS)
def test_patterns_that_meet_have_a_common_name(one: str, other: str) -> None:
    if not meet(one, other):
        return
    start = max(one.partition("*")[0], other.partition("*")[0], key=len)
    end = max(one.rpartition("*")[2], other.rpartition("*")[2], key=len)
    inner = [re.sub(r"^[^*]*|[^*]*$", "", each).replace("*", "") for each in (one, other)]
    exact = [each for each in (one, other) if "*" not in each]
    common = exact[0] if exact else start + "".join(inner) + end
    assert fits(one, common)
    assert fits(other, common)


_HOSTS = st.lists(st.sampled_from("abc"), min_size=1, max_size=4).map(".".join)


@given(
    st.lists(st.lists(_HOSTS, max_size=3), max_size=5),
    st.lists(_HOSTS, min_size=1, max_size=2),
    _HOSTS,
)
def test_hosts_match_as_a_plain_search_does(
    declared: list[list[str]], site: list[str], host: str
) -> None:
    trackers = [tracker(f"V{number}", hosts=hosts) for number, hosts in enumerate(declared)]
    matcher = Matcher(policy(*trackers, hosts=tuple(site)))

    def covers(domain: str) -> bool:
        return host == domain or host.endswith("." + domain)

    claims = [(each, owner) for owner in trackers for each in owner.hosts if covers(each)]
    best = max((len(domain) for domain, _ in claims), default=0)
    assert matcher.host(host) is next((o for domain, o in claims if len(domain) == best), None)
    assert matcher.owns(host) == any(covers(domain) for domain in site)


def test_a_rule_without_domain_always_counts() -> None:
    rule = CookieRule(name="a")
    only = tracker("V", cookies=[rule])
    assert Matcher(policy(only)).cookie("a") == ((only, rule),)
