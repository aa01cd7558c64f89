"""``bandeau audit`` without a browser: what it refuses before it visits, its schema, its ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import audited
import jsonschema_rs
import ledger_drafts as drafts
import pytest
from proven import bandeau

from bandeau.app.audited import Audited
from bandeau.audit.report_json import report_bytes
from bandeau.cli import audit
from bandeau.storage.place import open_place

URL = "https://www.quotidien.test/"


class Looking:
    """In place of a browser: the report of a newspaper, and how often it was asked for."""

    times = 0

    async def __call__(self, *_: object, **__: object) -> Audited:
        self.times += 1
        return Audited(audited.report(), audited.PICTURES, audited.Declared())


@pytest.fixture
def looking(monkeypatch: pytest.MonkeyPatch) -> Iterator[Looking]:
    instead = Looking()
    monkeypatch.setattr(audit, "audit_site", instead)
    yield instead


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data directory of a site, with keys."""
    folder = tmp_path / "data"
    place = open_place(folder)
    place.make_keys("www.quotidien.test", drafts.counting())
    place.close()
    return folder


def test_the_schema_is_printed_and_a_report_is_of_it() -> None:
    code, text = bandeau("audit", "--schema")
    assert code == 0
    jsonschema_rs.validator_for(json.loads(text)).validate(
        json.loads(report_bytes(audited.report()))
    )


def test_the_signed_report_is_in_the_ledger_once(
    looking: Looking, data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    for _ in range(2):
        code, text = bandeau("audit", URL, "--ledger", data, "--out", out)
        assert code == 1, text
        receipt: dict[str, Any] = json.loads((out / "receipt.json").read_bytes())
        assert f"In the ledger: record {receipt['id']}" in text
    key = bandeau("ledger", "key", "--data", data)[1].strip()
    code, text = bandeau("receipt", "verify", out / "receipt.json", "--key", key)
    assert code == 0 and "a record of kind audit" in text
    assert bandeau("ledger", "verify", "--data", data)[1].startswith("Valid: 1 record,")
    assert key.split("+")[0] in (out / "report.note").read_text()
    code, text = bandeau("prove", receipt["id"], "--data", data, "--out", tmp_path / "proof")
    assert (code, "audit" in text) == (1, True), text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--ledger", "nowhere"], "nowhere: no such directory."),
        (["--ledger", "empty"], "keys"),
        (["--out", "file/out"], "file/out: cannot be written to: "),
        (["--out", "file"], "is a file"),
        (["--draft", "file"], "file: exists already, and was not touched"),
        (["--draft", "file/x.toml"], "file: cannot be written to: "),
        (["--config", "file"], "file:1: "),
        (["--config", "missing.toml"], "missing.toml: "),
        (["--baseline", "file"], "file: "),
        (["--hosts", "missing.txt"], "missing.txt: "),
        (["--resolve", "nonsense"], "nonsense"),
        (["--beside", "ftp://b.test/"], "--beside: write an address of a site"),
        (["--beside", f"{URL}other"], "--beside: name another site than URL"),
        (["--chromium", "/no/such/browser"], "/no/such/browser does not start: "),
        (["--browser", "both", "--firefox", "/no/such/browser"], "/no/such/browser is no program"),
    ],
)
def test_what_cannot_be_used_is_told_before_anything_is_visited(
    options: list[str], told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("nonsense = [")
    Path("empty").mkdir()
    code, text = bandeau("audit", URL, *options)
    assert (code, told in text) == (2, True), text
    assert "Traceback" not in text
