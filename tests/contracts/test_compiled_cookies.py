"""The cookies that a real server lets through, against the verdicts of enforcement itself."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fronts import front
from hypothesis import example, given, settings
from hypothesis import strategies as st
from serving import serving

from bandeau.app import Bandeau, gateway
from bandeau.choice.model import Answer, Source, Standing
from bandeau.choice.token import Seal
from bandeau.enforcement.cookies import judge_jar, segments
from bandeau.enforcement.exchange import choice_header

pytestmark = pytest.mark.slow
MANY = "nginx, names in parts"
FRONTS = {"nginx": ("nginx",), MANY: ("nginx",), "varnish": ("varnish",), "caddy": ("caddy",)}
POLICY = r"""
[site]
name = "N"
controller = "N"
hosts = ["www.quotidien.test"]
privacy_policy = "/p"
languages = ["en"]
[purposes.functioning]
exempt = "strictly-necessary"
[purposes.advertising]
data = ["ip"]
[purposes.social]
data = ["ip"]
[[trackers]]
vendor = "Own"
purpose = "functioning"
cookies = [{ name = "session" }, { name = 'a"$b{}\' }, { name = "own.*.id" }, { name = "a*~*~end" }]
[[trackers]]
vendor = "Ads"
purpose = "advertising"
cookies = [{ name = "_ad*" }, { name = "x*y*z" }, { name = "foreign", domain = "ads.example" }]
[[trackers]]
vendor = "Social"
purpose = "social"
cookies = [{ name = "s[0-9]+" }, { name = "|" }, { name = "$http_cookie" }]
"""
NAMES = st.one_of(
    st.sampled_from(
        [
            *("session", "Session", "session2", 'a"$b{}\\', "own.1.id", "own..id", "own.id"),
            *("a~end", "a~~end", "a~1~end", "_ad", "_ad1", "_a", "xyz", "x1y2z", "xzyz", "xz"),
            *("s[0-9]+", "s1", "|", "$http_cookie", "foreign", "eu-consen", "eu-consent2"),
            *("xeu-consent", "session ", "odd name", "Cookie"),
        ]
    ),
    st.text("xyzs_ad.~|$[]{}\\\"'` ", min_size=1, max_size=8),
)
VALUES = st.text("az09=$~\"'\\{}|,[] .", max_size=6)
JARS = st.lists(st.one_of(st.builds("{}={}".format, NAMES, VALUES), NAMES), max_size=8)


@dataclass
class Echo:
    """A site that notes the last request's headers."""

    last: dict[bytes, bytes] = field(default_factory=dict)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            self.last = dict(scope["headers"])
            head = [(b"content-type", b"image/png"), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 200, "headers": head})
            await send({"type": "http.response.body", "body": b""})


@dataclass
class Arranged:
    client: httpx.Client
    echo: Echo
    bandeau: Bandeau
    server: str


@pytest.fixture(scope="module", params=FRONTS)
def arranged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Arranged]:
    folder = tmp_path_factory.mktemp("front")
    policy = folder / "policy.toml"
    names = ", ".join(f'{{ name = "_measure{n}_*" }}' for n in range(300))
    many = f'[[trackers]]\nvendor = "M"\npurpose = "advertising"\ncookies = [{names}]\n'
    policy.write_text(POLICY + (many if request.param == MANY else ""), "utf-8")
    server, *more = FRONTS[request.param]
    echo = Echo()
    with ExitStack() as running:
        origin = running.enter_context(serving(echo))
        app = gateway(policy, origin.url, folder / "data")
        bandeau = running.enter_context(serving(app))
        url = running.enter_context(
            front(server, policy, origin.url, bandeau.url, folder / "run", *more)
        )
        client = running.enter_context(httpx.Client(base_url=url, timeout=20))
        yield Arranged(client, echo, app, request.param)


