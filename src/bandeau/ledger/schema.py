"""The record as a JSON Schema (draft 2020-12), for programs that read an export or a receipt.

It accepts what :func:`bandeau.ledger.record.parse_record` accepts, but for what no schema can say:
no key twice, numbers without fraction or exponent, ``withdrawn`` sorted, and the longest record.
"""

from __future__ import annotations

from bandeau import limits
from bandeau.ledger.record import (
    ACTIONS,
    FILE,
    HASH,
    KEY,
    LOAD,
    MECHANISMS,
    PATTERNS,
    SAFE_INTEGER,
    VERSIONS,
    Ground,
    Kind,
    fields_of,
)

Schema = dict[str, object]
_WHOLE: Schema = {"type": "integer", "minimum": 0, "maximum": SAFE_INTEGER}
_TOLD = {
    "v": "Version of this schema.",
    "id": "UUIDv7, or UUIDv8 where it is derived from the content.",
    "kind": "What the record tells of.",
    "site": "The first of the site's hosts.",
    "time": "When, in Unix milliseconds.",
    "subject": "Pseudonym: HMAC-SHA256 of a random visitor id under a key of the site's.",
    "action": "What the visitor did.",
    "mechanism": "Through what.",
    "purposes": "Each purpose that was asked: true granted, false refused.",
    "withdrawn": "Purposes granted until then and no more. Sorted.",
    "policy": "Digest of the terms: the start of their SHA-256.",
    "notice": "SHA-256 of what was shown, as it is served.",
    "lang": "Language of what was shown.",
    "layout": "Form of what was shown.",
    "variant": "Variant of what was shown.",
    "artefacts": "SHA-256 of each file: what was shown to visitors, or an audit's report.",
    "gpc": "Whether the browser sent Sec-GPC: 1.",
    "expires": "When the choice ends, in Unix seconds.",
    "purpose": "For which purpose the item was loaded.",
    "vendor": "Whose the item is.",
    "host": "Who was contacted.",
    "item": "SHA-256 of the item's URL.",
    "prev": "Commitment of the same subject's former record.",
    "terms": "The terms, as JSON.",
    "target": "Hash of the erased record's id.",
    "index": "Place of the erased record in the log.",
    "ground": "Why it was erased.",
}


def record_schema() -> Schema:
    """The schema of every kind and version, as JSON values."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Record of a consent ledger",
        "description": (
            "UTF-8 JSON. No key stands twice, numbers have no fraction and no exponent, and a"
            f" record is at most {limits.LEDGER_RECORD_BYTES} bytes long"
            f" ({limits.LEDGER_TERMS_BYTES} of kind policy)."
        ),
        "oneOf": [{"$ref": f"#/$defs/{kind}-{v}"} for kind in Kind for v in VERSIONS],
        "$defs": {f"{kind}-{v}": _record(kind, v) for kind in Kind for v in VERSIONS},
    }


def _record(kind: Kind, version: int) -> Schema:
    names = sorted(fields_of(kind, version))
    fixed: dict[str, Schema] = {"v": {"const": version}, "kind": {"const": kind.value}}
    actions = [LOAD] if kind is Kind.ITEM else sorted(ACTIONS - {LOAD})
    fixed["action"] = {"enum": actions}
    return {
        "type": "object",
        "properties": {
            name: {"description": _TOLD[name], **(fixed.get(name) or _value(name))}
            for name in names
        },
        "required": names,
        "additionalProperties": False,
    }


def _value(name: str) -> Schema:
    if name in PATTERNS:
        return _text(PATTERNS[name])
    keys = {"type": "string", "pattern": _end_to_end(KEY)}
    values: dict[str, Schema] = {
        "mechanism": {"enum": sorted(MECHANISMS)},
        "ground": {"enum": [ground.value for ground in Ground]},
        "gpc": {"type": "boolean"},
        "terms": {"type": "string"},
        "vendor": {
            "type": "string",
            "minLength": 1,
            "maxLength": limits.POLICY_TEXT_CHARACTERS,
        },
        "prev": {"anyOf": [{"type": "null"}, _text(HASH)]},
        "purposes": {
            "type": "object",
            "maxProperties": limits.POLICY_PURPOSES,
            "propertyNames": keys,
            "additionalProperties": {"type": "boolean"},
        },
        "withdrawn": {
            "type": "array",
            "maxItems": limits.POLICY_PURPOSES,
            "uniqueItems": True,
            "items": keys,
        },
        "artefacts": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": limits.NOTICE_ARTEFACTS,
            "propertyNames": {"pattern": _end_to_end(FILE)},
            "additionalProperties": _text(HASH),
        },
    }
    return values.get(name, _WHOLE)


def _text(pattern: str) -> Schema:
    return {"type": "string", "pattern": _end_to_end(pattern)}


def _end_to_end(pattern: str) -> str:
    """From end to end in every dialect: ``$`` would let a line break follow in some."""
    return rf"^(?:{pattern})(?![\s\S])"
