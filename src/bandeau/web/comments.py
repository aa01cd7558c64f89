"""``/.bandeau/comments``: reading, which is open to all, and posting, which the ledger opens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bandeau.choice.model import Standing
from bandeau.features.comments.gate import (
    FEATURE,
    Locked,
    Open,
    Proof,
    Reason,
    Verdict,
    appears,
    judge,
)
from bandeau.features.comments.letters import parse_address
from bandeau.features.comments.markdown import plain, quoted
from bandeau.features.comments.model import (
    Comment,
    Draft,
    Refusal,
    State,
)
from bandeau.features.comments.readers import Reader
from bandeau.features.comments.store import CommentStore, CommentsUnavailable
from bandeau.features.comments.votes import VoteStore
from bandeau.features.comments.write import ADDRESS, BAD_PAGE, escaped_path, page_path
from bandeau.policy.model import Policy
from bandeau.policy.words import Words, choose_language
from bandeau.web.comments_body import JSON, parse_draft, read_body
from bandeau.web.comments_embed import shared_with, sibling
from bandeau.web.comments_reading import Asked, Reading
from bandeau.web.comments_threads import Drawn
from bandeau.web.comments_told import all_of, public
from bandeau.web.comments_view import CommentsView, Scene
from bandeau.web.inbound import same_origin
from bandeau.web.posting import UNAVAILABLE, Posting
from bandeau.web.visitor import accepted_languages

PATH = "/.bandeau/comments"
Watch = Callable[[Request, Comment, Open, str, str], Awaitable[None]]
"""Tells replies to a comment to an address, in a language; never raises."""

CROSS_SITE = Refusal("cross-site", 403, "error.cross_site")
NOT_OFFERED = Refusal(Reason.NOT_OFFERED, 404, "error.not_found")


@dataclass(frozen=True, slots=True)
class Guests:
    """Who is signed in, and who is told of replies: nobody where ``watch`` is ``None``."""

    reader: Callable[[Request, Open], Awaitable[Reader | None]]
    watch: Watch | None = None


class Comments:
    """The comments of one site over HTTP (DESIGN section 6).

    ``proof`` asks the ledger; without ``votes`` nothing can be recommended.
    """

    def __init__(
        self,
        policy: Policy,
        words: Words,
        store: CommentStore,
        proof: Callable[[Request], Awaitable[Proof]],
        posting: Posting,
        guests: Guests,
        votes: VoteStore | None = None,
    ) -> None:
        self.view = CommentsView(policy, words)
        self._policy = policy
        self.reading = Reading(store, self.view.threads, votes)
        self._proof = proof
        self._posting = posting
        self._reader = guests.reader
        self._watch = guests.watch

    def routes(self) -> list[BaseRoute]:
        """Reading and posting under :data:`PATH`."""
        return [Route(PATH, self.answer, methods=["GET", "POST"])]

    async def section_for(
        self, standing: Standing | None, lang: str, path: str, *, shared: bool = False
    ) -> tuple[str, bytes]:
        """The ``data-state`` of the publisher's element on the page ``path``, and its inside.

        ``path`` is unescaped, as ASGI gives it. Never raises: a store that cannot be
        read leaves a section that says so.
        """
        page = page_path(escaped_path(path))
        if isinstance(page, Refusal):
            return "locked", b""
        opened = isinstance(appears(standing, self._policy), Open)
        threads = await self._threads(page, lang, opened=opened)
        section = self.view.section(standing, lang, page, threads, shared=shared)
        return "open" if opened else "locked", section

    async def answer(self, request: Request) -> Response:
        """A list to ``GET``, a comment published or a reason why not to ``POST``."""
        if self._policy.feature(FEATURE) is None:
            return self._refused(request, NOT_OFFERED)
        answer = await (self._post(request) if request.method == "POST" else self._list(request))
        if _embeds(request):
            answer.headers.update(shared_with(sibling(request, self._policy)))
        return answer

    async def _list(self, request: Request) -> Response:
        pages = request.query_params.getlist("page")
        page = page_path(pages[0]) if len(pages) == 1 else BAD_PAGE
        if isinstance(page, Refusal):
            return self._refused(request, page)
        asked = Asked.of(request.query_params)
        try:
            if _asks_html(request):
                return await self._page(request, page, asked)
            told = await self.reading.told(page, asked)
        except CommentsUnavailable:
            return self._refused(request, UNAVAILABLE)
        headers = {"Cache-Control": "no-cache", "ETag": told.tag, **_COMMON}
        if told.tag in request.headers.get("if-none-match", ""):
            return Response(None, 304, headers)
        return Response(told.body, 200, headers, media_type=JSON)

    async def _page(self, request: Request, page: str, asked: Asked) -> Response:
        verdict, lang = judge(await self._proof(request), self._policy), self._lang(request)
        opened = isinstance(verdict, Open)
        threads = await self.reading.drawn(page, asked, self.view.spoken(lang), opened=opened)
        quoting = request.query_params.get("quote")
        answered = await self.reading.answered(page, quoting or request.query_params.get("reply"))
        draft = _quoting(page, answered) if quoting and answered and opened else None
        scene = Scene(
            verdict, lang, page, threads, order=asked.order, draft=draft, answered=answered
        )
        return self._shown(request, scene, 200)

    async def _post(self, request: Request) -> Response:
        embedded = _embeds(request) and sibling(request, self._policy)
        if not (embedded or same_origin(request)):
            return self._refused(request, CROSS_SITE)
        body = await read_body(request)
        if isinstance(body, Refusal):
            return self._refused(request, body)
        verdict = judge(await self._proof(request), self._policy)
        draft = parse_draft(request.headers.get("content-type", ""), body)
        if isinstance(verdict, Locked):
            kept = draft if isinstance(draft, Draft) else None
            return await self._turned_down(request, _locked(verdict), verdict, kept)
        if isinstance(draft, Refusal):
            return self._refused(request, draft)
        outcome = await self._posted(request, draft, verdict)
        if isinstance(outcome, Refusal):
            return await self._turned_down(request, outcome, verdict, draft)
        return await self._kept(request, outcome, verdict)

    async def _posted(self, request: Request, draft: Draft, verdict: Open) -> Comment | Refusal:
        told = self._watch is not None and draft.tell is not None
        address = parse_address(draft.tell or "") if told else None
        if told and address is None:
            return ADDRESS
        try:
            reader = await self._reader(request, verdict)
        except CommentsUnavailable:
            return UNAVAILABLE
        outcome = await self._posting.post(draft, verdict, reader)
        if self._watch and address and isinstance(outcome, Comment):
            await self._watch(request, outcome, verdict, address, self._lang(request))
        return outcome

    async def _kept(self, request: Request, comment: Comment, verdict: Open) -> Response:
        """A comment that is published, or one that a moderator will look at: 202, with a text."""
        published = comment.state is State.PUBLISHED
        if published and not _embeds(request):
            return _published(request, comment)
        if not _wants_html(request):
            body = {"comment": all_of(comment) | {"state": comment.state.value}}
            return JSONResponse(body, 202, headers=_headers(202))
        lang = self._lang(request)
        threads = await self._threads(comment.page, lang, opened=True)
        message = self.view.tell(lang, "comments.sent" if published else "comments.held", {})
        scene = Scene(verdict, lang, comment.page, threads, message=message)
        return self._shown(request, scene, 201 if published else 202)

    async def _turned_down(
        self, request: Request, refusal: Refusal, verdict: Verdict, draft: Draft | None
    ) -> Response:
        """A refusal; in HTML a page with the comments, and the draft still in its form."""
        page = page_path(draft.page) if draft else BAD_PAGE
        if isinstance(page, Refusal) or draft is None or not _wants_html(request):
            return self._refused(request, refusal)
        lang, opened = self._lang(request), isinstance(verdict, Open)
        threads = await self._threads(page, lang, opened=opened)
        refusal = UNAVAILABLE if opened and threads is None else refusal
        scene = Scene(
            verdict,
            lang,
            page,
            threads,
            draft=draft,
            answered=await self.reading.answered(page, draft.reply_to),
            message=self._message(request, refusal),
        )
        return self._shown(request, scene, refusal.status)

    def _refused(self, request: Request, refusal: Refusal) -> Response:
        message = self._message(request, refusal)
        if _wants_html(request) and not _embeds(request):
            return self._html(self.view.fault(self._lang(request), message), refusal.status)
        body = {"error": {"reason": str(refusal.code), "message": message}}
        return JSONResponse(body, refusal.status, headers=_headers(refusal.status))

    async def _threads(self, page: str, lang: str, *, opened: bool) -> Drawn | None:
        """The first threads of the page, ``None`` where they cannot be read now."""
        try:
            return await self.reading.drawn(page, Asked(), self.view.spoken(lang), opened=opened)
        except CommentsUnavailable:
            return None

    def _shown(self, request: Request, scene: Scene, status: int) -> Response:
        draw = self.view.embedded if _embeds(request) else self.view.page
        return self._html(draw(scene), status)

    def _html(self, body: str, status: int) -> Response:
        policy = {"Content-Security-Policy": self.view.page_policy}
        return HTMLResponse(body, status, headers=_headers(status) | policy)

    def _message(self, request: Request, refusal: Refusal) -> str:
        return self.view.tell(self._lang(request), refusal.text_key, refusal.values)

    def _lang(self, request: Request) -> str:
        accepted = request.headers.get("accept-language", "").encode("latin-1")
        asked = request.query_params.get("lang")
        return choose_language(self._policy, asked, accepted_languages(accepted))


_COMMON = {"Vary": "Accept, Accept-Language", "X-Content-Type-Options": "nosniff"}


def _headers(status: int) -> dict[str, str]:
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "same-origin", **_COMMON}
    return headers | ({"Retry-After": "5"} if status == UNAVAILABLE.status else {})


def _locked(verdict: Locked) -> Refusal:
    down = verdict.reason is Reason.LEDGER_DOWN
    key = "comments.error_unavailable" if down else "comments.error_locked"
    return Refusal(verdict.reason, 403, key)


def _published(request: Request, comment: Comment) -> Response:
    place = f"{comment.page}#comment-{comment.id}"
    if _is_json(request):
        headers = {"Location": place, **_headers(201)}
        return JSONResponse({"comment": public(comment)}, 201, headers=headers)
    return RedirectResponse(place, 303, headers=_headers(303))


def _quoting(page: str, answered: Comment) -> Draft:
    return Draft(page, "", quoted(answered.source or plain(answered.html)), answered.id)


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == JSON


def _embeds(request: Request) -> bool:
    """Whether it is asked by ``browser/embed.js``, for the section alone."""
    return request.query_params.get("format") == "section"


def _asks_html(request: Request) -> bool:
    """Whether a list is wanted as HTML: it is asked for by name, as every browser does."""
    wanted = request.query_params.get("format")
    if wanted in ("html", "json", "section"):
        return wanted != "json"
    return "text/html" in request.headers.get("accept", "")


def _wants_html(request: Request) -> bool:
    """Whether an answer is for a person: a form's, unless its sender asks for JSON alone."""
    if request.method != "POST":
        return _asks_html(request)
    accept = request.headers.get("accept", "")
    return not _is_json(request) and ("text/html" in accept or JSON not in accept)
