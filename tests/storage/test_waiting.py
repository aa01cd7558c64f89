"""Callers who wait together share a commit, and nobody is left waiting."""

import asyncio

import ledger_drafts as drafts
import pytest

from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.sqlite.ledger_writer import Writer


class Commits:
    """Answers at once, and remembers how many drafts came together."""

    def __init__(self):
        self.sizes = []

    def __call__(self, batch):
        self.sizes.append(len(batch))
        return [Receipt(draft.id, b"", b"", 0, (), b"", "") for draft in batch]


@pytest.fixture
def commits():
    return Commits()


@pytest.fixture
def writer(commits):
    made = Writer(commits)
    yield made
    made.close()


async def caller(writer, numbers):
    for number in numbers:
        receipt = await writer.submit(drafts.choice(number))
        assert receipt.id == drafts.record_id(number)


def test_all_that_come_in_one_round_of_a_loop_share_a_commit(writer, commits):
    async def work():
        await asyncio.gather(*(caller(writer, (n, 100 + n, 200 + n)) for n in range(64)))

    asyncio.run(work())
    assert commits.sizes == [64, 64, 64]


def test_a_loop_that_ended_before_it_woke_anyone_keeps_no_other_waiting(writer, commits):
    gone = asyncio.new_event_loop()

    async def leave():
        writer.submit(drafts.choice(1))
        # As what ends a loop in the middle of a round does.
        gone._ready.clear()
        gone.stop()

    task = gone.create_task(leave())
    gone.run_forever()
    gone.close()
    assert task.done()
    asyncio.run(caller(writer, [2]))
    assert sum(commits.sizes) == 2


def test_closing_keeps_what_waits_and_refuses_the_rest(commits):
    writer = Writer(commits)

    async def work():
        waiting = [writer.submit(drafts.choice(number)) for number in range(3)]
        writer.close()
        with pytest.raises(LedgerUnavailable, match="closed"):
            writer.submit(drafts.choice(4))
        assert [(await each).id for each in waiting] == [drafts.record_id(n) for n in range(3)]

    asyncio.run(work())
    assert commits.sizes == [3]
