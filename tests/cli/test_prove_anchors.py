"""``bandeau prove`` with others' word: checked by who has the folder and the keys, nothing else."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from postgres_server import PostgresServer
from proven import NAME, WITNESSED, bandeau, check, choose, prove, vouched
from stamping import Authority

from bandeau.ledger.checkpoint import Verifier
from bandeau.ledger.cosignature import WitnessKey, cosignatures

pytestmark = pytest.mark.slow

SAVED = {"action": "save", "purpose": ["social"], "mechanism": "panel", "lang": "fr"}
REFUSED = {"action": "refuse_all", "mechanism": "notice", "lang": "ar"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three choices: others vouch after the first, a witness again after the second, then none."""
    folder = tmp_path_factory.mktemp("site")
    authority = Authority(folder / "tsa")
    receipts = choose(folder, SAVED)
    first = vouched(folder, authority)
    receipts += choose(folder, {**SAVED, "lang": "en"})
    second = vouched(folder)
    receipts += choose(folder, REFUSED)
    (folder / "ids").write_text("\n".join(receipt["id"] for receipt in receipts))
    (folder / "sizes").write_text(f"{first}\n{second}")
    return folder


@pytest.fixture
def folder(site: Path, tmp_path: Path) -> Path:
    """A copy of the site, to break."""
    shutil.copytree(site, tmp_path / "site")
    return tmp_path / "site"


def _id(folder: Path, number: int) -> str:
    return (folder / "ids").read_text().split()[number]


def _sizes(folder: Path) -> list[int]:
    return [int(each) for each in (folder / "sizes").read_text().split()]


def _commands(proof: Path) -> list[str]:
    """What the instructions in plain words say to run."""
    readme = (proof / "README.txt").read_text()
    return list(dict.fromkeys(re.findall(r"^   (openssl .*)$", readme, re.M)))


def _ran(proof: Path) -> list[tuple[int, str]]:
    """Each command of the instructions with its exit code and what it prints."""
    done = [
        subprocess.run(shlex.split(each), cwd=proof, check=False, capture_output=True, text=True)
        for each in _commands(proof)
    ]
    return [(each.returncode, each.stdout + each.stderr) for each in done]


def test_the_folder_convinces_python_and_openssl_since_when_it_was_there(folder: Path) -> None:
    proof = prove(folder, _id(folder, 0))
    code, text = check(proof)
    assert (code, "WRONG" in text) == (0, False), text
    assert "ok      anchors/text begins the history that leads to the signed root" in text
    assert "ok      anchors/1.tsr is a stamp of anchors/text" in text
    own, again, witness, stamp, time = _ran(proof)
    for signed in (own, again, witness):
        assert (signed[0], signed[1].strip()) == (0, "Signature Verified Successfully")
    assert stamp[0] == 0 and "Verification: OK" in stamp[1]
    assert time[0] == 0 and "Time stamp: " in time[1]


def test_the_stamp_is_the_checkpoint_of_that_size_and_no_later_one(folder: Path) -> None:
    proof = prove(folder, _id(folder, 0))
    note = (proof / "anchors" / "checkpoint").read_bytes()
    (key,) = (proof / "anchors" / "witnesses").read_text().split()
    assert cosignatures(note, [WitnessKey(key)])[0].time == WITNESSED
    log = Verifier((proof / "key.txt").read_text())
    first, second = _sizes(folder)
    assert log.open(note).size == first < second
    latest = log.open((proof / "checkpoint.txt").read_bytes()).size
    told = json.loads((proof / "anchors" / "consistency.json").read_bytes())
    assert (told["former"], told["size"]) == (first, latest)
    later = prove(folder, _id(folder, 1), "later")
    assert log.open((later / "anchors" / "checkpoint").read_bytes()).size == second
    assert not list((later / "anchors").glob("*.tsr"))
    assert not (later / "anchors" / "roots.pem").exists()
    assert check(later)[0] == 0
    assert [code for code, _ in _ran(later)] == [0, 0, 0]


