"""``/.bandeau/comments``: reading, which is open to all, and posting, which the ledger opens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
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
from bandeau.features.comments.model import (
    Comment,
    Draft,
    Listing,
    Order,
    Refusal,
    State,
    Thread,
    rfc3339,
)
from bandeau.features.comments.store import CommentStore, CommentsUnavailable
from bandeau.features.comments.write import BAD_PAGE, escaped_path, page_path
from bandeau.policy.model import Policy
from bandeau.policy.words import Words, choose_language
from bandeau.web.comments_body import JSON, parse_draft, read_body
from bandeau.web.comments_view import CommentsView, Scene
from bandeau.web.posting import UNAVAILABLE, Posting
from bandeau.web.visitor import accepted_languages

PATH = "/.bandeau/comments"

CROSS_SITE = Refusal("cross-site", 403, "error.cross_site")
NOT_OFFERED = Refusal(Reason.NOT_OFFERED, 404, "error.not_found")


class Comments:
    """The comments of one site over HTTP (DESIGN section 6).

    ``proof`` asks the ledger, ``same_origin`` says whether a post comes from a page of this very
    site.
    """

    def __init__(
        self,
        policy: Policy,
        words: Words,
        store: CommentStore,
        proof: Callable[[Request], Awaitable[Proof]],
        posting: Posting,
        same_origin: Callable[[Request], bool],
    ) -> None:
        self.view = CommentsView(policy, words)
        self._policy = policy
        self._store = store
        self._proof = proof
        self._posting = posting
        self._same_origin = same_origin

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
        try:
            listing = await self._read(page)
        except CommentsUnavailable:
            listing = None
        open_now = isinstance(appears(standing, self._policy), Open)
        section = self.view.section(standing, lang, page, listing, shared=shared)
        return "open" if open_now else "locked", section

    async def answer(self, request: Request) -> Response:
        """A list to ``GET``, a comment published or a reason why not to ``POST``."""
        if self._policy.feature(FEATURE) is None:
            return self._refused(request, NOT_OFFERED)
        return await (self._post(request) if request.method == "POST" else self._list(request))

    async def _list(self, request: Request) -> Response:
        pages = request.query_params.getlist("page")
        page = page_path(pages[0]) if len(pages) == 1 else BAD_PAGE
        if isinstance(page, Refusal):
            return self._refused(request, page)
        order = _order(request)
        try:
            listing = await self._asked(request, page, order)
        except CommentsUnavailable:
            return self._refused(request, UNAVAILABLE)
        if _asks_html(request):
            return await self._page(request, page, listing, order)
        body = {"page": page, "count": listing.count, "next": listing.next or None}
        body["comments"] = [told for thread in listing.threads for told in _told(thread)]
        return JSONResponse(body, headers={"Cache-Control": "no-cache", **_COMMON})

    async def _asked(self, request: Request, page: str, order: Order) -> Listing:
        asked = request.query_params
        root, place = asked.get("thread"), asked.get("from", "0")
        if root is None:
            return await self._read(page, order, asked.get("after"), _limit(request))
        first = int(place) if place.isdecimal() and len(place) < 10 else 0
        listing = await self._store.thread(root, limits.COMMENTS_PER_PAGE, first)
        return listing if all(t.root.page == page for t in listing.threads) else Listing((), 0)

    async def _page(self, request: Request, page: str, listing: Listing, order: Order) -> Response:
        verdict = judge(await self._proof(request), self._policy)
        answered = await self._answered(page, request.query_params.get("reply"))
        lang = self._lang(request)
        scene = Scene(verdict, lang, page, listing, order=order, answered=answered)
        return self._html(self.view.page(scene), 200)

    async def _post(self, request: Request) -> Response:
        if not self._same_origin(request):
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
        outcome = await self._posting.post(draft, verdict)
        if isinstance(outcome, Refusal):
            return await self._turned_down(request, outcome, verdict, draft)
        return await self._kept(request, outcome, verdict)

    async def _kept(self, request: Request, comment: Comment, verdict: Open) -> Response:
        """A comment that is published, or one that a moderator will look at: 202, with a text."""
        if comment.state is State.PUBLISHED:
            return _published(request, comment)
        if not _wants_html(request):
            body = {"comment": _all_of(comment) | {"state": comment.state.value}}
            return JSONResponse(body, 202, headers=_headers(202))
        try:
            listing = await self._read(comment.page)
        except CommentsUnavailable:
            listing = None
        lang = self._lang(request)
        message = self.view.tell(lang, "comments.held", {})
        scene = Scene(verdict, lang, comment.page, listing, message=message)
        return self._html(self.view.page(scene), 202)

    async def _turned_down(
        self, request: Request, refusal: Refusal, verdict: Verdict, draft: Draft | None
    ) -> Response:
        """A refusal; in HTML a page with the comments, and the draft still in its form."""
        page = page_path(draft.page) if draft else BAD_PAGE
        if isinstance(page, Refusal) or draft is None or not _wants_html(request):
            return self._refused(request, refusal)
        try:
            listing = await self._read(page)
        except CommentsUnavailable:
            listing = None
            refusal = UNAVAILABLE if isinstance(verdict, Open) else refusal
        scene = Scene(
            verdict,
            self._lang(request),
            page,
            listing,
            draft=draft,
            answered=await self._answered(page, draft.reply_to),
            message=self._message(request, refusal),
        )
        return self._html(self.view.page(scene), refusal.status)

    def _refused(self, request: Request, refusal: Refusal) -> Response:
        message = self._message(request, refusal)
        if _wants_html(request):
            return self._html(self.view.fault(self._lang(request), message), refusal.status)
        body = {"error": {"reason": str(refusal.code), "message": message}}
        return JSONResponse(body, refusal.status, headers=_headers(refusal.status))

    async def _read(
        self,
        page: str,
        order: Order = Order.NEWEST,
        after: str | None = None,
        limit: int = limits.COMMENTS_PER_PAGE,
    ) -> Listing:
        return await self._store.threads(page, limit, order, after)

    async def _answered(self, page: str, comment_id: str | None) -> Comment | None:
        if not comment_id:
            return None
        try:
            found = await self._store.find(comment_id)
        except CommentsUnavailable:
            return None
        shown = found and found.page == page and found.state is State.PUBLISHED
        return found if shown else None

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
        return JSONResponse({"comment": _public(comment)}, 201, headers=headers)
    return RedirectResponse(place, 303, headers=_headers(303))


def _order(request: Request) -> Order:
    asked = request.query_params.get("sort")
    return Order(asked) if asked in set(Order) else Order.NEWEST


def _limit(request: Request) -> int:
    """How many comments are asked for, as far as one list goes."""
    asked = request.query_params.get("limit", "")
    known = asked.isdecimal() and asked.isascii() and len(asked) < 10
    wanted = int(asked) if known else limits.COMMENTS_PER_PAGE
    return max(1, min(wanted, limits.COMMENTS_LISTED))


def _told(thread: Thread) -> list[dict[str, Any]]:
    return [_public(comment) for comment in (thread.root, *thread.replies)]


def _public(comment: Comment) -> dict[str, Any]:
    """What is told of a comment: never its source, nor the receipt that allowed it.

    Of what is no longer shown only its place is told, for the replies under it. A name that its
    author took off is ``None``.
    """
    told = {"id": comment.id, "time": rfc3339(comment.time), "reply_to": comment.reply_to}
    if comment.state is not State.PUBLISHED:
        return told | {"name": None, "html": None, "state": "removed"}
    return _all_of(comment)


def _all_of(comment: Comment) -> dict[str, Any]:
    told = {"id": comment.id, "time": rfc3339(comment.time), "reply_to": comment.reply_to}
    edited = rfc3339(comment.edited) if comment.edited else None
    return told | {"name": comment.name or None, "html": comment.html, "edited": edited}


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0]
    return kind.strip().lower() == JSON


def _asks_html(request: Request) -> bool:
    """Whether a list is wanted as HTML: it is asked for by name, as every browser does."""
    wanted = request.query_params.get("format")
    if wanted in ("html", "json"):
        return wanted == "html"
    return "text/html" in request.headers.get("accept", "")


def _wants_html(request: Request) -> bool:
    """Whether an answer is for a person: a form's, unless its sender asks for JSON alone."""
    if request.method != "POST":
        return _asks_html(request)
    accept = request.headers.get("accept", "")
    return not _is_json(request) and ("text/html" in accept or JSON not in accept)
