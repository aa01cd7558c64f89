"""``bandeau notice publish``: pictures in the log, once, and in the proof of a choice."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from proven import bandeau, check, choose, policy_file, prove, vouched
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import Bandeau

CHOICE = {"action": "refuse_all", "mechanism": "notice", "lang": "fr"}
SHORT = POLICY.replace('languages = ["fr", "en", "ar"]', 'languages = ["fr"]')


def publish(folder: Path, policy: str = SHORT) -> tuple[int, str]:
    config = policy_file(folder, policy)
    return bandeau("notice", "publish", "--config", config, "--data", folder / "data")


@pytest.mark.browser
def test_before_the_first_start_and_again(tmp_path: Path) -> None:
    code, text = publish(tmp_path)
    assert (code, text.count(": published\n")) == (0, 3), text
    assert "fr, bar: desktop.png, mobile.png, panel-desktop.png, panel-mobile.png" in text
    (receipt,) = choose(tmp_path, CHOICE, policy=SHORT)
    assert receipt["index"] == 4
    code, text = publish(tmp_path)
    assert (code, text.count(": unchanged\n")) == (0, 3), text
    vouched(tmp_path)
    proof = prove(tmp_path, receipt["id"])
    page = (proof / "index.html").read_text()
    for name in ("desktop", "mobile", "panel-desktop", "panel-mobile"):
        assert f'<img src="shown/{name}.png"' in page
        assert (proof / "shown" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert "Ce qui manque" not in page
    code, text = check(proof)
    assert code == 0 and "ok      shown/panel-mobile.png" in text
    assert bandeau("ledger", "verify", "--data", tmp_path / "data")[0] == 0


@pytest.mark.browser
def test_beside_a_live_server(tmp_path: Path) -> None:
    policy, data = policy_file(tmp_path, SHORT), tmp_path / "data"
    app = Bandeau(publisher(Seen()), policy=policy, data=data)
    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        first = client.post("/.bandeau/choice", json=CHOICE).json()["receipt"]
        code, text = publish(tmp_path)
        assert (code, text.count(": published\n"), text.count(": unchanged\n")) == (0, 1, 2), text
        assert client.post("/.bandeau/choice", json=CHOICE).json()["receipt"]["index"] == 5
    app.close()
    assert "shown/desktop.png" in (prove(tmp_path, first["id"]) / "index.html").read_text()


def test_faults_leave_the_log_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = publish(tmp_path, "[site]\n")
    assert code == 1 and "policy.toml" in text
    assert not (tmp_path / "data").exists()
    monkeypatch.setenv("PATH", "")
    code, text = publish(tmp_path)
    assert code == 1 and "Chromium is missing" in text
    assert not (tmp_path / "data" / "ledger.sqlite").exists()
