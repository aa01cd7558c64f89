"""Durable choices from one file to a cluster: rates, bytes, and how long a failover takes.

    .venv/bin/python bench/scale.py [--rounds 3] [--seconds 2] [--only load|bytes|failover]

Prints the tables of docs/scale.md. Starts PostgreSQL, Patroni and etcd on loopback, as tests do.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from ledger_candidates import Candidate, Drafts, signer
from patroni_cluster import patroni_cluster
from postgres_server import PostgresServer
from postgres_shards import sharded

from bandeau import limits
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.postgres.database import Database
from bandeau.storage.postgres.ledger import PostgresLedger
from bandeau.storage.sqlite.ledger import SqliteLedger

CALLERS = (1, 16, 64, 256)
RECORDS = 20_000
TTLS = (6, 20)
TABLES = ("consent", "leaf", "tile", "checkpoint", "inbox")
Opened = tuple[Candidate, Callable[[], None]]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--seconds", type=float, default=2.0)
    asked.add_argument("--only", choices=["load", "bytes", "failover"])
    given = asked.parse_args()
    sys.setswitchinterval(limits.THREAD_SWITCH_SECONDS)
    if given.only in (None, "load"):
        show_load(given.rounds, given.seconds)
    if given.only in (None, "bytes"):
        show_bytes()
    if given.only in (None, "failover"):
        show_failovers()


def opened(address: str) -> Opened:
    """A ledger in a database, and what closes the database after it."""
    database = Database(address)
    return PostgresLedger(database, signer()), database.close


@contextmanager
def stores() -> Iterator[dict[str, Callable[[], Opened]]]:
    """Every way to keep choices, each new and empty when it is called."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="bandeau-bench-"))
        servers = [PostgresServer() for _ in range(4)]
        for server in servers:
            stack.callback(server.stop)
        cluster = stack.enter_context(patroni_cluster(ttl=20))
        numbers = itertools.count()

        def of_file() -> Opened:
            path = Path(folder, str(next(numbers)))
            path.mkdir()
            return SqliteLedger(path, signer()), lambda: None

        yield {
            "SQLite": of_file,
            "PostgreSQL": lambda: opened(servers[0].database()),
            "with a synchronous standby": lambda: opened(cluster.database(f"b{next(numbers)}")),
            "three shards": lambda: opened(sharded(servers[0], servers[1:])),
        }


def show_load(rounds: int, seconds: float) -> None:
    """Each store under each load, in turns; the best of several rounds counts."""
    best: dict[tuple[int, str], tuple[float, float, float]] = {}
    drafts = Drafts()
    with stores() as made:
        for _, callers, (name, make) in itertools.product(range(rounds), CALLERS, made.items()):
            store, close = make()
            told = asyncio.run(loaded(store, drafts, callers, seconds))
            store.close()
            close()
            best[callers, name] = max(told, best.get((callers, name), (0.0, 0.0, 0.0)))
    print("| callers | store | choices/s | p50 / p99 ms |\n|---|---|---|---|")
    for (callers, name), (rate, p50, p99) in sorted(best.items(), key=lambda each: each[0][0]):
        print(f"| {callers} | {name} | {rate:,.0f} | {p50:.1f} / {p99:.1f} |")
    print()


async def loaded(
    store: Candidate, drafts: Drafts, callers: int, seconds: float
) -> tuple[float, float, float]:
    """Choices a second, and milliseconds to an answer: median and 99 of 100."""
    ready = drafts.take(int(30_000 * seconds) if callers > 1 else int(6_000 * seconds))
    waits: list[float] = []

    async def caller(until: float) -> None:
        while ready and (start := time.perf_counter()) < until:
            await store.append(ready.pop())
            waits.append(time.perf_counter() - start)

    await store.append(ready.pop())
    start = time.perf_counter()
    await asyncio.gather(*(caller(start + seconds) for _ in range(callers)))
    rate, ranked = len(waits) / (time.perf_counter() - start), sorted(waits)
    return rate, 1_000 * ranked[len(ranked) // 2], 1_000 * ranked[len(ranked) * 99 // 100]


def show_bytes() -> None:
    """What a record takes in PostgreSQL, by table, and of the write-ahead log."""
    server = PostgresServer()
    try:
        address = server.database()
        name = address.rpartition("/")[2]
        store, close = opened(address)
        before = int(server.sql("SELECT pg_current_wal_insert_lsn() - '0/0'", name))
        asyncio.run(filled(store, Drafts().take(RECORDS)))
        log = int(server.sql("SELECT pg_current_wal_insert_lsn() - '0/0'", name)) - before
        store.close()
        close()
        print("| kept | bytes a record |\n|---|---|")
        for table in TABLES:
            tree = f"SELECT sum(pg_total_relation_size(relid)) FROM pg_partition_tree('{table}')"
            alone = f"SELECT pg_total_relation_size('{table}')"
            size = server.sql(tree, name).strip() or server.sql(alone, name)
            print(f"| `{table}` | {int(size) / RECORDS:,.0f} |")
        print(f"| write-ahead log | {log / RECORDS:,.0f} |\n")
    finally:
        server.stop()


async def filled(store: Candidate, ready: list) -> None:
    async def caller() -> None:
        while ready:
            await store.append(ready.pop())

    await asyncio.gather(*(caller() for _ in range(64)))


def show_failovers() -> None:
    """The longest time without an answer, the leader killed under load."""
    print("| Patroni's `ttl` | a leader again after | choices answered again after | lost |")
    print("|---|---|---|---|")
    for ttl in TTLS:
        with patroni_cluster(ttl) as cluster:
            store, close = opened(cluster.database("bench"))
            led, answered, lost = asyncio.run(failed_over(store, cluster))
            print(f"| {ttl} s | {led:.1f} s | {answered:.1f} s | {lost} |")
            store.close()
            close()
    print()


async def failed_over(store, cluster) -> tuple[float, float, int]:
    """Seconds from the kill to a leader, and to the next answer; answered choices that are gone."""
    ready, answers = Drafts().take(200_000), []
    ended = asyncio.Event()

    async def caller() -> None:
        while not ended.is_set():
            draft = ready.pop()
            while not ended.is_set():
                try:
                    receipt = await store.append(draft)
                except LedgerUnavailable:
                    await asyncio.sleep(0.05)
                    continue
                answers.append((time.perf_counter(), receipt.id))
                break
            await asyncio.sleep(0.02)

    callers = [asyncio.create_task(caller()) for _ in range(64)]
    await asyncio.sleep(2)
    await asyncio.to_thread(cluster.led().kill)
    killed = time.perf_counter()
    await asyncio.to_thread(cluster.led)
    led = time.perf_counter() - killed
    while answers[-1][0] < killed + led:
        await asyncio.sleep(0.01)
    await asyncio.sleep(1)
    ended.set()
    await asyncio.gather(*callers)
    back = min(at for at, _ in answers if at > killed + 0.5) - killed
    kept = {leaf.id async for leaf in store.scan()}
    return led, back, sum(name not in kept for _, name in answers)


if __name__ == "__main__":
    main()
