"""A little work before a comment: who does not do it waits for a moderator."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from altcha.v1 import solve_challenge
from letters_site import COMMENTS, JSON, LettersSite, letters_site, post
from memory_tables import memory_comments
from visitor import Visitor

from bandeau import limits
from bandeau.policy.model import Asking, Feature
from bandeau.storage.comments.newsroom import newsroom
from bandeau.web.challenge import Challenge

WORK = f"{COMMENTS}/challenge"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LettersSite]:
    with letters_site(tmp_path_factory.mktemp("work"), 'challenge = "always"\n') as made:
        yield made


def solved(reader: Visitor, **changes: Any) -> str:
    asked = reader.get(WORK, headers=JSON)
    assert (asked.status_code, asked.headers["cache-control"]) == (200, "no-store")
    assert "set-cookie" not in asked.headers
    told = asked.json()
    found = solve_challenge(told["challenge"], told["salt"], told["algorithm"], told["maxnumber"])
    assert found is not None
    proof = {**told, "number": found.number} | changes
    return base64.b64encode(json.dumps(proof).encode()).decode()


def test_a_proof_publishes_once(site: LettersSite) -> None:
    reader = site.reader()
    proof = solved(reader)
    assert post(reader, proof=proof).status_code == 201
    replayed = post(reader, "again", proof=proof)
    assert (replayed.status_code, replayed.json()["comment"]["state"]) == (202, "held")
    mine = reader.get(f"{COMMENTS}/mine", headers=JSON).json()["comments"]
    assert [each["reasons"] for each in mine] == [["unproven"], []]


@pytest.mark.slow
def test_what_proves_nothing_waits(site: LettersSite, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = site.reader()
    wrong = [solved(reader, **change) for change in ({"number": -1}, {"signature": "0" * 64})]
    wrong += [solved(reader, salt="x?expires=9999999999&"), solved(reader, algorithm="MD5")]
    wrong += [base64.b64encode(b"[]").decode(), "e30=", "x", "a" * 2_000]
    wrong.append(base64.b64encode(b"[" * 700).decode())
    monkeypatch.setattr(limits, "COMMENT_CHALLENGE_SECONDS", -1)
    wrong.append(solved(reader))
    for number, proof in enumerate(wrong):
        assert post(reader, f"number {number}", proof=proof).status_code == 202, proof[:40]
    assert post(reader).status_code == 202
    assert post(reader, proof=7).status_code == 422


@pytest.mark.slow
def test_nothing_is_asked_where_the_policy_asks_for_nothing(tmp_path: Path) -> None:
    with letters_site(tmp_path, "") as plain:
        reader = plain.reader()
        assert reader.get(WORK, headers=JSON).status_code == 204
        assert "data-work" not in reader.get("/article").text
        assert post(reader).status_code == 201


def test_under_attack_it_is_asked_for_until_it_is_quiet_again() -> None:
    clock = [1_700_000_000.0]
    site: Any = SimpleNamespace(subject_key=b"k" * 32, now=lambda: clock[0])
    feature = Feature(key="comments", purpose="social", challenge=Asking.ATTACK, attack=3)
    work = Challenge(site, feature, newsroom(memory_comments().tables).readers)
    request: Any = None

    async def posts(count: int) -> list[bool]:
        return [await work.unproven("") for _ in range(count)]

    assert asyncio.run(work.give(request)).status_code == 204
    assert asyncio.run(posts(5)) == [False, False, False, True, True]
    assert asyncio.run(work.give(request)).status_code == 200
    clock[0] += limits.COMMENT_ATTACK_SECONDS
    assert asyncio.run(work.give(request)).status_code == 204
    assert asyncio.run(posts(1)) == [False]
