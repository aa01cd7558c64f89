"""The clock steps back or forward: the order of choices is the log's, never the clock's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from publisher import POLICY, Seen, publisher
from serving import serving
from visitor import Shell, Visitor

from bandeau.app import Bandeau
from bandeau.ledger.receipt import verify_receipt
from bandeau.ledger.record import parse_record
from bandeau.storage.sqlite.ledger import open_evidence, verify_file

HOUR = 3_600.0
DAY = 24 * HOUR


@dataclass
class Moved:
    """A site whose clock is moved by hand."""

    site: Bandeau
    address: str
    data: Path
    clock: list[float]

    def step(self, seconds: float) -> None:
        self.clock[0] += seconds

    def visitor(self) -> Visitor:
        return Shell(self.address, Seen()).visitor()

    def records(self) -> list[tuple[int, bool, bool]]:
        """Each choice: its time, whether it accepts advertising, whether a later one follows."""
        with open_evidence(self.data) as evidence:
            bodies = [(row.body or b"", row.next) for row in evidence.rows]
        read = [(parse_record(body), following) for body, following in bodies]
        return [
            (record.time, record.purposes["advertising"], following is not None)
            for record, following in read
            if record.kind == "choice"
        ]

    def holds(self) -> bool:
        return verify_file(self.data, self.site.site.ledger._vkey).findings == ()  # type: ignore[attr-defined]


@pytest.fixture
def moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moved]:
    clock = [time.time()]
    monkeypatch.setattr("bandeau.app.plan.time", SimpleNamespace(time=lambda: clock[0]))
    policy, data = tmp_path / "policy.toml", tmp_path / "data"
    policy.write_text(POLICY, encoding="utf-8")
    site = Bandeau(publisher(Seen()), policy=policy, data=data)
    with serving(site) as address:
        yield Moved(site, address.url, data, clock)


def receipt_of(moved: Moved, visitor: Visitor, action: str) -> dict[str, object]:
    answer = visitor.send("POST", "/.bandeau/choice", json={"action": action})
    assert answer.status_code == 200
    receipt: dict[str, object] = answer.json()["receipt"]
    verify_receipt(receipt, str(receipt["key"]))
    return receipt


def test_a_choice_after_the_clock_stepped_back_follows_the_former(moved: Moved) -> None:
    visitor = moved.visitor()
    first = receipt_of(moved, visitor, "accept_all")
    old = dict(visitor.jar)
    moved.step(-DAY)
    assert visitor.state()["band"] == "allowed"  # What was made "tomorrow" is read.
    second = receipt_of(moved, visitor, "refuse_all")
    assert visitor.state()["band"] == "refused"

    copied = moved.visitor()
    copied.jar = old
    assert copied.state()["band"] == "undecided"  # The older cookie has the later time.
    (before, accepted, followed), (after, accepts, follows) = moved.records()
    assert after < before
    assert (accepted, followed, accepts, follows) == (True, True, False, False)
    assert second["index"] == int(str(first["index"])) + 1
    assert json.loads(str(second["record"]))["prev"] is not None
    assert str(second["id"]) < str(first["id"])  # Ids sort by the clock; nothing goes by that.
    moved.step(DAY)
    assert visitor.state()["band"] == "refused"
    assert moved.holds()


def test_many_small_steps_keep_the_order_of_the_log(moved: Moved) -> None:
    visitor = moved.visitor()
    for turn, step in enumerate((-HOUR, 2 * HOUR, -3 * HOUR, 0, -1)):
        moved.step(step)
        receipt_of(moved, visitor, ("accept_all", "refuse_all")[turn % 2])
    assert [followed for *_, followed in moved.records()] == [True] * 4 + [False]
    assert visitor.state()["band"] == "allowed"
    assert moved.holds()


def test_a_step_forward_ends_only_what_has_expired_by_then(moved: Moved) -> None:
    visitor = moved.visitor()
    receipt_of(moved, visitor, "accept_all")
    moved.step(30 * DAY)
    assert visitor.state()["band"] == "allowed"
    moved.step(170 * DAY)  # The lifetime is six months.
    assert visitor.state()["band"] == "undecided"
    moved.step(-200 * DAY)
    assert visitor.state()["band"] == "allowed"
    moved.step(365 * DAY)
    receipt_of(moved, visitor, "refuse_all")
    moved.step(-365 * DAY)
    assert visitor.state()["band"] == "refused"
    assert moved.holds()


def test_a_replay_under_another_clock_is_the_same_record(moved: Moved) -> None:
    """Terms are published anew by each process, whatever its clock says."""
    receipt_of(moved, moved.visitor(), "accept_all")
    with open_evidence(moved.data) as evidence:
        before = len(list(evidence.rows))
    moved.step(-DAY)
    again = Bandeau(publisher(Seen()), policy=moved.data.parent / "policy.toml", data=moved.data)
    with serving(again) as address:
        receipt_of(moved, Shell(address.url, Seen()).visitor(), "accept_all")
    with open_evidence(moved.data) as evidence:
        assert len(list(evidence.rows)) == before + 1
    assert moved.holds()
