"""The gateway when things break: the ledger, the site, the process itself."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau import limits
from bandeau.app import Bandeau, gateway
from bandeau.ledger.store import LedgerUnavailable
from tests.web._origin import PATIENCE, RawOrigin, read_all, read_head, visited

HOST = {"host": "www.quotidien.test", "accept": "text/html"}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, encoding="utf-8")
    return path


@pytest.fixture
def bandeau(policy: Path, tmp_path: Path) -> Iterator[Bandeau]:
    yield Bandeau(publisher(Seen()), policy=policy, data=tmp_path / "data")


async def _unavailable(*_: object) -> object:
    raise LedgerUnavailable("the disk is gone")


def test_a_ledger_that_is_down_refuses_choices_and_keeps_the_site_up(
    bandeau: Bandeau, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        serving(bandeau) as address,
        httpx.Client(base_url=address.url, headers=HOST) as client,
    ):
        accepted = client.post("/.bandeau/choice", json={"action": "accept_all"})
        assert accepted.status_code == 200
        cookie = "; ".join(
            line.split(";")[0] for line in accepted.headers.get_list("set-cookie")[:2]
        )
        client.cookies.clear()
        for method in ("append", "find", "history", "published"):
            monkeypatch.setattr(bandeau.site.ledger, method, _unavailable)

        page = client.get("/article", headers={"cookie": cookie})
        assert page.status_code == 200
        assert "Été à Nantes" in page.text
        assert '<script src="https://ads.test/a.js"' not in page.text

        choice = client.post("/.bandeau/choice", json={"action": "accept_all"})
        assert choice.status_code == 503
        assert "set-cookie" not in choice.headers
        assert "message" in choice.json()["error"]
        form = client.post("/.bandeau/choice", data={"action": "accept_all"})
        assert form.status_code == 503
        assert "text/html" in form.headers["content-type"]

        comment = {"page": "/article", "name": "A", "text": "B"}
        answer = client.post("/.bandeau/comments", json=comment, headers={"cookie": cookie})
        assert answer.status_code == 403
        assert client.get("/.bandeau/health").status_code == 503


def test_a_site_that_is_down_still_gets_the_notice(policy: Path, tmp_path: Path) -> None:
    front = gateway(policy, "http://127.0.0.1:1", tmp_path / "data")
    with serving(front) as address, httpx.Client(base_url=address.url, headers=HOST) as client:
        answer = client.get("/article", headers={"accept-language": "fr"})
        assert answer.status_code == 502
        assert "Le site ne répond pas" in answer.text
        assert "data-bandeau=" in answer.text
        assert "accept_all" in answer.text
        assert client.get("/.bandeau/privacy").status_code == 200


def test_two_hundred_cookies_and_ten_thousand_header_bytes_are_judged_and_pass(
    policy: Path, tmp_path: Path
) -> None:
    seen = Seen()
    jar = "; ".join([f"_ea{n}={'x' * 40}" for n in range(199)] + ["session=kept"])
    with (
        serving(publisher(seen)) as site,
        serving(gateway(policy, site.url, tmp_path / "data")) as address,
        httpx.Client(base_url=address.url, headers=HOST, timeout=20) as client,
    ):
        answer = client.get("/article", headers={"cookie": jar, "x-long": "a" * 10_000})
        assert answer.status_code == 200
        assert seen.requests[-1]["cookie"] == "session=kept"
        assert len(seen.requests[-1]["x-long"]) == 10_000
        ended = [line for line in answer.headers.get_list("set-cookie") if "Max-Age=0" in line]
        assert 0 < len(ended) <= limits.EXPIRY_LINES


def test_a_visitor_who_half_closes_is_gone_and_the_site_is_told() -> None:
    arrived, ended = threading.Event(), threading.Event()

    def behave(connection: socket.socket, origin: RawOrigin) -> None:
        read_head(connection)
        arrived.set()
        read_all(connection)
        ended.set()

    with visited(behave) as (visitor, _):
        visitor.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert arrived.wait(PATIENCE)
        visitor.shutdown(socket.SHUT_WR)
        assert ended.wait(PATIENCE)