def cookie_of(bandeau: Bandeau, mask: str) -> tuple[str, Standing]:
    """A choice cookie as the front reads it, and what stands by it."""
    answers = dict(zip(bandeau.site.terms.keys, mask, strict=True))
    named = {"1": Answer.GRANTED, "0": Answer.REFUSED}
    standing = Standing({k: named[bit] for k, bit in answers.items()}, frozenset(), Source.CHOICE)
    tail = f"~6b091d74.{'A' * 22}.{'b' * 43}"
    assert isinstance(bandeau.site.seal, Seal)
    return f"eu-consent=1.{bandeau.site.terms_digest}.{mask}{tail}", standing


@settings(max_examples=300, print_blob=False)
@example(jar=[" "], mask="00", at=1)
@example(jar=["", "", "undeclared=1"], mask="11", at=3)
@given(jar=JARS, mask=st.sampled_from(["00", "01", "10", "11"]), at=st.integers(0, 8))
def test_a_front_sends_what_enforcement_allows(
    arranged: Arranged, jar: list[str], mask: str, at: int
) -> None:
    cookie, standing = cookie_of(arranged.bandeau, mask)
    header = "; ".join([*jar[:at], cookie, *jar[at:]]).strip().encode()
    headers = {b"host": b"www.quotidien.test", b"sec-fetch-dest": b"image", b"cookie": header}
    answer = arranged.client.get("/a.png", headers=headers)
    assert answer.status_code == 200
    rules = arranged.bandeau.site.rules
    expected = judge_jar(header, rules.judge(standing).cookie, rules.reserved).kept
    sent = segments(arranged.echo.last.get(b"cookie", b""))
    if arranged.server == "nginx":
        assert sent == segments(expected)
    elif arranged.server == MANY:
        assert Counter(sent) == Counter(segments(expected))
    else:
        assert not Counter(sent) - Counter(segments(expected))
        assert plain_ones(header, segments(expected)) <= set(sent)
    assert arranged.echo.last[b"bandeau-choice"] == choice_header(standing)


def test_the_cache_is_asked_for_who_sends_no_cookie(arranged: Arranged) -> None:
    if arranged.server == "caddy":
        pytest.skip("Caddy keeps no pages")
    told = {"host": "www.quotidien.test", "accept": "text/html"}
    said = [arranged.client.get("/", headers=told).headers["cache-status"] for _ in range(2)]
    assert said == ["bandeau; fwd=miss", "bandeau; fwd=miss"]


def plain_ones(header: bytes, jar: list[tuple[bytes, bytes]]) -> set[tuple[bytes, bytes]]:
    """Cookies of ``jar`` as servers write them, and of which the header has one only.

    Servers that keep a jar of their own lose others: the same name again, signs that no cookie
    should have, what stands behind a cookie without a name. What they lose does not leak.
    """
    names = Counter(name for name, _ in segments(header))
    if b"" in names:
        return set()
    plain = re.compile(rb"[\w.-]+=\w+")
    return {(name, each) for name, each in jar if names[name] == 1 and plain.fullmatch(each)}


def test_long_and_full_jars_are_withheld_or_judged_by_bandeau(arranged: Arranged) -> None:
    host = {"host": "www.quotidien.test", "sec-fetch-dest": "image"}
    for jar, kept in (
        ("; ".join(f"c{n}=1" for n in range(280)) + "; session=s", "session=s"),
        ("c=" + "x" * 7_000 + "; session=s", "session=s"),
        # Caddy and Varnish have no rule for the whole jar.
        (
            "session=" + "x" * 17_000,
            "" if arranged.server in ("nginx", MANY) else "session=" + "x" * 17_000,
        ),
        ("x" + "xy" * 3_000 + "=1; session=s", "session=s"),
    ):
        answer = arranged.client.get("/a.png", headers=host | {"cookie": jar})
        assert answer.status_code == 200
        sent = segments(arranged.echo.last.get(b"cookie", b""))
        assert sent == segments(kept.encode())
