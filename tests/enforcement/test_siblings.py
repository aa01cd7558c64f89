"""Which of the publisher's other hosts may hold what the host asked for cannot end."""

from __future__ import annotations

import pytest

from bandeau.enforcement.siblings import siblings
from bandeau.policy.model import CookieRule, Policy, Purpose, Site, Tracker

WWW, ADS, BARE = "www.pub.test", "ads.pub.test", "pub.test"


def policy(*rules: CookieRule, hosts: tuple[str, ...] = (WWW, ADS)) -> Policy:
    return Policy(
        site=Site(name="P", controller="P", hosts=hosts, privacy_policy="/p"),
        purposes=(Purpose(key="advertising"),),
        trackers=(Tracker(vendor="T", purpose="advertising", cookies=rules),),
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (CookieRule(name="t"), (ADS,)),
        (CookieRule(name="t", domain=".pub.test"), ()),
        (CookieRule(name="t", domain=WWW), ()),
        (CookieRule(name="t", domain=ADS), (ADS,)),
        (CookieRule(name="t", domain=".deep.ads.pub.test"), ("deep.ads.pub.test",)),
        (CookieRule(name="t", domain=".tracker.test"), ()),
    ],
)
def test_only_a_host_that_can_hold_more_is_asked(
    rule: CookieRule, expected: tuple[str, ...]
) -> None:
    assert siblings(policy(rule), WWW) == expected


@pytest.mark.parametrize("other", ["www.other.test", "127.0.0.1", "localhost"])
def test_no_host_is_asked_of_which_a_browser_would_keep_nothing(other: str) -> None:
    hosts = (WWW, other)
    assert siblings(policy(CookieRule(name="t"), hosts=hosts), WWW) == ()
    assert siblings(policy(CookieRule(name="t"), hosts=hosts), other) == ()


def test_a_site_that_asks_for_nothing_asks_nobody() -> None:
    asks = policy(CookieRule(name="t"))
    exempt = Purpose(key="advertising", exempt="strictly-necessary")
    assert siblings(asks.model_copy(update={"purposes": (exempt,)}), WWW) == ()
