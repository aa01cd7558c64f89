"""``/.bandeau/decide``: what the choice allows, for servers that ask before they pass a request on.

nginx asks by ``auth_request``, Caddy and Traefik by ``forward_auth``. Any answer but 204 makes them
turn the visitor away, so nothing opens where Bandeau cannot tell.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from bandeau.choice.model import Answer, Standing
from bandeau.enforcement import permissions
from bandeau.enforcement.allowlist import NAME as CONNECTION_ALLOWLIST
from bandeau.enforcement.exchange import CHOICE_HEADER, Exchange, Headers, choice_header
from bandeau.enforcement.variants import KEY_HEADER
from bandeau.web.context import Site
from bandeau.web.guarded import asked_of
from bandeau.web.visitor import Sent, Visitors

PATH = "/.bandeau/decide"
_DIGITS = {Answer.GRANTED: "1", Answer.REFUSED: "0", Answer.UNDECIDED: "-"}


class Decisions:
    """Answers for one site, from the signed cookie and the ledger."""

    def __init__(self, site: Site, visitors: Visitors) -> None:
        self._site = site
        self._visitors = visitors

    async def decide(self, request: Request) -> Response:
        """204 with the verdicts on this request as headers; a ledger that is down refuses."""
        sent = Sent.of(request.scope["headers"])
        standing = await self._visitors.standing(sent)
        exchange = Exchange(self._site.rules, standing, asked_of(request.scope, sent))
        answer = Response(status_code=204, headers={"cache-control": "no-store"})
        answer.raw_headers.extend(self._verdicts(exchange, standing))
        return answer

    def _verdicts(self, exchange: Exchange, standing: Standing) -> Headers:
        """All are always there, empty ones too: what is missing could be taken from the visitor.

        Who sends denied cookies gets no key, so that the page comes from us and ends them.
        """
        key = b"" if exchange.jar.denied else self._site.rules.variants.key(standing)
        denies = exchange.judge.denies
        return [
            (CHOICE_HEADER, choice_header(standing)),
            (b"bandeau-mask", mask(standing).encode()),
            (KEY_HEADER, key),
            (b"bandeau-cookie", exchange.jar.kept),
            (b"content-security-policy", exchange.csp()),
            (CONNECTION_ALLOWLIST, exchange.connection_allowlist(())),
            (permissions.POLICY, permissions.OFF if denies else b""),
            (permissions.PREFETCH, b"off" if denies else b""),
        ]


def mask(standing: Standing) -> str:
    """One digit for each purpose, sorted by key; a dash where nothing was decided."""
    return "".join(_DIGITS[standing.answers[key]] for key in sorted(standing.answers))
