"""What pages that Bandeau does not serve take from it: counts of comments, and two scripts."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bandeau import limits
from bandeau.enforcement.asked import host_of
from bandeau.features.comments.model import Refusal
from bandeau.features.comments.store import CommentStore, CommentsUnavailable
from bandeau.features.comments.write import page_path
from bandeau.policy.model import Policy
from bandeau.policy.words import Words, choose_language
from bandeau.web import static
from bandeau.web.comments_threads import counted
from bandeau.web.inbound import InboundError, available

COUNTS = "/.bandeau/comments/counts"
SCRIPTS = ("count.js", "embed.js")


class Counts:
    """How many comments pages have: open to all, the same for all, without any cookie."""

    def __init__(self, policy: Policy, words: Words, store: CommentStore) -> None:
        self._policy = policy
        self._words = words
        self._store = store

    def routes(self) -> list[Route]:
        """Counts, and the scripts."""
        scripts = [Route(f"/.bandeau/comments/{name}", _serving(name)) for name in SCRIPTS]
        return [Route(COUNTS, self.counts, methods=["GET"]), *scripts]

    async def counts(self, request: Request) -> Response:
        """The counts of up to ``limits.COMMENT_COUNTED_PAGES`` pages, in numbers and in words.

        Raises :class:`InboundError`: 400 for none or too many, 503. What is no page is left out.
        """
        asked = request.query_params.getlist("page")
        if not 0 < len(asked) <= limits.COMMENT_COUNTED_PAGES:
            most = limits.COMMENT_COUNTED_PAGES
            raise InboundError(400, "bad_request", f"page must be given 1 to {most} times")
        paths = {each: page_path(each) for each in asked}
        pages = {each: path for each, path in paths.items() if not isinstance(path, Refusal)}
        async with available():
            found = await self._store.counts(set(pages.values()))
        lang = choose_language(self._policy, request.query_params.get("lang"), ())
        told = {}
        for each, path in pages.items():
            count = found.get(path, 0)
            told[each] = {"count": count, "text": self._said(lang, count)}
        return JSONResponse({"counts": told}, headers=_HEADERS)

    async def text(self, lang: str, page: str) -> str:
        """The count of one page in words, empty where it cannot be read or is no page."""
        path = page_path(page)
        if isinstance(path, Refusal):
            return ""
        try:
            return self._said(lang, (await self._store.counts({path})).get(path, 0))
        except CommentsUnavailable:
            return ""

    def _said(self, lang: str, count: int) -> str:
        spoken = lang if lang in self._words.languages else "en"
        return counted(lambda key, **values: self._words.say(spoken, key, **values), count)


_HEADERS = {
    "Cache-Control": f"public, max-age={limits.COMMENT_FEED_SECONDS}",
    "Access-Control-Allow-Origin": "*",
    "X-Content-Type-Options": "nosniff",
}


def sibling(request: Request, policy: Policy) -> str:
    """The origin of a page on another host of the publisher's own, empty for any other page.

    The policy names the host itself, and the page came as safely as its request does.
    """
    origin, ours = request.headers.get("origin", ""), request.headers.get("host", "")
    if request.headers.get("sec-fetch-site", "same-site") != "same-site":
        return ""
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return ""
    same_port = port is None or ours.endswith(f":{port}")
    safe = parts.scheme in ("https", request.url.scheme)
    known = parts.hostname in policy.site.hosts and parts.hostname != host_of(ours)
    return origin if known and same_port and safe and origin == origin.strip() else ""


def shared_with(origin: str) -> dict[str, str]:
    """Headers of an answer that a page of ``origin`` may read; of nobody's, where it is empty."""
    told = {"Vary": "Accept, Accept-Language, Origin"}
    if not origin:
        return told
    allowed = {"Access-Control-Allow-Origin": origin, "Access-Control-Allow-Credentials": "true"}
    return told | allowed


def _serving(name: str) -> Callable[[Request], Awaitable[Response]]:
    body = static.script(name).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={limits.COMMENT_SCRIPT_SECONDS}",
        "Cross-Origin-Resource-Policy": "same-site",
        "X-Content-Type-Options": "nosniff",
    }

    async def serve(request: Request) -> Response:
        if tag in request.headers.get("if-none-match", ""):
            return Response(None, 304, headers)
        return Response(body, 200, headers, media_type="text/javascript")

    return serve
