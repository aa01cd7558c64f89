"""The export as a JSON Schema (draft 2020-12): each line is one such object."""

from __future__ import annotations

from bandeau import limits
from bandeau.features.comments.appeals import Ruling
from bandeau.features.comments.decisions import Cause
from bandeau.features.comments.exchange import FORMAT, VERSION
from bandeau.features.comments.grounds import Ground
from bandeau.features.comments.model import State
from bandeau.features.comments.moderate import Conduct
from bandeau.features.comments.queue import Deed
from bandeau.features.comments.reports import Outcome

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
            _object({"kind": {"const": "vote"}, **_vote()}),
            _object({"kind": {"const": "reader"}, **_reader()}),
            _object({"kind": {"const": "decision"}, **_decision()}),
            _object({"kind": {"const": "report"}, **_report()}),
            _object({"kind": {"const": "appeal"}, **_appeal()}),
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


def _vote() -> Schema:
    return {
        "comment": _ID,
        "voter": _said(_ID, "What is kept of who recommends it: an HMAC under a key of the site."),
        "record": _said(_MAYBE_ID, "The record in the ledger that allowed it."),
        "time": _TIME,
    }


def _reader() -> Schema:
    return {
        "id": _ID,
        "who": _said(_ID, "What is kept of what was proven: an HMAC under a key of the site."),
        "name": _text(limits.COMMENT_NAME_CHARACTERS),
        "subjects": {"type": "array", "items": _ID},
    }


def _decision() -> Schema:
    return {
        "id": _said(_ID, "That of the act."),
        "comment": _said(_MAYBE_ID, "Empty where it is about an author."),
        "author": _said(_MAYBE_ID, "Empty where it is about a comment."),
        "time": _TIME,
        "until": _said(_MAYBE_TIME, "When a suspension ends."),
        "staff": _ID,
        "deed": {"enum": [each.value for each in Deed]},
        "ground": {"enum": ["", *(each.value for each in Ground)]},
        "law": _text(limits.REASON_LAW_CHARACTERS),
        "facts": _text(limits.REASON_CHARACTERS),
        "cause": {"enum": [each.value for each in Cause]},
        "detected": {"type": "boolean"},
        "waited": {"type": ["integer", "null"], "description": "Milliseconds."},
    }


def _report() -> Schema:
    return {
        "id": _ID,
        "reference": _said(_ID, "A SHA-256 of it."),
        "comment": _ID,
        "page": _PAGE,
        "time": _TIME,
        "ground": {"enum": [each.value for each in Ground]},
        "text": _text(limits.COMMENT_REPORT_TEXT_CHARACTERS),
        "name": _text(limits.COMMENT_REPORT_SENDER_CHARACTERS),
        "email": _text(limits.COMMENT_REPORT_SENDER_CHARACTERS),
        "lang": {"type": "string"},
        "readers": _said(_COUNT, "0 where the same reader had reported it already."),
        "outcome": {"enum": [each.value for each in Outcome]},
        "decided": _MAYBE_TIME,
        "decision": _MAYBE_ID,
    }


def _appeal() -> Schema:
    return {
        "id": _ID,
        "decision": _ID,
        "comment": _said(_MAYBE_ID, "Empty where the decision is about an author."),
        "report": _said(_MAYBE_ID, "That of who appeals; empty for the author."),
        "time": _TIME,
        "text": _text(limits.APPEAL_CHARACTERS),
        "ruling": {"enum": [each.value for each in Ruling]},
        "decided": _MAYBE_TIME,
        "staff": _MAYBE_ID,
        "answer": _text(limits.REASON_CHARACTERS),
    }


def _text(most: int) -> Schema:
    return {"type": "string", "maxLength": most}


def _said(schema: Schema, description: str) -> Schema:
    return {**schema, "description": description}


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "required": list(properties),
        "properties": properties,
        "additionalProperties": False,
    }
