"""The shell around an application that answers in odd ways, message by message."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest
from publisher import POLICY

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.web.asgi import Message, Receive, Scope, Send

pytestmark = pytest.mark.anyio

HTML = (b"content-type", b"text/html")
PAGE = b'<html><head><title>x</title></head><body><img src="https://ads.test/p.gif"></body></html>'
LIVE = b'<img src="https://ads.test/p.gif">'


class Answering:
    """An application that sends what it is told, and keeps the scope that it was given."""

    def __init__(self, *headers: tuple[bytes, bytes], status: int = 200) -> None:
        self.start = {"type": "http.response.start", "status": status, "headers": list(headers)}
        self.chunks: list[bytes] = [PAGE]
        self.scope: Scope = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        await send(self.start)
        for chunk in self.chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def ask(
    app: Answering,
    folder: Path,
    *headers: tuple[bytes, bytes],
    confine: bool = True,
    **more: Any,
) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body of GET / for a visitor without a choice."""
    policy = folder / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    given = headers or ((b"host", b"www.quotidien.test"),)
    scope = {"type": "http", "method": "GET", "path": "/", "headers": list(given), **more}
    got: list[Message] = []

    async def send(message: Message) -> None:
        got.append(message)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    bandeau = Bandeau(app, policy=policy, data=folder / "data", confine=confine)
    try:
        await bandeau(scope, receive, send)
    finally:
        bandeau.close()
    body = b"".join(message.get("body", b"") for message in got[1:])
    return got[0]["status"], dict(got[0]["headers"]), body


@pytest.mark.parametrize("wrong", [b'a"b', b"x; script-src *", b"a<b>", b"\xe9.test", b"a@b"])
async def test_a_host_that_is_none_goes_no_further(wrong: bytes, tmp_path: Path) -> None:
    app = Answering(HTML)
    for path in ("/", "/.bandeau/choice"):
        status, _, body = await ask(app, tmp_path, (b"host", wrong), path=path)
        assert (status, body) == (400, b"Bad Request")
    assert app.scope == {}


async def test_a_site_is_offered_no_way_past_us(tmp_path: Path) -> None:
    app = Answering(HTML)
    ways = ["pathsend", "zerocopysend", "early_hint", "push"]
    offered: dict[str, Any] = {f"http.response.{way}": {} for way in ways} | {"tls": {}}
    await ask(app, tmp_path, extensions=offered)
    assert app.scope["extensions"] == {"tls": {}}


async def test_several_content_types_are_read_as_browsers_do(tmp_path: Path) -> None:
    app = Answering((b"content-type", b"text/plain"), HTML)
    _, headers, body = await ask(app, tmp_path)
    assert b"content-security-policy" in headers
    assert LIVE not in body


async def test_codings_named_on_several_lines_are_all_undone(tmp_path: Path) -> None:
    app = Answering(HTML, (b"content-encoding", b"identity"), (b"content-encoding", b"gzip"))
    app.chunks = [gzip.compress(PAGE)]
    _, headers, body = await ask(app, tmp_path)
    assert b"content-encoding" not in headers
    assert b"data-bandeau" in body
    assert LIVE not in body


async def test_a_part_of_a_page_keeps_its_coding_and_is_held_by_headers(tmp_path: Path) -> None:
    part = gzip.compress(PAGE)
    app = Answering(
        HTML,
        (b"content-encoding", b"gzip"),
        (b"content-range", b"bytes 0-9/100"),
        (b"cache-control", b"public, max-age=60"),
        status=206,
    )
    app.chunks = [part]
    status, headers, body = await ask(app, tmp_path)
    assert (status, body) == (206, part)
    assert headers[b"content-encoding"] == b"gzip"
    assert headers[b"cache-control"] == b"private, max-age=60"
    assert b"content-security-policy" in headers


async def test_a_page_that_we_cannot_read_is_held_by_headers(tmp_path: Path) -> None:
    app = Answering(HTML, (b"content-encoding", b"gzip, foo"))
    _, headers, body = await ask(app, tmp_path)
    assert body == PAGE
    assert b"content-security-policy" in headers
    assert headers[b"cache-control"] == b"private, no-cache"


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_a_charset_is_found_however_small_the_first_bytes(size: int, tmp_path: Path) -> None:
    page = '<html><head><meta charset="windows-1252"></head><body>é</body></html>'.encode("cp1252")
    app = Answering(HTML)
    app.chunks = [page[n : n + size] for n in range(0, len(page), size)]
    _, headers, body = await ask(app, tmp_path)
    assert headers[b"content-type"] == b"text/html; charset=windows-1252"
    assert b"\xe9</body>" in body


async def test_utf_16_in_single_bytes_passes_unread_under_headers(tmp_path: Path) -> None:
    page = PAGE.decode().encode("utf-16")
    app = Answering(HTML)
    app.chunks = [page[n : n + 1] for n in range(len(page))]
    _, headers, body = await ask(app, tmp_path)
    assert body == page
    assert b"content-security-policy" in headers


@pytest.mark.parametrize("chunks", [[], [b""], [b"<"], [b"<ht", b"ml><img src=//ads.test/p.gif"]])
async def test_a_page_may_be_empty_or_end_anywhere(chunks: list[bytes], tmp_path: Path) -> None:
    app = Answering(HTML)
    app.chunks = chunks
    status, _, body = await ask(app, tmp_path)
    assert status == 200
    assert b"<img src=//ads" not in body or b"data-bandeau" in body


