"""The transaction that a round is: in few ways to the server, which works while we do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from bandeau.storage.postgres.database import FAILURES, Connection


@asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Let the server work during the block, which does not wait for anything."""
    running = asyncio.ensure_future(work)
    # One turn of the loop until it is begun, and one until its request is sent.
    for _ in range(2):
        await asyncio.sleep(0)
    try:
        yield
    finally:
        await running


@asynccontextmanager
async def begun(db: Connection) -> AsyncIterator[None]:
    """A transaction that the block itself commits, with the last of its statements."""
    await db.execute("BEGIN")
    try:
        yield
    except BaseException:
        try:
            await db.execute("ROLLBACK")
        except FAILURES:
            db.terminate()
        raise
