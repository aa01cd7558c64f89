"""What every queue of sites to audit guarantees."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from memory_tables import MemoryTables

from bandeau import limits
from bandeau.audit.queue import (
    Audited,
    Counts,
    Failed,
    GivenBack,
    Job,
    Later,
    Lease,
    Stage,
    Tally,
    Terms,
)
from bandeau.storage.survey.opening import open_queue
from bandeau.storage.survey.queue import MIGRATIONS, StoredQueue

NOW = 1_800_000_000_000
TERMS = Terms(lease=30_000, pause=5_000, rest=60_000, attempts=3, lapses=2)
FOUND = Audited("d" * 64, Counts({"V4": 2, "V3": 1, "V9": 0}, unchecked=1, states=5))
Run = Callable[[Callable[[StoredQueue], Coroutine[Any, Any, None]]], None]


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Run]:
    if request.param == "memory":
        yield lambda scenario: asyncio.run(scenario(StoredQueue(MemoryTables(MIGRATIONS))))
        return
    where: Path | str = tmp_path
    if request.param == "postgres":
        where = request.getfixturevalue("postgres").database()
    with open_queue(where) as queue:
        yield lambda scenario: asyncio.run(scenario(queue))


def job(name: str, turn: int, survey: str = "s") -> Job:
    return Job(survey, f"https://{name}/", name.partition("/")[0], turn)


def jobs(*names: str, survey: str = "s") -> list[Job]:
    return [job(name, turn, survey) for turn, name in enumerate(names, 1)]


async def leased(queue: StoredQueue, worker: str, now: int = NOW, survey: str = "s") -> Lease:
    found = await queue.lease(survey, worker, TERMS, now)
    assert isinstance(found, Lease), found
    return found


async def later(queue: StoredQueue, now: int, survey: str = "s") -> int | None:
    found = await queue.lease(survey, "nobody", TERMS, now)
    assert isinstance(found, Later), found
    return found.at


async def tally(queue: StoredQueue, survey: str = "s") -> Tally:
    return (await queue.tally(survey))[survey]


def test_a_job_is_taken_in_once_and_never_done_again(run: Run) -> None:
    async def scenario(queue: StoredQueue) -> None:
        assert await queue.add(jobs("a.test", "b.test")) == 2
        assert await queue.add(jobs("b.test", "a.test", "c.test")) == 1
        assert await queue.add([]) == 0
        lease = await leased(queue, "w1")
        assert lease == Lease(job("a.test", 1), "w1", NOW + TERMS.lease)
        assert await queue.finish(lease, FOUND, TERMS, NOW) is True
        assert await queue.finish(lease, FOUND, TERMS, NOW) is False
        assert await queue.add(jobs("a.test")) == 0
        late = NOW + TERMS.pause
        assert {(await leased(queue, w, late)).job.host for w in "xy"} == {"b.test", "c.test"}
        assert await queue.add(jobs("a.test", survey="other")) == 1

    run(scenario)


def test_one_worker_at_a_time_visits_a_host_and_rests_between(run: Run) -> None:
    async def scenario(queue: StoredQueue) -> None:
        await queue.add(jobs("a.test/1", "a.test/2", "b.test/1"))
        first = await leased(queue, "w1")
        assert (first.job.address, (await leased(queue, "w2")).job.host) == (
            "https://a.test/1/",
            "b.test",
        )
        assert await later(queue, NOW) == NOW + TERMS.lease
        await queue.add(jobs("a.test/1", survey="other"))
        assert await later(queue, NOW, "other") is not None
        done = NOW + 1_000
        assert await queue.finish(first, FOUND, TERMS, done)
        assert await later(queue, done + TERMS.pause - 1) == done + TERMS.pause
        assert (await leased(queue, "w3", done + TERMS.pause)).job.address == "https://a.test/2/"

    run(scenario)


def test_hosts_take_turns(run: Run) -> None:
    async def scenario(queue: StoredQueue) -> None:
        await queue.add(jobs("a.test/1", "a.test/2", "a.test/3", "b.test", "c.test/1", "c.test/2"))
        order, now = [], NOW
        while not isinstance(found := await queue.lease("s", f"w{now}", TERMS, now), Later):
            order.append(found.job.address.removeprefix("https://"))
            now += TERMS.pause
            await queue.finish(found, FOUND, TERMS, now - TERMS.pause)
        assert order == ["a.test/1/", "b.test/", "c.test/1/", "a.test/2/", "c.test/2/", "a.test/3/"]
        assert found.at is None

    run(scenario)


def test_a_lease_that_ran_out_is_given_again_and_the_late_one_counts_for_nothing(run: Run) -> None:
    async def scenario(queue: StoredQueue) -> None:
        await queue.add(jobs("a.test"))
        gone = await leased(queue, "w1")
        assert await queue.renew(gone, NOW + 50_000) is True
        assert await later(queue, NOW + 49_999) == NOW + 50_000
        again = await leased(queue, "w2", NOW + 50_000)
        assert again.job == gone.job
        assert await queue.renew(gone, NOW + 90_000) is False
        assert await queue.finish(gone, Failed("late"), TERMS, NOW + 50_001) is False
        assert await queue.finish(again, FOUND, TERMS, NOW + 50_001) is True

    run(scenario)


def test_who_is_late_but_missed_by_nobody_still_finishes(run: Run) -> None:
    async def scenario(queue: StoredQueue) -> None:
        await queue.add(jobs("a.test"))
        lease = await leased(queue, "w1")
        assert await queue.finish(lease, FOUND, TERMS, NOW + 10 * TERMS.lease) is True
        assert (await tally(queue)).stages == {Stage.DONE: 1}

    run(scenario)


def test_it_is_tried_again_after_a_rest_and_then_fails_with_its_reason(run: Run) -> None:
    async def scenario(queue: StoredQueue) -> None:
        await queue.add(jobs("a.test"))
        now = NOW
        for attempt in range(TERMS.attempts):
            lease = await leased(queue, f"w{attempt}", now)
            reason = f"no answer\n{attempt}\x1b[1m" + "x" * 1_000
            assert await queue.finish(lease, Failed(reason), TERMS, now)
            if attempt < TERMS.attempts - 1:
                assert await later(queue, now + TERMS.rest - 1) == now + TERMS.rest
            now += TERMS.rest
        assert await later(queue, now) is None
        ((address, told),) = (await tally(queue)).failures
        assert address == "https://a.test/"
        assert told.startswith("no answer 2 [1mxxx")
        assert len(told) == limits.SURVEY_REASON_CHARACTERS

    run(scenario)


def test_workers_that_never_come_back_end_a_job_too(run: Run) -> None:
    async def scenario(queue: StoredQueue) -> None:
        await queue.add(jobs("a.test"))
        for lapse in range(TERMS.lapses):
            await leased(queue, f"w{lapse}", NOW + lapse * TERMS.lease)
        assert await later(queue, NOW + TERMS.lapses * TERMS.lease) is None
        found = await tally(queue)
        assert found.stages == {Stage.FAILED: 1}
        assert "ran out 2 times" in found.failures[0][1]

    run(scenario)


def test_what_is_given_back_was_no_attempt(run: Run) -> None:
    async def scenario(queue: StoredQueue) -> None:
        await queue.add(jobs("a.test"))
        terms = replace(TERMS, attempts=1)
        lease = await leased(queue, "w1")
        assert await queue.finish(lease, GivenBack(), terms, NOW)
        assert (await tally(queue)).stages == {Stage.WAITING: 1}
        again = await leased(queue, "w2", NOW + TERMS.pause)
        assert await queue.finish(again, FOUND, terms, NOW)

    run(scenario)


def test_the_tally_counts_sites_and_times_for_each_finding(run: Run) -> None:
    async def scenario(queue: StoredQueue) -> None:
        await queue.add(jobs("a.test", "b.test", "c.test", "d.test"))
        await queue.add(jobs("a.test", survey="other"))
        await queue.finish(await leased(queue, "1"), FOUND, TERMS, NOW)
        clean = Audited("e" * 64, Counts({"V4": 1}, states=3))
        await queue.finish(await leased(queue, "2"), clean, TERMS, NOW)
        await leased(queue, "3")
        found = await tally(queue)
        assert found.stages == {Stage.DONE: 2, Stage.LEASED: 1, Stage.WAITING: 1}
        assert (found.sites, found.times) == ({"V3": 1, "V4": 2}, {"V3": 1, "V4": 3})
        assert (found.unchecked, found.states, found.open, found.total) == (1, 8, 2, 4)
        every = await queue.tally()
        assert list(every) == ["other", "s"]
        assert every["other"].stages == {Stage.WAITING: 1}
        assert await queue.tally("nothing") == {}

    run(scenario)


def test_all_workers_at_once_get_each_job_once(run: Run) -> None:
    """More jobs than one batch, hosts shared, and a host's pause over at once."""
    terms = replace(TERMS, pause=0)

    async def scenario(queue: StoredQueue) -> None:
        names = [f"{n % 40}.test/{n}" for n in range(60)]
        assert await queue.add(jobs(*names)) == len(names)
        got: list[str] = []

        async def work(worker: int) -> None:
            step = 0
            while True:
                step += 1
                found = await queue.lease("s", f"{worker}.{step}", terms, NOW + step)
                if isinstance(found, Later):
                    if found.at is None:
                        return
                    await asyncio.sleep(0)
                    continue
                got.append(found.job.address)
                assert await queue.finish(found, FOUND, terms, NOW)

        await asyncio.gather(*(work(number) for number in range(4)))
        assert sorted(got) == sorted(f"https://{name}/" for name in names)

    run(scenario)


def test_more_than_a_batch_is_added(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SURVEY_ADD_BATCH", 3)
    monkeypatch.setattr(limits, "SURVEY_TALLY_BATCH", 2)

    async def scenario(queue: StoredQueue) -> None:
        names = [f"{number}.test" for number in range(8)]
        assert await queue.add(jobs(*names)) == 8
        assert (await tally(queue)).stages == {Stage.WAITING: 8}
        assert [(await leased(queue, name)).job.host for name in names] == names

    run(scenario)
