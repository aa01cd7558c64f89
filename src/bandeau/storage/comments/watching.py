"""What becomes of comments and authors, and who left an address to be told of it."""

from __future__ import annotations

from bandeau.features.comments.model import Comment
from bandeau.features.comments.queue import Act
from bandeau.storage.tables import Statement, Steps

# A reply that is published again is no news.
_NEWS = (
    "INSERT INTO news SELECT $1, $2, 0 FROM watched JOIN watch ON watch.id = watched.watch"
    " WHERE watched.comment = $3 AND watch.confirmed = 1"
    " ON CONFLICT (reply) DO NOTHING"
)
_NOTICED = (
    "INSERT INTO news SELECT $1, $2, 0 FROM report WHERE decision = $1 AND email <> ''"
    " ON CONFLICT (reply) DO NOTHING"
)
_EXCLUDED = (
    "INSERT INTO news SELECT $1, $2, 0 FROM comment"
    " JOIN watched ON watched.comment = comment.id JOIN watch ON watch.id = watched.watch"
    " WHERE comment.author = $3 AND watch.confirmed = 1 ON CONFLICT (reply) DO NOTHING"
)
_OF = "SELECT watch FROM watched WHERE comment = $1"
_OTHERS = "SELECT comment FROM watched WHERE watch = $1 LIMIT 1"


def published(comment: Comment) -> Steps[None]:
    """A comment can be read from now on."""
    if comment.reply_to:
        yield Statement(_NEWS, (comment.id, comment.time, comment.reply_to))


def decided_on_comment(act: Act) -> Steps[None]:
    """A comment was taken off, and who wrote it may have left an address."""
    yield Statement(_NEWS, (act.id, act.time, act.object))


def notice_decided(act: Act) -> Steps[None]:
    """Notices were decided upon, whose senders may have left an address."""
    yield Statement(_NOTICED, (act.id, act.time))


def decided_on_author(act: Act) -> Steps[None]:
    """An author was shut out, who may have left an address."""
    yield Statement(_EXCLUDED, (act.id, act.time, act.object))


def abandoned(comment_id: str) -> Steps[None]:
    """A comment is nobody's any more: nobody is told of replies to it."""
    for (watch,) in (yield Statement(_OF, (comment_id,))):
        yield Statement("DELETE FROM watched WHERE comment = $1", (comment_id,))
        if not (yield Statement(_OTHERS, (watch,))):
            yield from erased(watch)


def erased(watch: str) -> Steps[None]:
    """Nobody is told of anything under a watch any more."""
    yield Statement("DELETE FROM letter WHERE watch = $1", (watch,))
    yield Statement("DELETE FROM watched WHERE watch = $1", (watch,))
    yield Statement("DELETE FROM watch WHERE id = $1", (watch,))
