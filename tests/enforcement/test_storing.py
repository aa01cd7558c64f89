"""Which answers may be kept for other visitors (RFC 9111), and for how long."""

from __future__ import annotations

import pytest

from bandeau.enforcement.storing import age_of, may_ask, seconds_kept

DATE = (b"date", b"Fri, 27 Nov 2026 06:00:00 GMT")


def cache(value: str) -> tuple[bytes, bytes]:
    return (b"cache-control", value.encode())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("max-age=60", 60),
        ("public, max-age=60", 60),
        ('public, max-age="60"', 60),
        ("max-age=60, s-maxage=5", 5),
        ("S-MaxAge=5 , Max-Age=60", 5),
        ("max-age=60, must-revalidate", 60),
        ("max-age=60, max-age=30", 30),
        ("max-age=99999999999", 0),
        ("max-age=999999999", 31_536_000),
        ("public", 0),
        ("", 0),
        ("max-age=0", 0),
        ("max-age=-1", 0),
        ("max-age=6x", 0),
        ("max-age", 0),
        ("max-age=60, no-store", 0),
        ("max-age=60, NO-CACHE", 0),
        ('max-age=60, no-cache="x"', 0),
        ("max-age=60, private", 0),
        ('max-age=60, private="set-cookie"', 0),
        ("max-age=60, must-understand, no-store", 0),
    ],
)
def test_the_sites_word_on_caching_decides(value: str, seconds: int) -> None:
    assert seconds_kept(200, [cache(value)], cookies=False) == seconds


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"set-cookie", b"a=1"),
        (b"vary", b"*"),
        (b"vary", b"User-Agent"),
        (b"vary", b"Accept-Encoding, Accept-Language"),
        (b"surrogate-control", b"no-store"),
        (b"cdn-cache-control", b"max-age=5"),
        (b"x-accel-expires", b"0"),
        (b"content-security-policy", b"script-src 'nonce-abc'"),
        (b"age", b"60"),
        (b"age", b"unknown"),
        (b"cache-control", b"private"),
    ],
)
def test_what_may_not_be_everyones_is_kept_for_nobody(header: bytes, value: bytes) -> None:
    headers = [cache("public, max-age=60"), (header, value)]
    assert seconds_kept(200, headers, cookies=False) == 0


@pytest.mark.parametrize("status", [201, 204, 206, 301, 304, 404, 500])
def test_only_a_whole_page_is_kept(status: int) -> None:
    assert seconds_kept(status, [cache("public, max-age=60")], cookies=False) == 0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("max-age=60", 0), ("public, max-age=60", 60), ("s-maxage=60", 60), ("public", 0)],
)
def test_an_answer_to_cookies_must_say_that_it_is_everyones(value: str, seconds: int) -> None:
    assert seconds_kept(200, [cache(value)], cookies=True) == seconds


def test_an_answer_that_depends_on_cookies_is_kept_for_those_without() -> None:
    headers = [cache("public, max-age=60"), (b"vary", b"Cookie, Accept-Encoding")]
    assert seconds_kept(200, headers, cookies=False) == 60
    assert seconds_kept(200, headers, cookies=True) == 0


def test_expires_counts_from_the_date_and_only_where_no_age_is_given() -> None:
    expires = (b"expires", b"Fri, 27 Nov 2026 06:01:00 GMT")
    assert seconds_kept(200, [DATE, expires], cookies=False) == 60
    assert seconds_kept(200, [DATE, expires, cache("max-age=5")], cookies=False) == 5
    assert seconds_kept(200, [expires], cookies=False) == 0
    assert seconds_kept(200, [DATE, (b"expires", b"0")], cookies=False) == 0
    assert seconds_kept(200, [DATE, expires, (b"pragma", b"no-cache")], cookies=False) == 0


def test_time_spent_in_other_caches_counts() -> None:
    headers = [cache("max-age=60"), (b"age", b"20")]
    assert seconds_kept(200, headers, cookies=False) == 40
    assert age_of(headers) == 20


@pytest.mark.parametrize(
    ("header", "value", "may"),
    [
        (b"accept", b"text/html", True),
        (b"cache-control", b"max-age=0", True),
        (b"cache-control", b"no-cache", False),
        (b"cache-control", b"No-Store", False),
        (b"pragma", b"no-cache", False),
        (b"authorization", b"Basic x", False),
        (b"range", b"bytes=0-1", False),
    ],
)
def test_some_requests_are_the_sites_alone(header: bytes, value: bytes, may: bool) -> None:
    assert may_ask([(header, value)]) is may