LINK = b'<a href="https://far.test/x">x</a>'
LISTED = b"connection-allowlist"


async def test_a_page_lists_where_its_links_lead_however_it_is_cut(tmp_path: Path) -> None:
    app = Answering(HTML, (LISTED, b'("*://*:*")'))
    page = PAGE.replace(b"</body>", LINK + b"</body>")
    for size in (1, 7, len(page)):
        app.chunks = [page[at : at + size] for at in range(0, len(page), size)]
        _, headers, body = await ask(app, tmp_path)
        assert headers[LISTED].startswith(b"(response-origin ")
        assert b'"*://far.test:*"' in headers[LISTED]
        assert b"*://*:*" not in headers[LISTED]
        assert b"ads.test" not in headers[LISTED]
        assert LINK in body


async def test_placeholders_link_to_what_they_stand_for(tmp_path: Path) -> None:
    app = Answering(HTML)
    app.chunks = [b"<html><body><iframe src=https://telegram.test/post/1></iframe></body></html>"]
    _, headers, _ = await ask(app, tmp_path)
    assert b'"*://telegram.test:*"' in headers[LISTED]


async def test_links_that_are_not_listed_are_led_to_the_way_out(tmp_path: Path) -> None:
    many = b"".join(b"<a href=//h%d.test>" % n for n in range(limits.PAGE_LINKED_HOSTS + 1))
    for page in (
        PAGE + many + LINK,
        PAGE + b"<p>" * limits.PAGE_LOOKAHEAD_BYTES + LINK,
        PAGE + LINK,
    ):
        app = Answering(HTML)
        app.chunks = [page[at : at + 65_536] for at in range(0, len(page), 65_536)]
        _, headers, body = await ask(app, tmp_path)
        (known,) = re.findall(rb'data-bandeau="links">(\[[^<]*)</script>', body)
        (own,) = re.findall(rb'<script type="application/json">({"cookies[^<]*)</script>', body)
        fits = page == PAGE + LINK
        assert (b'"*://far.test:*"' in headers[LISTED]) is fits
        assert ("far.test" in json.loads(known)) is fits
        assert ".www.quotidien.test" in json.loads(own)["hosts"]
        assert "far.test" not in json.loads(own)["hosts"]
        assert body.index(own) < body.index(b"navigation") < body.index(b"<title>")


async def test_a_site_may_do_without(tmp_path: Path) -> None:
    app = Answering(HTML, (LISTED, b'("*://*:*")'))
    app.chunks = [PAGE + LINK]
    _, headers, body = await ask(app, tmp_path, confine=False)
    assert headers[LISTED] == b'("*://*:*")'
    assert not body.endswith(b"</script>")
    _, headers, _ = await ask(
        app, tmp_path, confine=False, path="/.bandeau/privacy", query_string=b""
    )
    assert LISTED not in headers


async def test_a_page_that_pauses_is_not_held_back(tmp_path: Path) -> None:
    begun = asyncio.Event()

    async def pausing(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [HTML]})
        first = {"type": "http.response.body", "body": PAGE.ljust(2_000), "more_body": True}
        await send(first)
        await begun.wait()
        await send({"type": "http.response.body", "body": LINK, "more_body": False})

    got: list[Message] = []

    async def send(message: Message) -> None:
        got.append(message)
        if b"<title>x" in message.get("body", b""):
            begun.set()

    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    bandeau = Bandeau(pausing, policy=tmp_path / "policy.toml", data=tmp_path / "data")
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"a.test")]}
    async with asyncio.timeout(20):
        await bandeau(scope, _nothing, send)
    bandeau.close()
    assert [message["type"] for message in got[:2]] == [
        "http.response.start",
        "http.response.body",
    ]
    assert b"far.test" not in dict(got[0]["headers"])[LISTED]
    assert LINK in b"".join(message.get("body", b"") for message in got[1:])


async def test_what_came_of_a_page_that_breaks_off_is_sent(tmp_path: Path) -> None:
    class Breaking(Answering):
        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            await send(self.start)
            part = {"type": "http.response.body", "body": PAGE.ljust(2_000), "more_body": True}
            await send(part)
            raise OSError

    got: list[Message] = []

    async def send(message: Message) -> None:
        got.append(message)

    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    bandeau = Bandeau(Breaking(HTML), policy=tmp_path / "policy.toml", data=tmp_path / "data")
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"a.test")]}
    with pytest.raises(OSError):
        await bandeau(scope, _nothing, send)
    bandeau.close()
    assert b"<title>x" in got[1]["body"]


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def test_a_socket_on_a_denied_own_path_is_closed_unopened(tmp_path: Path) -> None:
    app, got = Answering(HTML), list[Message]()
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")

    async def send(message: Message) -> None:
        got.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    bandeau = Bandeau(app, policy=tmp_path / "policy.toml", data=tmp_path / "data")
    headers = [(b"host", b"www.quotidien.test")]
    scope = {"type": "websocket", "path": "/tags/live", "headers": headers}
    try:
        await bandeau(scope, receive, send)
    finally:
        bandeau.close()
    assert got == [{"type": "websocket.close", "code": 1008}]
    assert app.scope == {}


async def test_what_is_refused_is_confined_like_a_page(tmp_path: Path) -> None:
    status, headers, body = await ask(Answering(HTML), tmp_path, path="/collect")
    assert (status, body) == (403, b"")
    assert headers[b"connection-allowlist"].startswith(b"(response-origin")
