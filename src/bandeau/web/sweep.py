"""``/.bandeau/sweep``: the publisher's other hosts end what is denied there (rules W4, W5)."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bandeau.choice.model import Standing
from bandeau.enforcement.allowlist import NAME as ALLOWLIST
from bandeau.enforcement.allowlist import connection_allowlist, host_patterns
from bandeau.enforcement.asked import Asked, host_of
from bandeau.enforcement.exchange import Exchange
from bandeau.enforcement.expiry import end_declared
from bandeau.policy.words import choose_language
from bandeau.web.context import Site
from bandeau.web.inbound import return_path
from bandeau.web.pages import Pages
from bandeau.web.visitor import Sent, Visitors

PATH = "/.bandeau/sweep"


class Sweep:
    """Ends denied cookies on the host that is asked. It changes nothing else, however often."""

    def __init__(self, site: Site, visitors: Visitors, pages: Pages) -> None:
        self._site = site
        self._visitors = visitors
        self._pages = pages

    def routes(self) -> list[Route]:
        """The one route."""
        return [Route(PATH, self.show, methods=["GET"])]

    async def show(self, request: Request) -> Response:
        """204 to a page of another host; with ``return`` the page that asks all others too."""
        sent = Sent.of(request.scope["headers"])
        standing = await self._visitors.standing(sent)
        back = request.query_params.get("return")
        answer = Response(status_code=204) if back is None else self._page(request, sent, back)
        answer.headers["cache-control"] = "no-store"
        answer.headers["cross-origin-resource-policy"] = "cross-origin"
        for line in endings(self._site, standing, request, sent):
            answer.raw_headers.append((b"set-cookie", line))
        return answer

    def _page(self, request: Request, sent: Sent, back: str) -> Response:
        asked = request.query_params.get("lang")
        lang = choose_language(self._site.policy, asked, sent.languages)
        port = f":{request.url.port}" if request.url.port else ""
        siblings = self._site.rules.siblings(host_of(request.headers.get("host", "")))
        others = [f"{request.url.scheme}://{host}{port}{PATH}" for host in siblings]
        page, headers = self._pages.sweep_page(lang, others, return_path(back))
        reach = connection_allowlist(host_patterns(siblings, (), ()), (), webrtc=False)
        headers[ALLOWLIST.decode()] = reach.decode()
        return Response(page, headers=headers, media_type="text/html")


def onward(site: Site, standing: Standing, request: Request, back: str, lang: str) -> str:
    """Where a form's answer leads: to ``back``, by way of the other hosts if any can hold more."""
    denies = any(not standing.allows(site.policy, tracker) for tracker in site.policy.trackers)
    if denies and site.rules.siblings(host_of(request.headers.get("host", ""))):
        return f"{PATH}?{urlencode({'return': back, 'lang': lang})}"
    return back


def endings(site: Site, standing: Standing, request: Request, sent: Sent) -> list[bytes]:
    """``Set-Cookie`` lines that end every cookie which ``standing`` denies on the host asked."""
    authority = request.headers.get("host", "").lower()
    path, secure = request.url.path, request.url.scheme == "https"
    asked = Asked(host_of(authority), authority, path, path, secure, sent.cookie, navigates=False)
    denied = [
        rule
        for tracker in site.policy.trackers
        if not standing.allows(site.policy, tracker)
        for rule in tracker.cookies
    ]
    exchange = Exchange(site.rules, standing, asked)
    return list(dict.fromkeys([*exchange.leftovers(), *end_declared(denied, exchange.where)]))
