"""The gateway's proxy half: what reaches the publisher's site and what comes back, byte by byte."""

import asyncio
import socket
import threading

import pytest

from bandeau.web.upstream import Upstream
from tests.web._origin import (
    answering,
    body_of,
    exchange,
    gateway,
    get,
    hard_close,
    headers_of,
    raw_origin,
    read_all,
    read_head,
    read_until,
    status_of,
    visited,
)

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


def sent_upstream(request: bytes, answer: bytes = OK) -> bytes:
    with raw_origin(answering(answer)) as origin, gateway(origin.address.url) as address:
        exchange(address, request)
    return origin.heard[0]


def answered(answer: bytes, *, method: str = "GET", headers: tuple[str, ...] = ()) -> bytes:
    with raw_origin(answering(answer)) as origin, gateway(origin.address.url) as address:
        return get(address, "/", *headers, method=method)


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/a%2Fb%20c?x=%26",
        "//host.test/path",
        "/a/../b/./c",
        "/%C3%A9?q=caf%E9&q=2&",
        '/a|b{}"<>[]\\^`?c|d{}"<>[]\\^`\'?x',
        "/;p=1/:@!$&'()*+,=~-._",
        "/%",
        "/?a#",
    ],
)
def test_path_and_query_reach_upstream_unchanged(target: str) -> None:
    head = sent_upstream(
        f"GET {target} HTTP/1.1\r\nhost: site.test\r\nconnection: close\r\n\r\n".encode()
    )
    assert head.split(b"\r\n")[0] == f"GET {target.rstrip('#')} HTTP/1.1".encode()


def test_host_is_kept_and_forwarding_headers_are_set() -> None:
    head = sent_upstream(
        b"GET / HTTP/1.1\r\nHost: www.site.test:8000\r\nX-Forwarded-Host: forged.test\r\n"
        b"X-Forwarded-Proto: gopher\r\nConnection: close\r\n\r\n"
    )
    headers = headers_of(head)
    assert [value for name, value in headers if name == b"host"] == [b"www.site.test:8000"]
    assert (b"x-forwarded-host", b"www.site.test:8000") in headers
    assert (b"x-forwarded-proto", b"http") in headers
    assert (b"x-forwarded-for", b"127.0.0.1") in headers
    assert b"forged" not in head
    assert b"gopher" not in head


def test_forwarded_for_names_the_client_that_a_loopback_proxy_names_once() -> None:
    head = sent_upstream(
        b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 203.0.113.7\r\n"
        b"X-Forwarded-Proto: https\r\nConnection: close\r\n\r\n"
    )
    assert (b"x-forwarded-for", b"203.0.113.7") in headers_of(head)
    assert (b"x-forwarded-proto", b"https") in headers_of(head)


def test_hop_by_hop_headers_stay_behind_in_both_directions() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nConnection: close, X-Inner\r\nX-Inner: 1\r\nKeep-Alive: timeout=5\r\n"
        b"Proxy-Authenticate: Basic\r\nUpgrade: h2c\r\nTrailer: X-T\r\nBandeau-Error: upstream\r\n"
        b"X-Kept: yes\r\nContent-Length: 2\r\n\r\nhi"
    )
    request = (
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\n"
        b"Keep-Alive: 3\r\nProxy-Authorization: Basic eA==\r\nProxy-Connection: x\r\n"
        b"Trailer: x\r\nX-Kept: yes\r\n\r\n"
    )
    with raw_origin(answering(answer)) as origin, gateway(origin.address.url) as address:
        response = exchange(address, request)
    gone = {b"x-hop", b"te", b"keep-alive", b"proxy-authorization", b"proxy-connection", b"trailer"}
    upward = {name for name, _ in headers_of(origin.heard[0])}
    downward = {name for name, _ in headers_of(response)}
    assert not upward & gone
    assert b"x-kept" in upward & downward
    assert not downward & {b"x-inner", b"keep-alive", b"proxy-authenticate", b"upgrade", b"trailer"}
    assert b"bandeau-error" not in downward


def test_connection_cannot_name_away_host_or_cookie() -> None:
    head = sent_upstream(
        b"GET / HTTP/1.1\r\nHost: a\r\nCookie: s=1\r\nConnection: close, host, cookie\r\n\r\n"
    )
    assert b"\r\nhost: a\r\n" in head
    assert b"\r\ncookie: s=1\r\n" in head


