"""The policy file that the demo starts with."""

from __future__ import annotations

import tomllib

from bandeau.demo.addresses import Addresses, host_of
from bandeau.demo.policy import policy_template
from bandeau.policy.parse import parse


def test_it_declares_every_company(addresses: Addresses) -> None:
    policy = tomllib.loads(policy_template(addresses))
    declared = {host: t["purpose"] for t in policy["trackers"] for host in t.get("hosts", [])}
    existing = ("twitter.com", "x.com", "telegram.org", "t.me", "clubhouse.com")
    assert declared == {
        **dict.fromkeys((*existing, "youtube.com", "youtube-nocookie.com"), "social"),
        host_of(addresses.mouette): "social",
        host_of(addresses.bulles): "social",
        host_of(addresses.regie): "advertising",
        host_of(addresses.sextant): "statistics",
    }
    assert policy["site"]["hosts"] == ["phare.test"]
    assert set(policy["features"]["comments"]["alternative"]) == set(policy["site"]["languages"])


def test_every_tracker_has_a_declared_purpose(addresses: Addresses) -> None:
    policy = tomllib.loads(policy_template(addresses))
    assert {t["purpose"] for t in policy["trackers"]} == set(policy["purposes"])


def test_on_loopback_the_third_parties_stay_third_parties() -> None:
    policy = tomllib.loads(policy_template(Addresses.on_loopback(8000, 8010)))
    assert policy["site"]["hosts"] == ["phare.localhost", "127.0.0.1"]
    assert "localhost" not in policy["site"]["hosts"]


def test_bandeau_reads_it(addresses: Addresses) -> None:
    policy = parse(policy_template(addresses).encode())
    assert [purpose.key for purpose in policy.consent_purposes] == [
        "social",
        "advertising",
        "statistics",
    ]
