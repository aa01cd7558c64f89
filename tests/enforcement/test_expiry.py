"""Lines that end denied cookies, read as a browser reads them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandeau import limits
from bandeau.enforcement.expiry import Where, end_declared, end_seen
from bandeau.policy.model import CookieRule

HOST = "www.a.test"
PATHS = ("/", "/news", "/news/", "/news/today", "/other")


@dataclass(frozen=True)
class Kept:
    """A cookie as a browser tells it from others (RFC 6265bis, 5.7); ``domain`` ``None``: host."""

    name: str
    domain: str | None
    path: str
    partitioned: bool

    def is_sent_to(self, path: str) -> bool:
        whole = self.path if self.path.endswith("/") else self.path + "/"
        return path == self.path or path.startswith(whole)


def ended(line: bytes, host: str, secure: bool) -> Kept | None:
    """The cookie that a line ends; ``None`` where a browser would not take the line."""
    first, *rest = line.decode("latin-1").split("; ")
    name, equals, value = first.partition("=")
    assert equals
    assert name or value, "a cookie without name and value is none"
    told = dict(part.partition("=")[::2] for part in rest)
    assert told["Max-Age"] == "0"
    domain = told.get("Domain", "").removeprefix(".") or None
    if domain is not None and host != domain and not host.endswith("." + domain):
        return None
    if "Secure" in told and not secure:
        return None
    if "Partitioned" in told and "Secure" not in told:
        return None
    if name.startswith(("__Host-", "__Secure-")) and "Secure" not in told:
        return None
    if name.startswith("__Host-") and (domain is not None or told["Path"] != "/"):
        return None
    return Kept(name, domain, told["Path"], "Partitioned" in told)


names = st.sampled_from(["_ga", "_ga_X1", "__Secure-t", "my cookie", "", 'a"b', "t,u", "\xe9"])
places = st.tuples(st.sampled_from([None, "a.test", HOST]), st.sampled_from(PATHS))


@given(
    jar=st.sets(st.builds(lambda n, p, k: Kept(n, *p, k), names, places, st.booleans()), max_size=4)
)
def test_whatever_was_sent_is_ended_wherever_it_may_be(jar: set[Kept]) -> None:
    """Undeclared cookies: with each answer fewer are sent, and at last none."""
    path = "/news/today"
    sent = {kept for kept in jar if kept.is_sent_to(path)}
    for _ in range(len(sent) + 1):
        seen = {kept.name for kept in sent}
        lines = end_seen(seen, lambda _: (), Where(HOST, path + "?q=1", True))
        assert len(lines) <= limits.EXPIRY_LINES
        sent -= {ended(line, HOST, True) for line in lines}  # type: ignore[arg-type]
    assert sent == set()


rules = st.builds(
    lambda name, place: CookieRule(name=name, domain=place[0], path=place[1]),
    st.sampled_from(["_id", "__Secure-t", "_wide"]),
    places,
)


@given(declared=st.lists(rules, max_size=8), partitioned=st.booleans())
def test_what_is_declared_ends_unseen(declared: list[CookieRule], partitioned: bool) -> None:
    jar = {Kept(r.name, r.domain, r.path, partitioned) for r in declared}
    lines = end_declared(declared, Where(HOST, "/.bandeau/choice", True))
    assert jar <= {ended(line, HOST, True) for line in lines}


@given(name=st.text(max_size=12), path=st.text(max_size=12), secure=st.booleans())
def test_no_name_or_path_breaks_out_of_its_line(name: str, path: str, secure: bool) -> None:
    lines = end_seen([name], lambda _: (), Where(HOST, "/" + path, secure))
    for line in lines:
        assert not set(line) & {0, 10, 13}
        assert line.count(b"Max-Age=0") == 1 + (name + path).count("Max-Age=0")
        assert line.count(b";") == line.count(b"; ")


def test_a_seen_leftover_is_ended_as_declared_first() -> None:
    rule = CookieRule(name="_ea*", domain=".a.test", path="/news")
    lines = end_seen(["_ea1"], lambda name: [rule], Where(HOST, "/", False))
    assert lines == [
        b"_ea1=; Path=/news; Max-Age=0; Domain=.a.test",
        b"_ea1=; Path=/; Max-Age=0",
        b"_ea1=; Path=/; Max-Age=0; Domain=www.a.test",
        b"_ea1=; Path=/; Max-Age=0; Domain=a.test",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_an_address_has_no_parent_domain(host: str) -> None:
    lines = end_seen(["_ga"], lambda name: [], Where(host, "/", False))
    assert lines == [b"_ga=; Path=/; Max-Age=0"]


def test_over_tls_a_partitioned_cookie_ends_too() -> None:
    lines = end_declared([CookieRule(name="__Host-h")], Where(HOST, "/", True))
    assert lines == [
        b"__Host-h=; Path=/; Max-Age=0; Secure",
        b"__Host-h=; Path=/; Max-Age=0; Secure; SameSite=None; Partitioned",
    ]
    assert end_declared([CookieRule(name="__Host-h")], Where(HOST, "/", False)) == []


def test_what_this_request_cannot_carry_comes_first_and_foreign_domains_never() -> None:
    declared = [
        CookieRule(name="seen"),
        CookieRule(name="deep", path="/articles"),
        CookieRule(name="other", domain=".b.test"),
        CookieRule(name="guess*"),
    ]
    assert end_declared(declared, Where(HOST, "/.bandeau/choice", False)) == [
        b"deep=; Path=/articles; Max-Age=0",
        b"seen=; Path=/; Max-Age=0",
    ]
