"""The gateway's own memory: a page is the same bytes however it was come by, and for whom.

A request that announces an empty body takes the ordinary way through the server, so it shows what
the answer from memory would have been there.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count

import pytest
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell

from bandeau.app import gateway
from bandeau.storage.sqlite.sightings import SqliteSightings
from bandeau.storage.suffixes import public_suffixes

pytestmark = pytest.mark.slow

ORDINARY = "Content-Length: 0"
_FRAMING = ("content-length", "transfer-encoding", "connection", "date", "age")
_pages = count()


@dataclass
class Raw:
    """One answer as it came over the wire."""

    head: list[str]
    body: bytes

    @classmethod
    def of(cls, data: bytes) -> Raw:
        head, _, body = data.partition(b"\r\n\r\n")
        return cls(head.decode("latin-1").split("\r\n"), body)

    def without(self, *names: str) -> list[str]:
        return [line for line in self.head if line.partition(":")[0] not in names]

    def has(self, name: str) -> bool:
        return any(line.startswith(name + ":") for line in self.head)

    @property
    def whole(self) -> bytes:
        """The body without its framing."""
        if not self.has("transfer-encoding"):
            return self.body
        found, rest = b"", self.body
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            found, rest = found + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
        return found


@dataclass
class Site:
    """The gateway, and what reached the site behind it."""

    shell: Shell

    def ask(self, path: str, *lines: str, method: str = "GET", version: str = "1.1") -> Raw:
        host, port = self.shell.url.removeprefix("http://").split(":")
        head = [f"{method} {path} HTTP/{version}", "Host: www.quotidien.test", *lines]
        with socket.create_connection((host, int(port)), 20) as visitor:
            visitor.sendall("\r\n".join([*head, "Connection: close", "", ""]).encode())
            return Raw.of(b"".join(iter(lambda: visitor.recv(65_536), b"")))

    @property
    def asked(self) -> int:
        return len(self.shell.seen.requests)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    policy, seen = folder / "policy.toml", Seen()
    policy.write_text(POLICY, encoding="utf-8")
    with ExitStack() as running:
        # A page that asks for reports is another page, and only so many ask.
        patch = running.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("bandeau.limits.REPORTING_PAGES_AT_ONCE", 1_000_000)
        origin = running.enter_context(serving(publisher(seen)))
        ours = running.enter_context(serving(gateway(policy, origin.url, folder / "data")))
        yield Site(Shell(ours.url, seen))


@pytest.fixture
def page() -> str:
    """A page that nobody has asked for yet."""
    return f"/kept?name={next(_pages)}"


def cookie_of(site: Site, action: str, *purposes: str) -> str:
    """The ``Cookie`` line of a visitor who decides."""
    visitor = site.shell.visitor()
    if action:
        visitor.choose(action, *purposes)
    pairs = [f"{name}={value}" for (name, path), value in visitor.jar.items() if path == "/"]
    return f"Cookie: {'; '.join(pairs)}" if pairs else "X-No: cookie"


CHOICES = [("",), ("accept_all",), ("refuse_all",), ("save", "social"), ("save", "advertising")]
KINDS: dict[str, tuple[str, ...]] = {
    "plain": ("Accept: text/html",),
    "gzip": ("Accept: text/html", "Accept-Encoding: gzip", "Accept-Language: en"),
    "frame": ("Accept: text/html", "Sec-Fetch-Dest: iframe"),
    "fetched": ("Accept: */*", "X-Requested-With: XMLHttpRequest"),
    "signal": ("Accept: text/html", "Sec-GPC: 1"),
    "tls": ("Accept: text/html", "X-Forwarded-Proto: https", "X-Forwarded-For: 192.0.2.7"),
    "condition": ("Accept: text/html", 'If-None-Match: "v1"'),
    "unknown cookie": ("Accept: text/html", "Cookie: leftover=1"),
}


@pytest.mark.parametrize("choice", CHOICES, ids="-".join)
@pytest.mark.parametrize("kind", KINDS)
def test_a_hit_is_the_miss_again(site: Site, page: str, choice: tuple[str, ...], kind: str) -> None:
    lines = (*KINDS[kind], cookie_of(site, *choice))
    before = site.asked
    miss, hit = site.ask(page, *lines), site.ask(page, *lines)
    ordinary = site.ask(page, *lines, ORDINARY)
    assert site.asked == before + 1
    assert not miss.has("age")
    assert hit.has("age")
    assert hit.without("date", "age") == ordinary.without("date", "age")
    assert hit.body == ordinary.body
    assert sorted(hit.without(*_FRAMING)) == sorted(miss.without(*_FRAMING))
    assert hit.whole == miss.whole
    head = site.ask(page, *lines, method="HEAD")
    assert head.without("date", "age") == hit.without("date", "age")
    assert head.body == b""
    assert site.asked == before + 1


def test_a_hit_ends_the_leftovers_of_who_asks_and_of_nobody_else(site: Site, page: str) -> None:
    accept = "Accept: text/html"
    site.ask(page, accept)
    clean = site.ask(page, accept)
    for jar in ("_ea1=x", "_ea1=x; nobody=1", 'a"b=1; odd name=2', "x" * 4_000 + "=1"):
        hit = site.ask(page, accept, f"Cookie: {jar}")
        assert hit.has("age")
        assert hit.has("set-cookie")
        again = site.ask(page, accept, f"Cookie: {jar}", ORDINARY)
        assert hit.without("date", "age") == again.without("date", "age")
        assert hit.without("date", "age", "set-cookie") == clean.without("date", "age")
        assert hit.body == clean.body
    assert not site.ask(page, accept).has("set-cookie")


def test_a_withdrawn_forged_or_doubled_choice_gets_what_the_undecided_get(
    site: Site, page: str
) -> None:
    accept, visitor = "Accept: text/html", site.shell.visitor()
    visitor.choose("accept_all")
    value = visitor.jar[("eu-consent", "/")]
    granted = f"Cookie: eu-consent={value}"
    undecided = site.ask(page, accept).whole
    assert site.ask(page, accept, granted).whole != undecided
    opened = site.ask(page, accept, granted)
    assert opened.has("age")
    assert opened.whole != undecided
    doubled = f"Cookie: eu-consent={value}; eu-consent={value}"
    forged = f"Cookie: eu-consent={value[:-4]}AAAA"
    for line in (doubled, forged):
        assert site.ask(page, accept, line).whole == undecided
    visitor.choose("refuse_all")
    withdrawn = site.ask(page, accept, granted)
    assert withdrawn.whole == undecided
    again = site.ask(page, accept, granted, ORDINARY)
    assert again.without("date", "age") == withdrawn.without("date", "age")


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("choice", ["", "refuse_all"])
def test_a_refusal_is_the_same_both_ways_and_never_reaches_the_site(
    site: Site, method: str, choice: str
) -> None:
    before, lines = site.asked, ("Accept: */*", cookie_of(site, choice))
    for version in ("1.1", "1.0"):
        answers = [
            site.ask("/tags/t.js?x=1", *lines, *more, method=method, version=version)
            for more in ((), (ORDINARY,))
        ]
        assert answers[0].head[0] == "HTTP/1.1 403 Forbidden"
        assert answers[0].without("date") == answers[1].without("date")
        assert [answer.body for answer in answers] == [b"", b""]
    assert site.asked == before


def test_what_is_not_at_hand_is_the_same_both_ways(site: Site) -> None:
    lines = ("Accept: */*", "Cookie: session=1; _ea1=x; nobody=1", "Sec-Fetch-Dest: image")
    for path in ("/own.png", "/article", "/nowhere", "/.bandeau/choice", "/moved"):
        answers = [site.ask(path, *lines, *more) for more in ((), (ORDINARY,))]
        assert answers[0].without("date", "x-request") == answers[1].without("date", "x-request")
        assert answers[0].whole == answers[1].whole
        sent = site.shell.seen.requests[-2:]
        if path in ("/own.png", "/article"):
            ours = {"content-length"}
            first, second = ({k: v for k, v in r.items() if k not in ours} for r in sent)
            assert first == second
            assert first["cookie"] == "session=1"


def test_each_visit_is_noted_once(
    site: Site, page: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("noted")
    policy, seen = folder / "policy.toml", Seen()
    policy.write_text(POLICY, encoding="utf-8")
    with ExitStack() as running:
        origin = running.enter_context(serving(publisher(seen)))
        ours = running.enter_context(serving(gateway(policy, origin.url, folder / "data")))
        alone = Site(Shell(ours.url, seen))
        for path in (page, page, page, "/own.png", "/tags/t.js"):
            alone.ask(path, "Accept: text/html", "Cookie: leftover=1")
    store = SqliteSightings(folder / "data" / "trackers.sqlite", public_suffixes().registrable)
    times = {sighting.name: sighting.times for sighting in store.all()}
    store.close()
    assert times["leftover"] == 5
