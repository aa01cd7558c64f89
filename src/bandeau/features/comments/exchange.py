"""Our own export: everything that is kept of comments, as JSON lines, and what reads it again.

The first line says what it is; each of the others is a page, an author, a comment or an act of the
staff. Times are RFC 3339. It holds what nobody else sees (records, held texts), so it is as private
as the data.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bandeau import limits
from bandeau.features.comments.foreign import Unreadable
from bandeau.features.comments.markdown import sanitise
from bandeau.features.comments.model import Comment, State, rfc3339
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.write import clean_name, page_path, unspeakable

FORMAT = "bandeau-comments"
VERSION = 1
AGAIN = "export again, or put back what was changed"
_ID = re.compile(r"[!-~]{1,100}")
_WORD = re.compile(r"[a-z0-9-]{1,60}")


@dataclass(frozen=True, slots=True)
class Page:
    """A page that has comments, and when the first of them was shown, in Unix milliseconds."""

    path: str
    opened: int


@dataclass(frozen=True, slots=True)
class Profile:
    """An author: when it became known, how many comments were approved, how it stands.

    Times are Unix milliseconds; ``tag`` is the keyed hash of :func:`authors.tag_of`.
    """

    id: str
    tag: str
    made: int
    approved: int
    conduct: Conduct
    until: int


Kept = Page | Profile | Comment | Act


class ExchangeStore(Protocol):
    """All comments of one site, to read them one after another and to take in others.

    Every method raises :class:`CommentsUnavailable` when the store cannot answer.
    """

    async def pages(self, after: str, limit: int) -> Sequence[Page]:
        """Pages in some fixed order, those behind the path ``after``."""
        ...

    async def authors(self, after: str, limit: int) -> Sequence[Profile]:
        """Authors in some fixed order, those behind the id ``after``."""
        ...

    async def comments(self, after: str, limit: int) -> Sequence[Comment]:
        """Comments in some fixed order, those behind the id ``after``."""
        ...

    async def acts(self, after: str, limit: int) -> Sequence[Act]:
        """Acts in some fixed order, those behind the id ``after``."""
        ...

    async def known(self, ids: Collection[str]) -> int:
        """How many comments of these ids are there."""
        ...

    async def take(self, kept: Sequence[Kept]) -> int:
        """Take in all of it that is not there, or nothing; how many comments are new.

        A reply comes behind the first of its thread, and keeps its place unless that is taken.
        What is there stays as it is, but a page that was opened earlier elsewhere was.
        """
        ...


async def lines(store: ExchangeStore, now: int) -> AsyncIterator[dict[str, object]]:
    """A whole export, a line at a time; ``now`` in Unix milliseconds.

    What changes meanwhile is as it was before or after. Raises :class:`CommentsUnavailable`.
    """
    yield header(now)
    for read in (store.pages, store.authors, store.comments, store.acts):
        after, batch = "", limits.EXPORT_BATCH
        while batch == limits.EXPORT_BATCH:
            found = await read(after, limits.EXPORT_BATCH)
            for each in found:
                yield line_of(each)
            batch, after = len(found), _key(found[-1]) if found else ""


def header(now: int) -> dict[str, object]:
    """The first line; ``now`` in Unix milliseconds."""
    return {"format": FORMAT, "version": VERSION, "exported": rfc3339(now)}


def _key(kept: Kept) -> str:
    return kept.path if isinstance(kept, Page) else kept.id


def line_of(kept: Kept) -> dict[str, object]:
    """What an export says of ``kept``."""
    match kept:
        case Page(path, opened):
            return {"kind": "page", "path": path, "opened": rfc3339(opened)}
        case Profile():
            return _of_author(kept)
        case Comment():
            return _of_comment(kept)
    return _of_act(kept)


def require_header(line: Mapping[str, Any]) -> None:
    """Raises :class:`Unreadable` where a file is no export, or one of a newer program."""
    if line.get("format") != FORMAT:
        raise Unreadable(f'is no export of bandeau comments: it does not say "{FORMAT}"', 1)
    if line.get("version") != VERSION:
        told = f"has version {str(line.get('version'))[:20]}, and this program reads {VERSION}"
        raise Unreadable(f"{told}: run a newer one", 1)


def kept_of(line: Mapping[str, Any], number: int) -> Kept:
    """What line ``number`` says; raises :class:`Unreadable` where it does not hold."""
    try:
        return _READ[str(line["kind"])](line)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        told = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise Unreadable(f"does not hold: {told[:120]}; {AGAIN}", number) from None


def _of_author(kept: Profile) -> dict[str, object]:
    until = rfc3339(kept.until) if kept.until else None
    return {
        "kind": "author",
        "id": kept.id,
        "tag": kept.tag,
        "known_since": rfc3339(kept.made),
        "approved": kept.approved,
        "conduct": kept.conduct.value,
        "until": until,
    }


def _of_comment(kept: Comment) -> dict[str, object]:
    return {
        "kind": "comment",
        "id": kept.id,
        "page": kept.page,
        "thread": kept.root,
        "place": kept.place,
        "reply_to": kept.reply_to,
        "author": kept.author,
        "name": kept.name,
        "time": rfc3339(kept.time),
        "edited": rfc3339(kept.edited) if kept.edited else None,
        "state": kept.state.value,
        "reasons": list(kept.reasons),
        "record": kept.receipt,
        "origin": kept.origin,
        "text": kept.source,
        "html": kept.html,
    }


def _of_act(kept: Act) -> dict[str, object]:
    return {
        "kind": "act",
        "id": kept.id,
        "time": rfc3339(kept.time),
        "staff": kept.staff,
        "deed": kept.deed.value,
        "object": kept.object,
        "was": kept.was,
        "became": kept.became,
    }


def _page(line: Mapping[str, Any]) -> Page:
    return Page(_path(line["path"]), _time(line["opened"]))


def _author(line: Mapping[str, Any]) -> Profile:
    return Profile(
        _id(line["id"]),
        _id(line["tag"]),
        _time(line["known_since"]),
        _count(line["approved"]),
        Conduct(line["conduct"]),
        _time(line["until"]) if line["until"] is not None else 0,
    )


def _comment(line: Mapping[str, Any]) -> Comment:
    name, reply = _text(line["name"], limits.COMMENT_NAME_CHARACTERS), line["reply_to"]
    if name != clean_name(name):
        raise ValueError("the name is not as this program writes it")
    most = limits.IMPORT_TEXT_CHARACTERS
    return Comment(
        id=_id(line["id"]),
        page=_path(line["page"]),
        name=name,
        html=sanitise(_text(line["html"], limits.IMPORT_LINE_BYTES)),
        time=_time(line["time"]),
        reply_to=None if reply is None else _id(reply),
        receipt=_optional(line["record"]),
        source=_text(line["text"], most),
        author=_optional(line["author"]),
        root=_id(line["thread"]),
        state=State(line["state"]),
        reasons=_reasons(line["reasons"]),
        edited=0 if line["edited"] is None else _time(line["edited"]),
        place=_count(line["place"]),
        origin=_word(line["origin"]) if line["origin"] else "",
    )


def _act(line: Mapping[str, Any]) -> Act:
    named = (_optional(line[key]) for key in ("was", "became"))
    return Act(
        _id(line["id"]),
        _time(line["time"]),
        _id(line["staff"]),
        Deed(line["deed"]),
        _id(line["object"]),
        *named,
    )


_READ: Mapping[str, Callable[[Mapping[str, Any]], Kept]] = {
    "page": _page,
    "author": _author,
    "comment": _comment,
    "act": _act,
}


def _text(value: object, most: int) -> str:
    if not isinstance(value, str) or len(value) > most or unspeakable(value):
        raise ValueError(f"not a text of at most {most} characters")
    return value


def _id(value: object) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(f"{str(value)[:40]!r} is no id")
    return value


def _optional(value: object) -> str:
    return "" if value == "" else _id(value)


def _word(value: object) -> str:
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise ValueError(f"{str(value)[:40]!r} is not a word in lower case")
    return value


def _reasons(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > 100:
        raise ValueError("reasons are a list of words")
    return tuple(_word(each) for each in value)


def _path(value: object) -> str:
    if not isinstance(value, str) or page_path(value) != value:
        raise ValueError(f"{str(value)[:40]!r} is no page as this program writes it")
    return value


def _time(value: object) -> int:
    if not isinstance(value, str):
        raise ValueError(f"{str(value)[:40]!r} is no time")
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value[:40]!r} says no time zone")
    found = round(moment.timestamp() * 1000)
    if found < 0:
        raise ValueError(f"{value[:40]!r} is before 1970")
    return found


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
        raise ValueError(f"{str(value)[:40]!r} is no count")
    return value
