"""Flags read into values that can hold."""

from __future__ import annotations

import pytest

from bandeau.settings import Listen, SettingsError, parse_listen, parse_upstream


@pytest.mark.parametrize(
    "wrong", ["", "x", "127.0.0.1:", "127.0.0.1:²", "127.0.0.1:٣", "a:65536", "a:" + "9" * 5_000]
)
def test_a_port_that_is_none_is_named(wrong: str) -> None:
    with pytest.raises(SettingsError, match="listen"):
        parse_listen(wrong)


@pytest.mark.parametrize(
    "wrong", ["http://[", "http://a:99999", "http://a:x", "http://a:0", "ftp://a", "http://", "a"]
)
def test_an_upstream_that_is_none_is_named(wrong: str) -> None:
    with pytest.raises(SettingsError, match="upstream"):
        parse_upstream(wrong)


def test_addresses_of_both_kinds_are_read() -> None:
    assert parse_listen("[::1]:80") == Listen("::1", 80)
    assert parse_listen("8000") == Listen("127.0.0.1", 8000)
    assert parse_upstream("http://[::1]:9000/") == "http://[::1]:9000"
