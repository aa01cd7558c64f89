"""Pages that are the same for everyone: which they are, and what they say."""

from __future__ import annotations

import pytest
from publisher import POLICY

from bandeau.enforcement.asked import Asked
from bandeau.enforcement.pieces import Gated, Subjects
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.shared import SharedExchange, SharedPage
from bandeau.enforcement.storing import is_shareable
from bandeau.policy.parse import parse

SHARED = SharedPage(parse(POLICY.encode()), "0123456789abcdef")
RULES = Rules(SHARED.policy)
ASKED = Asked(
    host="www.quotidien.test",
    authority="www.quotidien.test",
    path="/article",
    target="/article",
    secure=True,
    cookie=b"_ea1=x; eu-consent=forged",
    navigates=True,
)


def kept(*lines: str) -> bool:
    pairs = (line.split(": ") for line in lines)
    return is_shareable([(name.encode(), value.encode()) for name, value in pairs])


@pytest.mark.parametrize(
    "lines",
    [
        ("cache-control: max-age=60",),
        ("cache-control: Public, S-MaxAge=600", "vary: Accept-Encoding"),
        ("cache-control: must-revalidate", "cache-control: max-age=60"),
        ("date: Thu, 01 Jan 2099 00:00:00 GMT", "expires: Thu, 01 Jan 2099 00:01:00 GMT"),
    ],
)
def test_a_page_is_shared_where_the_site_says_so(lines: tuple[str, ...]) -> None:
    assert kept(*lines)


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("cache-control: public",),
        ("expires: Thu, 01 Jan 2099 00:00:00 GMT",),
        ("cache-control: private, max-age=60",),
        ("cache-control: no-store, public",),
        ("cache-control: max-age=60, no-cache",),
        ('cache-control: public, no-cache="set-cookie"',),
        ("cache-control: max-age=0",),
        ("cache-control: public, s-maxage=0",),
        ("cache-control: must-revalidate",),
        ("cache-control: max-age=60", "set-cookie: session=1"),
        ("cache-control: max-age=60", "vary: Accept-Encoding, Cookie"),
        ("cache-control: max-age=60", "vary: *"),
    ],
)
def test_any_doubt_makes_a_page_somebodys_own(lines: tuple[str, ...]) -> None:
    assert not kept(*lines)


def test_the_answer_says_nothing_of_who_asked() -> None:
    exchange = SharedExchange(SHARED, RULES, ASKED)
    headers = [(b"content-type", b"text/html"), (b"cache-control", b"public, max-age=60")]
    judged = exchange.response_headers(200, headers)
    edited = dict(exchange.page_headers(judged, None))
    assert b"set-cookie" not in edited
    assert edited[b"cache-control"] == b"public, max-age=60"
    assert edited[b"vary"] == b"Accept-Encoding"


def test_styles_and_fonts_that_ask_stay_away_even_in_the_generous_headers() -> None:
    directives = {
        name: sources
        for name, *sources in (
            part.split() for part in SHARED.content_policy(RULES).decode().split(";")
        )
    }
    assert "telegram.test:*" in directives["default-src"]
    for name in ("style-src", "font-src"):
        assert "static.quotidien-assets.test:*" in directives[name]
        assert not [source for source in directives[name] if "telegram" in source]


def test_an_inert_tag_names_the_purposes_that_wake_it() -> None:
    exchange = SharedExchange(SHARED, RULES, ASKED)

    def held(*hosts: str, paths: tuple[str, ...] = (), snippets: tuple[str, ...] = ()) -> bytes:
        subjects = Subjects(hosts, paths, snippets)
        gated = Gated(b"<img src=x>", b"<img data-bandeau-src=x>", subjects, "img")
        return exchange.held_back(gated)

    assert held("ads.test") == b'<img data-bandeau-for="advertising" data-bandeau-src=x>'
    both = held("ads.test", "telegram.test", "static.quotidien-assets.test")
    assert both == b'<img data-bandeau-for="advertising social" data-bandeau-src=x>'
    own = held("telegram.test", paths=("/tags/a.js",), snippets=("eatag('init'",))
    assert own == b'<img data-bandeau-for="social advertising" data-bandeau-src=x>'
    assert held("ads.test", "nobody.test") == b"<img data-bandeau-src=x>"


def test_the_script_is_told_purposes_in_the_order_of_the_mask() -> None:
    told = SHARED.narrowing()
    assert told["cookie"] == "eu-consent-shared"
    assert list(told["purposes"]) == ["advertising", "social"]  # type: ignore[call-overload]
    assert "www.quotidien.test:*" in told["sources"]  # type: ignore[operator]
    assert told["cookies"] == ["session"]
