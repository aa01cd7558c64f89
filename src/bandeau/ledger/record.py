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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from bandeau import limits
from bandeau.choice.decide import Action

VERSION = 1
_SAFE_INTEGER = (1 << 53) - 1
LOAD = "load"
"""The action of who loads one item and decides nothing else."""
ACTIONS = frozenset({*(action.value for action in Action), LOAD})
MECHANISMS = frozenset({"notice", "panel", "band", "placeholder", "comments", "api", "privacy"})


class Kind(StrEnum):
    """What a record tells of."""

    CHOICE = "choice"
    ITEM = "item"
    POLICY = "policy"
    NOTICE = "notice"
    ERASURE = "erasure"


_COMMON = ("v", "id", "kind", "site", "time")
_SHOWN = ("policy", "notice", "lang", "layout")
FIELDS: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {
        Kind.CHOICE: frozenset(
            {*_COMMON, *_SHOWN, "subject", "action", "mechanism", "purposes", "gpc", "expires"}
            | {"prev"}
        ),
        Kind.ITEM: frozenset(
            {*_COMMON, *_SHOWN, "subject", "action", "mechanism", "gpc", "prev"}
            | {"purpose", "vendor", "host", "item"}
        ),
        Kind.POLICY: frozenset({*_COMMON, "policy", "terms"}),
        Kind.NOTICE: frozenset({*_COMMON, *_SHOWN}),
        Kind.ERASURE: frozenset({*_COMMON, "target", "index"}),
    }
)


class RecordError(ValueError):
    """Bytes or fields that are not a record of this schema. The message says which field."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A record that the ledger has not placed yet: its bytes, but for what only the sequence knows.

    Between ``before`` and ``after`` stands the ``prev`` of a choice or item, or the ``index`` of an
    erasure.
    ``time`` is in Unix milliseconds; ``subject`` and ``erases`` are empty where they do not apply.
    """

    id: str
    kind: Kind
    time: int
    before: bytes
    after: bytes = b""
    subject: str = ""
    erases: str = ""

    @classmethod
    def choice(cls, *, id: str, site: str, subject: str, time: int, **fields: object) -> Draft:
        """A visitor's choice (rules L2, C5).

        ``fields`` are ``action``, ``mechanism``, ``purposes`` (key to bool, refused as explicitly
        as granted), ``policy`` (terms digest), ``notice`` (version of what was served), ``lang``,
        ``layout``, ``gpc`` and ``expires`` (Unix seconds). Raises :class:`RecordError`.
        """
        purposes = fields.get("purposes")
        told = dict(purposes) if isinstance(purposes, Mapping) else purposes
        whole = _common(id, Kind.CHOICE, site, time) | fields
        before, after = _around(whole | {"subject": subject, "purposes": told}, "prev", "0" * 64)
        return cls(id, Kind.CHOICE, time, before, after, subject=subject)

    @classmethod
    def item(cls, *, id: str, site: str, subject: str, time: int, **fields: object) -> Draft:
        """A visitor's consent to one embedded item alone (rule R4).

        ``fields`` are ``purpose``, ``vendor``, ``host`` (who is contacted), ``item`` (of the item's
        URL, see :func:`item_hash`), ``mechanism``, ``policy``, ``notice`` (version of what was
        shown), ``lang``, ``layout`` and ``gpc``. Raises :class:`RecordError`.
        """
        whole = _common(id, Kind.ITEM, site, time) | fields | {"action": LOAD, "subject": subject}
        before, after = _around(whole, "prev", "0" * 64)
        return cls(id, Kind.ITEM, time, before, after, subject=subject)

    @classmethod
    def policy(cls, *, site: str, time: int, digest: str, terms: bytes) -> Draft:
        """The terms that choices refer to by ``digest``; one record for ever (rules L2, L5)."""
        record_id = policy_record_id(digest)
        fields = {"policy": digest, "terms": terms.decode()}
        whole = _common(record_id, Kind.POLICY, site, time) | fields
        return cls(record_id, Kind.POLICY, time, _encode(whole))

    @classmethod
    def notice(cls, *, id: str, site: str, time: int, **fields: object) -> Draft:
        """A version of the notice: ``policy``, ``notice``, ``lang``, ``layout`` (rules L3, L10)."""
        whole = _common(id, Kind.NOTICE, site, time) | fields
        return cls(id, Kind.NOTICE, time, _encode(whole))

    @classmethod
    def erasure(cls, *, id: str, site: str, time: int, erases: str) -> Draft:
        """The erasure of the choice ``erases``, whose id the record itself does not repeat."""
        _require("id", erases)
        whole = _common(id, Kind.ERASURE, site, time) | {"target": erased_tag(erases)}
        before, after = _around(whole, "index", _SAFE_INTEGER)
        return cls(id, Kind.ERASURE, time, before, after, erases=erases)

    def body(self, placed: str | int | None = None) -> bytes:
        """The record's bytes: JSON in UTF-8 with sorted keys and no spaces.

        ``placed`` is, for a choice or item, the hexadecimal commitment of the same subject's
        former record if there is one; for an erasure the index of its target.
        """
        if not self.after:
            return self.before
        return self.before + _JSON(placed).encode() + self.after


