"""What others vouch for goes out with the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import Bandeau
from bandeau.ledger.checkpoint import Verifier
from bandeau.ledger.cosignature import Cosigner, WitnessKey, cosignatures
from bandeau.storage.anchors import Anchors, anchors_of

pytestmark = pytest.mark.slow

COSIGNER = Cosigner("witness.test/w1", bytes(range(32)))
KEY = WitnessKey(COSIGNER.vkey)


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[httpx.Client]:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    app = Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=tmp_path / "data")
    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        yield client
    app.close()


def test_the_checkpoint_carries_its_cosignatures(visitor: httpx.Client, tmp_path: Path) -> None:
    visitor.post("/.bandeau/choice", json={"action": "refuse_all"})
    told = visitor.get("/.well-known/bandeau/").json()
    log = Verifier(told["key"])
    note = visitor.get(told["checkpoint"]).content
    signed = log.open(note)
    assert cosignatures(note, [KEY]) == []
    anchors = anchors_of(tmp_path / "data")
    anchors.keep_cosignature(signed.size, note, KEY, COSIGNER.cosign(signed.text, 1_700_000_000))
    anchors.keep_token(signed.size, note, b"token")
    for base in ("/.bandeau/", "/.well-known/bandeau/"):
        for path in ("checkpoint", "checkpoint/anchored"):
            answer = visitor.get(base + path)
            assert log.open(answer.content) == signed
            (found,) = cosignatures(answer.content, [KEY])
            assert found.time == 1_700_000_000
            assert answer.headers["cache-control"] == "no-cache"
        stamp = visitor.get(f"{base}checkpoint/anchored.tsr")
        assert (stamp.content, stamp.headers["content-type"]) == (
            b"token",
            "application/timestamp-reply",
        )
    assert visitor.get("/.well-known/bandeau/").json()["witnesses"] == [COSIGNER.vkey]
    visitor.post("/.bandeau/choice", json={"action": "accept_all"})
    newer = visitor.get("/.bandeau/checkpoint").content
    assert log.open(newer).size > signed.size
    assert cosignatures(newer, [KEY]) == []
    assert log.open(visitor.get(told["anchored"]).content) == signed


def test_the_anchors_are_where_the_server_is_told(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    app = Bandeau(
        publisher(Seen()),
        policy=tmp_path / "policy.toml",
        data=tmp_path / "data",
        anchors=tmp_path / "elsewhere",
    )
    with serving(app) as address, httpx.Client(base_url=address.url) as client:
        note = client.get("/.well-known/bandeau/checkpoint").content
        signed = Verifier(client.get("/.well-known/bandeau/key").text).open(note)
        line = COSIGNER.cosign(signed.text, 1_700_000_000)
        Anchors(tmp_path / "elsewhere").keep_cosignature(signed.size, note, KEY, line)
        anchored = client.get("/.well-known/bandeau/checkpoint/anchored").content
    assert [each.time for each in cosignatures(anchored, [KEY])] == [1_700_000_000]


def test_a_receipt_is_proven_from_the_well_known_log(visitor: httpx.Client) -> None:
    answer = visitor.post("/.bandeau/choice", json={"action": "refuse_all"}).json()
    assert answer["receipt"]["key"] == visitor.get("/.well-known/bandeau/key").text.strip()
    note = visitor.get("/.well-known/bandeau/checkpoint").content
    assert note.decode() == answer["receipt"]["checkpoint"]


def test_the_folder_itself_and_what_is_not_there(visitor: httpx.Client) -> None:
    for missing in ("checkpoint/anchored", "checkpoint/anchored.tsr", "nothing", "tile/0/000"):
        assert visitor.get(f"/.well-known/bandeau/{missing}").status_code == 404
    assert visitor.post("/.well-known/bandeau/checkpoint").status_code == 405
    assert visitor.get("/.well-known/bandeau/checkpoint/5").status_code == 404
