"""kill -9 at any moment: no finished site is lost or done again, and nothing is left running."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from postgres_server import PostgresServer
from surveys import Surveyed, until

from bandeau.audit.queue import Stage
from bandeau.storage.survey.opening import open_queue

SITES = [f"https://s{number}.test/x" for number in range(200)]
WORKERS = 2


@pytest.fixture(params=["sqlite", "postgres"])
def data(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return ""
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.database()


def test_half_way_and_again_then_each_site_is_finished_once(tmp_path: Path, data: str) -> None:
    survey = Surveyed(tmp_path, SITES, data)
    kept: dict[str, int] = {}
    for part in (40, 110):
        process = survey.start("--workers", str(WORKERS))
        until(lambda part=part: len(survey.kept()) >= part, process)  # type: ignore[misc]
        process.kill()
        process.communicate()
        until(lambda: not survey.processes())
        assert kept.items() <= survey.kept().items()
        kept = survey.kept()
    begun = survey.logged("begin")
    code, told = survey.run("--workers", str(WORKERS))
    assert code == 0, told
    assert sorted(survey.kept()) == sorted(SITES)
    assert kept.items() <= survey.kept().items()
    after = survey.logged("begin")
    assert {address for address in kept if after[address] != begun[address]} == set()
    # Those that were under way when it was killed, and no other, were begun again.
    again = {address for address, times in after.items() if times > 1}
    assert len(again) <= 2 * WORKERS
    assert survey.summary()["sites"] == {"waiting": 0, "leased": 0, "done": 200, "failed": 0}
    assert list(survey.out.glob(".working-*")) == []
    assert list(survey.temporary.iterdir()) == []
    code, told = survey.run()
    assert (code, survey.logged("begin")) == (0, after), told


def test_a_result_that_the_queue_never_heard_of_is_not_made_again(tmp_path: Path) -> None:
    """As after kill -9 between the folder and the queue: all folders are there, and no queue."""
    survey = Surveyed(tmp_path, SITES[:5])
    assert survey.run()[0] == 0
    before, begun = survey.kept(), survey.logged("begin")
    shutil.rmtree(tmp_path / "data")
    code, told = survey.run()
    assert (code, survey.kept(), survey.logged("begin")) == (0, before, begun), told
    assert survey.summary()["sites"]["done"] == 5


def test_two_runs_at_once_share_the_work(tmp_path: Path) -> None:
    survey = Surveyed(tmp_path, SITES[:60])
    runs = [survey.start(), survey.start()]
    assert [process.wait(300) for process in runs] == [0, 0]
    for process in runs:
        process.communicate()
    assert set(survey.logged("begin").values()) == {1}
    assert sorted(survey.kept()) == sorted(SITES[:60])


def test_sigterm_gives_the_leases_back(tmp_path: Path) -> None:
    survey = Surveyed(tmp_path, ["https://a.test/slow", "https://b.test/slow"])
    process = survey.start("--workers", "2")
    until(lambda: len(survey.logged("begin")) == 2, process)
    process.terminate()
    told, _ = process.communicate(timeout=60)
    assert process.returncode == 143, told
    assert "2 waiting" in told
    assert survey.processes() == set()
    assert list(survey.temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("fail", "RuntimeError: no such host"),
        ("hang", "took longer than 2 seconds"),
        ("child", "took longer than 2 seconds"),
        ("crash", "its worker ended with exit code 7"),
        ("killed", "its worker ended by signal 9"),
        ("eat", "took more than 200 MB of memory"),
    ],
)
def test_a_site_that_ends_its_worker_costs_no_other(tmp_path: Path, way: str, reason: str) -> None:
    survey = Surveyed(tmp_path, ["https://a.test/", f"https://b.test/{way}", "https://c.test/"])
    seconds = "60" if way == "eat" else "2"
    code, told = survey.run("--site-seconds", seconds, "--memory", "200")
    assert code == 1, told
    assert f"https://b.test/{way} failed: {reason}" in told
    assert sorted(survey.kept()) == ["https://a.test/", "https://c.test/"]
    assert survey.logged("begin")[f"https://b.test/{way}"] == 3
    until(lambda: not survey.processes())
    assert list(survey.temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("address", "auditor", "said"),
    [
        ("https://a.test/", "fake_audits:broken", "chromium: not found"),
        ("https://a.test/", "fake_audits:nothing", "has no attribute"),
        ("https://a.test/no-browser", "fake_audits:quick", "chromium does not start"),
    ],
)
def test_without_a_browser_nothing_is_blamed_on_sites(
    tmp_path: Path, address: str, auditor: str, said: str
) -> None:
    survey = Surveyed(tmp_path, [address])
    code, told = survey.run(auditor=auditor)
    assert code == 2
    assert said in told
    assert "Traceback" not in told
    with open_queue(tmp_path / "data") as queue:
        (tally,) = asyncio.run(queue.tally()).values()
    assert tally.stages == {Stage.WAITING: 1}


def test_workers_are_replaced_in_order(tmp_path: Path) -> None:
    survey = Surveyed(tmp_path, SITES[:7])
    assert survey.run("--recycle", "3")[0] == 0
    assert (survey.logged("open"), survey.logged("close")) == ({"": 3}, {"": 3})
