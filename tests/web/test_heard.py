"""An answer waits for the end of its request: Caddy breaks off those that do not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from publisher import POLICY, Seen, publisher

from bandeau import limits
from bandeau.app import Bandeau
from bandeau.web.asgi import Message

pytestmark = pytest.mark.anyio
HOST = (b"host", b"www.quotidien.test")
BAD_HOST = (b"host", b'a b"c')
TYPE = (b"content-type", b"multipart/form-data; boundary=x")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[Bandeau]:
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    bandeau = Bandeau(publisher(Seen()), policy=policy, data=tmp_path / "data")
    yield bandeau
    bandeau.close()


async def order(
    app: Bandeau, *headers: tuple[bytes, bytes], path: str = "/.bandeau/choice", parts: int = 3
) -> list[str]:
    """What happened in turn: parts of the body that were received, and the status sent."""
    seen: list[str] = []
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b""}
    left = iter(range(parts, 0, -1))

    async def receive() -> Message:
        seen.append("part")
        return {"type": "http.request", "body": b"x" * 10, "more_body": next(left) > 1}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            seen.append(str(message["status"]))

    await app({**scope, "headers": list(headers)}, receive, send)
    return seen


@pytest.mark.parametrize("length", [(b"content-length", b"30"), (b"transfer-encoding", b"chunked")])
async def test_what_is_refused_unread_is_heard_first(
    app: Bandeau, length: tuple[bytes, bytes]
) -> None:
    assert await order(app, HOST, TYPE, length) == ["part", "part", "part", "415"]


async def test_so_is_a_request_that_names_no_host_that_can_be(app: Bandeau) -> None:
    assert await order(app, BAD_HOST, (b"content-length", b"10"), path="/", parts=1) == [
        "part",
        "400",
    ]


async def test_a_long_body_is_not_waited_for(app: Bandeau) -> None:
    length = (b"content-length", str(limits.DISCARDED_BODY_BYTES + 1).encode())
    assert await order(app, HOST, TYPE, length) == ["415"]


async def test_nor_is_one_that_waits_for_the_answer(app: Bandeau) -> None:
    headers = (HOST, TYPE, (b"content-length", b"30"), (b"expect", b"100-continue"))
    assert await order(app, *headers) == ["415"]


async def test_nor_is_one_that_goes_on_and_on(
    app: Bandeau, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "DISCARDED_BODY_BYTES", 15)
    length = (b"transfer-encoding", b"chunked")
    assert await order(app, HOST, TYPE, length, parts=9) == ["part", "part", "415"]
