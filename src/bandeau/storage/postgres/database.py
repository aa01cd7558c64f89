"""One PostgreSQL database: a thread with its own event loop, and the connections that live there.

The stores answer on any event loop and from any thread, so none of those may own a connection.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias, TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import uvloop

from bandeau import limits

Found = TypeVar("Found")
Connection: TypeAlias = Any
"""An ``asyncpg.Connection``, which comes without types."""
FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
# Each statement of the stores is answered from an index. A plan that is made while a table is
# still empty would read all of it, and go on so until the statistics are next taken.
_SETTINGS = {
    "application_name": "bandeau",
    "enable_seqscan": "off",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
    # What the stores count on, whatever the server's default.
    "default_transaction_isolation": "read committed",
    "standard_conforming_strings": "on",
    "idle_in_transaction_session_timeout": str(limits.POSTGRES_ANSWER_SECONDS * 1000),
}


class Database:
    """The database at ``address``, a ``postgresql://`` URL, which may name the hosts of a cluster.

    Raises one of :data:`FAILURES` where it cannot be reached. Later it reconnects by itself; after
    a failure nobody waits for it again within ``limits.POSTGRES_REST_SECONDS``.
    """

    def __init__(self, address: str) -> None:
        self._hosts = hosts_of(address)
        self._rest_until = 0.0
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="bandeau-postgres", daemon=True
        )
        self._thread.start()
        try:
            self._pool = self.run(self._opened())
        except BaseException:
            self._end()
            raise

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where the connections live."""
        return self._loop

    def close(self) -> None:
        """Close every connection, and end the thread."""
        if self._loop.is_closed():
            return
        try:
            self.run(self._closed())
        finally:
            self._end()

    def run(self, work: Coroutine[Any, Any, Found]) -> Found:
        """What ``work`` gives on the database's own loop; waits for it."""
        return self._begun(work).result()

    async def ask(self, work: Coroutine[Any, Any, Found]) -> Found:
        """The same, from another event loop."""
        return await asyncio.wrap_future(self._begun(work))

    def _begun(self, work: Coroutine[Any, Any, Found]) -> Future[Found]:
        if self._loop.is_closed():
            work.close()
            raise ConnectionError("the database is closed")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection of the pool, for a short time. On the database's own loop only."""
        if time.monotonic() < self._rest_until:
            raise ConnectionError("PostgreSQL did not answer a moment ago")
        try:
            connection = await self._pool.acquire(timeout=limits.POSTGRES_CONNECT_SECONDS)
        except FAILURES:
            self._rest_until = time.monotonic() + limits.POSTGRES_REST_SECONDS
            raise
        try:
            yield connection
        finally:
            await self._pool.release(connection, timeout=limits.POSTGRES_CONNECT_SECONDS)

    async def connect(self) -> Connection:
        """A connection of one's own, without a bound on how long its statements take."""
        return await self._connected(server_settings={"application_name": "bandeau"})

    async def _connected(self, *_: object, **settings: object) -> Connection:
        """The first host that can be used, begun with the one that last could.

        The driver would wait for a silent host as long as for all of them.
        """
        failure: Exception = ConnectionError("no host")
        patience = limits.POSTGRES_CONNECT_SECONDS / len(self._hosts)
        for host in self._hosts:
            try:
                found = await asyncpg.connect(host, timeout=patience, **settings)
            except FAILURES as error:
                failure = error
                continue
            self._hosts = sorted(self._hosts, key=host.__ne__)
            return found
        raise failure

    async def _opened(self) -> Any:
        pool = await asyncpg.create_pool(
            connect=self._connected,
            min_size=0,
            max_size=limits.POSTGRES_CONNECTIONS,
            command_timeout=limits.POSTGRES_ANSWER_SECONDS,
            server_settings=_SETTINGS,
            init=_durable,
            reset=_as_it_is,
        )
        async with pool.acquire(timeout=limits.POSTGRES_CONNECT_SECONDS):
            return pool

    async def _closed(self) -> None:
        try:
            async with asyncio.timeout(limits.POSTGRES_CONNECT_SECONDS):
                await self._pool.close()
        except FAILURES:
            self._pool.terminate()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def hosts_of(address: str) -> list[str]:
    """One address for each host that ``address`` names."""
    parts = urlsplit(address)
    user, at, hosts = parts.netloc.rpartition("@")
    if "," not in hosts:
        return [address]
    return [urlunsplit(parts._replace(netloc=user + at + host)) for host in hosts.split(",")]


async def _durable(connection: Connection) -> None:
    """What is answered is on the disk, whatever the server's default; stricter ones stay."""
    if await connection.fetchval("SHOW synchronous_commit") == "off":
        await connection.execute("SET synchronous_commit = on")


async def _as_it_is(connection: Connection) -> None:
    """Nothing here changes a session, and each reset would be one more way to the server."""


@contextmanager
def translated(to: type[Exception], what: str) -> Iterator[None]:
    """Turn every failure of the database into the port's own error."""
    try:
        yield
    except FAILURES as error:
        raise to(f"{what}: {str(error) or type(error).__name__}") from error
