"""A site on three shards, as its visitors see it: `bandeau serve`, a shard down, the log down."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from postgres_server import PostgresServer
from postgres_shards import sharded
from publisher import SHORT_POLICY, Seen, publisher
from served import run, served
from serving import serving

from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.evidence import open_evidence
from bandeau.storage.postgres.ledger import leaf_of

pytestmark = pytest.mark.slow

CHOICE = "/.bandeau/choice"
POLICY = f"""{SHORT_POLICY}
[[trackers]]
vendor = "Example Ads"
purpose = "advertising"
hosts = ["ads.test"]
"""
ACCEPTING = (200, {"social": True, "advertising": True}, "open", True)
REFUSING = (200, {"social": False, "advertising": False}, "locked", False)


@pytest.fixture
def servers() -> Iterator[list[PostgresServer]]:
    """The database of the log, and three shards, each a server that the test may kill."""
    with ExitStack() as stack:
        made = [PostgresServer() for _ in range(4)]
        for server in made:
            stack.callback(server.stop)
        yield made


class Visitor:
    """Somebody's cookies, and the ids of the choices that were answered."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._jar = ""
        self.answered: list[str] = []

    def asks(self, method: str, path: str, **more: Any) -> httpx.Response:
        """What the site answers to these cookies."""
        headers = {"host": "www.quotidien.test", "cookie": self._jar}
        answer = self._client.request(method, path, headers=headers, **more)
        self._client.cookies.clear()
        return answer

    def accept(self) -> None:
        """Accept all, which is recorded."""
        answer = self.asks("POST", CHOICE, json={"action": "accept_all"})
        assert answer.status_code == 200, answer.text
        lines = answer.headers.get_list("set-cookie")
        self._jar = "; ".join(line.partition(";")[0] for line in lines)
        self.answered.append(answer.json()["receipt"]["id"])

    def accept_in_vain(self) -> None:
        """Accept all, by form and by script: not recorded, said so in words, and nothing set."""
        told = "Your choice cannot be recorded right now, so nothing was changed"
        for way in ("data", "json"):
            answer = self.asks("POST", CHOICE, **{way: {"action": "accept_all"}})
            assert answer.status_code == 503
            assert told in answer.text
            assert "set-cookie" not in answer.headers

    def gets(self) -> tuple[int, dict[str, bool], str, bool]:
        """The article's status; purposes and comments; whether it lets the advertiser in."""
        page = self.asks("GET", "/article")
        assert "Été à Nantes" in page.text
        state = self.asks("GET", CHOICE).json()
        lets_in = '<script src="https://ads.test/a.js"' in page.text
        return page.status_code, state["purposes"], state["features"]["comments"], lets_in

    def waits_until_served(self) -> None:
        """Until the server says that it is whole."""
        while self.asks("GET", "/.bandeau/health").status_code != 200:
            pass


def shard_of(record: str, shards: list[PostgresServer]) -> int:
    """The number of the shard that has the content of a record."""
    count = f"SELECT count(*) FROM consent WHERE rid = '{record}'"
    return [shard.sql(count, f"test{shard.made}") for shard in shards].index("1\n")


def visitors_of_two_shards(
    client: httpx.Client, shards: list[PostgresServer]
) -> dict[int, Visitor]:
    """Who has accepted all, by the number of the shard that has it."""
    found: dict[int, Visitor] = {}
    while len(found) < 2:
        visitor = Visitor(client)
        visitor.accept()
        found.setdefault(shard_of(visitor.answered[0], shards), visitor)
    return found


def recorded(address: str) -> set[str]:
    """The ids in the log, after `bandeau ledger verify` has found nothing."""
    told = run("ledger", "verify", "--data", address)
    assert (told.returncode, told.stdout[:6]) == (0, "Valid:"), told.stdout
    database = Database(address)
    try:
        with open_evidence(database) as evidence:
            return {str(leaf_of(row).id) for row in evidence.rows}
    finally:
        database.close()


def test_a_shard_and_the_log_go_down_and_come_back(
    servers: list[PostgresServer], tmp_path: Path
) -> None:
    log, *shards = servers
    address = sharded(log, shards)
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    with (
        serving(publisher(Seen())) as site,
        served(policy, address, site.url) as server,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        visitors = visitors_of_two_shards(client, shards)
        (down, here), (_, elsewhere) = visitors.items()
        assert here.gets() == elsewhere.gets() == ACCEPTING

        shards[down].kill()
        assert here.gets() == REFUSING
        assert elsewhere.gets()[0] == 200  # And may count as refusing too.
        here.accept_in_vain()
        shards[down].start()
        here.waits_until_served()
        assert here.gets() == ACCEPTING
        here.accept()

        log.kill()
        for visitor in visitors.values():
            assert visitor.gets() == REFUSING
            visitor.accept_in_vain()
        log.start()
        for visitor in visitors.values():
            visitor.waits_until_served()
            assert visitor.gets() == ACCEPTING
            visitor.accept()
        answered = {each for visitor in visitors.values() for each in visitor.answered}
        assert answered <= recorded(address)
    assert answered <= recorded(address)
