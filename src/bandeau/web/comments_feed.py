"""``/.bandeau/comments/feed`` and ``/.bandeau/comments/at/ID``: following, and finding again."""

from __future__ import annotations

import hashlib
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import quote, unquote, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bandeau import limits
from bandeau.enforcement.asked import host_of
from bandeau.features.comments.atom import TYPE, About, feed, updated
from bandeau.features.comments.model import Comment, Refusal, State
from bandeau.features.comments.store import CommentStore
from bandeau.features.comments.write import page_path
from bandeau.policy.model import Policy
from bandeau.policy.words import Words, choose_language
from bandeau.web.comments_reading import Asked, Reading
from bandeau.web.comments_threads import Say, name_of
from bandeau.web.inbound import InboundError, available

FEED = "/.bandeau/comments/feed"
AT = "/.bandeau/comments/at"


class Following:
    """The feeds of one site, and an address for each comment that outlives its place in a list.

    Every answer raises :class:`InboundError`: 400 for what is no page, 404 for what is not
    published, 503.
    """

    def __init__(self, policy: Policy, words: Words, store: CommentStore, reading: Reading) -> None:
        self._policy = policy
        self._words = words
        self._store = store
        self._reading = reading

    def routes(self) -> list[Route]:
        """Feeds and addresses."""
        return [
            Route(FEED, self.feed, methods=["GET"]),
            Route(AT + "/{id}", self.at, methods=["GET"]),
        ]

    async def feed(self, request: Request) -> Response:
        """The newest comments of a page, or of the site, in Atom."""
        page = _page(request)
        async with available():
            comments = await self._store.latest(limits.COMMENT_FEED_ENTRIES, page)
        body = feed(self._about(request, page), comments)
        changed = updated(comments) // 1000
        headers = {
            "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"',
            "Last-Modified": formatdate(changed, usegmt=True),
            "Cache-Control": f"public, max-age={limits.COMMENT_FEED_SECONDS}",
            "X-Content-Type-Options": "nosniff",
        }
        if _known(request, headers["ETag"], changed):
            return Response(None, 304, headers)
        return Response(body, 200, headers, media_type=f"{TYPE}; charset=utf-8")

    async def at(self, request: Request) -> Response:
        """To the article where the comment is among the first, else to its thread."""
        async with available():
            comment = await self._store.find(str(request.path_params["id"]))
            if comment is None or comment.state is not State.PUBLISHED:
                raise InboundError(404, "not_found", "unknown-comment")
            first = await self._reading.told(comment.page, Asked())
        anchor = f"#comment-{quote(comment.id, safe='')}"
        place = comment.page
        if f'"id":"{comment.id}"'.encode() not in first.body:
            query = {"page": comment.page, "thread": comment.root}
            place = f"/.bandeau/comments?{urlencode(query | {'from': max(0, comment.place - 1)})}"
        return RedirectResponse(place + anchor, 303, headers={"cache-control": "no-cache"})

    def _about(self, request: Request, page: str | None) -> About:
        host = request.headers.get("host", "")
        ours = host if host_of(host) in self._policy.site.hosts else self._policy.site.hosts[0]
        base = f"{request.url.scheme}://{ours}"
        lang = self._language(request)

        def say(key: str, **values: object) -> str:
            return self._words.say(lang, key, **values)

        about = say("comments.title") + (f" – {unquote(page)}" if page else "")
        return About(
            host=self._policy.site.hosts[0],
            own=base + FEED + (f"?{urlencode({'page': page})}" if page else ""),
            page=base + (page or "/"),
            title=f"{self._policy.site.name} – {about}",
            lang=lang,
            link=lambda comment: f"{base}{AT}/{quote(comment.id, safe='')}",
            says=lambda comment: _says(say, comment, everywhere=page is None),
        )

    def _language(self, request: Request) -> str:
        """The site's own unless another is asked for: a feed is read by programs."""
        lang = choose_language(self._policy, request.query_params.get("lang"), ())
        return lang if lang in self._words.languages else "en"


def _says(say: Say, comment: Comment, *, everywhere: bool) -> str:
    told = say("comments.says", name=name_of(say, comment))
    return f"{told} – {unquote(comment.page)}" if everywhere else told


def _page(request: Request) -> str | None:
    asked = request.query_params.getlist("page")
    page = page_path(asked[0]) if asked else None
    if isinstance(page, Refusal) or len(asked) > 1:
        raise InboundError(400, "bad_request", "bad-page")
    return page


def _known(request: Request, tag: str, changed: int) -> bool:
    """Whether the caller has it; a date counts only where there is no tag (RFC 9110, 13.1.3)."""
    told = request.headers.get("if-none-match")
    if told is not None:
        return tag in told
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return changed > 0 and since.timestamp() >= changed
    except (ValueError, OverflowError):
        return False
