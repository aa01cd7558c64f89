"""Cookies in both directions, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.enforcement.cookies import (
    expire_declared,
    expire_seen,
    judge_jar,
    judge_set_cookie,
    value_of,
)
from bandeau.enforcement.verdict import Effect, Reason, Verdict
from bandeau.policy.model import CookieRule

RESERVED = frozenset({b"eu-consent"})


def only_session(name: str) -> Verdict:
    """A judge that lets ``session`` pass and nothing else."""
    if name == "session":
        return Verdict(Effect.PASS, Reason.EXEMPT, name)
    return Verdict(Effect.STRIP, Reason.UNDECLARED, name)


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (b"session=1", b"session=1"),
        (b"session=1; _ga=2", b"session=1"),
        (b"_ga=2; session=1", b"session=1"),
        (b'_ga=2;session="a;b"; x', b'session="a'),
        (b";;;=", b""),
        (b";;;session=1;;", b"session=1"),
        (b"session", b""),
        (b"session=\xe9t\xe9", b"session=\xe9t\xe9"),
        (b'session={"a": 1, "b": "c d"}; _ga={"x": 1}', b'session={"a": 1, "b": "c d"}'),
        (b"my cookie=1; session=1", b"session=1"),
        (b"session=a=b=c", b"session=a=b=c"),
        (b"session =1", b"session =1"),
        (b"eu-consent=forged; session=1", b"session=1"),
        (b"Session=1", b""),
        (b"a\x00b=1; session=1", b"session=1"),
    ],
)
def test_only_what_the_judge_allows_reaches_the_site(header: bytes, kept: bytes) -> None:
    assert judge_jar(header, only_session, RESERVED).kept == kept


def test_what_was_withheld_is_named_once_with_its_reason() -> None:
    denied = judge_jar(b"_ga=1; _ga=2; session=3", only_session, RESERVED).denied
    assert [(verdict.subject, verdict.reason) for verdict in denied] == [("_ga", Reason.UNDECLARED)]


def test_a_header_over_the_limit_is_withheld_whole() -> None:
    header = b"session=" + b"x" * limits.COOKIE_HEADER_BYTES
    assert judge_jar(header, only_session, RESERVED).kept == b""


def test_cookies_over_the_count_are_withheld() -> None:
    header = b"; ".join(b"a%d=1" % i for i in range(limits.COOKIES)) + b"; session=1"
    assert judge_jar(header, only_session, RESERVED).kept == b""


@given(st.binary(max_size=200))
def test_nothing_is_invented(header: bytes) -> None:
    kept = judge_jar(header, only_session, RESERVED).kept
    for segment in kept.split(b"; "):
        assert segment in header
    assert not kept or b"session" in kept


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (b"eu-consent=a", "a"),
        (b"x=1; eu-consent=a=b", "a=b"),
        (b"eu-consent=a; eu-consent=a", None),
        (b"eu-consent=a;eu-consent=b", None),
        (b"x-eu-consent=a", None),
        (b"eu-consent", None),
        (b"", None),
    ],
)
def test_a_doubled_cookie_is_no_evidence(header: bytes, value: str | None) -> None:
    assert value_of(header, "eu-consent") == value


@pytest.mark.parametrize(
    ("line", "passes"),
    [
        (b"session=1; Path=/; HttpOnly", True),
        (b" session = 1", True),
        (b"_ga=1; Domain=.a.test", False),
        (b"eu-consent=1", False),
        (b"nameless", False),
        (b"=x", False),
        (b"", False),
    ],
)
def test_set_cookie_of_the_site_is_judged_by_name(line: bytes, passes: bool) -> None:
    assert judge_set_cookie(line, only_session, RESERVED).passes is passes


def test_a_seen_leftover_is_ended_as_declared_and_on_every_parent() -> None:
    rule = CookieRule(name="_ea*", domain=".a.test", path="/news")
    assert expire_seen(["_ea1"], lambda name: [rule], "www.a.test", secure=True) == [
        b"_ea1=; Path=/news; Max-Age=0; Domain=.a.test; Secure",
        b"_ea1=; Path=/; Max-Age=0; Secure",
        b"_ea1=; Path=/; Max-Age=0; Domain=www.a.test; Secure",
        b"_ea1=; Path=/; Max-Age=0; Domain=a.test; Secure",
    ]


def test_an_address_has_no_parent_domain() -> None:
    lines = expire_seen(["_ga"], lambda name: [], "127.0.0.1", secure=False)
    assert lines == [b"_ga=; Path=/; Max-Age=0"]


def test_a_name_that_would_break_the_header_is_never_written() -> None:
    seen = ['a"b', "a\r\nX: y", ""]
    assert expire_seen(seen, lambda name: [], "a.test", secure=False) == []


def test_declared_cookies_end_unseen_but_not_those_of_other_domains() -> None:
    rules = [
        CookieRule(name="id", path="/articles"),
        CookieRule(name="wide", domain=".a.test"),
        CookieRule(name="other", domain=".b.test"),
        CookieRule(name="guess*"),
        CookieRule(name="__Host-h"),
    ]
    assert expire_declared(rules, "www.a.test", secure=True) == [
        b"id=; Path=/articles; Max-Age=0; Secure",
        b"wide=; Path=/; Max-Age=0; Domain=.a.test; Secure",
        b"__Host-h=; Path=/; Max-Age=0; Secure",
    ]
