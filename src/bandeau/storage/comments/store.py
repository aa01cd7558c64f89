"""The comments of one site in tables."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from bandeau import limits
from bandeau.features.comments.model import Comment, Listing, Order, State, Thread
from bandeau.storage.comments import votes, watching
from bandeau.storage.comments.authors import posting
from bandeau.storage.comments.decisions import forgetting
from bandeau.storage.tables import Rows, Statement, Steps, Tables, listed

FILE = "comments.sqlite"
SCHEMA = 14
TABLES = (
    *("comment", "page", "author", "posted", "staff", "act", "vote"),
    *("reader", "bond", "watch", "watched", "passkey"),
    *("report", "reported", "decision", "appeal"),
)
MIGRATIONS = Path(__file__).parent

_COLUMNS = (
    "id, page, name, html, time, reply_to, receipt, source, author, root, state, reasons, edited,"
    " place, replies, origin"
)
_REPLIES_AT = _COLUMNS.split(", ").index("replies")
_MADE: Callable[..., Comment] = Comment
_STATES = {state.value: state for state in State}
COLUMNS = _COLUMNS
_FIND = f"SELECT {_COLUMNS} FROM comment WHERE id = $1"  # noqa: S608 - constants
_ADD = (
    f"INSERT INTO comment ({_COLUMNS}, last, listed)"  # noqa: S608
    f" VALUES ({listed(1, 16)}, 0, $17) ON CONFLICT DO NOTHING RETURNING id"
)
_PARENT = "SELECT root FROM comment WHERE id = $1 AND page = $2 AND state = 'published'"
_PLACE = "UPDATE comment SET last = last + 1 WHERE id = $1 RETURNING last"
_REPLIES = (
    "UPDATE comment SET replies = replies + $2,"
    " listed = CASE WHEN state = 'published' OR replies + $2 > 0 THEN 1 ELSE 0 END WHERE id = $1"
)
_LISTED = (
    "UPDATE comment SET listed = CASE WHEN state = 'published' OR replies > 0 THEN 1 ELSE 0 END"
    " WHERE id = $1"
)
_SHOWN = (
    "INSERT INTO page (path, shown, opened, changes) VALUES ($1, $2, $3, 1)"
    " ON CONFLICT (path) DO UPDATE SET shown = page.shown + $2, changes = page.changes + 1"
)
_CHANGED = "UPDATE page SET changes = changes + 1 WHERE path = $1"
_CHANGES = "SELECT changes FROM page WHERE path = $1"
_COUNT = "SELECT shown FROM page WHERE path = $1"
_ROOTS = f"SELECT {_COLUMNS} FROM comment WHERE page = $1 AND place = 0 AND listed = 1"  # noqa: S608
_SAME = "(SELECT {by} FROM comment WHERE id = $3 AND page = $1 AND place = 0 AND listed = 1)"
_BY = {Order.NEWEST: "time, id", Order.OLDEST: "time, id", Order.BUSIEST: "replies, id"}
_THREAD = (
    f"SELECT {_COLUMNS} FROM comment WHERE root = $1 AND place > $2 AND listed = 1"  # noqa: S608
    " ORDER BY place LIMIT $3"
)
_MOVE = (
    "UPDATE comment SET state = $2, reasons = $3 WHERE id = $1 AND state = $4 AND reasons = $5"
    " RETURNING id"
)
_ERASE = (
    "UPDATE comment SET name = '', author = '', source = '', html = '', receipt = '', reasons = ''"
    " WHERE id = $1"
)
_NO_VOTES = "DELETE FROM vote WHERE comment = $1"
_REWRITE = (
    "UPDATE comment SET name = $2, source = $3, html = $4, edited = $5, state = $6, reasons = $7"
    " WHERE id = $1 AND state = $8 AND reasons = $9 RETURNING id"
)
_DISOWN = (
    "UPDATE comment SET name = '', author = '', receipt = '', source = ''"
    " WHERE id = $1 AND (name <> '' OR author <> '' OR receipt <> '' OR source <> '')"
    " RETURNING page"
)
_ALLOWED = (
    "SELECT watched.comment FROM watched JOIN comment ON comment.id = watched.comment"
    " WHERE comment.receipt = $1"
)
_NEWEST_OF_ALL = (2**62, "")


class StoredComments:
    """A :class:`bandeau.features.comments.store.CommentStore` over the tables of a database."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    @property
    def tables(self) -> Tables:
        """Where they are, for what a newsroom keeps beside them."""
        return self._tables

    def close(self) -> None:
        """Let writes under way end. Further calls are unavailable."""
        self._tables.close()

    async def add(self, comment: Comment, mark: str = "") -> Comment | None:
        """See the port."""
        return await self._tables.write(_adding(comment, mark))

    async def version(self, page: str) -> int:
        """See the port."""
        found = await self._tables.read(_CHANGES, page)
        return int(found[0][0]) if found else 0

    async def threads(
        self, page: str, limit: int, order: Order = Order.NEWEST, after: str | None = None
    ) -> Listing:
        """See the port."""
        values = (page, limit + 1) if after is None else (page, limit + 1, after)
        found = await self._tables.read(roots(order, after is not None), *values)
        shown = _comments(_fitting(found, limit))
        replies = await self._replies([root for root in shown if root.replies])
        count = await self._tables.read(_COUNT, page)
        threads = [_thread(root, replies.get(root.id, [])) for root in shown]
        next_one = shown[-1].id if 0 < len(shown) < len(found) else ""
        return Listing(threads, count[0][0] if count else 0, next_one)

    async def thread(self, root: str, limit: int, after: int = 0) -> Listing:
        """See the port."""
        found = _comments(await self._tables.read(_FIND, root))
        if not found or not found[0].first or not (_is_shown(found[0]) or found[0].replies):
            return Listing((), 0)
        replies = _comments(await self._tables.read(_THREAD, root, after, limit + 1))
        shown = Thread(found[0], tuple(replies[:limit]), more=len(replies) > limit)
        return Listing([shown], found[0].replies)

    async def find(self, comment_id: str) -> Comment | None:
        """See the port."""
        found = _comments(await self._tables.read(_FIND, comment_id))
        return found[0] if found else None

    async def counts(self, pages: Collection[str]) -> Mapping[str, int]:
        """See the port."""
        if not pages:
            return {}
        names = listed(1, len(pages))
        query = f"SELECT path, shown FROM page WHERE path IN ({names})"  # noqa: S608
        return dict(await self._tables.read(query, *pages))

    async def latest(self, limit: int, page: str | None = None) -> Sequence[Comment]:
        """See the port."""
        about = (page,) if page is not None else ()
        return _comments(await self._tables.read(latest(page is not None), limit, *about))

    async def mine(
        self, receipts: Collection[str], before: Comment | None = None
    ) -> tuple[Comment, ...]:
        """See the port."""
        known = [receipt for receipt in receipts if receipt]
        if not known:
            return ()
        time, last = (before.time, before.id) if before else _NEWEST_OF_ALL
        rows = await self._tables.read(allowed(known), limits.COMMENTS_MINE, time, last, *known)
        return tuple(_comments(rows))

    async def move(
        self,
        comment_id: str,
        state: State,
        reasons: Collection[str] = (),
        known: Comment | None = None,
    ) -> Comment | None:
        """See the port."""
        steps = _moving(comment_id, state, tuple(reasons), known)
        return await self._tables.write(steps, erasing=state is State.GONE)

    async def rewrite(self, comment: Comment, known: Comment | None = None) -> bool:
        """See the port."""
        return await self._tables.write(_rewriting(comment, known), erasing=True)

    async def disown(self, comment_id: str) -> bool:
        """See the port."""
        return await self._tables.write(_disowning(comment_id), erasing=True)

    async def forget(self, receipts: Collection[str]) -> None:
        """See the port."""
        await self._tables.write(_forgetting(list(receipts)), erasing=True)

    async def _replies(self, roots: list[Comment]) -> dict[str, list[Comment]]:
        if not roots:
            return {}
        most = limits.COMMENT_REPLIES_SHOWN
        rows = await self._tables.read(
            f"SELECT {_COLUMNS} FROM comment WHERE root IN ({listed(2, len(roots))})"  # noqa: S608
            " AND place BETWEEN 1 AND $1 AND listed = 1 ORDER BY root, place",
            most,
            *(root.id for root in roots),
        )
        gathered: dict[str, list[Comment]] = {}
        for reply in _comments(rows):
            gathered.setdefault(reply.root, []).append(reply)
        return gathered


