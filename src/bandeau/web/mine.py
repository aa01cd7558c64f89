"""``/.bandeau/comments/mine``: what was commented from this very browser, and what becomes of it.

The receipt cookie tells whose records these are, and the records which comments they allowed. It
is sent under ``/.bandeau/`` only; so pages of the site, which many visitors share, hold nothing of
this.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from bandeau import limits
from bandeau.features.comments.appeals import Restriction, Statement, restricted
from bandeau.features.comments.exclusions import Exclusion
from bandeau.features.comments.gate import Locked, Open, judge
from bandeau.features.comments.model import Comment, Refusal, State
from bandeau.features.comments.own import (
    Action,
    editable,
    published_again,
    revised,
    told,
    unpublished,
)
from bandeau.features.comments.readers import Reader
from bandeau.features.comments.store import CommentStore, CommentsUnavailable
from bandeau.ledger.record import subject_of
from bandeau.ledger.store import LedgerUnavailable
from bandeau.web.consents import granted
from bandeau.web.context import Site
from bandeau.web.inbound import (
    Fields,
    InboundError,
    available,
    is_json,
    only,
    posted,
)
from bandeau.web.mine_view import MineScene, Refused, Seen
from bandeau.web.pages import Pages
from bandeau.web.posting import Posting
from bandeau.web.redress import Redress
from bandeau.web.statements import exclusion_told
from bandeau.web.statements import told as statement_told
from bandeau.web.visitor import Sent, Visitors, language_of

PATH = "/.bandeau/comments/mine"
ALL = "all"
FILE = "comments.json"


class MineDesk:
    """Shows readers their own comments, and does with them what they say."""

    def __init__(
        self,
        site: Site,
        visitors: Visitors,
        pages: Pages,
        store: CommentStore,
        posting: Posting,
        redress: Redress,
        reader: Callable[[Request, Open], Awaitable[Reader | None]],
    ) -> None:
        self._site = site
        self._visitors = visitors
        self._pages = pages
        self._store = store
        self._posting = posting
        self._redress = redress
        self._reader = reader

    def routes(self) -> list[Route]:
        """The comments of this browser, and what is done with them."""
        return [
            Route(PATH, self.show, methods=["GET"]),
            Route(PATH, self.act, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """The comments of this browser, newest first: a page to people, JSON to programs."""
        sent = Sent.of(request.scope["headers"])
        async with available():
            receipts = await self._receipts(sent)
            if "download" in request.query_params or is_json(request):
                return await self._whole(request, sent, receipts)
            seen = await self._seen(sent, receipts)
        return await self._page(request, sent, seen)

    async def _page(
        self,
        request: Request,
        sent: Sent,
        seen: Seen,
        refused: Refused | None = None,
        status: int = 200,
    ) -> Response:
        proof = await self._visitors.proof(sent)
        done = request.query_params.get("done", "")
        scene = MineScene(
            seen,
            opened=not isinstance(judge(proof, self._site.policy), Locked),
            now=self._now(),
            done=done if done in set(Action) else "",
            refused=refused,
        )
        page = self._pages.mine_page(proof.standing, language_of(self._site.policy, request), scene)
        return Response(page, status, self._pages.headers, media_type="text/html")

    async def act(self, request: Request) -> Response:
        """Do what ``action`` says with the comment ``id``, or with ``all`` of this browser's.

        Raises :class:`InboundError`: 403 from another site, where the purpose is not granted, and
        once the edit window is closed; 404 for an id that is no comment of this browser; 409 for
        what a moderator judged, and where there is no decision to appeal against; 422 for a text
        that cannot be published; 503. To a form whose text is refused the answer is the page, with
        the text as it came. An appeal needs no consent: redress must not hang on a choice (F5).
        """
        fields = await posted(request, limits.COMMENT_BODY_BYTES)
        action, named = _action(fields), only(fields, "id")
        sent = Sent.of(request.scope["headers"])
        if not action.single:
            changed = await self._changed(sent, action, named)
            return self._answer(request, sent, action, changed)
        text = only(fields, "text")
        try:
            if action is Action.EDIT:
                await self._edit(request, named, text)
            else:
                await self._appeal(sent, named, text)
        except InboundError as error:
            if is_json(request):
                raise
            return await self._handed_back(request, sent, error, named, text)
        return self._answer(request, sent, action, 1)

    async def _changed(self, sent: Sent, action: Action, named: str) -> int:
        """How many comments it changed."""
        if action.writes:
            await self._granted(sent)
        async with available():
            receipts = await self._receipts(sent)
            if named != ALL:
                return await self._done(action, await self._found(named, receipts))
            return sum([await self._done(action, each) async for each in self._each(receipts)])

    async def _handed_back(
        self, request: Request, sent: Sent, error: InboundError, named: str, text: str
    ) -> Response:
        lang = language_of(self._site.policy, request)
        refused = Refused(named, text, self._site.words.say(lang, f"error.{error.key}"))
        seen = Seen()
        with suppress(LedgerUnavailable, CommentsUnavailable):
            seen = await self._seen(sent, await self._receipts(sent))
        return await self._page(request, sent, seen, refused, error.status)

    async def _seen(self, sent: Sent, receipts: list[str]) -> Seen:
        found = await self._store.mine(receipts)
        return Seen(found, await self._redress.statements(found), await self._excluded(sent))

    async def _excluded(self, sent: Sent) -> Sequence[Exclusion]:
        subject = self._subject(sent)
        return await self._redress.excluded(subject) if subject else ()

    async def any(self, sent: Sent) -> bool:
        """Whether this browser has comments.

        Raises :class:`LedgerUnavailable`, :class:`CommentsUnavailable`.
        """
        return bool(await self._store.mine(await self._receipts(sent)))

    async def _receipts(self, sent: Sent) -> list[str]:
        """Ids of the choices of this browser that the ledger still holds.

        Raises :class:`LedgerUnavailable`.
        """
        subject = self._subject(sent)
        if not subject:
            return []
        held = await self._site.ledger.history(subject, limits.COMMENT_RECORDS)
        return [stored.id for stored in held]

    def _subject(self, sent: Sent) -> str:
        """Whose records these are, empty for nobody's."""
        ticket = self._visitors.ticket(sent)
        return subject_of(self._site.subject_key, ticket.visitor) if ticket else ""

    async def _whole(self, request: Request, sent: Sent, receipts: list[str]) -> Response:
        kept = [each async for each in self._told(receipts)]
        excluded = [exclusion_told(each) for each in await self._excluded(sent)]
        told_ = {"comments": kept, "exclusions": excluded}
        answer = JSONResponse(told_, headers={"cache-control": "no-store"})
        if "download" in request.query_params:
            answer.headers["content-disposition"] = f'attachment; filename="{FILE}"'
        return answer

    async def _told(self, receipts: list[str]) -> AsyncIterator[Mapping[str, object]]:
        found = await self._store.mine(receipts)
        while found:
            statements = await self._redress.statements(found)
            for each in found:
                yield {**told(each), "statement": statement_told(each, statements.get(each.id))}
            found = await self._store.mine(receipts, found[-1])

    async def _each(self, receipts: list[str]) -> AsyncIterator[Comment]:
        found = await self._store.mine(receipts)
        while found:
            for comment in found:
                yield comment
            found = await self._store.mine(receipts, found[-1])

    async def _found(self, named: str, receipts: Iterable[str]) -> Comment:
        found = await self._store.find(named)
        if found is None or not found.receipt or found.receipt not in receipts:
            raise InboundError(404, "comment_unknown", "unknown-comment")
        return found

    async def _granted(self, sent: Sent) -> Open:
        return await granted(self._visitors, self._site.policy, sent)

    async def _done(self, action: Action, comment: Comment) -> bool:
        """Whether it changed anything."""
        match action:
            case Action.KEEP:
                return await self._store.disown(comment.id)
            case Action.ERASE:
                return await self._store.move(comment.id, State.GONE) is not None
            case Action.UNPUBLISH:
                return await self._turn(comment, unpublished(comment))
        return await self._turn(comment, published_again(comment))

    async def _turn(self, comment: Comment, where: tuple[State, tuple[str, ...]] | None) -> bool:
        """Put it there, unless a moderator was quicker."""
        return where is not None and await self._store.move(comment.id, *where, comment) is not None

    async def _edit(self, request: Request, named: str, text: str) -> None:
        """Put ``text`` in place of the old one; raises :class:`InboundError`."""
        sent = Sent.of(request.scope["headers"])
        verdict = await self._granted(sent)
        async with available():
            comment = await self._found(named, await self._receipts(sent))
            reader = await self._reader(request, verdict)
            await self._rewrite(comment, text, verdict, reader)

    async def _rewrite(
        self, comment: Comment, text: str, verdict: Open, reader: Reader | None
    ) -> None:
        if comment.state not in (State.PUBLISHED, State.HELD):
            raise InboundError(409, "comment_moderated", "not-published")
        if not editable(comment, self._now()):
            raise InboundError(403, "comment_closed", "edit-closed")
        edited = revised(comment, text, self._now())
        if not isinstance(edited, Refusal):
            edited = await self._posting.again(edited, verdict, reader)
        if isinstance(edited, Refusal):
            raise InboundError(422, "comment_text", str(edited.code))
        if not await self._store.rewrite(edited, comment):
            raise InboundError(409, "comment_moderated", "not-published")

    async def _appeal(self, sent: Sent, named: str, text: str) -> None:
        async with available():
            statement = await self._statement(sent, named)
            decision, before = (statement.decision, statement.appeal) if statement else (None, None)
            await self._redress.lodge(decision, before, text)

    async def _statement(self, sent: Sent, named: str) -> Statement | None:
        """Why the comment, or else its author, was decided upon; raises :class:`InboundError`."""
        for each in await self._excluded(sent):
            if each.statement and each.statement.decision.id == named:
                return each.statement
        comment = await self._found(named, await self._receipts(sent))
        statement = (await self._redress.statements([comment])).get(comment.id)
        return statement if restricted(comment, statement) is Restriction.REMOVED else None

    def _answer(self, request: Request, sent: Sent, action: Action, changed: int) -> Response:
        if is_json(request):
            return JSONResponse({"changed": changed}, headers={"cache-control": "no-store"})
        done = f"done={action}&" if changed else ""
        back = f"{PATH}?{done}lang={language_of(self._site.policy, request)}"
        return RedirectResponse(back, 303, headers={"cache-control": "no-store"})

    def _now(self) -> int:
        return int(self._site.now() * 1000)


def _action(fields: Fields) -> Action:
    try:
        return Action(only(fields, "action"))
    except ValueError:
        known = ", ".join(Action)
        raise InboundError(400, "bad_request", f"action must be one of {known}") from None
