"""Checkpoints leave the house: witnesses, time stamps, static files, two receipts compared."""

import asyncio
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import ledger_drafts as drafts
import pytest
from click.testing import CliRunner
from serving import serving
from stamping import Authority
from starlette.applications import Starlette
from starlette.staticfiles import StaticFiles

from bandeau.cli import main
from bandeau.ledger.checkpoint import Verifier
from bandeau.ledger.commitment import leaf_hash
from bandeau.ledger.consistency import PublishedLog
from bandeau.ledger.cosignature import WitnessKey, cosignatures
from bandeau.ledger.tree import verify_inclusion
from bandeau.ledger.witness import Request, Witness
from bandeau.storage.anchors import anchors_of
from bandeau.storage.keys import load_or_create
from bandeau.storage.sqlite.ledger import SqliteLedger
from bandeau.storage.witnessed import WitnessFolder, WitnessUnusable
from bandeau.web.witness import witness_app

pytestmark = pytest.mark.slow

NAME = "witness.test/w1"


def run(*args):
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def appended(directory, keys, numbers, salts=None):
    """The receipts of choices that are appended one after another."""
    ledger = SqliteLedger(directory, keys.signer, salts or drafts.counting())

    async def work():
        return [await ledger.append(drafts.choice(n)) for n in numbers]

    try:
        return asyncio.run(work())
    finally:
        ledger.close()


@pytest.fixture
def keys(tmp_path):
    return load_or_create(tmp_path / "data", drafts.ORIGIN)


@pytest.fixture
def data(tmp_path, keys):
    appended(tmp_path / "data", keys, range(5))
    return tmp_path / "data"


@pytest.fixture
def witness(tmp_path, keys):
    """A witness that runs: its address, its key, its folder."""
    folder = WitnessFolder(tmp_path / "witness", NAME)
    known = Witness(folder.cosigner, [Verifier(keys.signer.vkey)])
    with serving(witness_app(known, folder, lambda: 1_800_000_000.5, WitnessUnusable)) as where:
        yield where.url, folder.cosigner.vkey, tmp_path / "witness"
    folder.close()


def cosign(data, witness):
    return run("ledger", "witness", "--data", data, "--witness", witness[0], "--witness-key",
               witness[1])  # fmt: skip


def test_a_witness_vouches_and_its_word_is_kept(data, keys, witness):
    code, text = cosign(data, witness)
    assert (code, text) == (0, f"{NAME} vouches for 5 records at 2027-01-15 08:00:00 UTC.\n")
    appended(data, keys, range(5, 400))
    assert cosign(data, witness)[0] == 0
    assert cosign(data, witness)[0] == 0
    anchors = anchors_of(data)
    assert (anchors.sizes(), anchors.latest()) == ([5, 400], 400)
    note = anchors.note(400)
    assert Verifier(keys.signer.vkey).open(note).size == 400
    assert cosignatures(note, [WitnessKey(witness[1])])[0].time == 1_800_000_000


def test_anchors_can_be_kept_elsewhere(data, witness, tmp_path):
    words = ("--data", data, "--anchors", tmp_path / "elsewhere")
    code, _ = run("ledger", "witness", *words, "--witness", witness[0], "--witness-key", witness[1])
    assert code == 0
    assert not (data / "anchors").exists()
    assert NAME in run("ledger", "verify", *words)[1]
    assert NAME not in run("ledger", "verify", "--data", data)[1]


def test_a_witness_that_knows_more_than_we_remember_is_believed(data, keys, witness):
    cosign(data, witness)
    appended(data, keys, range(5, 9))
    shutil.rmtree(data / "anchors")
    assert cosign(data, witness)[0] == 0
    assert anchors_of(data).sizes() == [9]


def test_a_restored_backup_is_refused_by_the_witness(data, keys, witness, tmp_path):
    shutil.copytree(data, tmp_path / "backup")
    appended(data, keys, range(5, 9))
    cosign(data, witness)
    code, text = cosign(tmp_path / "backup", witness)
    assert code == 1
    assert "has seen 9 records, 5 are here: this ledger is older" in text


