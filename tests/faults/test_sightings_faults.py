"""Sightings are a help to the publisher: where they cannot be kept, no visitor notices."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import apsw
import httpx
import pytest
from publisher import POLICY, Seen, publisher
from serving import serving

from bandeau.app import Bandeau
from bandeau.enforcement.sightings import Kind, Sighting, SightingsUnavailable, Teller
from bandeau.enforcement.sightings import Seen as Glimpse
from bandeau.storage.suffixes import public_suffixes
from bandeau.web.lookout import Lookout

PAGE = {"host": "www.quotidien.test", "accept": "text/html"}


def test_a_file_that_was_damaged_under_way_hurts_no_request(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    app = Bandeau(publisher(Seen()), policy=tmp_path / "policy.toml", data=tmp_path / "data")
    other = apsw.Connection(str(tmp_path / "data" / "trackers.sqlite"))
    other.execute("DROP TABLE sightings")
    other.close()
    with serving(app) as address:
        answer = httpx.get(f"{address.url}/article", headers=PAGE)
        assert answer.status_code == 200
        assert "unknown.test" in answer.text
        told = httpx.post(
            f"{address.url}/.bandeau/reports",
            content=b"[]",
            headers={"content-type": "application/reports+json"},
        )
        assert told.status_code == 204
    app.close()


def test_a_store_that_fails_once_gets_the_next_batch() -> None:
    kept: list[Sighting] = []

    class Failing:
        def __init__(self) -> None:
            self.failures = 1

        def add(self, batch: Iterable[Sighting]) -> None:
            if self.failures:
                self.failures -= 1
                raise SightingsUnavailable("disk full")
            kept.extend(batch)

        def all(self) -> tuple[Sighting, ...]:
            return tuple(kept)

    store = Failing()
    lookout = Lookout(store, public_suffixes().registrable, lambda: 0.0, every=0.01)
    lookout.note(Glimpse(Kind.HOST, "lost.test", Teller.SITE, "markup", "/"))
    for thread in threading.enumerate():
        if thread.name == "sightings":
            thread.join(20)
    lookout.note(Glimpse(Kind.HOST, "kept.test", Teller.SITE, "markup", "/"))
    lookout.close()
    assert [s.name for s in kept] == ["kept.test"]


@pytest.mark.slow
def test_a_damaged_file_at_start_is_named(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY, "utf-8")
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "data" / "trackers.sqlite").write_bytes(b"no database, but long enough" * 50)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bandeau.cli", "serve", "--config", tmp_path / "policy.toml"),
            *("--upstream", "http://127.0.0.1:9", "--listen", "127.0.0.1:0"),
            *("--data", tmp_path / "data"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "trackers.sqlite" in done.stderr
    assert "move it away" in done.stderr
    assert "Traceback" not in done.stderr
