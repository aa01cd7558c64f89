"""Our own export: everything that is kept of comments, as JSON lines, and what reads it again.

The first line says what it is; each of the others is one of :data:`Kept`. Times are RFC 3339. It
holds what nobody else sees (records, held texts, who reported), so it is as private as the data.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bandeau import limits
from bandeau.features.comments import exchange_beside as beside
from bandeau.features.comments import exchange_fields as given
from bandeau.features.comments.appeals import Appeal
from bandeau.features.comments.decisions import Decision
from bandeau.features.comments.exchange_beside import Account
from bandeau.features.comments.foreign import Unreadable
from bandeau.features.comments.markdown import sanitise
from bandeau.features.comments.model import Comment, State, rfc3339
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import Act, Deed
from bandeau.features.comments.reports import Report
from bandeau.features.comments.write import clean_name

FORMAT = "bandeau-comments"
VERSION = 1
AGAIN = "export again, or put back what was changed"


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


@dataclass(frozen=True, slots=True)
class Vote:
    """Who recommends a comment: a keyed hash of the visitor, the record that allowed it, when.

    ``time`` is in Unix milliseconds.
    """

    comment: str
    voter: str
    receipt: str
    time: int


Kept = Page | Profile | Account | Comment | Act | Vote | Decision | Report | Appeal


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

    async def votes(self, after: str, limit: int) -> Sequence[Vote]:
        """Recommendations in some fixed order, those behind that of the :func:`key` ``after``."""
        ...

    async def accounts(self, after: str, limit: int) -> Sequence[Account]:
        """Readers who signed in, in some fixed order, those behind the id ``after``."""
        ...

    async def decisions(self, after: str, limit: int) -> Sequence[Decision]:
        """Decisions in some fixed order, those behind the id ``after``."""
        ...

    async def reports(self, after: str, limit: int) -> Sequence[Report]:
        """Reports in some fixed order, those behind the id ``after``."""
        ...

    async def appeals(self, after: str, limit: int) -> Sequence[Appeal]:
        """Appeals in some fixed order, those behind the id ``after``."""
        ...

    async def known(self, ids: Collection[str]) -> int:
        """How many comments of these ids are there."""
        ...

    async def take(self, kept: Sequence[Kept]) -> int:
        """Take in all of it that is not there, or nothing; how many comments are new.

        A reply comes behind the first of its thread, and keeps its place unless that is taken.
        What is there stays as it is, but a page that was opened earlier elsewhere was. Votes are
        for comments that are published there, decisions for what is there, appeals for decisions.
        """
        ...


async def lines(store: ExchangeStore, now: int) -> AsyncIterator[dict[str, object]]:
    """A whole export, a line at a time; ``now`` in Unix milliseconds.

    What changes meanwhile is as it was before or after. Raises :class:`CommentsUnavailable`.
    """
    yield header(now)
    people = (store.pages, store.authors, store.accounts)
    redress = (store.decisions, store.reports, store.appeals)
    for read in (*people, store.comments, store.acts, store.votes, *redress):
        after, batch = "", limits.EXPORT_BATCH
        while batch == limits.EXPORT_BATCH:
            found = await read(after, limits.EXPORT_BATCH)
            for each in found:
                yield line_of(each)
            batch, after = len(found), key(found[-1]) if found else ""


def header(now: int) -> dict[str, object]:
    """The first line; ``now`` in Unix milliseconds."""
    return {"format": FORMAT, "version": VERSION, "exported": rfc3339(now)}


def key(kept: Kept) -> str:
    """What tells it from others of its kind."""
    match kept:
        case Page(path, _):
            return path
        case Vote(comment, voter, _, _):
            return f"{comment} {voter}"
    return kept.id


def line_of(kept: Kept) -> dict[str, object]:
    """What an export says of ``kept``."""
    match kept:
        case Page(path, opened):
            return {"kind": "page", "path": path, "opened": rfc3339(opened)}
        case Profile():
            return _of_author(kept)
        case Comment():
            return _of_comment(kept)
        case Vote():
            return _of_vote(kept)
        case Act():
            return _of_act(kept)
    return beside.line_of(kept)


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


def _of_vote(kept: Vote) -> dict[str, object]:
    return {
        "kind": "vote",
        "comment": kept.comment,
        "voter": kept.voter,
        "record": kept.receipt,
        "time": rfc3339(kept.time),
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
    return Page(given.path(line["path"]), given.time(line["opened"]))


def _author(line: Mapping[str, Any]) -> Profile:
    return Profile(
        given.ident(line["id"]),
        given.ident(line["tag"]),
        given.time(line["known_since"]),
        given.count(line["approved"]),
        Conduct(line["conduct"]),
        given.time(line["until"]) if line["until"] is not None else 0,
    )


def _comment(line: Mapping[str, Any]) -> Comment:
    name, reply = given.text(line["name"], limits.COMMENT_NAME_CHARACTERS), line["reply_to"]
    if name != clean_name(name):
        raise ValueError("the name is not as this program writes it")
    most = limits.IMPORT_TEXT_CHARACTERS
    return Comment(
        id=given.ident(line["id"]),
        page=given.path(line["page"]),
        name=name,
        html=sanitise(given.text(line["html"], limits.IMPORT_LINE_BYTES)),
        time=given.time(line["time"]),
        reply_to=None if reply is None else given.ident(reply),
        receipt=given.optional(line["record"]),
        source=given.text(line["text"], most),
        author=given.optional(line["author"]),
        root=given.ident(line["thread"]),
        state=State(line["state"]),
        reasons=given.reasons(line["reasons"]),
        edited=0 if line["edited"] is None else given.time(line["edited"]),
        place=given.count(line["place"]),
        origin=given.word(line["origin"]) if line["origin"] else "",
    )


def _act(line: Mapping[str, Any]) -> Act:
    named = (given.optional(line[key]) for key in ("was", "became"))
    return Act(
        given.ident(line["id"]),
        given.time(line["time"]),
        given.ident(line["staff"]),
        Deed(line["deed"]),
        given.ident(line["object"]),
        *named,
    )


def _vote(line: Mapping[str, Any]) -> Vote:
    record = given.optional(line["record"])
    return Vote(
        given.ident(line["comment"]), given.ident(line["voter"]), record, given.time(line["time"])
    )


_READ: Mapping[str, Callable[[Mapping[str, Any]], Kept]] = {
    "page": _page,
    "author": _author,
    "comment": _comment,
    "act": _act,
    "vote": _vote,
    **beside.READ,
}
