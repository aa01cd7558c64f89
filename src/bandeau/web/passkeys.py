"""Passkeys of the staff: signing in by one, beside the password, and keeping them.

Each is of the host that it was made on. A challenge is good once, for some minutes, and an
authenticator has to have verified its user.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bandeau import limits
from bandeau.features.comments.passkeys import Passkey, PasskeyStore
from bandeau.features.comments.readers import token_tag
from bandeau.features.comments.staff import Staff
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.web.admin_room import HOME, Room
from bandeau.web.admin_view import PASSKEYS, QUEUE
from bandeau.web.context import Site
from bandeau.web.inbound import InboundError
from bandeau.web.sign_in import PATH, SignIn, TooManyAttempts

ASK = f"{PATH}/passkeys/ask"
ENTER = f"{PATH}/passkeys/enter"
OFFER = f"{PATH}/passkeys/offer"
ADD = f"{PATH}/passkeys/add"
_ENTERING = "enter"
_CHALLENGE_BYTES = 32
_REFUSALS = (WebAuthnException, ValueError, KeyError, TypeError)
_UNCACHED = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Passkeys:
    """The passkeys of one site's staff over HTTP; ``admin`` has what all pages for staff share."""

    def __init__(self, site: Site, sign_in: SignIn, store: PasskeyStore, admin: Room) -> None:
        self._site = site
        self._sign_in = sign_in
        self._store = store
        self._admin = admin

    def routes(self) -> list[BaseRoute]:
        """The page of one's passkeys, and what its script and that of the door ask for."""
        told: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("POST", ASK, self.ask),
            ("POST", ENTER, self.enter),
            ("POST", OFFER, self.offer),
            ("POST", ADD, self.add),
        ]
        pages = [
            Route(PASSKEYS, self._admin.answering(self.show), methods=["GET"]),
            Route(PASSKEYS, self._admin.answering(self.remove), methods=["POST"]),
        ]
        return [*pages, *(Route(path, self._told(do), methods=[way]) for way, path, do in told)]

    async def show(self, request: Request) -> Response:
        """One's passkeys."""
        staff = await self._sign_in.who(request)
        if staff is None:
            return self._admin.on(request, HOME)
        kept = await self._store.of(staff.name)
        done = request.query_params.get("done", "")
        key = f"passkey.{done}" if done in ("added", "removed") else ""
        desk = await self._admin.desk(request, staff, key)
        return self._admin.html(self._admin.view.passkeys(desk, kept))

    async def remove(self, request: Request) -> Response:
        """Remove one of one's own."""
        fields = await self._admin.posted(request)
        staff = await self._sign_in.who(request)
        if staff is None:
            return self._admin.on(request, HOME)
        named = fields.get("remove", [""])[-1]
        removed = await self._store.remove(staff.name, named)
        query = {"lang": self._admin.lang(request)} | ({"done": "removed"} if removed else {})
        return RedirectResponse(f"{PASSKEYS}?{urlencode(query)}", 303, headers=_UNCACHED)

    async def ask(self, request: Request) -> Response:
        """A challenge for whoever has a passkey; it tells of nobody whether they have one."""
        await self._admin.posted(request)
        await self._sign_in.count_address(request)
        options = generate_authentication_options(
            rp_id=self._host(request),
            challenge=await self._challenge(_ENTERING),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return _json(options_to_json(options))

    async def enter(self, request: Request) -> Response:
        """Sign in by the answer to a challenge: 200 with ``onward``, or 401."""
        credential, challenge = await self._answer(request)
        await self._sign_in.count_address(request)
        found = await self._store.find(str(credential.get("id")))
        if found is None or not await self._answered(challenge, _ENTERING):
            raise InboundError(401, "failed", "no passkey of the staff")
        passkey, staff = found
        try:
            verified = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host(request),
                expected_origin=_origin(request),
                credential_public_key=_decoded(passkey.key),
                credential_current_sign_count=passkey.signs,
                require_user_verification=True,
            )
        except _REFUSALS as error:
            raise InboundError(401, "failed", "not signed by this passkey") from error
        await self._store.used(passkey.id, verified.new_sign_count)
        onward = f"{QUEUE}?{urlencode({'lang': self._admin.lang(request)})}"
        answer = JSONResponse({"onward": onward}, headers=_UNCACHED)
        cookie = await self._sign_in.session(request, staff.name)
        answer.raw_headers.append((b"set-cookie", cookie))
        return answer

    async def offer(self, request: Request) -> Response:
        """What a new passkey is made from, by who is signed in."""
        await self._admin.posted(request)
        staff = await self._staff(request)
        kept = await self._store.of(staff.name)
        options = generate_registration_options(
            rp_id=self._host(request),
            rp_name=self._site.policy.site.name,
            user_name=staff.name,
            user_id=hmac.digest(self._site.subject_key, f"staff\0{staff.name}".encode(), "sha256"),
            challenge=await self._challenge(staff.name),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(_decoded(k.id)) for k in kept],
        )
        return _json(options_to_json(options))

    async def add(self, request: Request) -> Response:
        """Keep a passkey that was made: 200 with ``onward``; 409 where there is no room for it."""
        credential, challenge = await self._answer(request)
        staff = await self._staff(request)
        if not await self._answered(challenge, staff.name):
            raise InboundError(400, "failed", "the challenge is over")
        try:
            verified = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=self._host(request),
                expected_origin=_origin(request),
                require_user_verification=True,
            )
        except _REFUSALS as error:
            raise InboundError(400, "failed", "no passkey of this site") from error
        key, made = _encoded(verified.credential_public_key), int(self._site.now())
        passkey_id = _encoded(verified.credential_id)
        passkey = Passkey(passkey_id, staff.name, key, verified.sign_count, made)
        if not await self._store.add(passkey, limits.STAFF_PASSKEYS):
            raise InboundError(409, "full", "known already, or one too many")
        query = {"lang": self._admin.lang(request), "done": "added"}
        return JSONResponse({"onward": f"{PASSKEYS}?{urlencode(query)}"}, headers=_UNCACHED)

    async def _staff(self, request: Request) -> Staff:
        staff = await self._sign_in.who(request)
        if staff is None:
            raise InboundError(401, "failed", "nobody is signed in")
        return staff

    async def _challenge(self, asked: str) -> bytes:
        challenge, now = self._site.random(_CHALLENGE_BYTES), int(self._site.now())
        until = now + limits.STAFF_CHALLENGE_SECONDS
        await self._store.ask(token_tag(_encoded(challenge)), asked, until, now)
        return challenge

    async def _answered(self, challenge: bytes, asked: str) -> bool:
        tag = token_tag(_encoded(challenge))
        return await self._store.answered(tag, asked, int(self._site.now()))

    async def _answer(self, request: Request) -> tuple[dict[str, object], bytes]:
        """The credential that was sent, and the challenge that it says it answers."""
        fields = await self._admin.posted(request)
        try:
            credential = json.loads(fields.get("credential", [""])[-1])
            told = json.loads(_decoded(credential["response"]["clientDataJSON"]))
            return dict(credential), _decoded(told["challenge"])
        except (*_REFUSALS, RecursionError) as error:
            raise InboundError(400, "failed", "no credential") from error

    def _host(self, request: Request) -> str:
        """The host that a passkey belongs to. Raises :class:`InboundError` for one of no site."""
        host = request.url.hostname or ""
        if host not in (*self._site.policy.site.hosts, "localhost"):
            raise InboundError(400, "failed", "this host is not one of the site's")
        return host

    def _told(
        self, do: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """What goes wrong, as JSON with a text for who waits at the button."""

        async def told(request: Request) -> Response:
            try:
                return await do(request)
            except InboundError as error:
                known = error.key if error.key in ("failed", "full") else "failed"
                return self._error(request, error.status, error.reason, f"passkey.{known}")
            except TooManyAttempts:
                return self._error(request, 429, "too many attempts", "admin.often")
            except CommentsUnavailable:
                return self._error(request, 503, "unavailable", "admin.unavailable")

        return told

    def _error(self, request: Request, status: int, reason: str, key: str) -> Response:
        minutes = limits.STAFF_ATTEMPT_SECONDS // 60
        message = self._admin.say(request, key, minutes=minutes)
        body = {"error": {"reason": reason, "message": message}}
        return JSONResponse(body, status, headers=_UNCACHED)


def _origin(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _json(text: str) -> Response:
    return Response(text, media_type="application/json", headers=_UNCACHED)


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
