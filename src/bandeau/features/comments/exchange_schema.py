"""The export as a JSON Schema (draft 2020-12): each line is one such object."""

from __future__ import annotations

from bandeau import limits
from bandeau.features.comments.exchange import FORMAT, VERSION
from bandeau.features.comments.model import State
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import Deed

Schema = dict[str, object]
_TIME: Schema = {"type": "string", "format": "date-time"}
_MAYBE_TIME: Schema = {"type": ["string", "null"], "format": "date-time"}
_ID: Schema = {"type": "string", "pattern": "^[!-~]{1,100}$"}
_MAYBE_ID: Schema = {"type": "string", "pattern": "^[!-~]{0,100}$"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_PAGE: Schema = {
    "type": "string",
    "pattern": "^/",
    "description": "Path of a page, without query and fragment.",
}


def exchange_schema() -> Schema:
    """The schema of every line."""
    head = {"version": {"const": VERSION}, "exported": _TIME}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of bandeau comments export",
        "oneOf": [
            _object({"format": {"const": FORMAT}, **head}),
            _object({"kind": {"const": "page"}, "path": _PAGE, "opened": _TIME}),
            _object({"kind": {"const": "author"}, **_author()}),
            _object({"kind": {"const": "comment"}, **_comment()}),
            _object({"kind": {"const": "act"}, **_act()}),
        ],
    }


def _author() -> Schema:
    return {
        "id": _said(_ID, "The random number that comments name their author by."),
        "tag": _said(_ID, "What is kept of the visitor: an HMAC under a key of the site."),
        "known_since": _TIME,
        "approved": _said(_COUNT, "How many comments a moderator approved."),
        "conduct": {"enum": [each.value for each in Conduct]},
        "until": _said(_MAYBE_TIME, "When a suspension ends."),
    }


def _comment() -> Schema:
    name: Schema = {"type": "string", "maxLength": limits.COMMENT_NAME_CHARACTERS}
    text: Schema = {"type": "string", "maxLength": limits.IMPORT_TEXT_CHARACTERS}
    return {
        "id": _ID,
        "page": _PAGE,
        "thread": _said(_ID, "Id of the thread's first comment, its own in a first one."),
        "place": _said(_COUNT, "Place in the thread, 0 for its first."),
        "reply_to": {"type": ["string", "null"]},
        "author": _said(_MAYBE_ID, "Empty where it can no longer be told."),
        "name": name,
        "time": _TIME,
        "edited": _MAYBE_TIME,
        "state": {"enum": [each.value for each in State]},
        "reasons": {"type": "array", "items": {"type": "string"}},
        "record": _said(_MAYBE_ID, "The record in the ledger that allowed it."),
        "origin": _said({"type": "string"}, "The system that it was written in; empty for ours."),
        "text": _said(text, "As it was typed."),
        "html": {"type": "string"},
    }


def _act() -> Schema:
    return {
        "id": _ID,
        "time": _TIME,
        "staff": _ID,
        "deed": {"enum": [each.value for each in Deed]},
        "object": _said(_ID, "Id of a comment or an author."),
        "was": {"type": "string"},
        "became": {"type": "string"},
    }


def _said(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }
