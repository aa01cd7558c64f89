"""Several processes on one database: killed, taken over from, and cut off from their server.

What was answered is there, once, and proven, whoever dies.
"""

import signal

import pytest
from ledger_load import check, processes
from postgres_server import PostgresServer

pytestmark = pytest.mark.slow


def test_two_processes_at_once(postgres):
    address = postgres.database()
    with processes(address, 0, 1_000_000, count=500) as (one, two):
        answered = one.end() + two.end()
    assert sorted(check(address, answered)) == sorted(answered)
    assert len(answered) == 1000
    assert postgres.sql("SELECT count(*) FROM inbox", address.rpartition("/")[2]) == "0\n"


def test_another_process_takes_over_from_one_that_is_killed(postgres):
    address = postgres.database()
    with processes(address, 0) as (holder,):
        holder.until(100)
        with processes(address, 1_000_000) as (other,):
            other.until(100)
            answered = holder.end(signal.SIGKILL)
            other.more(200)
            answered += other.end(signal.SIGKILL)
    with processes(address, 2_000_000, count=50) as (last,):
        answered += last.end()
    check(address, answered)


def test_a_server_that_dies_and_comes_back_loses_nothing():
    server = PostgresServer()
    try:
        address = server.database()
        with processes(address, 0, 1_000_000) as (one, two):
            one.until(100)
            two.until(100)
            for _ in range(2):
                server.kill()
                server.start()
                one.more(200)
                two.more(200)
            answered = one.end(signal.SIGKILL) + two.end(signal.SIGKILL)
        with processes(address, 2_000_000, count=50) as (last,):
            answered += last.end()
        check(address, answered)
    finally:
        server.stop()


@pytest.mark.slow
def test_nothing_answered_is_lost_in_many_rounds(postgres):
    address = postgres.database()
    answered = []
    for turn in range(20):
        with processes(address, 2 * turn * 1_000_000, (2 * turn + 1) * 1_000_000) as both:
            both[turn % 2].until(50 + turn * 37 % 200)
            for process in both:
                answered += process.end(signal.SIGKILL)
    with processes(address, 90_000_000, count=50) as (last,):
        answered += last.end()
    check(address, answered)
