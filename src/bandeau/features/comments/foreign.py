"""Comments of another system on their way in: what is taken of them, what is dropped, and why.

Text, name, time, page, state and place in the thread are taken, and nothing else: no address of any
kind, no browser, no account. What arrives has no receipt, so nobody can change it as theirs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from bandeau import limits
from bandeau.features.comments.addresses import Addresses
from bandeau.features.comments.foreign_text import markdown_of
from bandeau.features.comments.markdown import render
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.moderate import Why
from bandeau.features.comments.words import WordList
from bandeau.features.comments.write import clean_name, clean_text, seen, unspeakable
from bandeau.ledger.record import uuid7


class Origin(StrEnum):
    """Where comments are taken from; these words are part of the export."""

    DISQUS = "disqus"
    WORDPRESS = "wordpress"
    ISSO = "isso"
    REMARK42 = "remark42"


class Form(StrEnum):
    """How a text is written: in LINES, HTML whose line breaks are those of the text."""

    MARKDOWN = "markdown"
    HTML = "html"
    LINES = "lines"


class Drop(StrEnum):
    """Why something of a file is not taken."""

    SPAM = "spam"
    DELETED = "deleted"
    PINGBACK = "no comment"
    HIDDEN = "page is not public"
    ELSEWHERE = "address not of this site"
    QUERY = "address with a query"
    UNMAPPABLE = "address cannot be a page"
    TIME = "no usable time"
    EMPTY = "nothing to show"
    LONG = "text too long"
    CHARACTERS = "unusable characters"
    TWICE = "there twice"


class Unreadable(Exception):
    """A file that is not what it is said to be; ``line`` is 0 where there are no lines."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Foreign:
    """A comment as another system keeps it, from ``line`` of its file.

    ``key`` is its id and ``parent`` that of what it answers, empty for nothing; ``url`` is its
    page, ``time`` in Unix milliseconds. ``drop`` says why its system would not show it; one that
    ``waits`` was not approved there.
    """

    key: str
    parent: str
    url: str
    name: str
    text: str
    form: Form
    time: int
    line: int
    drop: Drop | None = None
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """A comment that is taken, or a ``drop``.

    Of what is dropped ``comment`` is the tombstone that its replies would stand under; ``None``
    where it could have none.
    """

    comment: Comment | None
    drop: Drop | None = None


@dataclass(frozen=True, slots=True)
class Border:
    """What everything that arrives passes; ``names`` are those that pose as the newsroom.

    ``now`` is in Unix milliseconds: nothing was written after it.
    """

    origin: Origin
    pages: Addresses
    names: WordList
    now: int

    def pass_(self, foreign: Foreign) -> Arrival:
        """What becomes of ``foreign``. The same one gets the same id each time."""
        page = self.pages.page(foreign.url)
        if page is None:
            return Arrival(None, self._why_nowhere(foreign.url))
        if not 0 < foreign.time <= self.now:
            return Arrival(None, Drop.TIME)
        drop, name, text = foreign.drop, "", ""
        if drop is None:
            drop, name, text = _cleaned(foreign)
        comment = Comment(
            id=_id(self.origin, foreign),
            page=page,
            name=name,
            html=render(text),
            time=foreign.time,
            reply_to=None,
            receipt="",
            source=text,
            state=State.GONE if drop else State.PUBLISHED,
            origin=self.origin.value,
        )
        return Arrival(comment if drop else self._judged(comment, foreign), drop)

    def _why_nowhere(self, url: str) -> Drop:
        known = self.pages.known(url)
        return (Drop.QUERY if "?" in url else Drop.UNMAPPABLE) if known else Drop.ELSEWHERE

    def _judged(self, comment: Comment, foreign: Foreign) -> Comment:
        """What waited goes on waiting, and so does a name that poses as the newsroom."""
        reasons: tuple[Why, ...] = (Why.WAITED,) if foreign.waits else ()
        if self.names.found(comment.name):
            reasons += (Why.STAFF_NAME,)
        return replace(comment, state=State.HELD, reasons=reasons) if reasons else comment


def _cleaned(foreign: Foreign) -> tuple[Drop | None, str, str]:
    """Name and text as ours are, or why they cannot be."""
    if unspeakable(foreign.name) or unspeakable(foreign.text):
        return Drop.CHARACTERS, "", ""
    name = clean_name(foreign.name[: limits.IMPORT_TEXT_CHARACTERS])
    if len(foreign.text) > limits.IMPORT_FIELD_CHARACTERS:
        return Drop.LONG, "", ""
    written = foreign.text.replace("\r\n", "\n").replace("\r", "\n")
    if foreign.form is not Form.MARKDOWN:
        written = markdown_of(written, lines=foreign.form is Form.LINES)
    text = clean_text(written)
    if len(text) > limits.IMPORT_TEXT_CHARACTERS:
        return Drop.LONG, "", ""
    if not seen(text):
        return Drop.EMPTY, "", ""
    return None, name[: limits.COMMENT_NAME_CHARACTERS].rstrip() if seen(name) else "", text


def _id(origin: Origin, foreign: Foreign) -> str:
    named = "\0".join((origin, foreign.url, foreign.key))
    known = hashlib.sha256(b"bandeau/import/v1" + named.encode("utf-8", "replace")).digest()
    return uuid7(foreign.time, known)
