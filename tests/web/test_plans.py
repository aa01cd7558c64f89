"""Plans in memory: bounded, told apart by all that they depend on, and the same to visitors."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from publisher import POLICY

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.enforcement.engine import PythonEngine
from bandeau.enforcement.plan import Plan
from bandeau.enforcement.rules import Rules
from bandeau.enforcement.urls import OWN, Target
from bandeau.policy.check import load
from bandeau.storage.files import read_words
from bandeau.web.asgi import Message, Receive, Scope, Send
from bandeau.web.plans import Plans

HOST = "www.quotidien.test"
PAGE = (
    b"<!doctype html><html lang=fr><head><title>x</title></head><body>"
    b'<img src="https://ads.test/p.gif"><iframe src="https://ads.test/f"></iframe>'
    b"<script src=https://ads.test/s data-x></script><a href=https://far.test/>far</a></body></html>"
)


class Counting(PythonEngine):
    """The engine, with the pages that it had to scan whole."""

    def __init__(self) -> None:
        super().__init__(Rules(load(POLICY.encode(), read_words())[0]))
        self.scanned: list[bytes] = []

    def plan(self, page: bytes, host: str, base: Target = OWN) -> Plan:
        self.scanned.append(page)
        return super().plan(page, host, base)


def test_a_page_is_scanned_once_for_each_thing_that_it_depends_on() -> None:
    engine = Counting()
    plans = Plans(engine)
    first = plans.plan(PAGE, HOST, OWN)
    assert plans.plan(bytes(bytearray(PAGE)), HOST, OWN) is first
    assert plans.plan(PAGE, "quotidien.test", OWN) is first
    assert len(engine.scanned) == 1
    plans.plan(PAGE, "ads.test", OWN)
    plans.plan(PAGE, HOST, OWN._replace(url="/a"))
    plans.plan(PAGE + b" ", HOST, OWN)
    assert len(engine.scanned) == 4


def test_the_memory_is_bounded_and_what_was_long_unused_goes() -> None:
    engine = Counting()
    one = engine.plan(PAGE, HOST).bytes_kept
    plans = Plans(engine, most=2 * one + 600)
    for page in (PAGE, PAGE + b"1", PAGE, PAGE + b"2"):
        plans.plan(page, HOST, OWN)
        assert plans.bytes_kept <= 2 * one + 600
    engine.scanned.clear()
    plans.plan(PAGE, HOST, OWN)
    assert engine.scanned == []
    plans.plan(PAGE + b"1", HOST, OWN)
    assert engine.scanned == [PAGE + b"1"]


def test_a_page_larger_than_the_memory_is_not_kept() -> None:
    plans = Plans(Counting(), most=10)
    plans.plan(PAGE, HOST, OWN)
    assert plans.bytes_kept == 0


def test_pages_that_are_hard_to_tell_apart_each_have_their_own_plan() -> None:
    engine = Counting()
    plans = Plans(engine)
    long = PAGE.replace(b"far</a>", b"far" * 1_000 + b"</a>")
    at = long.index(b"farfar") + 1
    alike = [long[:at] + bytes([letter]) + long[at + 1 :] for letter in b"abc"]
    for page in alike * 2:
        found = plans.plan(page, HOST, OWN)
        assert b"".join(piece.original for piece in found.pieces) == page
    assert engine.scanned == alike


def test_pages_that_differ_each_time_do_not_push_others_out() -> None:
    engine = Counting()
    plans = Plans(engine, most=12 * engine.plan(PAGE, HOST).bytes_kept)
    plans.plan(PAGE, HOST, OWN)
    for number in range(100):
        plans.plan(PAGE + b"%015d" % number + b"." * 10_000, HOST, OWN)
    engine.scanned.clear()
    plans.plan(PAGE, HOST, OWN)
    assert engine.scanned == []


class Sending:
    """An application that sends a page in parts, and says its length or not."""

    def __init__(self) -> None:
        self.parts: list[bytes] = [PAGE]
        self.length: int | None = None
        self.fails = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/html; charset=utf-8")]
        if self.length is not None:
            headers.append((b"content-length", str(self.length).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in self.parts[:-1]:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        if self.fails:
            raise OSError("broken off")
        await send({"type": "http.response.body", "body": self.parts[-1], "more_body": False})


async def got(app: Bandeau) -> tuple[dict[bytes, bytes], bytes]:
    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/"}
    await app(scope | {"headers": [(b"host", HOST.encode())]}, receive, send)
    headers = dict(messages[0]["headers"])
    if b"connection-allowlist" in headers:
        # A list in which the order means nothing.
        listed = sorted(re.findall(rb'"[^"]*"', headers[b"connection-allowlist"]))
        headers[b"connection-allowlist"] = b" ".join(listed)
    return headers, b"".join(m.get("body", b"") for m in messages[1:])


@pytest.mark.anyio
@pytest.mark.parametrize("confine", [False, True])
async def test_a_page_is_the_same_streamed_planned_and_from_memory(
    tmp_path: Path, confine: bool
) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    site = Sending()
    app = Bandeau(site, policy=tmp_path / "policy.toml", data=tmp_path / "data", confine=confine)
    site.parts = [PAGE[:70], PAGE[70:], b""]
    streamed = await got(app)
    assert b'data-bandeau="notice"' in streamed[1]
    assert b'data-bandeau-src="https://ads.test/p.gif"' in streamed[1]
    for parts, length in (([PAGE], None), ([PAGE], None), (site.parts, len(PAGE))):
        site.parts, site.length = parts, length
        assert await got(app) == streamed
    app.close()


@pytest.mark.anyio
async def test_a_page_longer_than_it_said_or_than_is_planned_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "PLAN_PAGE_BYTES", 200)
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    site = Sending()
    app = Bandeau(site, policy=tmp_path / "policy.toml", data=tmp_path / "data")
    whole = await got(app)
    site.parts, site.length = [PAGE[:150], PAGE[150:250], PAGE[250:]], 150
    assert await got(app) == whole
    app.close()


@pytest.mark.anyio
async def test_what_came_of_a_short_page_that_breaks_off_is_sent(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    site = Sending()
    site.parts, site.length, site.fails = [PAGE[:200], PAGE[200:]], len(PAGE), True
    app = Bandeau(site, policy=tmp_path / "policy.toml", data=tmp_path / "data")
    seen: list[bytes] = []

    async def send(message: Message) -> None:
        seen.append(message.get("body", b""))

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": "/"}
    with pytest.raises(OSError, match="broken off"):
        await app(scope | {"headers": [(b"host", HOST.encode())]}, receive, send)
    assert b"<title>x</title>" in b"".join(seen)
    assert b'<img src="https://ads.test' not in b"".join(seen)
    app.close()
