"""What arrives, gathered on disk until all of it is read: then threads are put together.

The file is SQLite's own temporary one, gone with the process. So an import needs little memory
however long the export, parents may come behind what answers them, and nothing is written to the
site before the whole file was found to hold.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import islice
from typing import Any, cast

import apsw

from bandeau import limits
from bandeau.features.comments.appeals import Appeal
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.exchange import Kept, Page, Vote, kept_of, line_of
from bandeau.features.comments.foreign import Arrival, Drop, Foreign
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.reports import Report

_FIELDS = tuple(each.name for each in fields(Comment))
_TABLES = """
CREATE TABLE item (
    key TEXT PRIMARY KEY, up TEXT, page TEXT, time INTEGER, id TEXT, place INTEGER, taken INTEGER,
    body TEXT
);
CREATE INDEX item_up ON item (up);
CREATE TABLE beside (number INTEGER PRIMARY KEY, behind INTEGER, line TEXT);
CREATE TABLE rooted (key TEXT PRIMARY KEY, root TEXT);
"""
_ADD = "INSERT INTO item VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING RETURNING 1"
_DETACH = """
UPDATE item SET up = NULL WHERE up IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM item AS above
    WHERE above.key = item.up AND above.page = item.page AND above.key <> item.key)
"""
_ROOTED = """
INSERT INTO rooted WITH RECURSIVE found (key, root) AS (
    SELECT key, key FROM item WHERE up IS NULL
    UNION ALL SELECT item.key, found.root FROM item JOIN found ON item.up = found.key
) SELECT key, root FROM found WHERE true ON CONFLICT DO NOTHING
"""
_CIRCLES = "UPDATE item SET up = NULL WHERE key NOT IN (SELECT key FROM rooted)"
# What is not taken stands as a tombstone where something under it is.
_NEEDED = """
UPDATE item SET taken = 2 WHERE taken = 0 AND key IN (
    WITH RECURSIVE above (key) AS (
        SELECT up FROM item WHERE taken = 1 AND up IS NOT NULL
        UNION SELECT item.up FROM item JOIN above ON item.key = above.key
        WHERE item.up IS NOT NULL
    ) SELECT key FROM above)
"""
_IN_ORDER = """
SELECT item.body, root.id, above.id FROM item
JOIN rooted ON rooted.key = item.key JOIN item AS root ON root.key = rooted.root
LEFT JOIN item AS above ON above.key = item.up
WHERE item.taken > 0
ORDER BY item.page, root.time, root.id, item.key <> rooted.root, item.place, item.time, item.id
"""


class Staging:
    """What is to be taken in; ``dropped`` counts what is not, ``first`` has a line for each."""

    def __init__(self) -> None:
        self._file = apsw.Connection("")
        self._file.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").fetchall()
        self._file.execute(_TABLES)
        self._file.execute("BEGIN")
        self.dropped: Counter[Drop] = Counter()
        self.first: dict[Drop, tuple[int, str]] = {}

    def close(self) -> None:
        """Let go of all of it."""
        self._file.close()

    def foreign(self, foreign: Foreign, arrival: Arrival) -> None:
        """Keep what arrived, and count it where it is dropped."""
        drop, comment = arrival.drop, arrival.comment
        if comment and not self._add(comment, foreign.key, foreign.parent or None, drop is None):
            drop = Drop.TWICE
        if drop:
            self.dropped[drop] += 1
            self.first.setdefault(drop, (foreign.line, foreign.url[:200]))

    def own(self, comment: Comment, line: int) -> None:
        """Keep a comment of our own export, which names the thread that it is in."""
        up = None if comment.first else comment.root
        if not self._add(comment, comment.id, up, True):
            self.dropped[Drop.TWICE] += 1
            self.first.setdefault(Drop.TWICE, (line, comment.id))

    def beside(self, kept: Kept) -> None:
        """Keep what an export of ours holds beside comments."""
        line = json.dumps(line_of(kept), ensure_ascii=False)
        behind = isinstance(kept, Vote | Decision | Report | Appeal)
        self._file.execute("INSERT INTO beside (behind, line) VALUES (?, ?)", (behind, line))

    def before(self) -> Iterator[list[Kept]]:
        """What comes before comments, ``limits.IMPORT_BATCH`` at a time."""
        return self._beside(0)

    def behind(self) -> Iterator[list[Kept]]:
        """What comes behind them, since it is for comments that are there."""
        return self._beside(1)

    def _beside(self, behind: int) -> Iterator[list[Kept]]:
        query = "SELECT number, line FROM beside WHERE behind = ? ORDER BY number"
        rows = self._file.execute(query, (behind,))
        while page := list(islice(rows, limits.IMPORT_BATCH)):
            yield [kept_of(json.loads(line), number) for number, line in page]

    def open_pages(self) -> None:
        """Pages begin with the first comment that is taken."""
        query = "SELECT page, min(time) FROM item WHERE taken = 1 GROUP BY page"
        for path, opened in self._file.execute(query).fetchall():
            self.beside(Page(str(path), cast(int, opened)))

    def settle(self) -> None:
        """Put the threads together, once everything is there."""
        self._file.execute(_DETACH)
        self._file.execute(_ROOTED)
        self._file.execute(_CIRCLES)
        self._file.execute(_ROOTED)
        self._file.execute(_NEEDED)

    def count(self) -> tuple[int, int, int]:
        """How many comments are taken, tombstones under which they stand, and pages."""
        query = (
            "SELECT count(*) FILTER (WHERE taken = 1), count(*) FILTER (WHERE taken = 2),"
            " count(DISTINCT page) FILTER (WHERE taken = 1) FROM item"
        )
        ((taken, tombstones, pages),) = self._file.execute(query).fetchall()
        return cast(int, taken), cast(int, tombstones), cast(int, pages)

    def batches(self) -> Iterator[list[Comment]]:
        """What is taken, ``limits.IMPORT_BATCH`` at a time: pages, their threads, their replies."""
        rows = self._file.execute(_IN_ORDER)
        while page := list(islice(rows, limits.IMPORT_BATCH)):
            yield [_comment(*row) for row in page]

    def _add(self, comment: Comment, key: str, up: str | None, taken: bool) -> bool:
        held = {name: getattr(comment, name) for name in _FIELDS}  # asdict copies, which costs
        body = json.dumps(held, ensure_ascii=False)
        where = (comment.page, comment.time, comment.id, comment.place)
        return bool(self._file.execute(_ADD, (key, up, *where, int(taken), body)).fetchall())


def _comment(body: str, root: str, above: str | None) -> Comment:
    held: dict[str, Any] = json.loads(body)
    state, reasons = State(held.pop("state")), tuple(held.pop("reasons"))
    comment = Comment(**held, state=state, reasons=reasons)
    if comment.root:
        return replace(comment, root=root)
    return replace(comment, root=root, reply_to=above)
