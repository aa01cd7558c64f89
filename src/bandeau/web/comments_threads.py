"""Threads of comments as HTML: the same for all who see them in one language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bandeau.features.comments.model import Comment, Listing, State, rfc3339
from bandeau.features.comments.model import Thread as Kept
from bandeau.policy.words import Words

Say = Callable[..., str]

_SYSTEMS = {"disqus": "Disqus", "wordpress": "WordPress"}
_DATES = {"de": "%d.%m.%Y", "ru": "%d.%m.%Y"} | dict.fromkeys(("fr", "es", "it", "ar"), "%d/%m/%Y")
_ANCHOR = Markup('<span id="comment-{0}" slot="comment-{0}"></span>')


@dataclass(frozen=True, slots=True)
class Drawn:
    """Threads as they are drawn, and the empty ``anchors`` that stand outside the shadow tree.

    ``count`` is of all comments of the page, ``shown`` of these threads; ``next`` as in
    :class:`Listing`.
    """

    count: int
    shown: int
    next: str
    threads: Markup
    anchors: Markup


@dataclass(frozen=True, slots=True)
class Item:
    """A comment as it is drawn; ``time`` is RFC 3339, ``answers`` a name or empty.

    What is no longer ``shown`` keeps its place for what answers it.
    """

    id: str
    name: str
    html: Markup
    time: str
    on: str
    answers: str
    edited: bool
    origin: str
    shown: bool


@dataclass(frozen=True, slots=True)
class Thread:
    """A comment and what answers it, oldest answer first, one level deep.

    ``more`` is the place after which its other replies follow, empty where there are none.
    """

    root: Item
    replies: list[Item]
    more: str


@cache
def packaged() -> Environment:
    """The templates of the comments."""
    return Environment(
        loader=PackageLoader("bandeau.web"), autoescape=True, undefined=StrictUndefined
    )


class ThreadsView:
    """Draws the threads of one site in its visitors' languages."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def draw(
        self,
        page: str,
        listing: Listing,
        lang: str,
        votes: Mapping[str, int] | None = None,
        *,
        opened: bool,
    ) -> Drawn:
        """The threads of ``listing``; ``opened`` for who may answer and recommend."""
        say = self.sayer(lang)
        threads = [_thread(say, lang, kept) for kept in listing.threads]
        told = {each: recommended(say, count) for each, count in (votes or {}).items()}
        template = packaged().get_template("comments_threads.html")
        drawn = template.render(
            say=say,
            page=page,
            lang=lang,
            open=opened,
            threads=threads,
            votes=votes is not None,
            told=told,
        )
        ids = (each.id for thread in threads for each in (thread.root, *thread.replies))
        return Drawn(
            listing.count,
            len(threads),
            listing.next,
            Markup(drawn),  # noqa: S704 - drawn by an escaping template
            Markup().join(map(_ANCHOR.format, ids)),
        )

    def sayer(self, lang: str) -> Say:
        """What says a text in ``lang``."""
        return lambda key, **values: self._words.say(lang, key, **values)


def counted(say: Say, count: int) -> str:
    """How many comments there are, in words."""
    if count == 0:
        return say("comments.count_none")
    return say("comments.count_one") if count == 1 else say("comments.count_many", count=count)


def recommended(say: Say, count: int) -> str:
    """How many recommend a comment, in words."""
    return say("comments.votes_one") if count == 1 else say("comments.votes_many", count=count)


def name_of(say: Say, comment: Comment) -> str:
    """The name under a comment; one whose author took it off has none of its own."""
    return comment.name or (say("mine.nameless") if comment.html else "")


def _thread(say: Say, lang: str, kept: Kept) -> Thread:
    names = {each.id: name_of(say, each) for each in (kept.root, *kept.replies)}
    replies = [
        # What answers the first one stands right under it.
        _item(
            say,
            lang,
            reply,
            "" if reply.reply_to == kept.root.id else names.get(reply.reply_to or "", ""),
        )
        for reply in kept.replies
    ]
    more = str(kept.replies[-1].place) if kept.more and kept.replies else ""
    return Thread(_item(say, lang, kept.root, ""), replies, more)


def _origin(say: Say, comment: Comment) -> str:
    """Where it was written, if not here."""
    system = _SYSTEMS.get(comment.origin, comment.origin)
    return say("comments.origin", system=system) if system else ""


def _item(say: Say, lang: str, comment: Comment, answers: str) -> Item:
    moment = datetime.fromtimestamp(comment.time / 1000, UTC)
    date = moment.strftime(f"{_DATES.get(lang, '%Y-%m-%d')} %H:%M UTC")
    shown = comment.state is State.PUBLISHED
    return Item(
        id=comment.id,
        name=name_of(say, comment) if shown else "",
        html=Markup(comment.html if shown else ""),  # noqa: S704 - sanitised when it was written
        time=rfc3339(comment.time),
        on=say("comments.on", date=date),
        answers=answers,
        edited=shown and comment.edited > 0,
        origin=_origin(say, comment) if shown else "",
        shown=shown,
    )