def test_a_fork_is_refused_by_the_witness(data, keys, witness, tmp_path):
    shutil.copytree(data, tmp_path / "fork")
    appended(data, keys, range(5, 9))
    appended(tmp_path / "fork", keys, range(20, 24))
    assert cosign(data, witness)[0] == 0
    code, text = cosign(tmp_path / "fork", witness)
    assert code == 1
    assert "another history of 9 records" in text
    appended(tmp_path / "fork", keys, range(24, 30))
    code, text = cosign(tmp_path / "fork", witness)
    assert code == 1
    assert "does not continue the one it has seen" in text
    assert anchors_of(tmp_path / "fork").sizes() == []


def test_a_witness_that_does_not_know_the_log(tmp_path, data, keys, witness):
    other = load_or_create(tmp_path / "other", "elsewhere.test/log")
    appended(tmp_path / "other", other, range(2))
    code, text = cosign(tmp_path / "other", witness)
    assert code == 1
    assert "does not know this log" in text
    code, text = run("ledger", "witness", "--data", data, "--witness", "http://127.0.0.1:9",
                     "--witness-key", witness[1])  # fmt: skip
    assert code == 2
    code, text = run("ledger", "witness", "--data", data, "--witness", witness[0],
                     "--witness-key", keys.signer.vkey)  # fmt: skip
    assert code == 2
    assert "not an Ed25519 cosigner key" in text


def test_an_answer_without_its_cosignature_is_not_kept(data, keys, witness, tmp_path):
    stranger = WitnessFolder(tmp_path / "stranger", NAME)
    key = stranger.cosigner.vkey
    stranger.close()
    code, text = run("ledger", "witness", "--data", data, "--witness", witness[0],
                     "--witness-key", key)  # fmt: skip
    assert code == 1
    assert "without a cosignature" in text
    assert anchors_of(data).sizes() == []


def test_of_many_forks_at_once_a_witness_signs_one(witness, keys):
    forks = [Request(0, (), keys.signer.sign(5, bytes([n]) * 32)).body for n in range(24)]
    url = f"{witness[0]}/add-checkpoint"
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: httpx.post(url, content=body, timeout=30), forks))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 23
    assert {answer.text for answer in answers if answer.status_code == 409} == {"5\n"}


def test_a_witness_over_http_keeps_to_its_limits(witness):
    url = f"{witness[0]}/add-checkpoint"
    assert httpx.post(url, content=b"x" * 70_000).status_code == 413
    assert httpx.post(url, content=b"nonsense").status_code == 400
    assert httpx.get(url).status_code == 405
    assert httpx.get(f"{witness[0]}/key").text == witness[1] + "\n"


def test_a_witness_that_cannot_remember_does_not_sign(data, witness):
    cosign(data, witness)
    (kept,) = witness[2].glob("*.latest")
    kept.write_text("damaged")
    code, text = cosign(data, witness)
    assert code == 1
    assert "answered 503" in text


def test_verify_goes_by_what_witnesses_have_seen(data, keys, witness, tmp_path):
    shutil.copyfile(data / "ledger.sqlite", tmp_path / "old.sqlite")
    appended(data, keys, range(5, 9))
    cosign(data, witness)
    code, text = run("ledger", "verify", "--data", data, "--witness-key", witness[1])
    assert code == 0
    assert f"{NAME} vouches for 9 records at 2027-01-15 08:00:00 UTC." in text
    for each in data.glob("ledger.sqlite*"):
        each.unlink()
    shutil.copyfile(tmp_path / "old.sqlite", data / "ledger.sqlite")
    code, text = run("ledger", "verify", "--data", data)
    assert code == 1
    assert "a checkpoint from outside counts 9 records, 5 are here" in text
    assert "as after restoring a backup" in text
    assert "What still holds: the checkpoint of the first 5 records" in text
    assert f"Changed after 2027-01-15 08:00:00 UTC, when {NAME} vouched for the 9 records" in text


def test_damaged_anchors_are_told_and_break_nothing(data, keys, witness):
    cosign(data, witness)
    folder = data / "anchors" / "5"
    (line,) = folder.glob("*.cosignature")
    for path in (line, folder / "checkpoint"):
        whole = path.read_bytes()
        for damaged in (b"", b"\xff\n", whole[:-20] + b"A" * 19 + b"\n"):
            path.write_bytes(damaged)
            code, text = run("ledger", "verify", "--data", data)
            # A word that is gone is none; one that is wrong is told.
            gone = path == line and not damaged
            assert (code, "anchor edited" in text) == ((0, False) if gone else (1, True))
        path.write_bytes(whole)
    assert run("ledger", "verify", "--data", data)[0] == 0
    (data / "anchors" / "witnesses").write_text("nonsense\n")
    code, text = run("ledger", "verify", "--data", data)
    assert code == 2
    assert "key is not usable" in text


