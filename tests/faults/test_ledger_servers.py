"""One server on one folder: the second is refused, the commands run beside it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import httpx
import pytest
from publisher import POLICY, Seen, publisher
from served import BANDEAU, Served, exported, run, serve_command, served
from serving import serving

from bandeau.app import Bandeau
from bandeau.storage.lock import NAME, FolderInUse, FolderLock


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, encoding="utf-8")
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def choose(server: Served) -> str:
    """The record id of a new visitor's choice."""
    answer = httpx.post(f"{server.url}/.bandeau/choice", json={"action": "accept_all"}, timeout=60)
    assert answer.status_code == 200
    return str(answer.json()["receipt"]["id"])


@pytest.mark.slow
def test_a_second_server_on_one_folder_is_told_which_process_has_it(
    policy: Path, data: Path
) -> None:
    with served(policy, data) as first:
        for command in (
            serve_command(policy, data),
            [*BANDEAU, "demo", "--port", "0", "--data", str(data)],
        ):
            second = subprocess.run(
                command, capture_output=True, text=True, timeout=120, check=False
            )
            assert second.returncode == 1
            assert f"another server uses this folder (process {first.process.pid})" in second.stderr
            assert "--data" in second.stderr
            assert "Traceback" not in second.stderr
        assert choose(first)


@pytest.mark.slow
def test_the_folder_is_free_again_after_kill_9_and_after_a_stop(policy: Path, data: Path) -> None:
    with served(policy, data) as first:
        choose(first)
        first.kill()
    with served(policy, data) as second:
        choose(second)
    with served(policy, data) as third:
        choose(third)
    kinds = [json.loads(line["record"])["kind"] for line in exported(data)]
    assert kinds.count("choice") == 3
    assert kinds.count("policy") == 1


@pytest.mark.slow
def test_the_commands_run_beside_a_live_server(policy: Path, data: Path, tmp_path: Path) -> None:
    with served(policy, data) as server:
        ids = [choose(server) for _ in range(3)]
        assert run("ledger", "verify", "--data", data).returncode == 0
        assert {line["id"] for line in exported(data)} >= set(ids)
        erased = run("ledger", "erase", ids[1], "--data", data)
        assert erased.returncode == 0, erased.stderr
        assert run("ledger", "key", "--data", data).returncode == 0
        later = choose(server)
        verified = run("ledger", "verify", "--data", data)
        assert verified.returncode == 0
        assert " records, 1 erasure, " in verified.stdout
        kept = {line["id"] for line in exported(data)}
        assert {ids[0], ids[2], later} <= kept
        assert ids[1] not in kept


@pytest.mark.slow
def test_middlewares_share_a_folder(policy: Path, data: Path) -> None:
    first, second = (Bandeau(publisher(Seen()), policy=policy, data=data) for _ in range(2))
    with serving(first) as one, serving(second) as two:
        for address in (one, two, one, two):
            answer = httpx.post(f"{address.url}/.bandeau/choice", json={"action": "refuse_all"})
            assert answer.status_code == 200
    assert run("ledger", "verify", "--data", data).returncode == 0


def test_a_lock_is_for_one_and_goes_on(tmp_path: Path) -> None:
    first = FolderLock(tmp_path)
    with pytest.raises(FolderInUse, match=f"process {os.getpid()}"):
        FolderLock(tmp_path)
    first.close()
    first.close()
    second = FolderLock(tmp_path)
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0
    second.close()


def test_a_folder_that_takes_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        FolderLock(tmp_path / "missing")
