"""A report that the log's key signed, and the record of it in the ledger (rule L6)."""

from __future__ import annotations

import json
from pathlib import Path

import audited
import ledger_drafts as drafts
import pytest
from click.testing import CliRunner

from bandeau.audit.report_json import ReportError, report_bytes
from bandeau.audit.signing import check_note, log_report, sign_report
from bandeau.cli import main
from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Signer, Verifier
from bandeau.ledger.record import Kind, artefact_hash, parse_record
from bandeau.ledger.verify import verify
from bandeau.storage.memory import MemoryLedger
from bandeau.storage.place import open_place

SITE = "www.quotidien.test"


@pytest.fixture(scope="module")
def document() -> bytes:
    return report_bytes(audited.report())


def test_the_note_is_over_this_report_by_this_key(document: bytes) -> None:
    signer = drafts.signer()
    note = sign_report(signer, document)
    check_note(Verifier(signer.vkey), note, document)
    with pytest.raises(CheckpointError, match="over another report"):
        check_note(Verifier(signer.vkey), note, document + b" ")
    with pytest.raises(CheckpointError, match="no signature by this key"):
        check_note(Verifier(Signer("other.test/log", bytes(32)).vkey), note, document)
    with pytest.raises(CheckpointError, match="does not fit"):
        swapped = note.replace(b"sha256:", b"sha256;")
        check_note(Verifier(signer.vkey), swapped, document)


def test_no_note_can_pass_for_a_checkpoint(document: bytes) -> None:
    signer = drafts.signer()
    with pytest.raises(CheckpointError):
        Verifier(signer.vkey).open(sign_report(signer, document))
    signed = Checkpoint(signer.origin, 7, bytes(32)).text
    for text in (signed, signed + "an extension\n", "no line break"):
        with pytest.raises(CheckpointError):
            signer.note(text)
    with pytest.raises(ReportError):
        sign_report(signer, b"{}")


@pytest.mark.anyio
async def test_it_is_a_record_of_its_own_and_kept_once(document: bytes) -> None:
    ledger = MemoryLedger(drafts.signer(), drafts.counting())
    await ledger.append(drafts.choice(1))
    first = await log_report(ledger, drafts.signer(), document, site=SITE, time=1)
    again = await log_report(ledger, drafts.signer(), document, site=SITE, time=2)
    assert first == again
    record = parse_record(first.record)
    assert (record.kind, record.site, record.time) == (Kind.AUDIT, SITE, 1)
    assert record.artefacts["report.json"] == artefact_hash(document)
    note = await ledger.published(f"artefact/{record.artefacts['report.note']}")
    kept = await ledger.published(f"artefact/{record.artefacts['report.json']}")
    assert note and kept
    check_note(Verifier(drafts.signer().vkey), note, kept)
    assert verify(ledger.evidence(), drafts.signer().vkey).findings == ()


@pytest.mark.anyio
async def test_a_long_report_is_kept_by_its_note_alone(
    document: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bandeau.limits.ARTEFACT_BYTES", len(document) - 1)
    ledger = MemoryLedger(drafts.signer(), drafts.counting())
    receipt = await log_report(ledger, drafts.signer(), document, site=SITE, time=1)
    (name,) = parse_record(receipt.record).artefacts
    assert name == "report.note"


@pytest.mark.anyio
async def test_the_commands_of_the_ledger_know_it(document: bytes, tmp_path: Path) -> None:
    place = open_place(tmp_path / "data")
    keys = place.make_keys(SITE, drafts.counting())
    ledger = place.ledger(keys)
    await log_report(ledger, keys.signer, document, site=SITE, time=drafts.NOW)
    ledger.close()
    place.close()
    data, out = str(tmp_path / "data"), tmp_path / "out.jsonl"
    checked = CliRunner().invoke(main, ["ledger", "verify", "--data", data])
    assert checked.exit_code == 0, checked.output
    told = CliRunner().invoke(main, ["ledger", "export", "--data", data, "--out", str(out)])
    assert told.exit_code == 0, told.output
    (line,) = [json.loads(each) for each in out.read_text("utf-8").splitlines()]
    record = json.loads(line["record"])
    assert record["kind"] == "audit"
    assert record["artefacts"]["report.json"] == artefact_hash(document)
