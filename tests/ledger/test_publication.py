"""What was shown is published once for each change, and found from a choice alone."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ledger_drafts import counting, signer

from bandeau.ledger.draft import Draft
from bandeau.ledger.publication import Edition, Shown, publications, publish
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import artefact_hash
from bandeau.storage.memory import MemoryLedger

SHOWN = Shown(policy="0" * 16, notice="b" * 64, lang="fr", layout="bar")
SERVED = {"notice.html": b"<p>", "policy.toml": b"[site]"}
PICTURES = {"desktop.png": b"png"}
pytestmark = pytest.mark.anyio


async def put(ledger: MemoryLedger, files: Mapping[str, bytes], time: int) -> bool:
    return await publish(ledger, Edition(SHOWN, files), site="a.test", time=time)


async def kept(ledger: MemoryLedger) -> list[tuple[int, int, list[str]]]:
    found = [each async for each in publications(ledger, SHOWN)]
    return [(each.index, each.record.time, sorted(each.record.artefacts)) for each in found]


async def test_what_is_equal_is_published_once() -> None:
    ledger = MemoryLedger(signer(), counting())
    assert await put(ledger, SERVED, 1)
    assert await put(ledger, PICTURES, 2)
    for time in (3, 4):
        assert not await put(ledger, SERVED, time)
        assert not await put(ledger, PICTURES, time)
    assert await kept(ledger) == [(0, 1, sorted(SERVED)), (1, 2, sorted(PICTURES))]
    assert await ledger.published(f"artefact/{artefact_hash(b'png')}") == b"png"


async def test_going_back_to_an_older_file_is_told() -> None:
    ledger = MemoryLedger(signer(), counting())
    changed = SERVED | {"policy.toml": b"[site] # as well"}
    for time, files in enumerate([SERVED, changed, SERVED]):
        assert await put(ledger, files, time)
    assert [time for _, time, _ in await kept(ledger)] == [0, 1, 2]


async def test_another_version_has_its_own_publications() -> None:
    ledger = MemoryLedger(signer(), counting())
    assert await put(ledger, SERVED, 1)
    other = Shown(policy="0" * 16, notice="b" * 64, lang="en", layout="bar")
    assert [each async for each in publications(ledger, other)] == []


class Overtaken(MemoryLedger):
    """A ledger that another process writes to, between the look and the append."""

    def overtake(self, files: Mapping[str, bytes]) -> None:
        self.others = Draft.notice(site="a.test", time=9, artefacts=files, **SHOWN.fields)

    async def append(self, draft: Draft) -> Receipt:
        await super().append(self.others)
        return await super().append(draft)


async def test_two_processes_publish_at_once() -> None:
    equal, other = (Overtaken(signer(), counting()) for _ in range(2))
    equal.overtake(SERVED)
    assert not await put(equal, SERVED, 1)
    assert [time for _, time, _ in await kept(equal)] == [9]
    other.overtake(PICTURES)
    assert await put(other, SERVED, 1)
    assert [time for _, time, _ in await kept(other)] == [9, 1]
