"""Requests to ``/.bandeau/`` read with care: where they come from, how much, what is in them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import ClientDisconnect, Request

from bandeau import limits
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.store import LedgerUnavailable

JSON = "application/json"
Fields = Mapping[str, list[str]]


class InboundError(Exception):
    """A request that is refused: ``status`` and the key of a text under ``error.``."""

    def __init__(self, status: int, key: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.key = key
        self.reason = reason


def same_origin(request: Request) -> bool:
    """Whether a POST comes from a page of this very origin.

    ``Sec-Fetch-Site`` decides where the browser sends it, else ``Origin`` does. A client that
    sends neither is no browser of today, and carries no cookie that it did not choose to send.
    """
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return True
    host = request.headers.get("host", "").lower()
    return bool(host) and _authority(origin) == host


def _authority(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


async def read_fields(request: Request, limit: int) -> Fields:
    """The fields of a form or JSON body of at most ``limit`` bytes.

    A JSON value may be text, a list of texts, or a mapping of names to true and false, of which
    the true names count. Only the exact type ``application/json`` is read as JSON, so that no
    simple cross-site request can carry any. Raises :class:`InboundError` with 400, 408, 413 or 415.
    """
    kind = body_kind(request)
    if kind not in (JSON, "application/x-www-form-urlencoded"):
        raise InboundError(415, "bad_request", f"content type {kind or 'missing'} is not read here")
    body = await _read_body(request, limit)
    return _json_fields(body) if kind == JSON else _form_fields(body)


async def posted(request: Request, limit: int) -> Fields:
    """The same, from a page of this very origin: else it raises :class:`InboundError` with 403."""
    if not same_origin(request):
        raise InboundError(403, "cross_site", "the request comes from another site")
    return await read_fields(request, limit)


def only(fields: Fields, name: str) -> str:
    """The one value of a field; raises :class:`InboundError` where it is missing or repeated."""
    values = fields.get(name, [])
    if len(values) != 1:
        raise InboundError(400, "bad_request", f"{name} is to be given once")
    return values[0]


@asynccontextmanager
async def available() -> AsyncIterator[None]:
    """Raises :class:`InboundError` with 503 where comments, or the ledger, cannot be asked."""
    try:
        yield
    except (CommentsUnavailable, LedgerUnavailable) as error:
        raise InboundError(503, "comments_unavailable", "unavailable") from error


def body_kind(request: Request) -> str:
    """The media type of the body, in lower case and without parameters."""
    return request.headers.get("content-type", "").split(";", 1)[0].strip().lower()


def is_json(request: Request) -> bool:
    """Whether the caller speaks JSON: it sent JSON, or asks for JSON before HTML."""
    if body_kind(request) == JSON:
        return True
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept


def return_path(value: str | None) -> str:
    """The local path to go back to after a form; ``/`` for anything that could leave the site."""
    if not value or len(value) > limits.RETURN_PATH_CHARACTERS:
        return "/"
    local = value.startswith("/") and not value.startswith(("//", "/\\"))
    clean = value.isprintable() and "\\" not in value and " " not in value
    return value if local and clean else "/"


def came_from(request: Request) -> str:
    """The page of this site that led here, by ``Referer``; ``/`` where it does not tell."""
    referer = request.headers.get("referer", "")
    if _authority(referer) != request.headers.get("host", "").lower():
        return "/"
    parts = urlsplit(referer)
    return return_path(f"{parts.path}?{parts.query}" if parts.query else parts.path)


async def _read_body(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise InboundError(413, "too_large", f"at most {limit} bytes")
    try:
        async with asyncio.timeout(limits.CHOICE_BODY_SECONDS):
            return await _collect(request, limit)
    except TimeoutError:
        raise InboundError(408, "bad_request", "the body took too long") from None
    except ClientDisconnect:
        raise InboundError(400, "bad_request", "the body broke off") from None


async def _collect(request: Request, limit: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise InboundError(413, "too_large", f"at most {limit} bytes")
    return bytes(body)


def _form_fields(body: bytes) -> Fields:
    fields: dict[str, list[str]] = {}
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=limits.CHOICE_FIELDS,
        )
    except ValueError as error:
        raise InboundError(400, "bad_request", f"the form is not readable: {error}") from None
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return _without_nul(fields)


def _json_fields(body: bytes) -> Fields:
    try:
        data = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise InboundError(400, "bad_request", "the body is not JSON") from None
    if not isinstance(data, dict) or len(data) > limits.CHOICE_FIELDS:
        raise InboundError(400, "bad_request", "the body is not a JSON object of a few fields")
    return _without_nul({name: _texts(name, value) for name, value in data.items()})


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """The pairs as a mapping; raises ``ValueError`` where a name comes twice, as in a form."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name comes twice")
    return fields


def _texts(name: str, value: object) -> list[str]:
    match value:
        case None:
            return []
        case str():
            return [value]
        case list() if all(isinstance(item, str) for item in value):
            return list(value)
        case dict() if all(isinstance(item, bool) for item in value.values()):
            return [str(key) for key, granted in value.items() if granted]
    reason = f"{ascii(name)[:80]} is not text, a list of texts or a mapping"
    raise InboundError(400, "bad_request", reason)


def _without_nul(fields: Fields) -> Fields:
    for values in fields.values():
        for value in values:
            if "\x00" in value or any("\ud800" <= c <= "\udfff" for c in value):
                raise InboundError(400, "bad_request", "a field holds a character that is no text")
    return fields
