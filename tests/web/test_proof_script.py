"""The script in a proof: which history it takes for the beginning of which, for small trees."""

from __future__ import annotations

import importlib.util
import json
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import pytest

import bandeau.web
from bandeau.ledger.checkpoint import Checkpoint, encode
from bandeau.ledger.tree import Prover, node_hash

SIZES = range(1, 18)
LEAVES = [sha256(bytes([number])).digest() for number in range(SIZES.stop)]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(bandeau.web.__file__).parent / "static" / "check.py"
    spec = importlib.util.spec_from_file_location("check_of_a_proof", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _node(level: int, index: int) -> bytes:
    if not level:
        return LEAVES[index]
    return node_hash(_node(level - 1, 2 * index), _node(level - 1, 2 * index + 1))


def _text(size: int) -> str:
    return Checkpoint("log.test", size, Prover(size, _node).root()).text


def test_every_beginning_is_known_by_its_proof_and_no_other(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "ANCHORS", tmp_path)

    def begins(former: str, latest: str, told: dict[str, object]) -> bool:
        (tmp_path / "consistency.json").write_text(json.dumps(told))
        return bool(script.begins(former.encode(), {"checkpoint": latest}))

    for size in SIZES:
        latest = _text(size)
        for former in range(1, size):
            text = _text(former)
            proof = [encode(part) for part in Prover(size, _node).consistency(former)]
            told = {"v": 1, "former": former, "size": size, "proof": proof}
            assert begins(text, latest, told), (former, size)
            other = Checkpoint("log.test", former, LEAVES[-1]).text
            assert not begins(other, latest, told)
            assert not begins(text.replace("log.test", "elsewhere.test"), latest, told)
            assert not begins(text, latest, told | {"former": former + 1})
            assert not begins(text, latest, told | {"proof": [*proof, encode(LEAVES[0])]})
            assert not begins(text, latest, told | {"proof": [*proof[:-1], encode(LEAVES[-1])]})


def test_a_history_of_one_size_must_be_the_same(script: ModuleType) -> None:
    for size in SIZES:
        receipt = {"checkpoint": _text(size)}
        assert script.begins(_text(size).encode(), receipt)
        other = Checkpoint("log.test", size, sha256(b"other").digest()).text
        assert not script.begins(other.encode(), receipt)
