"""The way out of a terminal: which addresses are followed, and which never."""

from __future__ import annotations

import asyncio

import pytest

from bandeau.robot.addresses import RulesFaulty, Target, is_public, resolve_rules
from bandeau.robot.gate import gate

PRIVATE = """127.0.0.1 127.8.8.8 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 0.0.0.0 100.64.0.1
224.0.0.1 255.255.255.255 ::1 :: fe80::1 fe80::1%eth0 fc00::1 ff02::1 ::ffff:127.0.0.1
::ffff:169.254.169.254 64:ff9b::7f00:1 2002:7f00:1::"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_addresses_that_are_not_of_the_open_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["9.9.9.9", "2620:fe::9", "::ffff:9.9.9.9"])
def test_addresses_that_are(address: str) -> None:
    assert is_public(address)


def test_rules_as_chromium_reads_them() -> None:
    rules = resolve_rules(
        "MAP *.a.test 127.0.0.1:81, MAP b.test:443 [::1]:82, MAP c.test ~NOTFOUND, EXCLUDE x.a.test"
    )
    assert rules.target("w.a.test", 80) == Target("127.0.0.1", 81)
    assert rules.target("x.a.test", 80) is None
    assert rules.target("b.test", 443) == Target("::1", 82)
    assert rules.target("b.test", 80) is None
    assert rules.target("c.test", 80) == Target("~NOTFOUND")
    for fault in ("MAP a.test", "MAPS a b", "MAP a.test 127.0.0.1:99999", "EXCLUDE"):
        with pytest.raises(RulesFaulty, match=fault):
            resolve_rules(fault)


async def _said(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def _serve(heard: list[bytes]) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", 0)


@pytest.mark.anyio
async def test_private_addresses_are_let_through_only_where_asked() -> None:
    heard: list[bytes] = []
    server = await _serve(heard)
    to = server.sockets[0].getsockname()[1]
    tunnel = f"CONNECT localhost:{to} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    plain = f"GET http://127.0.0.1:{to}/x?y HTTP/1.1\r\nHost: h\r\nProxy-Connection: a\r\n\r\n"
    async with gate(resolve_rules(""), allow_private=False) as (way, port):
        assert (await _said(port, tunnel)).startswith(b"HTTP/1.1 403 ")
        assert await _said(port, plain.encode()) == b""
        assert "private" in way.refusal("localhost") and "private" in way.refusal("127.0.0.1")
    assert heard == []
    async with gate(resolve_rules(""), allow_private=True) as (way, port):
        assert (await _said(port, plain.encode())).endswith(b"ok")
        assert way.address("127.0.0.1") == "127.0.0.1"
    assert heard == [b"GET /x?y HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"]
    server.close()


@pytest.mark.anyio
async def test_rules_lead_elsewhere_and_only_the_hosts_that_they_name() -> None:
    heard: list[bytes] = []
    server = await _serve(heard)
    to = server.sockets[0].getsockname()[1]
    rules = resolve_rules(f"MAP *.site.test 127.0.0.1:{to}, MAP gone.test ~NOTFOUND")
    async with gate(rules, allow_private=False) as (way, port):
        asked = b"GET http://www.site.test/ HTTP/1.1\r\nHost: www.site.test\r\n\r\n"
        assert (await _said(port, asked)).endswith(b"ok")
        tunnel = f"CONNECT 127.0.0.1:{to} HTTP/1.1\r\n\r\n".encode()
        assert (await _said(port, tunnel)).startswith(b"HTTP/1.1 403 ")
        assert b" 403 " in await _said(port, b"CONNECT gone.test:443 HTTP/1.1\r\n\r\n")
        assert [seen.host for seen in way.hosts()] == ["www.site.test", "127.0.0.1"]
    server.close()


@pytest.mark.anyio
@pytest.mark.parametrize(
    "data", [b"nonsense\r\n\r\n", b"GET file:///etc HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"]
)
async def test_what_is_no_request_for_a_host_is_cut_off(data: bytes) -> None:
    async with gate(resolve_rules(""), allow_private=True) as (_, port):
        assert await _said(port, data) == b""
