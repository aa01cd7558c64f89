"""The body of a comment's post: bounded, strict, the same from a form and from JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from bandeau import limits
from bandeau.features.comments.model import Draft, Refusal

FIELDS = ("page", "name", "text", "reply_to", "email")
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"

TOO_LARGE = Refusal("too-large", 413, "error.too_large")
WRONG_TYPE = Refusal("content-type", 415, "error.bad_request")
UNREADABLE = Refusal("unreadable", 400, "error.bad_request")
WRONG_FIELD = Refusal("wrong-field", 422, "error.bad_request")


async def read_body(request: Request) -> bytes | Refusal:
    """The body, of which never more than ``limits.COMMENT_BODY_BYTES`` and a chunk are held."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limits.COMMENT_BODY_BYTES:
        return TOO_LARGE
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > limits.COMMENT_BODY_BYTES:
                return TOO_LARGE
    except ClientDisconnect:
        return UNREADABLE
    return bytes(body)


def parse_draft(content_type: str, body: bytes) -> Draft | Refusal:
    """The draft in ``body``. Unknown fields are left aside, doubled ones are refused."""
    kind, _, parameters = content_type.lower().partition(";")
    charset = parameters.strip().removeprefix("charset=").strip('"')
    if kind.strip() not in (FORM, JSON) or charset not in ("", "utf-8"):
        return WRONG_TYPE
    try:
        fields = _from_json(body) if kind.strip() == JSON else _from_form(body)
    except (ValueError, RecursionError):
        return UNREADABLE
    return _draft(fields)


def _draft(fields: Mapping[str, object]) -> Draft | Refusal:
    texts = [fields.get(name, "") for name in FIELDS]
    for optional in (3, 4):
        texts[optional] = "" if texts[optional] is None else texts[optional]
    known = [text for text in texts if isinstance(text, str)]
    notify = fields.get("notify")
    if len(known) < len(FIELDS) or not (notify is None or isinstance(notify, str | bool)):
        return WRONG_FIELD
    page, name, text, reply_to, email = known
    return Draft(page, name, text, reply_to or None, email if notify else None)


def _from_form(body: bytes) -> Mapping[str, object]:
    text = body.decode("ascii")
    fields = limits.CHOICE_FIELDS
    return _once(parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=fields))


def _from_json(body: bytes) -> Mapping[str, object]:
    data = json.loads(body.decode("utf-8"), object_pairs_hook=_once)
    if not isinstance(data, dict):
        raise ValueError("not a JSON object")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a mapping; raises ``ValueError`` where a name comes twice."""
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field comes twice")
    return fields
