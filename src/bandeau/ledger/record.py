"""The record: what the ledger keeps of one event, and the exact bytes that are kept (rules L2, L8).

A record names no address, no user agent and no page, not even the URL of an item that was loaded:
each field has a closed form that leaves no room for one. The bytes written first are the record for
ever; they are read, never written again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from bandeau import limits
from bandeau.choice.decide import Action

VERSION = 2
VERSIONS = (1, 2)
"""All that can be read. Version 1 lacks ``withdrawn``, ``variant``, ``artefacts`` and ``ground``.
"""
SAFE_INTEGER = (1 << 53) - 1
LOAD = "load"
"""The action of who loads one item and decides nothing else."""
ACTIONS = frozenset({*(action.value for action in Action), LOAD})
STANDARD = "standard"
"""The variant of a notice of which there is only one."""
MECHANISMS = frozenset({"notice", "panel", "band", "placeholder", "comments", "api", "privacy"})


TOLD_CHARACTERS = 16
"""How much of the version of a notice its forms tell."""


class Kind(StrEnum):
    """What a record tells of."""

    CHOICE = "choice"
    ITEM = "item"
    POLICY = "policy"
    NOTICE = "notice"
    ERASURE = "erasure"
    RESTORE = "restore"
    AUDIT = "audit"


class Ground(StrEnum):
    """Why a record was erased."""

    REQUEST = "request"
    RETENTION = "retention"
    INVALID = "invalid"


_COMMON = ("v", "id", "kind", "site", "time")
SHOWN = ("policy", "notice", "lang", "layout", "variant")
"""The fields that tell one version of what was shown from all others."""
FIELDS: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {
        Kind.CHOICE: frozenset(
            {*_COMMON, *SHOWN, "subject", "action", "mechanism", "purposes", "gpc", "expires"}
            | {"prev", "withdrawn"}
        ),
        Kind.ITEM: frozenset(
            {*_COMMON, *SHOWN, "subject", "action", "mechanism", "gpc", "prev"}
            | {"purpose", "vendor", "host", "item"}
        ),
        Kind.POLICY: frozenset({*_COMMON, "policy", "terms"}),
        Kind.NOTICE: frozenset({*_COMMON, *SHOWN, "artefacts"}),
        Kind.ERASURE: frozenset({*_COMMON, "target", "index", "ground"}),
        Kind.RESTORE: frozenset({*_COMMON, "target", "index"}),
        Kind.AUDIT: frozenset({*_COMMON, "artefacts"}),
    }
)
_SINCE_2 = frozenset({"withdrawn", "variant", "artefacts", "ground"})


class RecordError(ValueError):
    """Bytes or fields that are not a record of this schema. The message says which field."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record as read. Fields that its kind does not have keep their empty default.

    ``time`` is in Unix milliseconds, ``expires`` in Unix seconds; ``prev`` is the commitment of
    the same subject's former record, so that erasing the former leaves no id of it behind.
    ``withdrawn`` are the purposes that the former granted and this one does not; ``artefacts`` are
    hexadecimal SHA-256 by name of what was shown or found, kept beside the log.
    """

    v: int
    id: str
    kind: Kind
    site: str
    time: int
    subject: str = ""
    action: str = ""
    mechanism: str = ""
    purposes: Mapping[str, bool] = field(default_factory=dict)
    withdrawn: Sequence[str] = ()
    policy: str = ""
    notice: str = ""
    lang: str = ""
    layout: str = ""
    variant: str = STANDARD
    artefacts: Mapping[str, str] = field(default_factory=dict)
    gpc: bool = False
    expires: int = 0
    purpose: str = ""
    vendor: str = ""
    host: str = ""
    item: str = ""
    prev: str | None = None
    terms: str = ""
    target: str = ""
    index: int = 0
    ground: str = ""


def parse_record(body: bytes) -> Record:
    """The record in ``body``; raises :class:`RecordError` for a field missing, unknown or bad."""
    require_length(body, Kind.POLICY)
    try:
        fields = json.loads(body, object_pairs_hook=_single, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise RecordError("not an object")
    require("kind", fields.get("kind"))
    kind = Kind(fields["kind"])
    require_length(body, kind)
    odd = fields_of(kind, fields.get("v")) ^ set(fields)
    if odd:
        raise RecordError(f"missing or unknown: {', '.join(sorted(odd))[:200]}")
    for name, value in fields.items():
        require(name, value)
    if (fields.get("action") == LOAD) != (kind is Kind.ITEM):
        raise RecordError(f"action cannot be {fields.get('action')} in a record of kind {kind}")
    return Record(**{**fields, "kind": kind})


def fields_of(kind: Kind, version: object) -> frozenset[str]:
    """The fields that a record of ``kind`` has, no more and no less, in a version of the schema."""
    return FIELDS[kind] - _SINCE_2 if version == 1 else FIELDS[kind]


def subject_of(key: bytes, visitor: bytes) -> str:
    """The pseudonym of a visitor on one site: hexadecimal HMAC-SHA256 of the random visitor id."""
    return hmac.digest(key, visitor, "sha256").hex()


def items_subject_of(key: bytes, visitor: bytes) -> str:
    """The pseudonym under which a visitor's items are kept.

    It is another one than for choices, so that what someone loads neither follows upon a choice
    nor can be told to be of the same person without the key.
    """
    return hmac.digest(key, b"items" + visitor, "sha256").hex()


def item_hash(url: str) -> str:
    """What a record keeps of an item: hexadecimal SHA-256 of its URL as the page has it.

    It proves which item was meant to whoever has the page, and lists to nobody what was watched.
    """
    return hashlib.sha256(url.encode()).hexdigest()


def uuid7(milliseconds: int, random: bytes) -> str:
    """A UUIDv7 of a Unix time in milliseconds and at least 10 random bytes (RFC 9562, 5.7)."""
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(random[:10])
    return str(uuid.UUID(int=_stamp(value, 7)))


def uuid7_time(record_id: str) -> int | None:
    """The Unix time in milliseconds that a UUIDv7 in lower case tells; ``None`` for others."""
    if not _CHECKS["id"](record_id) or record_id[14] != "7":
        return None
    return int(record_id[:8] + record_id[9:13], 16)


def policy_record_id(digest: str) -> str:
    """The id under which the terms called ``digest`` are kept: a UUIDv8 derived from it."""
    named = hashlib.sha256(b"bandeau/policy/v1" + digest.encode()).digest()
    return _uuid8(named)


def notice_record_id(shown: Mapping[str, str], number: int) -> str:
    """The id of the ``number``-th publication of the notice ``shown``, from 0 on.

    ``shown`` are the fields that a choice names too, so whoever holds a choice finds what was shown
    without reading the log: by counting until there is none. Of the version its beginning counts,
    which is what pages have room to tell.
    """
    told = {name: shown[name] for name in SHOWN} | {"notice": shown["notice"][:TOLD_CHARACTERS]}
    text = json.dumps([told, number], sort_keys=True)
    return _uuid8(hashlib.sha256(b"bandeau/notice/v1" + text.encode()).digest())


def audit_record_id(report: str) -> str:
    """The id under which the audit whose report has this hexadecimal SHA-256 is kept, for ever."""
    return _uuid8(hashlib.sha256(b"bandeau/audit/v1" + report.encode()).digest())


def artefact_hash(data: bytes) -> str:
    """The name under which a file is kept beside the log: hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


