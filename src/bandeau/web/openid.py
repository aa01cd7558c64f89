"""One OpenID Connect provider: authorisation code with PKCE, state and nonce (RFC 9700).

Its discovery document is fetched once, its keys again when it signs by one that is not known.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from joserfc import jwk

from bandeau import limits
from bandeau.features.comments.identity import (
    NONCE_BYTES,
    Identity,
    IdentityError,
    Verifier,
    parse_key_set,
    seal_fields,
    unseal_fields,
)
from bandeau.policy.model import Provider
from bandeau.web.client import Answer, Client, Unreachable
from bandeau.web.context import Site

_SECRET_BYTES = 32
_FORM = "application/x-www-form-urlencoded"
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderUnavailable(Exception):
    """The provider does not answer, or not as it has to."""


@dataclass(frozen=True, slots=True)
class State:
    """What a sign-in that is under way at the provider is held to; ``ends`` in Unix seconds."""

    nonce: str
    verifier: str
    back: str
    ends: int


class OpenId:
    """The provider of one site; ``secret`` is empty where it asks for none."""

    def __init__(self, site: Site, provider: Provider, secret: str) -> None:
        self._site = site
        self._provider = provider
        self._secret = secret
        self._found: Mapping[str, str] | None = None
        self._keys: jwk.KeySet | None = None
        self._asking = asyncio.Lock()
        self._rests = 0

    async def address(self, redirect: str, subject: str, back: str) -> str:
        """Where to sign in; only the consent subject of that tag can come back from there.

        Raises :class:`ProviderUnavailable`.
        """
        found = await self._discovered()
        nonce, verifier = self._random(), self._random()
        ends = int(self._site.now()) + limits.SIGN_IN_LINK_SECONDS
        fields = (nonce, verifier, subject, back, str(ends))
        challenge = hashlib.sha256(verifier.encode()).digest()
        query = {
            "response_type": "code",
            "client_id": self._provider.client,
            "redirect_uri": redirect,
            "scope": "openid profile",
            "state": seal_fields(self._site.subject_key, self._site.random(NONCE_BYTES), fields),
            "nonce": nonce,
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        start = found["authorization_endpoint"]
        return f"{start}{'&' if urlsplit(start).query else '?'}{urlencode(query)}"

    def state(self, text: str, subject: str) -> State:
        """The state that came back, if it was given to that subject. Raises `IdentityError`."""
        fields = unseal_fields(self._site.subject_key, text)
        if fields is None or len(fields) != 5:
            raise IdentityError("the state is none of ours")
        nonce, verifier, whose, back, ends = fields
        if whose != subject or int(ends) <= self._site.now():
            raise IdentityError("the state is of another browser, or too old")
        return State(nonce, verifier, back, int(ends))

    async def identity(self, state: State, code: str, redirect: str) -> Identity:
        """Who ``code`` stands for.

        Raises :class:`IdentityError` and :class:`ProviderUnavailable`.
        """
        found = await self._discovered()
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect,
            "client_id": self._provider.client,
            "code_verifier": state.verifier,
            **({"client_secret": self._secret} if self._secret else {}),
        }
        token = await self._asked(found["token_endpoint"], urlencode(fields).encode())
        text, now = token.get("id_token"), int(self._site.now())
        if not isinstance(text, str):
            raise IdentityError("the provider gave no ID token")
        try:
            return (await self._verifier(found, new=False)).id_token(text, state.nonce, now)
        except IdentityError:
            # It may have turned its keys; what is wrong otherwise stays so.
            return (await self._verifier(found, new=True)).id_token(text, state.nonce, now)

    async def _verifier(self, found: Mapping[str, str], *, new: bool) -> Verifier:
        if self._keys is None or new:
            told = await self._asked(found["jwks_uri"])
            self._keys = parse_key_set(json.dumps(told).encode())
        return Verifier(self._keys, self._provider.issuer, self._provider.client)

    async def _discovered(self) -> Mapping[str, str]:
        async with self._asking:
            if self._found is None:
                if self._site.now() < self._rests:
                    raise ProviderUnavailable("it did not answer just now")
                self._found = await self._discover()
            return self._found

    async def _discover(self) -> Mapping[str, str]:
        issuer = self._provider.issuer
        self._rests = int(self._site.now()) + limits.PROVIDER_REST_SECONDS
        told = await self._asked(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        found = {name: told.get(name) for name in _ENDPOINTS}
        if told.get("issuer") != issuer:
            raise ProviderUnavailable("it is another issuer than the policy names")
        scheme = urlsplit(issuer).scheme
        for name, url in found.items():
            if not isinstance(url, str) or urlsplit(url).scheme != scheme:
                raise ProviderUnavailable(f"{name} is no {scheme} address")
        return {name: str(url) for name, url in found.items()}

    async def _asked(self, url: str, form: bytes | None = None) -> Mapping[str, object]:
        try:
            async with Client() as client:
                answer = await self._answer(client, url, form)
            told = json.loads(answer.body)
        except (Unreachable, ValueError, RecursionError) as error:
            raise ProviderUnavailable("it does not answer in JSON") from error
        if answer.status != 200 or not isinstance(told, dict):
            raise ProviderUnavailable(f"it answers {answer.status}")
        return told

    async def _answer(self, client: Client, url: str, form: bytes | None) -> Answer:
        return await (client.get(url) if form is None else client.post(url, form, _FORM))

    def _random(self) -> str:
        return base64.urlsafe_b64encode(self._site.random(_SECRET_BYTES)).decode().rstrip("=")
