"""What becomes of a comment before anyone has looked at it: phases in a fixed order.

Each phase gives a reason or nothing. The first that refuses ends it; all that hold are told to
the moderator together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from bandeau import limits
from bandeau.choice.decide import expiry
from bandeau.features.comments.model import Comment, State
from bandeau.features.comments.words import Found, WordList, fold
from bandeau.policy.glob import Glob
from bandeau.policy.model import Feature, Moderation, Period, Section, Treatment
from bandeau.policy.paths import canonical, patterns_of

_TITLES = (
    *("moderator", "moderation", "administrator", "admin", "editor", "editorial"),
    *("modérateur", "modératrice", "modération", "administrateur", "rédaction", "rédacteur"),
    *("Moderatorin", "Redaktion", "Redakteur", "moderador", "moderadora", "administrador"),
    *("redacción", "moderatore", "moderatrice", "amministratore", "redazione"),
    *("модератор", "администратор", "редакция", "редактор", "مشرف", "المشرف", "التحرير"),
)


class Why(StrEnum):
    """Why a comment was refused or held; these codes are part of the HTTP interface."""

    CLOSED = "closed"
    BANNED = "banned"
    SUSPENDED = "suspended"
    WORD = "listed-word"
    BEFORE = "before"
    FIRST = "first"
    LINKS = "links"
    REPEATED = "repeated"
    STAFF_NAME = "staff-name"
    UNPROVEN = "unproven"
    SILENT = "silent"
    WAITED = "waited"
    """It waited for a moderator in the system that it was imported from."""
    WEBHOOK = "webhook"
    UNREACHABLE = "webhook-unreachable"


class Conduct(StrEnum):
    """How an author stands with the site; these words are part of the export."""

    OK = "ok"
    SUSPENDED = "suspended"
    BANNED = "banned"
    SILENT = "silent"
    """Every post is accepted, and shown to nobody."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known when a comment is judged. Times are Unix milliseconds.

    ``until`` is when a suspension ends, ``opened`` when the page got its first comment, ``None``
    for never. ``repeated`` says that the same text was posted by the same author, or on several
    pages, within ``limits.COMMENT_REPEAT_HOURS``, ``unproven`` that the browser did not do the work
    that was asked for.
    """

    conduct: Conduct = Conduct.OK
    until: int = 0
    approved: int = 0
    opened: int | None = None
    repeated: bool = False
    unproven: bool = False


@dataclass(frozen=True, slots=True)
class Publish:
    """The comment is shown at once."""


@dataclass(frozen=True, slots=True)
class Hold:
    """The comment waits for a moderator, who is told the ``reasons``."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hide:
    """The comment is accepted as if it were shown, and is shown to nobody (a silent ban)."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The comment is not kept."""

    reason: Why


Verdict = Publish | Hold | Hide | Refuse


class _Given(NamedTuple):
    comment: Comment
    rules: Rules
    known: Known
    listed: tuple[Found, ...]


class Rules:
    """The rules of one site, from its policy; ``listed`` are the entries of its word list."""

    def __init__(self, feature: Feature, listed: Iterable[str], site_name: str) -> None:
        self.feature = feature
        self.words = WordList(listed)
        self.names = names_of_staff(site_name)
        self._sections = [(_globs(each.path), each) for each in feature.sections]

    def section(self, page: str) -> Section | None:
        """The first section of the policy that ``page``, a page_path, is in."""
        path = canonical(page)
        return next(
            (each for globs, each in self._sections if any(g.matches(path) for g in globs)), None
        )

    def moderation(self, page: str) -> Moderation:
        """Whether comments of ``page`` are looked at before or after they are shown."""
        section = self.section(page)
        return (section and section.moderation) or self.feature.moderation

    def mark(self, text: str) -> str:
        """The :func:`mark` of a text; empty where nothing becomes of one that was posted before."""
        return mark(text) if self.feature.repeats is Treatment.HOLD else ""

    def close_after(self, page: str) -> Period | None:
        """How long after its first comment ``page`` takes others; ``None`` for ever."""
        section = self.section(page)
        return (section and section.close_after) or self.feature.close_after


def names_of_staff(site_name: str) -> WordList:
    """What the name of nobody but the newsroom may hold."""
    return WordList((*_TITLES, site_name))


def judge(comment: Comment, rules: Rules, known: Known) -> Verdict:
    """The verdict on ``comment``, whose ``time`` is now."""
    listed = rules.words.found(f"{comment.name}\n{comment.source}")
    given = _Given(comment, rules, known, listed)
    for refusing, refuses in _REFUSING:
        if refuses(given):
            return Refuse(refusing)
    if known.conduct is Conduct.SILENT:
        return Hide()
    reasons = tuple(reason for reason, holds in _HOLDING if holds(given))
    return Hold(reasons) if reasons else Publish()


def state_of(verdict: Publish | Hold | Hide) -> tuple[State, tuple[str, ...]]:
    """State and reasons of a comment that is kept."""
    match verdict:
        case Hold(reasons):
            return State.HELD, tuple(reasons)
        case Hide():
            return State.REJECTED, (Why.SILENT,)
    return State.PUBLISHED, ()


def mark(text: str) -> str:
    """What is kept for a while of a text to know it again; empty for one that is too short.

    Spelling that :func:`words.fold` takes for the same gives the same mark.
    """
    plain = fold(text)
    if len(plain) < limits.COMMENT_REPEAT_CHARACTERS:
        return ""
    return hashlib.sha256(plain.encode()).hexdigest()


def suspended(known: Known, now: int) -> bool:
    """Whether a suspension holds at ``now``, in Unix milliseconds."""
    return known.conduct is Conduct.SUSPENDED and now < known.until


def _closed(given: _Given) -> bool:
    period = given.rules.close_after(given.comment.page)
    opened = given.known.opened
    if period is None or opened is None:
        return False
    return given.comment.time >= expiry(opened // 1000, period) * 1000


def _listed(given: _Given, *, refused: bool) -> bool:
    return any(found.refuses is refused for found in given.listed)


def _over_links(given: _Given) -> bool:
    most = given.rules.feature.links
    return most is not None and given.comment.html.count("<a ") > most


def _globs(path: str) -> tuple[Glob, ...]:
    return tuple(Glob.of(pattern) for pattern in patterns_of(path))


_Phase = tuple[Why, Callable[[_Given], bool]]
_REFUSING: tuple[_Phase, ...] = (
    (Why.CLOSED, _closed),
    (Why.BANNED, lambda given: given.known.conduct is Conduct.BANNED),
    (Why.SUSPENDED, lambda given: suspended(given.known, given.comment.time)),
    (Why.WORD, lambda given: _listed(given, refused=True)),
)
_HOLDING: tuple[_Phase, ...] = (
    (Why.BEFORE, lambda g: g.rules.moderation(g.comment.page) is Moderation.BEFORE),
    (Why.FIRST, lambda g: g.rules.feature.first is Treatment.HOLD and not g.known.approved),
    (Why.LINKS, _over_links),
    (Why.WORD, lambda given: _listed(given, refused=False)),
    (Why.REPEATED, lambda g: g.rules.feature.repeats is Treatment.HOLD and g.known.repeated),
    (Why.UNPROVEN, lambda given: given.known.unproven),
    (Why.STAFF_NAME, lambda given: bool(given.rules.names.found(given.comment.name))),
)
