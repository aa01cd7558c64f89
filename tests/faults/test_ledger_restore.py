"""The database restored from an older backup: found out, told, and accepted only aloud."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import apsw
import httpx
import ledger_drafts as drafts
import pytest
from publisher import POLICY, Seen, publisher
from served import exported, run, serve_command
from serving import serving
from visitor import Shell

from bandeau.app import Bandeau
from bandeau.ledger.checkpoint import Verifier
from bandeau.ledger.receipt import verify_receipt
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.keys import Keys, load_or_create
from bandeau.storage.sqlite.ledger import SqliteLedger, verify_file
from bandeau.storage.sqlite.ledger_file import NAME
from bandeau.storage.sqlite.ledger_kept import EVERY_SECONDS, Kept
from bandeau.storage.sqlite.ledger_kept import NAME as KEPT


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def keys(data: Path) -> Keys:
    return load_or_create(data, "www.quotidien.test")


@pytest.fixture
def restored(data: Path, keys: Keys, tmp_path: Path) -> Iterator[Path]:
    """A ledger of 3 records, put back under a folder that had signed 5."""
    append(data, keys, 0, 1, 2)
    backup(data / NAME, tmp_path / "backup")
    append(data, keys, 3, 4)
    shutil.copy(tmp_path / "backup", data / NAME)
    yield data


def append(data: Path, keys: Keys, *numbers: int) -> list[dict[str, object]]:
    ledger = SqliteLedger(data, keys.signer)

    async def work() -> list[dict[str, object]]:
        return [(await ledger.append(drafts.choice(n))).as_json() for n in numbers]

    try:
        return asyncio.run(work())
    finally:
        ledger.close()


def backup(path: Path, to: Path) -> None:
    """As `sqlite3 … .backup` does it."""
    source, target = apsw.Connection(str(path)), apsw.Connection(str(to))
    with target.backup("main", source, "main") as copy:
        copy.step()
    source.close()
    target.close()


@pytest.mark.slow
def test_a_server_does_not_start_on_an_older_ledger(
    restored: Path, keys: Keys, tmp_path: Path
) -> None:
    with pytest.raises(LedgerUnavailable, match=r"holds 3 records.* counts 5"):
        SqliteLedger(restored, keys.signer)
    policy = tmp_path / "policy.toml"
    policy.write_text(POLICY, encoding="utf-8")
    told = subprocess.run(
        serve_command(policy, restored), capture_output=True, text=True, timeout=120, check=False
    )
    assert told.returncode == 1
    assert "restored from a backup" in told.stderr
    assert "accept-restore" in told.stderr
    assert "Traceback" not in told.stderr


@pytest.mark.slow
def test_verify_says_what_an_older_ledger_lacks(restored: Path) -> None:
    told = run("ledger", "verify", "--data", restored)
    assert told.returncode == 1
    assert "records cut off at index 3: a checkpoint from outside counts 5 records, 3 are here" in (
        told.stdout
    )
    shutil.move(restored / KEPT, restored.parent / "elsewhere")
    assert run("ledger", "verify", "--data", restored).returncode == 0
    against = ("--checkpoint", restored.parent / "elsewhere")
    assert run("ledger", "verify", "--data", restored, *against).returncode == 1


def test_a_newer_copy_goes_on(restored: Path, keys: Keys, tmp_path: Path) -> None:
    shutil.move(restored / NAME, tmp_path / "older")
    shutil.move(restored / KEPT, tmp_path / "kept")
    (tmp_path / "whole").mkdir()
    for name in ("keys.json", "ledger.vkey"):
        shutil.copy(restored / name, tmp_path / "whole" / name)
    append(tmp_path / "whole", keys, 0)
    shutil.copy(tmp_path / "whole" / NAME, restored / NAME)
    assert append(restored, keys, 1)[0]["index"] == 1
    shutil.copy(tmp_path / "kept", restored / KEPT)
    append_refused(restored, keys)


def append_refused(data: Path, keys: Keys) -> None:
    with pytest.raises(LedgerUnavailable):
        append(data, keys, 99)


def test_another_history_of_the_same_length_is_refused(data: Path, keys: Keys) -> None:
    append(data, keys, 0, 1, 2)
    (data / NAME).unlink()
    kept = (data / KEPT).read_bytes()
    (data / KEPT).unlink()
    append(data, keys, 5, 6, 7, 8)
    (data / KEPT).write_bytes(kept)
    with pytest.raises(LedgerUnavailable, match="fork"):
        append(data, keys, 9)


@pytest.mark.slow
def test_an_older_ledger_is_accepted_aloud(restored: Path, keys: Keys) -> None:
    told = run("ledger", "accept-restore", "--data", restored)
    assert told.returncode == 0, told.stderr
    assert "goes on with record 3" in told.stdout
    assert "5 records had been signed" in told.stdout
    line = exported(restored)[3]
    record = json.loads(str(line["record"]))
    assert (record["kind"], record["index"]) == ("restore", 5)
    lost = Verifier(keys.signer.vkey).open((restored / f"{KEPT}.lost-5").read_bytes())
    assert record["target"] == lost.root.hex()

    (receipt,) = append(restored, keys, 9)
    assert receipt["index"] == 4
    verify_receipt(receipt, keys.signer.vkey)
    assert run("ledger", "verify", "--data", restored).returncode == 0
    against = ("--checkpoint", restored / f"{KEPT}.lost-5")
    assert run("ledger", "verify", "--data", restored, *against).returncode == 1

    told = run("ledger", "accept-restore", "--data", restored)
    assert (told.returncode, told.stdout[:17]) == (0, "Nothing to accept")
    assert len(exported(restored)) == 5


@pytest.mark.slow
def test_a_restored_ledger_that_does_not_verify_is_not_accepted(restored: Path) -> None:
    db = apsw.Connection(str(restored / NAME))
    db.execute("UPDATE leaf SET salt = zeroblob(32) WHERE idx = 1")
    db.close()
    told = run("ledger", "accept-restore", "--data", restored)
    assert told.returncode == 1
    assert "Nothing accepted: record" in told.stderr


@pytest.mark.slow
def test_visitors_whose_record_was_lost_are_undecided(tmp_path: Path) -> None:
    policy, data = tmp_path / "policy.toml", tmp_path / "data"
    policy.write_text(POLICY, encoding="utf-8")

    def site() -> Bandeau:
        return Bandeau(publisher(Seen()), policy=policy, data=data)

    with serving(site()) as address:
        before = Shell(address.url, Seen()).visitor()
        before.choose("accept_all")
    backup(data / NAME, tmp_path / "backup")
    with serving(site()) as address:
        after = Shell(address.url, Seen()).visitor()
        after.choose("accept_all")
        assert after.state()["decided"]
    shutil.copy(tmp_path / "backup", data / NAME)
    assert run("ledger", "accept-restore", "--data", data).returncode == 0
    with serving(site()) as address:
        before.shell = after.shell = Shell(address.url, Seen())
        assert before.state()["decided"]
        assert not after.state()["decided"]
        assert '<script src="https://ads.test/a.js"' not in after.get("/article").text
        assert after.choose("refuse_all").status_code == 303


def test_a_running_server_signs_nothing_on_an_older_ledger(tmp_path: Path) -> None:
    policy, data = tmp_path / "policy.toml", tmp_path / "data"
    policy.write_text(POLICY, encoding="utf-8")
    with serving(Bandeau(publisher(Seen()), policy=policy, data=data)) as address:
        post = f"{address.url}/.bandeau/choice"
        assert httpx.post(post, json={"action": "accept_all"}).status_code == 200
        backup(data / NAME, tmp_path / "backup")
        assert httpx.post(post, json={"action": "accept_all"}).status_code == 200
        backup(tmp_path / "backup", data / NAME)  # As `.restore` does it, into the file in use.
        assert httpx.post(post, json={"action": "accept_all"}).status_code == 503
        assert httpx.get(f"{address.url}/article").status_code == 200
        shutil.copy(tmp_path / "backup", data / "new")
        (data / "new").replace(data / NAME)
        assert httpx.post(post, json={"action": "accept_all"}).status_code == 503


def test_a_checkpoint_is_kept_at_a_bounded_rate_and_never_an_older_one(
    tmp_path: Path, keys: Keys
) -> None:
    now = [0.0]
    signer = keys.signer
    kept = Kept(tmp_path, Verifier(signer.vkey), lambda: now[0])

    def size() -> int:
        found = kept.load()
        return found.size if found else -1

    def sign(count: int) -> bytes:
        return signer.sign(count, bytes(32))

    assert size() == -1
    kept.keep(sign(1))
    kept.keep(sign(2))
    assert size() == 1
    now[0] += EVERY_SECONDS
    kept.keep(sign(3))
    assert size() == 3
    now[0] += EVERY_SECONDS
    kept.keep(sign(2))
    assert size() == 3
    kept.keep(sign(4), now=True)
    assert size() == 4


def test_a_kept_checkpoint_of_another_log_is_told(data: Path, keys: Keys) -> None:
    append(data, keys, 0)
    (data / KEPT).write_bytes(drafts.signer().sign(1, bytes(32)))
    with pytest.raises(LedgerUnavailable, match=r"not a checkpoint by this log's key"):
        append(data, keys, 1)
    (data / KEPT).unlink()
    (data / KEPT).mkdir()
    with pytest.raises(LedgerUnavailable, match="directory"):
        append(data, keys, 1)


def test_a_folder_that_takes_no_checkpoint_costs_no_choice(data: Path, keys: Keys) -> None:
    ledger = SqliteLedger(data, keys.signer)
    (data / KEPT).mkdir()
    asyncio.run(ledger.append(drafts.choice(1)))
    ledger.close()
    (data / KEPT).rmdir()
    assert verify_file(data, keys.signer.vkey).findings == ()
