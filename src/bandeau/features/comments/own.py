"""What readers may do with their own comments, whatever became of their choice since. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from enum import StrEnum

from bandeau import limits
from bandeau.features.comments.markdown import render
from bandeau.features.comments.model import Comment, Draft, Refusal, State, rfc3339
from bandeau.features.comments.write import prepare

BY_AUTHOR = "by-author"
NOT_SEEN = "held"

_NAMES = {"source": "text", "root": "thread"}


class Action(StrEnum):
    """What is done with a comment; these words are part of the HTTP interface."""

    KEEP = "keep"
    UNPUBLISH = "unpublish"
    PUBLISH = "publish"
    ERASE = "erase"
    EDIT = "edit"
    APPEAL = "appeal"

    @property
    def writes(self) -> bool:
        """Whether it needs what posting needs: the purpose, granted now (rule F2)."""
        return self in (Action.PUBLISH, Action.EDIT)

    @property
    def single(self) -> bool:
        """Whether it is done with one comment at a time."""
        return self in (Action.EDIT, Action.APPEAL)


class Fate(StrEnum):
    """What becomes of comments when the record that shows whose they are is erased."""

    KEEP = "keep"
    ERASE = "erase"
    LEAVE = "leave"
    """They stay as they are, name included."""


def unpublished(comment: Comment) -> tuple[State, tuple[str, ...]] | None:
    """Where a comment goes that its author takes out of sight; ``None`` where nobody sees it."""
    if comment.state is State.PUBLISHED:
        return State.REJECTED, (BY_AUTHOR,)
    if comment.state is State.HELD:
        return State.REJECTED, (BY_AUTHOR, NOT_SEEN, *comment.reasons)
    return None


def published_again(comment: Comment) -> tuple[State, tuple[str, ...]] | None:
    """Where :func:`unpublished` took it from; ``None`` where somebody else took it out of sight.

    What was held goes back to wait: nobody publishes by way of unpublishing.
    """
    if comment.state is not State.REJECTED or comment.reasons[:1] != (BY_AUTHOR,):
        return None
    if comment.reasons[1:2] == (NOT_SEEN,):
        return State.HELD, comment.reasons[2:]
    return State.PUBLISHED, ()


def editable(comment: Comment, now: int) -> bool:
    """Whether the edit window is still open; ``now`` in Unix milliseconds."""
    young = now - comment.time < limits.COMMENT_EDIT_SECONDS * 1000
    return young and comment.state in (State.PUBLISHED, State.HELD)


def revised(comment: Comment, text: str, now: int) -> Comment | Refusal:
    """``comment`` with ``text`` in place of what was typed before; ``now`` in Unix milliseconds."""
    ready = prepare(Draft(comment.page, comment.name, text))
    if isinstance(ready, Refusal):
        return ready
    return replace(comment, source=ready.text, html=render(ready.text), edited=now)


def told(comment: Comment) -> Mapping[str, object]:
    """All that is kept of a comment, for its author: times in RFC 3339, ``text`` as typed."""
    kept = {_NAMES.get(f.name, f.name): getattr(comment, f.name) for f in fields(comment)}
    kept["time"] = rfc3339(comment.time)
    kept["edited"] = rfc3339(comment.edited) if comment.edited else None
    kept["state"] = comment.state.value
    return kept | {"reasons": list(comment.reasons)}
