"""The table of vendors: sound, and asked for the nearest host or the longest name."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest

from bandeau.policy.model import KNOWN_PURPOSES
from bandeau.policy.vendors import Vendor
from bandeau.storage.files import read_vendors

TABLE = tomllib.loads((resources.files("bandeau.policy") / "vendors.toml").read_text("utf-8"))
LISTED = [Vendor(**each) for each in TABLE["vendors"]]


def test_names_and_hosts_stand_once() -> None:
    for listed in (
        [vendor.name for vendor in LISTED],
        [host for vendor in LISTED for host in vendor.hosts],
    ):
        assert len(set(listed)) == len(listed)


def test_every_purpose_is_one_that_asks_and_has_texts() -> None:
    purposes = {vendor.purpose for vendor in LISTED} - {None}
    assert purposes <= {key for key, known in KNOWN_PURPOSES.items() if known.exemption is None}


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("www.google-analytics.com", "Google Analytics"),
        ("region1.analytics.google.com", "Google Analytics"),
        ("analytics.tiktok.com", "TikTok Pixel"),
        ("www.tiktok.com", "TikTok"),
        ("connect.facebook.net", "Meta Pixel"),
        ("notgoogle-analytics.com", None),
    ],
)
def test_hosts(host: str, name: str | None) -> None:
    found = read_vendors().host(host)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("cookie", "name"),
    [
        ("_ga", "Google Analytics"),
        ("_ga_*", "Google Analytics"),
        ("mp_*_mixpanel", "Mixpanel"),
        ("session", None),
    ],
)
def test_cookies(cookie: str, name: str | None) -> None:
    found = read_vendors().cookie(cookie)
    assert (found.name if found else None) == name


def test_storage_keys() -> None:
    found = read_vendors().storage("yt-remote-device-id")
    assert found
    assert found.name == "YouTube"
    assert read_vendors().storage("theme") is None
