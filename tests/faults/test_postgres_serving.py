"""A site whose data are in PostgreSQL: served, cut off from its database, and whole again."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from postgres_server import PostgresServer
from publisher import SHORT_POLICY, Seen, publisher
from serving import serving

from bandeau import Bandeau
from bandeau.app import BandeauWSGI, gateway
from bandeau.cli import main
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.keys import KeysError

pytestmark = pytest.mark.slow

HOST = {"host": "www.quotidien.test"}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(
        SHORT_POLICY,
        encoding="utf-8",
    )
    return path


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """One that the test may kill."""
    made = PostgresServer()
    yield made
    made.stop()


def choose(client: httpx.Client, action: str = "accept_all") -> httpx.Response:
    return client.post("/.bandeau/choice", json={"action": action})


def printed(*words: object) -> tuple[int, str]:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def jar_of(answer: httpx.Response) -> str:
    lines = answer.headers.get_list("set-cookie")
    return "; ".join(line.partition(";")[0] for line in lines)


def state(client: httpx.Client, jar: str) -> dict[str, object]:
    client.cookies.clear()
    answer = client.get("/.bandeau/choice", headers={"cookie": jar})
    assert answer.status_code == 200
    return dict(answer.json())


def test_two_servers_share_a_database(
    policy: Path, postgres: PostgresServer, tmp_path: Path
) -> None:
    address = postgres.database()
    seen = Seen()
    with (
        serving(publisher(seen)) as site,
        serving(gateway(policy, site.url, address)) as one,
        serving(gateway(policy, site.url, address)) as two,
        httpx.Client(base_url=one.url, headers=HOST) as here,
        httpx.Client(base_url=two.url, headers=HOST) as there,
    ):
        choice = choose(here)
        assert choice.status_code == 200
        assert state(there, jar_of(choice))["band"] == "allowed"
        comment = {"page": "/article", "name": "Ana", "text": "Bonjour"}
        posted = there.post("/.bandeau/comments", json=comment, headers={"cookie": jar_of(choice)})
        assert posted.status_code in (200, 201)
        assert "Bonjour" in here.get("/.bandeau/comments?page=/article").text
        refused = there.post(
            "/.bandeau/choice", json={"action": "refuse_all"}, headers={"cookie": jar_of(choice)}
        )
        assert state(here, jar_of(choice))["band"] == "undecided"
        assert state(here, jar_of(refused))["band"] == "refused"

    code, text = printed("ledger", "verify", "--data", address)
    assert (code, text.startswith("Valid: ")) == (0, True)
    export = tmp_path / "out.jsonl"
    assert printed("ledger", "export", "--data", address, "--out", export)[0] == 0
    receipt = choice.json()["receipt"]
    assert f'"id": "{receipt["id"]}"' in export.read_text()
    assert printed("ledger", "key", "--data", address) == (0, receipt["key"] + "\n")
    assert printed("ledger", "erase", receipt["id"], "--data", address)[0] == 0
    assert printed("ledger", "erase", receipt["id"], "--data", address)[0] == 1
    assert printed("ledger", "verify", "--data", address)[0] == 0
    assert printed("keys", "rotate", "--data", address)[1].startswith("2 cookie keys")
    assert printed("trackers", "--data", address)[0] == 0


def test_a_database_that_goes_down_refuses_all_and_comes_back(
    policy: Path, server: PostgresServer
) -> None:
    with (
        serving(publisher(Seen())) as site,
        serving(gateway(policy, site.url, server.database())) as front,
        httpx.Client(base_url=front.url, headers=HOST, timeout=30) as client,
    ):
        chosen = jar_of(choose(client))
        server.kill()
        page = client.get("/article", headers={"cookie": chosen})
        assert page.status_code == 200
        assert "Été à Nantes" in page.text
        assert '<script src="https://ads.test/a.js"' not in page.text
        assert state(client, chosen)["purposes"] == {"social": False, "advertising": False}
        answer = choose(client)
        assert answer.status_code == 503
        assert "set-cookie" not in answer.headers
        assert client.get("/.bandeau/health").status_code == 503
        server.start()
        while client.get("/.bandeau/health").status_code != 200:
            pass
        assert state(client, chosen)["band"] == "allowed"
        assert choose(client).status_code == 200


def test_a_database_that_cannot_be_reached_is_no_start(policy: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        address = f"postgresql://ana:secret@127.0.0.1:{port}/x"
        code, text = printed(
            *("serve", "--config", policy, "--upstream", "http://127.0.0.1:1", "--data", address)
        )
        assert code == 1
        assert "bandeau serve: PostgreSQL cannot be reached" in text
        assert "secret" not in text
        with pytest.raises(LedgerUnavailable, match="cannot be reached"):
            Bandeau(publisher(Seen()), policy=policy, data=address)


@pytest.mark.parametrize("address", ["postgresql://127.0.0.1:port/x", "postgresql://h/x?sslmode=q"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    code, text = printed("ledger", "verify", "--data", address)
    assert code == 2
    assert text.startswith("PostgreSQL cannot be reached: ")


def test_the_keys_may_be_kept_in_a_file(
    policy: Path, postgres: PostgresServer, tmp_path: Path
) -> None:
    address, keys = postgres.database(), tmp_path / "secrets" / "bandeau.json"
    Bandeau(publisher(Seen()), policy=policy, data=address, keys=keys).close()
    assert keys.stat().st_mode & 0o777 == 0o600
    assert postgres.sql("SELECT count(*) FROM keyring", address.rpartition("/")[2]) == "0\n"
    code, text = printed("ledger", "verify", "--data", address, "--keys", keys)
    assert (code, text[:6]) == (0, "Valid:")
    assert printed("ledger", "verify", "--data", address)[0] == 2
    with pytest.raises(KeysError, match="name it with --keys"):
        Bandeau(publisher(Seen()), policy=policy, data=address)
    other = tmp_path / "other.json"
    with pytest.raises(LedgerUnavailable, match="not by this log's key"):
        Bandeau(publisher(Seen()), policy=policy, data=address, keys=other)


def test_a_wsgi_site_keeps_its_data_there_too(policy: Path, postgres: PostgresServer) -> None:
    def site(environ: object, start_response: object) -> list[bytes]:
        raise AssertionError("not asked")

    address = postgres.database()
    app = BandeauWSGI(site, policy=policy, data=address)  # type: ignore[arg-type]
    transport = httpx.WSGITransport(app)  # type: ignore[arg-type]
    with httpx.Client(transport=transport, base_url="http://www.quotidien.test") as client:
        chosen = choose(client)
        assert chosen.status_code == 200
        assert state(client, jar_of(chosen))["band"] == "allowed"
    app.close()
    assert printed("ledger", "verify", "--data", address)[0] == 0


def test_processes_that_start_at_once_have_the_same_keys(
    policy: Path, postgres: PostgresServer
) -> None:
    address = postgres.database()
    told = []

    def start() -> None:
        bandeau = Bandeau(publisher(Seen()), policy=policy, data=address)
        told.append(bandeau.site.subject_key)
        bandeau.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(told) == 4
    assert len(set(told)) == 1