@functools.cache
def roots(order: Order, follows: bool) -> str:
    """The statement that reads the first comments of a page; ``follows`` behind one of them."""
    by, way = _BY[order], "ASC" if order is Order.OLDEST else "DESC"
    beyond = ">" if order is Order.OLDEST else "<"
    rest = f" AND ({by}) {beyond} {_SAME.format(by=by)}" if follows else ""
    first, second = by.split(", ")
    return f"{_ROOTS}{rest} ORDER BY {first} {way}, {second} {way} LIMIT $2"


def latest(of_page: bool) -> str:
    """The statement that reads what was published last, on the site or on one page."""
    where = " AND page = $2" if of_page else ""
    return (
        f"SELECT {_COLUMNS} FROM comment WHERE state = 'published'{where}"  # noqa: S608
        " ORDER BY time DESC, id DESC LIMIT $1"
    )


def allowed(receipts: Sequence[str]) -> str:
    """The statement that reads what these records allowed, newest first."""
    return (
        f"SELECT {_COLUMNS} FROM comment WHERE receipt IN ({listed(4, len(receipts))})"  # noqa: S608
        " AND state <> 'gone' AND (time < $2 OR (time = $2 AND id < $3))"
        " ORDER BY time DESC, id DESC LIMIT $1"
    )


