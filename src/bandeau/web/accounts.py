"""``/.bandeau/comments/sign-in/token`` and ``…/oidc``: readers of the paper's own accounts.

Whoever proves who they are is let in under the name that they have there, or asked for another
one where that is taken.
"""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bandeau import limits
from bandeau.features.comments.gate import Open
from bandeau.features.comments.identity import Identity, IdentityError, Verifier
from bandeau.features.comments.readers import Reader, ReaderStore, Ticket, reader_tag, token_tag
from bandeau.policy.model import Way
from bandeau.web.context import Site
from bandeau.web.inbound import available
from bandeau.web.openid import OpenId, ProviderUnavailable
from bandeau.web.reader_desk import LINK, PATH, ReaderDesk
from bandeau.web.sessions import Sessions

TOKEN = f"{PATH}/token"
OIDC = f"{PATH}/oidc"
_READER_BYTES = 16


class Accounts:
    """Signs readers in whom somebody else vouches for."""

    def __init__(
        self,
        site: Site,
        desk: ReaderDesk,
        readers: ReaderStore,
        sessions: Sessions,
        verifier: Verifier | None,
        openid: OpenId | None,
    ) -> None:
        self._site = site
        self._desk = desk
        self._readers = readers
        self._sessions = sessions
        self._verifier = verifier
        self._openid = openid

    def routes(self) -> list[BaseRoute]:
        """Where a token is posted, and where a provider sends readers back."""
        return [
            Route(TOKEN, self.token, methods=["POST"]),
            Route(OIDC, self.came_back, methods=["GET"]),
        ]

    async def address(self, request: Request, verdict: Open, back: str) -> str:
        """Where a reader signs in at the provider, to come back to ``back``; empty for nowhere."""
        if self._openid is None:
            return ""
        redirect, subject = self._redirect(request), self._sessions.subject(verdict)
        try:
            return await self._openid.address(redirect, subject, back)
        except ProviderUnavailable:
            return ""

    async def token(self, request: Request) -> Response:
        """Sign in by a signed token; 403 for one that proves nothing, or was used."""
        self._desk.offered(Way.TOKEN)
        fields = await self._desk.posted(request)
        verdict = await self._desk.granted(request)
        verifier = self._verifier
        try:
            if verifier is None:
                raise IdentityError("no keys")
            identity = verifier.token(fields.get("token", [""])[-1], self._now())
        except IdentityError:
            return await self._desk.failed(request)
        async with available():
            spent = await self._spent(f"token\0{identity.issuer}\0{identity.once}", identity.ends)
            if spent:
                return await self._desk.failed(request)
            return await self._let_in(request, verdict, identity, Way.TOKEN, "")

    async def came_back(self, request: Request) -> Response:
        """Sign in by what the provider says, to the browser that was sent there only."""
        self._desk.offered(Way.OIDC)
        verdict = await self._desk.granted(request)
        asked, subject = request.query_params, self._sessions.subject(verdict)
        try:
            if self._openid is None:
                raise IdentityError("no provider")
            state = self._openid.state(asked.get("state", ""), subject)
            async with available():
                if await self._spent(f"state\0{state.nonce}", state.ends):
                    return await self._desk.failed(request)
            redirect = self._redirect(request)
            identity = await self._openid.identity(state, asked.get("code", ""), redirect)
        except (IdentityError, ProviderUnavailable):
            return await self._desk.failed(request)
        async with available():
            return await self._let_in(request, verdict, identity, Way.OIDC, state.back)

    async def _let_in(
        self, request: Request, verdict: Open, identity: Identity, way: Way, back: str
    ) -> Response:
        who = reader_tag(self._site.subject_key, way, f"{identity.issuer}\0{identity.subject}")
        name = self._desk.usable(identity.name)
        known = await self._readers.known(who)
        reader = known
        if reader is None and name:
            new = Reader(self._site.random(_READER_BYTES).hex(), name)
            reader = await self._readers.enter("", who, new)
        if reader is not None:
            return await self._desk.signed_in(request, verdict, reader, back)
        token, now = self._sessions.secret(), self._now()
        ticket, until = Ticket(self._sessions.subject(verdict), who), limits.SIGN_IN_LINK_SECONDS
        await self._readers.issue(token_tag(token), ticket, now + until, now)
        query = {"token": token, **self._desk.asked(request), **({"return": back} if back else {})}
        headers = {"cache-control": "no-store"}
        return RedirectResponse(f"{LINK}?{urlencode(query)}", 303, headers=headers)

    async def _spent(self, value: str, ends: int) -> bool:
        until = ends + limits.READER_TOKEN_LEEWAY_SECONDS
        return not await self._readers.spend(token_tag(value), until, self._now())

    def _redirect(self, request: Request) -> str:
        return f"{self._desk.base(request)}{OIDC}"

    def _now(self) -> int:
        return int(self._site.now())
