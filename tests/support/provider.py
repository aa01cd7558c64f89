"""An OpenID Connect provider on loopback, that signs in whoever comes, as it is told."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from joserfc import jwk, jwt
from serving import serving
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "quotidien", "client secret"


def keys_of(kid: str) -> jwk.KeySet:
    return jwk.KeySet([jwk.ECKey.generate_key("P-256", {"kid": kid, "alg": "ES256"})])


@dataclass
class Provider:
    """``claims`` are put over those of the ID token, ``asked`` has every path that was asked."""

    url: str = ""
    keys: jwk.KeySet = field(default_factory=lambda: keys_of("k1"))
    claims: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    document: dict[str, Any] = field(default_factory=dict)
    down: bool = False

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.key_set),
            ]
        )

    async def discovery(self, request: Request) -> Response:
        self.asked.append("discovery")
        if self.down:
            return Response("down", 500)
        told = {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
        }
        return JSONResponse(told | self.document)

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code" and asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256" and "openid" in asked["scope"]
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        query = urlencode({"code": code, "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 303)

    async def token(self, request: Request) -> Response:
        async with request.form() as form:
            asked = self.codes.pop(str(form["code"]), None)
            verifier = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            proven = asked and asked["code_challenge"] == (
                base64.urlsafe_b64encode(verifier).decode().rstrip("=")
            )
            if not (proven and asked and form["redirect_uri"] == asked["redirect_uri"]):
                return JSONResponse({"error": "invalid_grant"}, 400)
            if (form["client_id"], form["client_secret"]) != (CLIENT, SECRET):
                return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse({"token_type": "Bearer", "id_token": self.id_token(asked["nonce"])})

    def id_token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": "user-1", "name": "Ada Byron"}
        claims |= {"iat": now, "exp": now + 60, "nonce": nonce} | self.claims
        key = self.keys.keys[0]
        return jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])

    async def key_set(self, request: Request) -> Response:
        self.asked.append("keys")
        return JSONResponse(self.keys.as_dict(private=False))


@contextmanager
def provider() -> Iterator[Provider]:
    made = Provider()
    with serving(made.app()) as address:
        made.url = address.url
        yield made