@dataclass(frozen=True, slots=True)
class Record:
    """A record as read. Fields that its kind does not have keep their empty default.

    ``time`` is in Unix milliseconds, ``expires`` in Unix seconds; ``prev`` is the commitment of
    the same subject's former record, so that erasing the former leaves no id of it behind.
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
    policy: str = ""
    notice: str = ""
    lang: str = ""
    layout: str = ""
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


def parse_record(body: bytes) -> Record:
    """The record in ``body``; raises :class:`RecordError` for a field missing, unknown or bad."""
    _require_length(body, Kind.POLICY)
    try:
        fields = json.loads(body, object_pairs_hook=_single, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise RecordError(f"not JSON: {error}") from error
    if not isinstance(fields, dict):
        raise RecordError("not an object")
    _require("kind", fields.get("kind"))
    kind = Kind(fields["kind"])
    _require_length(body, kind)
    odd = FIELDS[kind] ^ set(fields)
    if odd:
        raise RecordError(f"missing or unknown: {', '.join(sorted(odd))[:200]}")
    for name, value in fields.items():
        _require(name, value)
    if (fields.get("action") == LOAD) != (kind is Kind.ITEM):
        raise RecordError(f"action cannot be {fields.get('action')} in a record of kind {kind}")
    return Record(**{**fields, "kind": kind})


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


def policy_record_id(digest: str) -> str:
    """The id under which the terms called ``digest`` are kept: a UUIDv8 derived from it."""
    named = hashlib.sha256(b"bandeau/policy/v1" + digest.encode()).digest()
    return str(uuid.UUID(int=_stamp(int.from_bytes(named[:16]), 8)))


def erased_tag(record_id: str) -> str:
    """What stays of an erased id: hexadecimal SHA-256, from which the id cannot be found again."""
    return hashlib.sha256(b"bandeau/erased/v1" + record_id.encode()).hexdigest()


def _stamp(value: int, version: int) -> int:
    return value & ~(0xF << 76) & ~(0x3 << 62) | version << 76 | 0x2 << 62


_JSON = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
).encode


def _common(record_id: str, kind: Kind, site: str, time: int) -> dict[str, object]:
    return {"v": VERSION, "id": record_id, "kind": kind.value, "site": site, "time": time}


def _encode(whole: Mapping[str, object]) -> bytes:
    """The bytes of a record, read back so that no store has to refuse them."""
    try:
        written = _JSON(whole).encode()
    except (TypeError, ValueError) as error:
        raise RecordError(f"not writable: {error}") from error
    parse_record(written)
    return written


def _around(whole: dict[str, object], name: str, longest: object) -> tuple[bytes, bytes]:
    """The bytes before and after the value of ``name``, checked with the longest it can have.

    No text can hold the mark, because a quotation mark inside one is escaped.
    """
    mark = f'"{name}":'.encode()
    value = _JSON(longest).encode()
    before, _, after = _encode(whole | {name: longest}).partition(mark + value)
    return before + mark, after


def _matches(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern, re.ASCII)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _whole(value: object) -> bool:
    return type(value) is int and 0 <= value <= _SAFE_INTEGER


def _answers(value: object) -> bool:
    return (
        isinstance(value, Mapping)
        and len(value) <= limits.POLICY_PURPOSES
        and all(_KEY(key) and type(answer) is bool for key, answer in value.items())
    )


_KEY = _matches(r"[a-z][a-z0-9-]{0,39}")
_HASH = _matches(r"[0-9a-f]{64}")
_HOST = _matches(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")
_CHECKS: Mapping[str, Callable[[object], bool]] = MappingProxyType(
    {
        "v": lambda value: type(value) is int and value == VERSION,
        "id": _matches(r"[0-9a-f]{8}-[0-9a-f]{4}-[78][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        "kind": lambda value: isinstance(value, str) and value in frozenset(Kind),
        "site": _HOST,
        "time": _whole,
        "subject": _HASH,
        "action": lambda value: isinstance(value, str) and value in ACTIONS,
        "mechanism": lambda value: isinstance(value, str) and value in MECHANISMS,
        "purposes": _answers,
        "policy": _matches(r"[0-9a-f]{16}"),
        "notice": _matches(r"[A-Za-z0-9_-]{1,100}"),
        "lang": _matches(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}"),
        "layout": _matches(r"[a-z][a-z0-9-]{0,39}"),
        "gpc": lambda value: type(value) is bool,
        "expires": _whole,
        "purpose": _KEY,
        "vendor": lambda value: (
            isinstance(value, str) and 0 < len(value) <= limits.POLICY_TEXT_CHARACTERS
        ),
        "host": _HOST,
        "item": _HASH,
        "prev": lambda value: value is None or _HASH(value),
        "terms": lambda value: isinstance(value, str),
        "target": _HASH,
        "index": _whole,
    }
)


def _require(name: str, value: object) -> None:
    if not _CHECKS[name](value):
        raise RecordError(f"{name} cannot be {repr(value)[:80]}")


def _require_length(body: bytes, kind: Kind) -> None:
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
