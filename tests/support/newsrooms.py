"""A newsroom over each database, for contract tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from memory_tables import memory_comments

from bandeau.storage.comments.newsroom import Newsroom, newsroom
from bandeau.storage.comments.store import StoredComments
from bandeau.storage.place import open_place


class Kept(NamedTuple):
    """What one newsroom keeps."""

    comments: StoredComments
    room: Newsroom


Run = Callable[[Callable[[Kept], Coroutine[Any, Any, None]]], None]


@contextmanager
def running(where: Path | str | None) -> Iterator[Run]:
    """Runs scenarios over a folder, over a database's address, or over nothing that stays."""
    place = open_place(where) if where else None
    if isinstance(where, str):
        place.ledger(place.make_keys("www.quotidien.test", bytes)).close()
    store: Any = place.comments() if place else memory_comments()
    kept = Kept(store, newsroom(store.tables))
    try:
        yield lambda scenario: asyncio.run(scenario(kept))
    finally:
        store.close()
        if place:
            place.close()
