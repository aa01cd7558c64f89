"""What every store of staff guarantees: who may sign in, how long, and how often one may try."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from newsrooms import Kept, Run, running

from bandeau.features.comments.passkeys import Passkey
from bandeau.features.comments.staff import Role, Staff
from bandeau.storage.comments.store import FILE

CAM = Staff("camille", Role.MODERATOR, "secret-1", 1_000)
ADA = Staff("ada", Role.ADMINISTRATOR, "secret-2", 2_000)


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    where: Path | str | None = {"memory": None, "sqlite": tmp_path}.get(request.param)
    if request.param == "postgres":
        where = request.getfixturevalue("postgres").database()
    with running(where) as runs:
        yield runs


def test_staff_are_kept_by_name(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        staff = kept.room.staff
        assert await staff.add(CAM) and await staff.add(ADA)
        assert not await staff.add(replace(CAM, role=Role.ADMINISTRATOR))
        assert await staff.all() == [ADA, CAM]
        assert await staff.find("camille") == CAM
        assert await staff.find("nobody") is None
        assert await staff.remove("camille")
        assert not await staff.remove("camille")
        assert await staff.all() == [ADA]

    run(scenario)


def test_a_session_ends_at_its_time_and_not_before(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        staff = kept.room.staff
        await staff.add(CAM)
        await staff.begin("t1", "camille", 100, 10)
        assert await staff.session("t1", 99) == CAM
        assert await staff.session("t1", 100) is None
        assert await staff.session("t2", 50) is None
        await staff.begin("t2", "camille", 200, 100)
        assert await kept.comments.tables.read("SELECT tag FROM session") == [("t2",)]
        await staff.end("t2")
        await staff.end("t2")
        assert await staff.session("t2", 150) is None

    run(scenario)


def test_another_password_and_removal_end_every_session(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        staff = kept.room.staff
        await staff.add(CAM)
        await staff.add(ADA)
        for name, tag in (("camille", "t1"), ("camille", "t2"), ("ada", "t3")):
            await staff.begin(tag, name, 100, 10)
        assert await staff.change("camille", "secret-3")
        assert not await staff.change("nobody", "secret-3")
        assert await staff.session("t1", 50) is None and await staff.session("t2", 50) is None
        assert await staff.session("t3", 50) == ADA
        assert await staff.find("camille") == replace(CAM, secret="secret-3")
        await staff.remove("ada")
        assert await staff.session("t3", 50) is None
        await staff.add(ADA)
        assert await staff.session("t3", 50) is None

    run(scenario)


def test_attempts_are_counted_until_their_time(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        store = kept.room.attempts
        tried = [await store.attempt("x", 2, 100, 10) for _ in range(3)]
        assert tried == [True, True, False]
        assert await store.attempt("y", 2, 100, 10)
        assert not await store.attempt("x", 2, 500, 99)
        assert await store.attempt("x", 2, 200, 100)
        await store.forgive("x")
        assert await store.attempt("x", 1, 200, 100)
        at_once = await asyncio.gather(*(store.attempt("z", 3, 200, 100) for _ in range(9)))
        assert sum(at_once) == 3

    run(scenario)


def test_the_key_of_a_day_is_one_for_all_and_goes_with_it(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        store = kept.room.attempts
        keys = await asyncio.gather(*(store.key(5, f"key-{number}") for number in range(4)))
        assert len(set(keys)) == 1
        assert await store.key(6, "next") == "next"
        assert await kept.comments.tables.read("SELECT key FROM attempt_key") == [("next",)]
        assert await store.key(6, "other") == "next"

    run(scenario)


def test_a_former_secret_is_in_no_file(tmp_path: Path) -> None:
    async def scenario(kept: Kept) -> None:
        await kept.room.staff.add(CAM)
        await kept.room.staff.change("camille", "another")
        await kept.room.staff.add(replace(ADA, secret="secret-of-ada"))
        await kept.room.staff.remove("ada")
        await kept.room.attempts.key(1, "key-of-yesterday")
        await kept.room.attempts.key(2, "key-of-today")

    with running(tmp_path) as runs:
        runs(scenario)
        everything = b"".join(path.read_bytes() for path in tmp_path.glob(f"{FILE}*"))
    assert b"another" in everything
    assert b"key-of-today" in everything and b"key-of-yesterday" not in everything
    assert b"secret-1" not in everything and b"secret-of-ada" not in everything


def test_passkeys_are_their_owners_and_go_with_them(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        passkeys, first = kept.room.passkeys, Passkey("p1", "camille", "key", 0, 10)
        assert not await passkeys.add(first, 2)
        await kept.room.staff.add(CAM)
        await kept.room.staff.add(ADA)
        assert await passkeys.add(first, 2)
        assert not await passkeys.add(replace(first, staff="ada"), 2)
        assert await passkeys.add(replace(first, id="p2", made=20), 2)
        assert not await passkeys.add(replace(first, id="p3"), 2)
        await passkeys.used("p1", 7)
        assert await passkeys.find("p1") == (replace(first, signs=7), CAM)
        assert await passkeys.find("p3") is None
        assert not await passkeys.remove("ada", "p1")
        assert await passkeys.remove("camille", "p1")
        assert [each.id for each in await passkeys.of("camille")] == ["p2"]
        await kept.room.staff.remove("camille")
        await kept.room.staff.add(CAM)
        assert list(await passkeys.of("camille")) == []

    run(scenario)


def test_a_challenge_is_answered_once_in_time_and_for_what_it_asked(run: Run) -> None:
    async def scenario(kept: Kept) -> None:
        passkeys = kept.room.passkeys
        for tag in ("t1", "t2"):
            await passkeys.ask(tag, "enter", 100, 10)
        assert not await passkeys.answered("t1", "camille", 50)
        assert not await passkeys.answered("t1", "enter", 100)
        assert await passkeys.answered("t1", "enter", 99)
        assert not await passkeys.answered("t1", "enter", 99)
        await passkeys.ask("t3", "enter", 300, 100)
        assert await kept.comments.tables.read("SELECT tag FROM challenge") == [("t3",)]

    run(scenario)