def _fitting(roots: Rows, limit: int) -> Rows:
    """As many of ``roots`` as make ``limit`` comments with their threads, but at least one."""
    room = limit
    for number, root in enumerate(roots):
        room -= 1 + min(root[_REPLIES_AT], limits.COMMENT_REPLIES_SHOWN)
        if room < 0 and number:
            return roots[:number]
    return roots[:limit] if limit else []


def _thread(root: Comment, replies: list[Comment]) -> Thread:
    return Thread(root, tuple(replies), more=root.replies > len(replies))


def _is_shown(comment: Comment) -> bool:
    return comment.state is State.PUBLISHED


def _comments(rows: Rows) -> list[Comment]:
    return [_comment(row) for row in rows]


def _comment(row: Sequence[Any]) -> Comment:
    *told, state, reasons, edited, place, replies, origin = row
    why = tuple(reasons.split()) if reasons else ()
    return _MADE(*told, _STATES[state], why, edited, place, replies, origin)


def _row(c: Comment) -> tuple[str | int | None, ...]:
    text = (c.id, c.page, c.name, c.html, c.time, c.reply_to, c.receipt, c.source, c.author)
    return *text, c.root, c.state.value, " ".join(c.reasons), c.edited, c.place, 0, c.origin


def _found(comment_id: str) -> Steps[Comment | None]:
    rows = yield Statement(_FIND, (comment_id,))
    return next(iter(_comments(rows)), None)


def _adding(comment: Comment, mark: str) -> Steps[Comment | None]:
    root, place = comment.id, 0
    if comment.reply_to is not None:
        known = yield from _found(comment.id)
        if known:
            return known
        parents = yield Statement(_PARENT, (comment.reply_to, comment.page))
        if not parents:
            return None
        root = parents[0][0]
        ((place,),) = yield Statement(_PLACE, (root,))
    kept = replace(comment, root=root, place=place, replies=0)
    shown = _is_shown(kept)
    added = yield Statement(_ADD, (*_row(kept), int(shown)))
    if not added:
        return (yield from _found(comment.id))
    if shown:
        yield from watching.published(kept)
        yield from _tallying(kept, 1)
    yield from posting(kept, mark)
    return kept


