"""Requests to our own paths: where they come from, and what their bodies say."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from bandeau import limits
from bandeau.web.inbound import InboundError, is_json, read_fields, return_path, same_origin

HOST = (b"host", b"www.quotidien.test")
JSON = (b"content-type", b"application/json")


def request(*headers: tuple[bytes, bytes], body: Iterator[Message] | None = None) -> Request:
    async def receive() -> Message:
        found = next(body, None) if body else None
        return found or await asyncio.Future()

    return Request({"type": "http", "method": "POST", "headers": list(headers)}, receive)


def sent(data: bytes, *, more: bool = False) -> Iterator[Message]:
    return iter([{"type": "http.request", "body": data, "more_body": more}])


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ([(b"sec-fetch-site", b"same-origin")], True),
        ([(b"sec-fetch-site", b"none")], True),
        ([(b"sec-fetch-site", b"same-site")], False),
        ([(b"sec-fetch-site", b"cross-site"), (b"origin", b"https://www.quotidien.test")], False),
        ([(b"sec-fetch-site", b"")], False),
        ([(b"origin", b"https://www.quotidien.test")], True),
        ([(b"origin", b"https://WWW.quotidien.test")], True),
        ([(b"origin", b"https://quotidien.test")], False),
        ([(b"origin", b"https://www.quotidien.test.evil.test")], False),
        ([(b"origin", b"https://www.quotidien.test@evil.test")], False),
        ([(b"origin", b"https://www.quotidien.test:8443")], False),
        ([(b"origin", b"null")], False),
        ([(b"origin", b"")], False),
        ([(b"origin", b"http://[")], False),
        ([(b"origin", b"\xff\xfe")], False),
        ([], True),
    ],
)
def test_only_pages_of_this_origin_decide(headers: list[tuple[bytes, bytes]], ours: bool) -> None:
    assert same_origin(request(HOST, *headers)) is ours


@pytest.mark.parametrize("origin", [b"null", b"", b"http://["])
def test_without_a_host_no_origin_is_ours(origin: bytes) -> None:
    assert not same_origin(request((b"origin", origin)))


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.test/",
        "//evil.test",
        "/\\evil.test",
        "\\/evil.test",
        "/\t/evil.test",
        "\t//evil.test",
        " //evil.test",
        "/a\r\nLocation: https://evil.test",
        "/a\x00",
        "/a\u2028b",
        "/\u202eb",
        "/a b",
        "evil.test",
        "javascript:alert(1)",
        "",
        "/" + "a" * 2_000,
        None,
    ],
)
def test_a_return_path_never_leaves_the_site(path: str | None) -> None:
    assert return_path(path) == "/"


@pytest.mark.parametrize("path", ["/", "/a?b=c#d", "/é", "/a//b", "/%09/evil.test", "/.//x"])
def test_a_local_return_path_is_kept(path: str) -> None:
    assert return_path(path) == path


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body",
    [
        b'{"action":"accept_all","action":"refuse_all"}',
        b'{"purpose":{"social":true,"social":false}}',
        b'{"\\ud800": 1}',
        b'{"a": "\\ud800"}',
        b'{"a": "\\u0000"}',
        b'{"a": ' + b"1" * 9_000 + b"}",
        b'{"a": NaN}',
        b'{"a": [["b"]]}',
        b'{"a": {"b": 1}}',
        b"\xff",
        b"",
        b"[]",
        b"{" + b",".join(b'"k%d":""' % n for n in range(65)) + b"}",
    ],
)
async def test_json_that_is_not_plain_is_refused(body: bytes) -> None:
    with pytest.raises(InboundError) as refused:
        await read_fields(request(HOST, JSON, body=sent(body)), 16_384)
    assert refused.value.status == 400
    refused.value.reason.encode()


@pytest.mark.anyio
async def test_a_mapping_counts_its_true_names() -> None:
    body = sent(b'{"purposes": {"social": true, "advertising": false}}')
    assert await read_fields(request(HOST, JSON, body=body), 100) == {"purposes": ["social"]}


@pytest.mark.anyio
async def test_a_length_that_is_no_number_is_not_believed() -> None:
    headers = (HOST, JSON, (b"content-length", b"\xb2"))
    assert await read_fields(request(*headers, body=sent(b"{}")), 100) == {}


@pytest.mark.anyio
async def test_a_body_without_length_is_counted_as_it_comes() -> None:
    chunks = ({"type": "http.request", "body": b" " * 60, "more_body": True} for _ in range(9))
    with pytest.raises(InboundError) as refused:
        await read_fields(request(HOST, JSON, body=chunks), 100)
    assert refused.value.status == 413


@pytest.mark.anyio
async def test_a_body_that_breaks_off_or_never_ends_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(InboundError) as left:
        await read_fields(request(HOST, JSON, body=iter([{"type": "http.disconnect"}])), 100)
    assert left.value.status == 400
    monkeypatch.setattr(limits, "CHOICE_BODY_SECONDS", 0.01)
    with pytest.raises(InboundError) as slow:
        await read_fields(request(HOST, JSON, body=sent(b"{", more=True)), 100)
    assert slow.value.status == 408


@pytest.mark.parametrize(
    ("headers", "json"),
    [
        ([(b"content-type", b"Application/JSON; charset=utf-8")], True),
        ([(b"content-type", b"application/jsonp")], False),
        ([(b"accept", b"application/json")], True),
        ([(b"accept", b"text/html, application/json")], False),
        ([], False),
    ],
)
def test_who_speaks_json(headers: list[tuple[bytes, bytes]], json: bool) -> None:
    assert is_json(request(*headers)) is json