def test_the_page_says_since_when_and_who_vouches(folder: Path) -> None:
    page = (prove(folder, _id(folder, 0)) / "index.html").read_text()
    since = f"{datetime.fromtimestamp(WITNESSED, UTC):%Y-%m-%d %H:%M:%S} UTC"
    assert f"Dans le journal au plus tard depuis le</th><td><bdi>{since}</bdi>" in page
    assert f"Attesté par le témoin</th><td><bdi>{NAME}, {since}</bdi>" in page
    assert re.search(r"Horodaté par \(RFC 3161\)</th><td><bdi>Stempel, 20\d\d-\d\d-\d\d ", page)
    assert "openssl ts -verify -data anchors/text -in anchors/1.tsr" in page
    assert "Aucune parole d’autrui" not in page
    readme = " ".join((folder / "proof" / "README.txt").read_text().split())
    assert f"In the log at the latest since: {since}" in readme
    assert f"The witness {NAME} vouched for them on {since}." in readme


def test_a_checkpoint_of_the_same_size_needs_no_way_there(folder: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    (receipt,) = choose(fresh, SAVED)
    vouched(fresh, Authority(fresh / "tsa"))
    proof = prove(fresh, receipt["id"])
    assert not (proof / "anchors" / "consistency.json").exists()
    assert check(proof)[0] == 0
    text = proof / "anchors" / "text"
    text.write_bytes(text.read_bytes().replace(b"\n", b"\n1", 1))
    assert check(proof)[0] == 1


def test_a_changed_byte_in_any_of_the_new_files_is_told(folder: Path) -> None:
    proof = prove(folder, _id(folder, 0))
    right = _ran(proof)
    paths = sorted((proof / "anchors").iterdir())
    kinds = {path.suffix or path.name for path in paths}
    assert kinds == {"checkpoint", "text", "signature", "witnesses", ".text", ".signature",
                     ".pem", ".json", ".tsr"}  # fmt: skip
    for path in paths:
        whole = path.read_bytes()
        # What surrounds the signed parts of a token has bytes that mean nothing.
        ends = () if path.suffix == ".tsr" else (0, len(whole) - 1)
        for place in (len(whole) // 2, *ends):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            assert _told(proof), (path.name, place)
        path.unlink()
        assert _told(proof), path.name
        path.write_bytes(whole)
    assert (check(proof)[0], _ran(proof)) == (0, right)


def _told(proof: Path) -> bool:
    """Whether the script or a command of the instructions says that something is wrong."""
    return check(proof)[0] == 1 or any(code for code, _ in _ran(proof))


def test_nothing_kept_is_said_and_the_folder_is_as_before(folder: Path) -> None:
    proof = prove(folder, _id(folder, 2))
    assert not (proof / "anchors").exists()
    assert "لا تُحفظ هنا شهادة أحد آخر على السجل" in (proof / "index.html").read_text()
    readme = (proof / "README.txt").read_text()
    assert "Nobody else’s word on the log" in readme and "anchors/" not in readme
    code, text = check(proof)
    assert (code, "anchors" in text) == (0, False), text
    shutil.rmtree(folder / "data" / "anchors")
    bare = prove(folder, _id(folder, 0), "bare")
    assert not (bare / "anchors").exists() and check(bare)[0] == 0


def test_others_word_kept_elsewhere_and_by_given_keys(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    shutil.move(folder / "data" / "anchors", elsewhere)
    (elsewhere / "roots.pem").unlink()
    key = (elsewhere / "witnesses").read_text().strip()
    (elsewhere / "witnesses").unlink()
    words = ("prove", _id(folder, 0), "--data", folder / "data", "--anchors", elsewhere, "--out")
    code, text = bandeau(*words, folder / "none")
    assert code == 0 and "1 time stamp not checked: give the authority" in text
    assert not (folder / "none" / "anchors").exists()
    trusted = ("--witness-key", key, "--tsa-root", folder / "tsa" / "ca.pem")
    code, text = bandeau(*words, folder / "both", *trusted)
    assert code == 0 and "not checked" not in text
    assert [code for code, _ in _ran(folder / "both")] == [0, 0, 0, 0, 0]
    code, text = bandeau(*words, folder / "bad", "--tsa-root", folder / "ids")
    assert (code, "key is not usable" in text) == (2, True)
    assert not (folder / "bad").exists()


def test_a_log_in_postgresql_gives_the_same_proof_and_gets_others_word(
    folder: Path, postgres: PostgresServer
) -> None:
    address, anchors = postgres.database(), folder / "data" / "anchors"
    assert bandeau("ledger", "copy", "--from", folder / "data", "--to", address)[0] == 0

    def there(number: int, out: str) -> Path:
        words = ("prove", _id(folder, number), "--data", address, "--anchors", anchors, "--out")
        code, text = bandeau(*words, folder / out)
        assert code == 0, text
        return folder / out

    assert _files(there(0, "there")) == _files(prove(folder, _id(folder, 0)))
    assert not (there(2, "alone") / "anchors").exists()
    vouched(folder, Authority(folder / "tsa2"), address)
    proof = there(2, "told")
    assert [code for code, _ in _ran(proof)] == [0, 0, 0, 0, 0]
    assert check(proof)[0] == 0
    assert bandeau("ledger", "verify", "--data", address, "--anchors", anchors)[0] == 0


def _files(proof: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(proof)): path.read_bytes()
        for path in proof.rglob("*")
        if path.is_file()
    }


def test_a_word_that_does_not_hold_is_left_out_and_told(folder: Path) -> None:
    first, second = _sizes(folder)
    (line,) = (folder / "data" / "anchors" / str(first)).glob("*.cosignature")
    right = line.read_text()
    line.write_text(right[:-20] + "A" * 19 + "\n")
    (token,) = (folder / "data" / "anchors" / str(first)).glob("*.tsr")
    words = ("prove", _id(folder, 0), "--data", folder / "data", "--out")
    code, text = bandeau(*words, folder / "stamped")
    assert code == 0 and f"Left out: anchor edited: kept for {first} records" in text
    assert not (folder / "stamped" / "anchors" / "witnesses").exists()
    assert [code for code, _ in _ran(folder / "stamped")] == [0, 0, 0, 0]
    assert check(folder / "stamped")[0] == 0
    token.write_bytes(b"nothing")
    code, text = bandeau(*words, folder / "later")
    assert code == 0 and text.count("Left out: ") == 2
    note = (folder / "later" / "anchors" / "checkpoint").read_text()
    assert note.split("\n")[1] == str(second)


def test_a_word_on_more_than_is_here_is_left_out_and_told(folder: Path) -> None:
    old = folder / "old"
    shutil.copytree(folder / "data", old)
    choose(folder, SAVED)
    size = vouched(folder)
    shutil.rmtree(old / "anchors")
    shutil.copytree(folder / "data" / "anchors" / str(size), old / "anchors" / str(size))
    shutil.copy(folder / "data" / "anchors" / "witnesses", old / "anchors")
    code, text = bandeau("prove", _id(folder, 2), "--data", old, "--out", folder / "out")
    assert code == 0 and f"kept for {size} records: only {size - 1} records are here" in text
    assert not (folder / "out" / "anchors").exists()
    assert [code for code, _ in _ran(prove(folder, _id(folder, 2), "new"))] == [0, 0, 0]


def test_a_word_on_another_history_is_left_out_and_told(folder: Path) -> None:
    first, second = _sizes(folder)
    fork = folder / "fork"
    fork.mkdir()
    shutil.copytree(folder / "data", fork / "data", ignore=shutil.ignore_patterns(
        "*.sqlite*", "ledger.checkpoint", "anchors"))  # fmt: skip
    choose(fork, REFUSED)
    other = vouched(fork)
    anchors = folder / "data" / "anchors"
    for size in (first, second):
        shutil.rmtree(anchors / str(size))
    shutil.copytree(fork / "data" / "anchors" / str(other), anchors / str(other))
    (anchors / "witnesses").write_text((fork / "data" / "anchors" / "witnesses").read_text())
    code, text = bandeau("prove", _id(folder, 0), "--data", folder / "data", "--out", fork / "out")
    assert code == 0
    assert f"kept for {other} records: the proof leads to another root" in text
    assert not (fork / "out" / "anchors").exists()