def erased_tag(record_id: str) -> str:
    """What stays of an erased id: hexadecimal SHA-256, from which the id cannot be found again."""
    return erased_id_bytes(record_id).hex()


def erased_id_bytes(record_id: str) -> bytes:
    """:func:`erased_tag` as stores keep it, in the place of the id."""
    return hashlib.sha256(b"bandeau/erased/v1" + record_id.encode()).digest()


def _uuid8(named: bytes) -> str:
    return str(uuid.UUID(int=_stamp(int.from_bytes(named[:16]), 8)))


def _stamp(value: int, version: int) -> int:
    return value & ~(0xF << 76) & ~(0x3 << 62) | version << 76 | 0x2 << 62


def _matches(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _whole(value: object) -> bool:
    return type(value) is int and 0 <= value <= SAFE_INTEGER


def _answers(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) <= limits.POLICY_PURPOSES
        and all(_KEY(key) and type(answer) is bool for key, answer in value.items())
    )


def _keys(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= limits.POLICY_PURPOSES
        and all(map(_KEY, value))
        and value == sorted(set(value))
    )


def _artefacts(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and 0 < len(value) <= limits.NOTICE_ARTEFACTS
        and all(_FILE(name) and _HASH(digest) for name, digest in value.items())
    )


KEY = r"[a-z][a-z0-9-]{0,39}"
HASH = r"[0-9a-f]{64}"
FILE = r"[a-z0-9][a-z0-9_-]{0,59}\.[a-z0-9]{1,8}"
_NAME = r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?"
PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "id": r"[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
        "site": _NAME,
        "subject": HASH,
        "policy": r"[0-9a-f]{16}",
        "notice": r"[A-Za-z0-9_-]{1,100}",
        "lang": r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}",
        "layout": KEY,
        "variant": KEY,
        "purpose": KEY,
        "host": _NAME,
        "item": HASH,
        "target": HASH,
    }
)
"""What fields that are one word look like, from end to end."""
_KEY, _HASH, _FILE = _matches(KEY), _matches(HASH), _matches(FILE)
_CHECKS: Mapping[str, Callable[[object], bool]] = MappingProxyType(
    {name: _matches(pattern) for name, pattern in PATTERNS.items()}
    | {
        "v": lambda value: type(value) is int and value in VERSIONS,
        "kind": lambda value: isinstance(value, str) and value in frozenset(Kind),
        "time": _whole,
        "action": lambda value: isinstance(value, str) and value in ACTIONS,
        "mechanism": lambda value: isinstance(value, str) and value in MECHANISMS,
        "purposes": _answers,
        "withdrawn": _keys,
        "artefacts": _artefacts,
        "ground": lambda value: isinstance(value, str) and value in frozenset(Ground),
        "gpc": lambda value: type(value) is bool,
        "expires": _whole,
        "vendor": lambda value: (
            isinstance(value, str) and 0 < len(value) <= limits.POLICY_TEXT_CHARACTERS
        ),
        "prev": lambda value: value is None or _HASH(value),
        "terms": lambda value: isinstance(value, str),
        "index": _whole,
    }
)


def require(name: str, value: object) -> None:
    """Raises :class:`RecordError` unless ``value`` can stand in the field ``name``."""
    if not _CHECKS[name](value):
        raise RecordError(f"{name} cannot be {repr(value)[:80]}")


def require_length(body: bytes, kind: Kind) -> None:
    """Raises :class:`RecordError` where ``body`` is longer than a record of ``kind`` may be."""
    allowed = limits.LEDGER_TERMS_BYTES if kind is Kind.POLICY else limits.LEDGER_RECORD_BYTES
    if len(body) > allowed:
        raise RecordError(f"longer than {allowed} bytes")


def _single(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RecordError("a key stands twice")
    return found


def _no_constant(name: str) -> object:
    raise RecordError(f"{name} is not a value")