def test_nothing_is_added_that_the_visitor_did_not_send() -> None:
    head = sent_upstream(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert {name for name, _ in headers_of(head) if name} == {
        b"host",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
    }


def test_header_values_in_utf8_pass_byte_for_byte() -> None:
    head = sent_upstream(
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: prénom=Zoé; a=\t1\r\n\r\n"
        "".encode()
    )
    assert "cookie: prénom=Zoé; a=\t1\r\n".encode() in head


def test_header_values_in_other_bytes_pass_too() -> None:
    head = sent_upstream(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-A: \xe9\r\n\r\n")
    assert b"x-a: \xe9\r\n" in head


def test_a_forwarding_header_cannot_be_spelt_with_underscores() -> None:
    head = sent_upstream(
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX_Forwarded-For: 1.2.3.4\r\n"
        b"my_own: kept\r\n\r\n"
    )
    assert b"1.2.3.4" not in head
    assert b"my_own: kept\r\n" in head


def test_every_set_cookie_is_kept_apart_and_in_order() -> None:
    lines = [b"a=1; Path=/", b"b=2, x", b"a=3; Domain=.site.test", b"c=\xe9"]
    answer = b"HTTP/1.1 200 OK\r\n" + b"".join(b"Set-Cookie: " + v + b"\r\n" for v in lines)
    response = answered(answer + b"Content-Length: 0\r\n\r\n")
    assert [value for name, value in headers_of(response) if name == b"set-cookie"] == lines


def test_coded_bodies_are_not_touched() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x00x"
    response = answered(answer)
    assert body_of(response) == b"\x1f\x8b\x00x"
    assert (b"content-encoding", b"gzip") in headers_of(response)


def test_redirects_are_handed_on_not_followed() -> None:
    response = answered(
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x y\r\nContent-Length: 0\r\n\r\n"
    )
    assert status_of(response) == 302
    assert (b"location", b"http://127.0.0.1:1/x y") in headers_of(response)


def test_head_keeps_its_length_and_has_no_body() -> None:
    response = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", method="HEAD")
    assert (b"content-length", b"1000") in headers_of(response)
    assert body_of(response) == b""


def test_not_modified_and_no_content_end_at_their_head() -> None:
    for line in (b"304 Not Modified", b"204 No Content"):
        response = answered(b"HTTP/1.1 " + line + b'\r\nETag: "x"\r\nContent-Length: 5\r\n\r\n')
        assert status_of(response) == int(line[:3])
        assert (b"etag", b'"x"') in headers_of(response)
        assert b"transfer-encoding" not in dict(headers_of(response))
        assert body_of(response) == b""


def test_range_request_and_partial_answer_pass() -> None:
    answer = (
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-3/9\r\nContent-Length: 2\r\n\r\ncd"
    )
    with raw_origin(answering(answer)) as origin, gateway(origin.address.url) as address:
        response = get(address, "/", "Range: bytes=2-3", 'If-Range: "v"')
    assert b"range: bytes=2-3\r\n" in origin.heard[0]
    assert b'if-range: "v"\r\n' in origin.heard[0]
    assert status_of(response) == 206
    assert (b"content-range", b"bytes 2-3/9") in headers_of(response)
    assert body_of(response) == b"cd"


def test_interim_answers_are_swallowed_and_trailers_ignored() -> None:
    response = answered(
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nSet-Cookie: late=1\r\n\r\n"
    )
    assert status_of(response) == 200
    assert b"late" not in response
    assert b"preload" not in response
    assert body_of(response) == b"2\r\nhi\r\n0\r\n\r\n"


def test_answers_delimited_by_close_pass_whole() -> None:
    response = answered(b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nto the end")
    assert body_of(response) == b"a\r\nto the end\r\n0\r\n\r\n"


def test_date_is_upstreams_own_and_single() -> None:
    date = b"Sun, 06 Nov 1994 08:49:37 GMT"
    response = answered(b"HTTP/1.1 200 OK\r\nDate: " + date + b"\r\nContent-Length: 0\r\n\r\n")
    assert [value for name, value in headers_of(response) if name == b"date"] == [date]
    assert b"server" not in dict(headers_of(response))


def echo_body(connection: socket.socket, origin) -> None:
    head = read_head(connection)
    end = b"0\r\n\r\n" if b"chunked" in head else b"END"
    rest = head.partition(b"\r\n\r\n")[2]
    origin.heard.append(head if end in rest else head + read_until(connection, end))
    connection.sendall(OK)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "GET", "PROPFIND"])
def test_bodies_keep_their_length(method: str) -> None:
    with raw_origin(echo_body) as origin, gateway(origin.address.url) as address:
        exchange(
            address,
            f"{method} / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nConnection: close\r\n\r\n"
            "bodyEND".encode(),
        )
    head, _, body = origin.heard[0].partition(b"\r\n\r\n")
    assert head.startswith(method.encode())
    assert head.lower().count(b"content-length: 7") == 1
    assert b"transfer-encoding" not in head.lower()
    assert b"content-type" not in head.lower()
    assert body == b"bodyEND"


def test_bodies_of_unknown_length_are_chunked() -> None:
    with raw_origin(echo_body) as origin, gateway(origin.address.url) as address:
        exchange(
            address,
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
            b"4\r\nbody\r\n3\r\nEND\r\n0\r\nCookie: smuggled=1\r\n\r\n",
        )
    head, _, body = origin.heard[0].partition(b"\r\n\r\n")
    assert head.lower().count(b"transfer-encoding: chunked") == 1
    assert b"content-length" not in head.lower()
    assert b"smuggled" not in origin.heard[0]
    assert body.startswith((b"4\r\nbody\r\n", b"7\r\nbodyEND"))


def test_get_without_body_has_no_framing_headers() -> None:
    head = sent_upstream(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").lower()
    assert b"content-length" not in head
    assert b"transfer-encoding" not in head


def test_expect_continue_is_answered_before_the_body_is_sent() -> None:
    with visited(echo_body) as (visitor, origin):
        visitor.sendall(
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
            b"Expect: 100-continue\r\nConnection: close\r\n\r\n"
        )
        assert read_head(visitor).startswith(b"HTTP/1.1 100 Continue\r\n")
        visitor.sendall(b"END")
        assert status_of(read_all(visitor)) == 200
    assert b"expect" not in origin.heard[0].lower()


def test_connections_upstream_are_reused() -> None:
    with (
        raw_origin(answering(*[OK] * 5)) as origin,
        gateway(origin.address.url) as address,
    ):
        for _ in range(5):
            assert body_of(get(address)) == b"hi"
        assert origin.connections == 1


def test_a_stale_connection_is_retried_once_for_a_get() -> None:
    gone = threading.Event()

    def behave(connection: socket.socket, origin) -> None:
        origin.heard.append(read_head(connection))
        connection.sendall(OK)
        if origin.connections == 1:
            read_head(connection)
            gone.set()
            hard_close(connection)

    with raw_origin(behave) as origin, gateway(origin.address.url) as address:
        assert body_of(get(address)) == b"hi"
        assert body_of(get(address)) == b"hi"
        assert gone.is_set()
        assert origin.connections == 2


def test_a_post_is_never_sent_twice() -> None:
    def behave(connection: socket.socket, origin) -> None:
        origin.heard.append(read_until(connection, b"END"))
        hard_close(connection)

    with raw_origin(behave) as origin, gateway(origin.address.url) as address:
        response = exchange(
            address,
            b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nConnection: close\r\n\r\nEND",
        )
        assert status_of(response) == 502
        assert len(origin.heard) == 1


def test_no_cookie_of_one_visitor_is_remembered_for_another() -> None:
    answer = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=secret\r\nContent-Length: 0\r\n\r\n"
    with raw_origin(answering(answer, OK)) as origin, gateway(origin.address.url) as address:
        get(address)
        get(address)
    assert b"secret" not in origin.heard[1]


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert status_of(answered(OK)) == 200


def test_any_asgi_server_can_carry_it() -> None:
    sent: list[dict] = []

    async def main(origin: str) -> None:
        incoming = asyncio.Queue()
        incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})

        async def send(message: dict) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": "/é b", "headers": [], "scheme": "https"}
        async with Upstream(origin) as upstream:
            await upstream(scope, incoming.get, send)

    with raw_origin(answering(OK)) as origin:
        asyncio.run(main(origin.address.url))
    assert origin.heard[0].startswith(b"GET /%C3%A9%20b HTTP/1.1\r\n")
    assert b"x-forwarded-proto: https\r\n" in origin.heard[0]
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    assert sent[-1]["body"] == b"hi"


@pytest.mark.parametrize(
    "url", ["ftp://a", "127.0.0.1:9000", "http://", "http://a/path", "http://u:p@a"]
)
def test_an_upstream_that_is_no_plain_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|upstream"):
        Upstream(url)
