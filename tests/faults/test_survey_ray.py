"""A survey over a Ray cluster: workers and the survey killed, each site finished once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray_cluster import RayCluster, ray_cluster
from surveys import Surveyed, until

SITES = [f"https://s{number}.test/x" for number in range(60)]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ray") / "log"


@pytest.fixture(scope="module")
def cluster(log: Path) -> Iterator[RayCluster]:
    settings = {"PYTHONPATH": ":".join(sys.path), "FAKE_AUDITS_LOG": str(log)}
    with ray_cluster(settings) as started:
        yield started


@pytest.fixture
def token(cluster: RayCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, cluster.environment[name])


def surveyed(tmp_path: Path, addresses: list[str], cluster: RayCluster, log: Path) -> Surveyed:
    survey = Surveyed(tmp_path, addresses, before=cluster.inside())
    survey.log = log
    log.write_text("", "utf-8")
    return survey


@pytest.mark.usefixtures("token")
def test_one_of_two_workers_killed_then_each_site_is_finished_once(
    tmp_path: Path, cluster: RayCluster, log: Path
) -> None:
    # Both are at a site when one is killed, and stay there until it has a successor.
    sites = [*SITES[:58], "https://h1.test/held", "https://h2.test/held"]
    held = log.with_name("held")
    held.touch()
    survey = surveyed(tmp_path, sites, cluster, log)
    process = survey.start("--ray", cluster.address, "--workers", "2", "--recycle", "100")
    until(lambda: len(survey.kept()) == 58 and survey.logged("open") == {"": 2}, process)
    cluster.actors()[0].kill()
    until(lambda: survey.logged("open") == {"": 3}, process)
    held.unlink()
    told, _ = process.communicate(timeout=300)
    assert process.returncode == 0, told
    assert sorted(survey.kept()) == sorted(sites)
    assert survey.summary()["sites"] == {"waiting": 0, "leased": 0, "done": 60, "failed": 0}
    assert sum(survey.logged("begin").values()) == len(sites) + 1
    until(lambda: not survey.processes() and not cluster.actors())
    assert list(survey.out.glob(".working-*")) == []


@pytest.mark.usefixtures("token")
def test_the_survey_killed_then_nothing_goes_on_and_it_resumes(
    tmp_path: Path, cluster: RayCluster, log: Path
) -> None:
    survey = surveyed(tmp_path, SITES, cluster, log)
    process = survey.start("--ray", cluster.address, "--workers", "2")
    until(lambda: len(survey.kept()) >= 20, process)
    process.kill()
    process.communicate()
    kept = survey.kept()
    until(lambda: not survey.processes() and not cluster.actors())
    code, told = survey.run("--ray", cluster.address, "--workers", "2")
    assert code == 0, told
    assert kept.items() <= survey.kept().items()
    assert sorted(survey.kept()) == sorted(SITES)


@pytest.mark.usefixtures("token")
def test_a_site_that_ends_its_worker_costs_no_other(
    tmp_path: Path, cluster: RayCluster, log: Path
) -> None:
    addresses = ["https://a.test/", "https://b.test/crash", "https://c.test/hang"]
    survey = surveyed(tmp_path, addresses, cluster, log)
    code, told = survey.run("--ray", cluster.address, "--workers", "2", "--site-seconds", "2")
    assert code == 1, told
    assert "https://b.test/crash failed: its worker ended with exit code 7" in told
    assert "https://c.test/hang failed: took longer than 2 seconds" in told
    assert sorted(survey.kept()) == ["https://a.test/"]


def test_who_has_no_token_is_told(tmp_path: Path, cluster: RayCluster, log: Path) -> None:
    survey = surveyed(tmp_path, SITES[:1], cluster, log)
    code, told = survey.run("--ray", cluster.address)
    assert code == 2
    assert f"Ray at {cluster.address}" in told
    assert "Traceback" not in told
    assert survey.kept() == {}


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("local", "HOST:PORT of a cluster that runs"),
        ("ray://127.0.0.1:10001", "HOST:PORT of a cluster that runs"),
        ("127.0.0.1:99999", "Ray at 127.0.0.1:99999: "),
        ("127.0.0.1:1", "Ray at 127.0.0.1:1: "),
    ],
)
def test_where_there_is_no_cluster_it_is_told(tmp_path: Path, address: str, said: str) -> None:
    survey = Surveyed(tmp_path, SITES[:1])
    code, told = survey.run("--ray", address)
    assert code == 2
    assert said in told
    assert "Traceback" not in told
