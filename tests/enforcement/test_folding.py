"""What could tell one visitor from another does not stay in a name."""

from __future__ import annotations

import pytest

from bandeau.enforcement.folding import alike, fold_cookie, fold_host, fold_key, fold_path
from bandeau.storage.suffixes import public_suffixes

registrable = public_suffixes().registrable


@pytest.mark.parametrize(
    ("host", "kept"),
    [
        ("www.tracker.test", "www.tracker.test"),
        ("WWW.Tracker.Test.", "www.tracker.test"),
        ("x7f3a.tracker.test", "tracker.test"),
        ("9f86d081884c7d65.tracker.co.uk", "tracker.co.uk"),
        ("a.b.c.d.tracker.test", "tracker.test"),
        ("82-64-1-2.home.isp.test", "isp.test"),
        ("visitor-123456.tracker.test", "tracker.test"),
        ("s3-eu-west-1.cloud.test", "s3-eu-west-1.cloud.test"),
        ("x7f3a91b.test", "x7f3a91b.test"),
        ("d3f8ykwhia686p.cloudfront.net", "d3f8ykwhia686p.cloudfront.net"),
        ("xn--bcher-kva.test", "xn--bcher-kva.test"),
    ],
)
def test_hosts(host: str, kept: str) -> None:
    assert fold_host(host, registrable) == kept


@pytest.mark.parametrize(
    "host",
    ["", "invalid", "127.0.0.1", "[::1]", "a b.test", "a/b.test", "é.test", "x." * 120 + "y"],
)
def test_what_is_no_name_of_a_host(host: str) -> None:
    assert fold_host(host, registrable) is None


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("_ga", "_ga"),
        ("JSESSIONID", "JSESSIONID"),
        ("wp-settings-1", "wp-settings-1"),
        ("_ga_G1KX2ABC3D", "_ga_*"),
        ("AMP_1a2b3c", "AMP_*"),
        ("_gat_UA-123456-1", "_gat_UA-*-1"),
        ("mp_0123456789abcdef0123456789abcdef_mixpanel", "mp_*_mixpanel"),
        ("SESSd41d8cd98f00b204e9800998ecf8427e", "SESS*"),
        ("uid_550e8400-e29b-41d4-a716-446655440000", "uid_*"),
        ("t-2026-11-27-1", None),
        ("user.123456", "user.*"),
    ],
)
def test_cookies(name: str, kept: str) -> None:
    assert fold_cookie(name) == fold_key(name) == kept


@pytest.mark.parametrize(
    "name", ["", "*", "_ga*", "a=b", "a;b", "é", "a\nb", "d41d8cd98f00b204", "_1a2b3c4d", "x" * 201]
)
def test_cookies_that_cannot_be_named(name: str) -> None:
    assert fold_cookie(name) is None


def test_storage_keys_may_hold_more_than_cookies() -> None:
    assert fold_key("réglages du lecteur") == "réglages du lecteur"
    assert fold_key("a\x1b[31m") is None


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("_ga_ABC123", "_ga_*"),
        ("slot12", "slot*"),
        ("wp_slot3", "wp_slot*"),
        ("session", None),
        ("a1", None),
        ("slot*", None),
    ],
)
def test_names_alike(name: str, pattern: str | None) -> None:
    assert alike(name) == pattern


@pytest.mark.parametrize(
    ("path", "kept"),
    [
        ("/", "/"),
        ("/une/2026/11/27/grand-titre", "/une/2026/11/27/grand-titre"),
        ("/article?reader=7#top", "/article"),
        ("/u/jean@quotidien.test/lettres", "/u/*/lettres"),
        ("/compte/12345678/", "/compte/*/"),
        ("/reset/9f86d081884c7d65", "/reset/*"),
        ("/a/b/c/d/e/f/g", "/a/b/c/d/e/*"),
        ("/" + "long-" * 30, "/*"),
        ("/été", "/été"),
        ("/\x1b[31m", "/*"),
        ("", "/"),
    ],
)
def test_paths(path: str, kept: str) -> None:
    assert fold_path(path) == kept
