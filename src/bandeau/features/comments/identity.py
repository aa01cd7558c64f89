"""Who somebody else says a reader is: tokens of the paper's own accounts, verified. Pure.

A key decides which algorithms may have signed, never the token: secrets for HMAC and public keys
never stand in one set (RFC 8725, 3.1 and 3.2).
"""

from __future__ import annotations

import base64
import hmac
import json
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from joserfc import jwk, jwt
from joserfc.errors import JoseError, SecurityWarning

from bandeau import limits

NONCE_BYTES = 12
_SECRET = ("HS256",)
_PUBLIC = ("RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA")
_SECRET_BYTES = 32
_PEM = (jwk.RSAKey, jwk.ECKey, jwk.OKPKey)


class IdentityError(Exception):
    """A token, or keys, that prove nothing. The message says why, and holds neither."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who it is: ``subject`` at ``issuer``; ``name`` may be empty, ``once`` is the token's id."""

    issuer: str
    subject: str
    name: str
    once: str
    ends: int


@dataclass(frozen=True, slots=True)
class Verifier:
    """Verifies the tokens of one issuer for one audience."""

    keys: jwk.KeySet
    issuer: str
    audience: str

    def token(self, text: str, now: int) -> Identity:
        """Who a token of the paper's own names; it is short-lived, and has an id of its own.

        ``now`` is in Unix seconds. Raises :class:`IdentityError`.
        """
        claims = self._claims(text, now)
        made, ends = _number(claims, "iat"), _number(claims, "exp")
        if ends - made > limits.READER_TOKEN_SECONDS:
            raise IdentityError(f"lasts over {limits.READER_TOKEN_SECONDS} seconds")
        return self._identity(claims, _text(claims, "jti"), ends)

    def id_token(self, text: str, nonce: str, now: int) -> Identity:
        """Who an ID token names (OpenID Connect Core 1.0, 3.1.3.7).

        ``now`` is in Unix seconds. Raises :class:`IdentityError`.
        """
        claims = self._claims(text, now)
        audience = claims.get("aud")
        party = claims.get("azp", self.audience)
        several = isinstance(audience, list) and len(audience) > 1 and "azp" not in claims
        if party != self.audience or several:
            raise IdentityError("was issued to another party")
        if not hmac.compare_digest(_text(claims, "nonce").encode(), nonce.encode()):
            raise IdentityError("answers another request")
        return self._identity(claims, nonce, _number(claims, "exp"))

    def _claims(self, text: str, now: int) -> Mapping[str, object]:
        secret = all(key.key_type == "oct" for key in self.keys.keys)
        rules = jwt.JWTClaimsRegistry(
            now=now,
            leeway=limits.READER_TOKEN_LEEWAY_SECONDS,
            iss={"essential": True, "value": self.issuer},
            aud={"essential": True, "value": self.audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        if len(text) > limits.READER_TOKEN_CHARACTERS:
            raise IdentityError("is too long")
        try:
            token = jwt.decode(text, self.keys, algorithms=list(_SECRET if secret else _PUBLIC))
            rules.validate(token.claims)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise IdentityError(f"is not valid: {type(error).__name__}") from error
        return token.claims

    def _identity(self, claims: Mapping[str, object], once: str, ends: int) -> Identity:
        name = claims.get("name") or claims.get("preferred_username") or ""
        shown = name if isinstance(name, str) else ""
        return Identity(self.issuer, _text(claims, "sub"), shown, once, ends)


def parse_key_set(data: bytes) -> jwk.KeySet:
    """The keys in a JWK Set, in one JWK, or in PEM; raises :class:`IdentityError`."""
    try:
        text = data.decode("ascii").strip()
        with warnings.catch_warnings():
            warnings.simplefilter("error", SecurityWarning)
            keys = _of_pem(text) if text.startswith("-----") else _of_json(json.loads(text))
    except SecurityWarning as error:
        raise IdentityError(f"holds a weak key: {error}") from error
    except (JoseError, ValueError, TypeError, KeyError, RecursionError) as error:
        raise IdentityError("holds no keys that can be read (JWK Set or PEM)") from error
    kinds = {key.key_type == "oct" for key in keys.keys}
    if len(kinds) != 1:
        raise IdentityError("holds no keys, or secrets beside public keys")
    if True in kinds and any(len(_secret_of(key)) < _SECRET_BYTES for key in keys.keys):
        raise IdentityError(f"holds a secret of less than {_SECRET_BYTES} bytes")
    return keys


def seal_fields(key: bytes, nonce: bytes, fields: Sequence[str]) -> str:
    """Texts under a key of the site, for an address; ``nonce`` is random, once."""
    box = AESGCM(_sealing(key)).encrypt(nonce, json.dumps(list(fields)).encode(), None)
    return base64.urlsafe_b64encode(nonce + box).decode().rstrip("=")


def unseal_fields(key: bytes, box: str) -> list[str] | None:
    """What :func:`seal_fields` sealed; ``None`` for what it did not."""
    try:
        data = base64.urlsafe_b64decode(box + "=" * (-len(box) % 4))
        told = AESGCM(_sealing(key)).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None)
    except (InvalidTag, ValueError):
        return None
    return [str(each) for each in json.loads(told)]


def _of_json(found: dict[str, object]) -> jwk.KeySet:
    listed = found if "keys" in found else {"keys": [found]}
    return jwk.KeySet.import_key_set(listed)  # type: ignore[arg-type]


def _of_pem(text: str) -> jwk.KeySet:
    for kind in _PEM:
        try:
            return jwk.KeySet([kind.import_key(text)])
        except (JoseError, ValueError, TypeError):
            continue
    raise ValueError("no key in PEM")


def _secret_of(key: object) -> bytes:
    raw = getattr(key, "raw_value", b"")
    return raw if isinstance(raw, bytes) else b""


def _sealing(key: bytes) -> bytes:
    return hmac.digest(key, b"bandeau/sign-in/v1", "sha256")


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= limits.READER_CLAIM_CHARACTERS:
        raise IdentityError(f"{name} is no text of a few characters")
    return value


def _number(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise IdentityError(f"{name} is no number")
    return int(value)