def test_time_stamps_are_kept_and_verified(data, keys, tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    authority = Authority(tmp_path / "tsa")
    with serving(authority.app) as where:
        code, text = run("ledger", "timestamp", "--data", data, "--tsa", f"{where.url}/",
                         "--tsa-root", authority.root)  # fmt: skip
        assert code == 0
        assert text.startswith("5 records stamped at ")
        assert run("ledger", "timestamp", "--data", data, "--tsa", f"{where.url}/",
                   "--tsa-root", authority.root)[0] == 0  # fmt: skip
        code, _ = run("ledger", "timestamp", "--data", data, "--tsa", f"{where.url}/missing",
                      "--tsa-root", authority.root)  # fmt: skip
        assert code == 1
    token, _ = anchors_of(data).tokens(5)
    note = anchors_of(data).note(5)
    authority.verify(b"".join(note.splitlines(keepends=True)[:3]), token)
    for words in ((), ("--tsa-root", authority.root)):
        code, text = run("ledger", "verify", "--data", data, *words)
        assert code == 0
        assert "5 records were there at " in text
    other = Authority(tmp_path / "other")
    code, text = run("ledger", "verify", "--data", data, "--tsa-root", other.root)
    assert (code, "a time stamp does not hold" in text) == (1, True)
    assert (data / "anchors" / "roots.pem").read_text().count("BEGIN CERTIFICATE") == 1
    path, _ = (data / "anchors" / "5").glob("*.tsr")
    path.write_bytes(token[:-40] + bytes(40))
    code, text = run("ledger", "verify", "--data", data, "--tsa-root", authority.root)
    assert code == 1
    assert "anchor edited" in text


def test_static_files_alone_prove_a_record(data, keys, tmp_path):
    out = tmp_path / "public"
    assert run("ledger", "publish", "--data", data, "--out", out)[0] == 0
    receipts = appended(data, keys, range(5, 700))
    code, text = run("ledger", "publish", "--data", data, "--out", out)
    assert code == 0
    assert text.startswith(f"700 records published in {out}: ")
    checkpoint = Verifier((out / "key").read_text()).open((out / "checkpoint").read_bytes())
    log = PublishedLog(checkpoint.size, lambda path: (out / path).read_bytes())
    for receipt in receipts[::100]:
        at = receipt.index
        bundle = out / f"tile/entries/{at // 256:03d}{'' if at < 512 else '.p/188'}"
        entry = bundle.read_bytes()[at % 256 * 34 + 2 : at % 256 * 34 + 34]
        verify_inclusion(leaf_hash(entry), at, 700, log.inclusion(at), checkpoint.root)
    assert not (out / "tile/0/000.p").exists()
    code, text = run("ledger", "publish", "--data", data, "--out", out)
    assert (code, text) == (0, f"700 records published in {out}: 0 new files.\n")


def test_static_files_hold_what_others_vouch_for(data, witness, tmp_path):
    cosign(data, witness)
    out = tmp_path / "public"
    assert run("ledger", "publish", "--data", data, "--out", out)[0] == 0
    for path in ("checkpoint", "anchored/5/checkpoint"):
        assert cosignatures((out / path).read_bytes(), [WitnessKey(witness[1])])


def test_an_older_or_another_ledger_is_not_published_over_it(data, keys, tmp_path):
    out = tmp_path / "public"
    shutil.copytree(data, tmp_path / "old")
    shutil.copytree(data, tmp_path / "fork")
    appended(data, keys, range(5, 9))
    run("ledger", "publish", "--data", data, "--out", out)
    before = (out / "checkpoint").read_bytes()
    code, text = run("ledger", "publish", "--data", tmp_path / "old", "--out", out)
    assert code == 1
    assert "older than what was published" in text
    appended(tmp_path / "fork", keys, range(20, 40))
    code, text = run("ledger", "publish", "--data", tmp_path / "fork", "--out", out)
    assert code == 1
    assert "two histories were signed" in text
    assert (out / "checkpoint").read_bytes() == before


@pytest.fixture
def forked(data, keys, tmp_path):
    """Receipts of one history and of another that the same key signed."""
    shutil.copytree(data, tmp_path / "fork")
    one = appended(data, keys, range(5, 9))
    other = appended(tmp_path / "fork", keys, range(20, 26))
    for name, receipt in (("a", one[0]), ("b", one[3]), ("c", other[3]), ("d", other[5])):
        (tmp_path / name).write_text(json.dumps(receipt.as_json()))
    run("ledger", "publish", "--data", data, "--out", tmp_path / "tiles")
    return tmp_path


def test_two_receipts_of_one_history(forked, keys):
    code, text = run("receipt", "compare", forked / "a", forked / "a")
    assert (code, text) == (0, "ONE HISTORY: both have one root for 6 records.\n")
    code, text = run("receipt", "compare", forked / "a", forked / "b")
    assert code == 2
    assert text.startswith("NOT SHOWN: ")
    code, text = run("receipt", "compare", forked / "a", forked / "b", "--tiles",
                     forked / "tiles", "--key", keys.signer.vkey)  # fmt: skip
    assert code == 0
    assert text == "ONE HISTORY: the 6 records of one and the 9 of the other begin alike.\n"
    site = Starlette()
    site.mount("/", StaticFiles(directory=forked / "tiles"))
    with serving(site) as where:
        code, text = run("receipt", "compare", forked / "b", forked / "a", "--tiles", where.url)
        assert code == 0
        code, text = run("receipt", "compare", forked / "b", forked / "a", "--tiles",
                         f"{where.url}/missing")  # fmt: skip
        assert code == 2


def test_two_receipts_expose_two_histories(forked):
    code, text = run("receipt", "compare", forked / "b", forked / "c")
    assert code == 1
    assert text.startswith("TWO HISTORIES: the log signed two roots for 9 records.\n")
    (forked / "e").write_text((forked / "tiles" / "checkpoint").read_text())
    code, text = run("receipt", "compare", forked / "c", forked / "e", "--key",
                     Path(forked / "data" / "ledger.vkey"))  # fmt: skip
    assert code == 1
    code, text = run("receipt", "compare", forked / "a", forked / "d", "--tiles", forked / "tiles")
    assert code == 2
    assert "only 9 records are published" in text
    run("ledger", "publish", "--data", forked / "fork", "--out", forked / "theirs")
    code, text = run("receipt", "compare", forked / "a", forked / "d", "--tiles",
                     forked / "theirs")  # fmt: skip
    assert code == 1
    assert "TWO HISTORIES: the log signed two histories" in text


def test_damaged_tiles_prove_nothing(forked):
    path = forked / "tiles" / "tile" / "0" / "000.p" / "9"
    whole = path.read_bytes()
    for damaged in (whole[:-1], b"x" + whole[1:], b""):
        path.write_bytes(damaged)
        code, text = run("receipt", "compare", forked / "a", forked / "b", "--tiles",
                         forked / "tiles")  # fmt: skip
        assert code == 2, text


def test_a_receipt_that_does_not_hold_is_not_compared(forked):
    text = (forked / "a").read_text().replace('\\"social\\":true', '\\"social\\":false')
    (forked / "x").write_text(text)
    code, told = run("receipt", "compare", forked / "a", forked / "x")
    assert code == 2
    assert "proof" in told
    assert run("receipt", "compare", forked / "a", forked / "none")[0] == 2


def test_a_witness_is_served_from_the_command_line(tmp_path, data, keys):
    command = [str(Path(sys.executable).parent / "bandeau"), "witness", "serve"]
    words = ["--data", str(tmp_path / "w"), "--name", NAME, "--listen", "127.0.0.1:0"]
    process = subprocess.Popen([*command, *words, "--log", str(data / "ledger.vkey")],
                               stdout=subprocess.PIPE, text=True)  # fmt: skip
    try:
        key = process.stdout.readline().removeprefix("Key: ").strip()
        url = process.stdout.readline().split(" at ")[1].strip()
        assert cosign(data, (url, key))[0] == 0
        code, text = run("witness", "serve", *words, "--log", data / "ledger.vkey")
        assert code == 1
        assert "another witness runs on it" in text
    finally:
        process.terminate()
        assert process.wait(30) == 0
        process.stdout.close()
    assert (tmp_path / "w" / "witness.vkey").read_text() == key + "\n"
    assert (tmp_path / "w" / "witness.json").stat().st_mode & 0o077 == 0
