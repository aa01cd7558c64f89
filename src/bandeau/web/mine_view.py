"""A reader's own comments in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote

from markupsafe import Markup

from bandeau import limits
from bandeau.features.comments.appeals import Statement
from bandeau.features.comments.exclusions import Exclusion
from bandeau.features.comments.model import Comment, State, rfc3339
from bandeau.features.comments.own import Action, editable, published_again, unpublished
from bandeau.web.statements import excluded, stated
from bandeau.web.view import View

_STATES = {State.PUBLISHED: "mine.state_published", State.HELD: "mine.state_held"}


@dataclass(frozen=True, slots=True)
class Refused:
    """An edit that was turned down: of which comment, the ``text`` as it came, and why."""

    id: str
    text: str
    message: str


class Seen(NamedTuple):
    """Comments of one visitor, why some were taken off, and why the visitor was shut out."""

    found: Sequence[Comment] = ()
    statements: Mapping[str, Statement] = {}
    exclusions: Sequence[Exclusion] = ()


@dataclass(frozen=True, slots=True)
class MineScene:
    """What one visitor sees; ``opened`` where commenting is open to them, ``done`` the last action,
    ``now`` in Unix milliseconds."""

    seen: Seen
    opened: bool
    now: int
    done: str
    refused: Refused | None = None

    @property
    def full(self) -> bool:
        """Whether there may be more than these."""
        return len(self.seen.found) >= limits.COMMENTS_MINE


@dataclass(frozen=True, slots=True)
class OwnComment:
    """One comment as its author sees it; ``text`` what can be edited, ``None`` where nothing."""

    id: str
    page: str
    where: str
    name: str
    html: Markup
    time: str
    shown_at: str
    edited_at: str
    state: str
    actions: tuple[str, ...]
    statement: Mapping[str, object] | None
    text: str | None

    @property
    def takes_text(self) -> bool:
        """Whether it has a form that a text goes into: an edit, or an appeal."""
        return self.text is not None or bool(self.statement and self.statement["until"])


class Recommended(NamedTuple):
    """A comment of anybody's that the visitor recommends."""

    id: str
    name: str
    html: Markup


def recommended(view: View, comment: Comment) -> Recommended:
    """``comment`` as the page of recommendations tells it."""
    name = comment.name or view.say("mine.nameless")
    return Recommended(comment.id, name, Markup(comment.html))  # noqa: S704 - sanitised at write


def own_comments(view: View, scene: MineScene) -> list[OwnComment]:
    """The comments of ``scene`` as the page tells them."""
    return [_own(view, scene, comment) for comment in scene.seen.found]


def own_exclusions(view: View, scene: MineScene) -> list[Mapping[str, object]]:
    """Why they may not comment, as the page tells it."""
    return [excluded(view, each, scene.now) for each in scene.seen.exclusions]


def _own(view: View, scene: MineScene, comment: Comment) -> OwnComment:
    return OwnComment(
        id=comment.id,
        page=_place(comment),
        where=unquote(comment.page),
        name=comment.name,
        html=Markup(comment.html),  # noqa: S704 - sanitised when it was written
        time=rfc3339(comment.time),
        shown_at=_moment(comment.time),
        edited_at=_moment(comment.edited) if comment.edited else "",
        state=view.say(_state(comment)),
        actions=tuple(_actions(scene, comment)),
        statement=stated(view, comment, scene.seen.statements.get(comment.id), scene.now),
        text=_editable_text(scene, comment),
    )


def _editable_text(scene: MineScene, comment: Comment) -> str | None:
    """What stands in the form; of an edit that was refused, what was typed."""
    if not scene.opened or not editable(comment, scene.now):
        return None
    refused = scene.refused
    return refused.text if refused and refused.id == comment.id else comment.source


def _actions(scene: MineScene, comment: Comment) -> list[Action]:
    ways = [Action.KEEP]
    if unpublished(comment):
        ways.append(Action.UNPUBLISH)
    if scene.opened and published_again(comment):
        ways.append(Action.PUBLISH)
    return [*ways, Action.ERASE]


def _state(comment: Comment) -> str:
    if published_again(comment):
        return "mine.state_unpublished"
    return _STATES.get(comment.state, "mine.state_hidden")


def _place(comment: Comment) -> str:
    shown = comment.state is State.PUBLISHED
    return f"{comment.page}#comment-{comment.id}" if shown else comment.page


def _moment(time: int) -> str:
    return f"{datetime.fromtimestamp(time / 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"
