"""``bandeau ledger`` and ``bandeau receipt``: what they print, and how they exit."""

import asyncio
import base64
import hashlib
import json

import apsw
import ledger_drafts as drafts
import pytest
from click.testing import CliRunner

from bandeau.cli import main
from bandeau.cli.ledger import ledger_group, receipt_group
from bandeau.storage.keys import load_or_create
from bandeau.storage.sqlite.ledger import SqliteLedger


@pytest.fixture
def keys(tmp_path):
    return load_or_create(tmp_path / "data", drafts.ORIGIN)


@pytest.fixture
def data(tmp_path, keys):
    directory = tmp_path / "data"
    ledger = SqliteLedger(directory, keys.signer)

    async def work():
        await ledger.append(drafts.terms())
        return [await ledger.append(drafts.choice(n, "ana")) for n in range(3)]

    receipts = asyncio.run(work())
    (tmp_path / "receipt.json").write_text(
        json.dumps({"choice": {}, "receipt": receipts[1].as_json()})
    )
    yield directory
    ledger.close()


def run(group, *args):
    result = CliRunner().invoke(main, [group.name, *(str(arg) for arg in args)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def test_verify_beside_an_open_ledger(data):
    code, text = run(ledger_group, "verify", "--data", data)
    assert (code, text) == (0, "Valid: 4 records, 0 erasures, 5 signed checkpoints.\n")


def test_verify_names_what_is_wrong_and_where(data):
    db = apsw.Connection(str(data / "ledger.sqlite"))
    ((body,),) = db.execute("SELECT body FROM leaf WHERE idx = 2").fetchall()
    db.execute("UPDATE leaf SET body = ? WHERE idx = 2",
               (body.replace(b'"social":true', b'"social":false'),))  # fmt: skip
    db.close()
    code, text = run(ledger_group, "verify", "--data", data)
    assert code == 1
    assert "record edited at index 2:" in text
    assert "NOT VALID: 2 faults." in text
    assert "(between 2027-01-15 08:00:00 UTC and 2027-01-15 08:00:00 UTC)" in text
    assert "What still holds: the checkpoint of the first 2 records" in text


def test_verify_against_a_checkpoint_kept_elsewhere(data, keys, tmp_path):
    (tmp_path / "kept").write_bytes(keys.signer.sign(9, bytes(32)))
    code, text = run(ledger_group, "verify", "--data", data, "--checkpoint", tmp_path / "kept")
    assert code == 1
    assert "records cut off at index 4" in text
    (tmp_path / "kept").write_bytes(b"nonsense")
    code, text = run(ledger_group, "verify", "--data", data, "--checkpoint", tmp_path / "kept")
    assert code == 2
    assert "not usable" in text


def test_export_has_what_it_takes_to_recompute_the_tree(data, tmp_path):
    out = tmp_path / "out.jsonl"
    code, text = run(ledger_group, "export", "--data", data, "--out", out)
    assert (code, text) == (0, f"4 records written to {out}.\n")
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line["index"] for line in lines] == [0, 1, 2, 3]
    assert lines[1]["id"] == drafts.record_id(0)
    for line in lines:
        salt = base64.b64decode(line["salt"])
        made = hashlib.sha256(b"bandeau/consent/v1" + salt + line["record"].encode()).digest()
        assert base64.b64encode(made).decode() == line["commitment"]
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == ["out.jsonl"]
    code, _ = run(ledger_group, "export", "--data", data, "--out", tmp_path / "no" / "out.jsonl")
    assert code == 2


def test_erase_beside_an_open_ledger(data, tmp_path):
    identity = drafts.record_id(1)
    code, text = run(ledger_group, "erase", identity, "--data", data)
    assert (code, text) == (0, f"Erased {identity}; its erasure is recorded.\n")
    code, text = run(ledger_group, "verify", "--data", data)
    assert (code, text) == (0, "Valid: 5 records, 1 erasure, 6 signed checkpoints.\n")
    out = tmp_path / "out.jsonl"
    run(ledger_group, "export", "--data", data, "--out", out)
    assert identity not in out.read_text()
    gone = json.loads(out.read_text().splitlines()[2])
    assert (gone["id"], gone["record"], gone["salt"], gone["erased"]) == (None, None, None, True)
    for wrong in (identity, drafts.record_id(8), "nonsense"):
        code, text = run(ledger_group, "erase", wrong, "--data", data)
        assert code == 1
        assert "Nothing erased" in text


def test_key_prints_the_public_key(data, keys):
    assert run(ledger_group, "key", "--data", data) == (0, keys.signer.vkey + "\n")


def test_a_receipt_is_told_in_words(data, keys, tmp_path):
    for public in (keys.signer.vkey, data / "ledger.vkey"):
        code, text = run(receipt_group, "verify", tmp_path / "receipt.json", "--key", public)
        assert code == 0
        assert f"Valid: record {drafts.record_id(1)}" in text
        assert "social: accepted" in text
        assert "advertising: refused" in text


def test_a_changed_receipt_is_invalid_with_its_reason(data, keys, tmp_path):
    path = tmp_path / "receipt.json"
    path.write_text(path.read_text().replace('\\"social\\":true', '\\"social\\":false'))
    code, text = run(receipt_group, "verify", path, "--key", keys.signer.vkey)
    assert (code, text) == (1, "NOT VALID: proof: the proof leads to another root.\n")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\x00" * 300_000])
def test_what_is_no_receipt_is_unreadable(keys, tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    code, text = run(receipt_group, "verify", path, "--key", keys.signer.vkey)
    assert code == 2
    assert str(path) in text


def test_a_missing_receipt_or_key_is_unreadable(data, tmp_path):
    assert run(receipt_group, "verify", tmp_path / "none", "--key", "a+b")[0] == 2
    assert run(receipt_group, "verify", tmp_path / "receipt.json", "--key", "a+b")[0] == 2
    assert run(receipt_group, "verify", tmp_path / "receipt.json", "--key", tmp_path / "no")[0] == 2


@pytest.mark.parametrize("command", [["verify"], ["key"], ["export", "--out", "x"], ["erase", "x"]])
def test_places_without_a_ledger_are_told(tmp_path, command):
    for place, reason in (
        ("postgresql://127.0.0.1:1/x", "PostgreSQL cannot be reached"),
        (tmp_path / "none", "no such directory"),
        (tmp_path, "no such file"),
    ):
        code, text = run(ledger_group, *command, "--data", place)
        assert code == 2
        assert reason in text


def test_audit_says_how_much_it_hashed_again(data):
    code, text = run(ledger_group, "audit", "--data", data)
    assert code == 0
    assert text.startswith("Hashed again: 4 records and 0 artefacts, 1,")
    assert text.endswith("Valid: 4 records, 0 erasures, 5 signed checkpoints.\n")
    db = apsw.Connection(str(data / "ledger.sqlite"))
    db.execute("UPDATE leaf SET salt = zeroblob(32) WHERE idx = 1")
    db.close()
    code, text = run(ledger_group, "audit", "--data", data)
    assert code == 1
    assert "record edited at index 1" in text
