"""A publisher's site with choices in its ledger, and the proof of one of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
from click.testing import CliRunner
from publisher import POLICY, Seen, publisher
from serving import serving
from stamping import Authority

from bandeau.app import Bandeau
from bandeau.cli import main
from bandeau.ledger.checkpoint import Verifier
from bandeau.ledger.witness import Witness
from bandeau.storage.witnessed import WitnessFolder, WitnessUnusable
from bandeau.web.witness import witness_app

ITEM = "https://telegram.test/post/1"
NAME = "witness.test/w1"
WITNESSED = 1_600_000_000


def policy_file(folder: Path, policy: str = POLICY) -> Path:
    """The publisher's policy file."""
    file = folder / "policy.toml"
    file.write_text(policy, encoding="utf-8")
    return file


def choose(folder: Path, *choices: dict[str, Any], policy: str = POLICY) -> list[dict[str, Any]]:
    """Start a server over ``folder``, make the choices as one visitor, end it; gives receipts."""
    app = Bandeau(publisher(Seen()), policy=policy_file(folder, policy), data=folder / "data")
    receipts = []
    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        for choice in choices:
            answer = client.post("/.bandeau/choice", json=choice)
            assert answer.status_code == 200, answer.text
            receipts.append(answer.json()["receipt"])
    app.close()
    return receipts


def bandeau(*args: object) -> tuple[int, str]:
    """One command: its exit code and what it printed."""
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def prove(folder: Path, record_id: str, out: str = "proof") -> Path:
    """The proof of one record, made by the command."""
    code, text = bandeau("prove", record_id, "--data", folder / "data", "--out", folder / out)
    assert code == 0, text
    return folder / out


def check(proof: Path) -> tuple[int, str]:
    """What the script in the proof says, run by plain Python without any package."""
    command = [sys.executable, "-I", "-S", str(proof / "check.py")]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, cwd=proof.parent)
    return ran.returncode, ran.stdout + ran.stderr


def record_of(proof: Path) -> dict[str, Any]:
    """The record in a proof."""
    return json.loads((proof / "record.json").read_bytes())


def vouched(folder: Path, authority: Authority | None = None, address: str = "") -> int:
    """A witness, and an authority, vouch for what is in the log now; gives how much that is.

    The log is that of ``folder``, or the copy of it in the database at ``address``.
    """
    data = folder / "data"
    log = ("--data", address or data, "--anchors", data / "anchors")
    held = WitnessFolder(folder / "witness", NAME)
    witness = Witness(held.cosigner, [Verifier((data / "ledger.vkey").read_text())])
    with serving(witness_app(witness, held, lambda: WITNESSED + 0.5, WitnessUnusable)) as where:
        code, text = bandeau("ledger", "witness", *log, "--witness", where.url,
                             "--witness-key", held.cosigner.vkey)  # fmt: skip
    held.close()
    assert code == 0, text
    if authority:
        with serving(authority.app) as where:
            asked = ("--tsa", f"{where.url}/", "--tsa-root", authority.root)
            assert bandeau("ledger", "timestamp", *log, *asked)[0] == 0
    return max(int(path.name) for path in (data / "anchors").iterdir() if path.is_dir())