def _counting(comment: Comment, change: int) -> Steps[None]:
    """A published comment came or went: who waits for replies, and the counts."""
    if change > 0:
        yield from watching.published(comment)
    yield from counting(comment, change)


def counting(comment: Comment, change: int) -> Steps[None]:
    """Count a published comment that came or went, for its page and its thread; no news of it."""
    yield from _tallying(comment, change)
    yield Statement(_LISTED, (comment.id,))


def _tallying(comment: Comment, change: int) -> Steps[None]:
    yield Statement(_SHOWN, (comment.page, change, comment.time))
    if not comment.first:
        yield Statement(_REPLIES, (comment.root, change))


def _moving(
    comment_id: str, state: State, reasons: tuple[str, ...], known: Comment | None
) -> Steps[Comment | None]:
    before = yield from _found(comment_id)
    while before and before.state is not State.GONE:
        if known and _judged(before) != _judged(known):
            return None
        values = (comment_id, state.value, " ".join(reasons), *_judged(before))
        if (yield Statement(_MOVE, values)):
            if state is State.GONE:
                yield Statement(_ERASE, (comment_id,))
                yield from forgetting(comment_id)
                yield from watching.abandoned(comment_id)
                yield Statement(_NO_VOTES, (comment_id,))
            yield from _turning(before, state)
            return before
        before = yield from _found(comment_id)  # another process moved it meanwhile
    return before


def _rewriting(comment: Comment, known: Comment | None) -> Steps[bool]:
    before = yield from _found(comment.id)
    while before and before.state is not State.GONE:
        if known and _judged(before) != _judged(known):
            return False
        values = (comment.id, comment.name, comment.source, comment.html, comment.edited)
        if (yield Statement(_REWRITE, (*values, *_judged(comment), *_judged(before)))):
            yield from _turning(before, comment.state)
            yield Statement(_CHANGED, (before.page,))
            return True
        before = yield from _found(comment.id)
    return False


def _judged(comment: Comment) -> tuple[str, str]:
    return comment.state.value, " ".join(comment.reasons)


def _disowning(comment_id: str) -> Steps[bool]:
    yield from watching.abandoned(comment_id)
    pages = yield Statement(_DISOWN, (comment_id,))
    for (page,) in pages:
        yield Statement(_CHANGED, (page,))
    return bool(pages)


def _turning(before: Comment, state: State) -> Steps[None]:
    change = (state is State.PUBLISHED) - _is_shown(before)
    if change:
        yield from _counting(before, change)


def _forgetting(receipts: Iterable[str]) -> Steps[None]:
    for receipt in receipts:
        if receipt:
            found = yield Statement(_ALLOWED, (receipt,))
            for (comment_id,) in found:
                yield from watching.abandoned(comment_id)
            yield Statement("UPDATE comment SET receipt = '' WHERE receipt = $1", (receipt,))
            yield from votes.forgetting(receipt)


def moving(
    comment_id: str, state: State, reasons: tuple[str, ...], known: Comment | None
) -> Steps[Comment | None]:
    """What :meth:`StoredComments.move` does."""
    return (yield from _moving(comment_id, state, reasons, known))


def adding(comment: Comment) -> Statement:
    """The statement that keeps ``comment`` where it says that it is, unless its id is there."""
    return Statement(_ADD, (*_row(comment), 0))


def comments_of(rows: Rows) -> list[Comment]:
    """Rows of :data:`COLUMNS` as comments."""
    return _comments(rows)


def turning(before: Comment, state: State) -> Steps[None]:
    """Count again what a comment counts for, once it was put into ``state``."""
    yield from _turning(before, state)
