"""A cluster of three under Patroni, its leader killed under load.

Nothing that was answered is lost, nothing is there twice; and while nobody leads, visitors count as
refusing and are told so. `BANDEAU_FAILOVERS=20` kills whoever leads 20 times instead of once.
"""

import os
import signal

import httpx
import pytest
from click.testing import CliRunner
from ledger_load import check, processes
from patroni_cluster import patroni_cluster, wait_for
from publisher import SHORT_POLICY, Seen, publisher
from serving import serving

from bandeau.app import gateway
from bandeau.cli import main

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("BANDEAU_FAILOVERS", "1"))
HOST = {"host": "www.quotidien.test"}


@pytest.fixture(scope="module")
def cluster():
    with patroni_cluster() as made:
        yield made


@pytest.fixture
def visitor(cluster, tmp_path):
    """Who has accepted everything on a site whose data are in the cluster."""
    policy = tmp_path / "policy.toml"
    policy.write_text(SHORT_POLICY, encoding="utf-8")
    address = cluster.database("site")
    with (
        serving(publisher(Seen())) as site,
        serving(gateway(policy, site.url, address)) as front,
        httpx.Client(base_url=front.url, headers=HOST, timeout=60) as client,
    ):
        answer = client.post("/.bandeau/choice", json={"action": "accept_all"})
        assert answer.status_code == 200
        lines = answer.headers.get_list("set-cookie")
        client.headers["cookie"] = "; ".join(line.partition(";")[0] for line in lines)
        client.cookies.clear()
        yield client
    told = CliRunner().invoke(main, ["ledger", "verify", "--data", address])
    assert (told.exit_code, told.output[:6]) == (0, "Valid:")


def refused(client):
    """What a visitor gets while nobody leads: the site, as after refusing, and a clear answer."""
    page = client.get("/article")
    assert page.status_code == 200
    assert "Été à Nantes" in page.text
    assert '<script src="https://ads.test/a.js"' not in page.text
    state = client.get("/.bandeau/choice").json()
    assert state["purposes"] == {"social": False, "advertising": False}
    assert state["features"] == {"comments": "locked"}
    answer = client.post("/.bandeau/choice", data={"action": "accept_all"})
    assert answer.status_code == 503
    assert "set-cookie" not in answer.headers
    assert "Your choice cannot be recorded right now, so nothing was changed" in answer.text
    assert client.get("/.bandeau/health").status_code == 503


def hold_back(cluster, leader, process):
    """Let commits come that no standby has heard of: a leader that answers them loses them."""
    before = process.so_far()
    leader.hold_back()
    wait_for(
        lambda: cluster.commit_waits(leader) or process.so_far() > before + 100,
        "commits that the standbys do not hear of",
        cluster.log,
    )


def test_a_leader_that_dies_under_load_loses_nothing(cluster, visitor):
    address = cluster.database("load")
    with processes(address, 0, 1_000_000_000) as (one, two):
        for left in reversed(range(ROUNDS)):
            one.more(200)
            two.more(200)
            dead = cluster.led()
            hold_back(cluster, dead, one)
            with cluster.no_election():
                dead.kill()
                refused(visitor)
            assert cluster.led() is not dead
            one.more(200)
            two.more(200)
            while visitor.get("/.bandeau/health").status_code != 200:
                pass
            assert visitor.get("/.bandeau/choice").json()["band"] == "allowed"
            if left:
                dead.start()
                cluster.whole()
        answered = one.end(signal.SIGKILL) + two.end(signal.SIGKILL)
    with processes(address, 2_000_000_000, count=50) as (last,):
        answered += last.end()
    check(address, answered)
