"""Drafts: records before the ledger gives them their place, which no store has to refuse."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bandeau import limits
from bandeau.ledger.record import (
    LOAD,
    STANDARD,
    VERSION,
    Ground,
    Kind,
    RecordError,
    artefact_hash,
    audit_record_id,
    erased_tag,
    notice_record_id,
    parse_record,
    policy_record_id,
    require,
)

_SAFE_INTEGER = (1 << 53) - 1


@dataclass(frozen=True, slots=True)
class Draft:
    """A record that the ledger has not placed yet: its bytes, but for what only the sequence knows.

    Between ``before`` and ``after`` stands the ``prev`` of a choice or item, or the ``index`` of an
    erasure.
    ``time`` is in Unix milliseconds; ``subject`` and ``erases`` are empty where they do not apply.
    ``artefacts`` are kept beside the log, each once, under its :func:`artefact_hash`.
    """

    id: str
    kind: Kind
    time: int
    before: bytes
    after: bytes = b""
    subject: str = ""
    erases: str = ""
    artefacts: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def choice(cls, *, id: str, site: str, subject: str, time: int, **fields: object) -> Draft:
        """A visitor's choice (rules L2, C5).

        ``fields`` are ``action``, ``mechanism``, ``purposes`` (key to bool, refused as explicitly
        as granted), ``policy`` (terms digest), ``notice`` (version of what was served), ``lang``,
        ``layout``, ``gpc`` and ``expires`` (Unix seconds); where they are not as usual, ``variant``
        and ``withdrawn`` (the purposes that were granted until now). Raises :class:`RecordError`.
        """
        purposes = fields.get("purposes")
        told = dict(purposes) if isinstance(purposes, Mapping) else purposes
        usual = {"variant": STANDARD, "withdrawn": []}
        whole = _common(id, Kind.CHOICE, site, time) | usual | fields
        before, after = _around(whole | {"subject": subject, "purposes": told}, "prev", "0" * 64)
        return cls(id, Kind.CHOICE, time, before, after, subject=subject)

    @classmethod
    def item(cls, *, id: str, site: str, subject: str, time: int, **fields: object) -> Draft:
        """A visitor's consent to one embedded item alone (rule R4).

        ``fields`` are ``purpose``, ``vendor``, ``host`` (who is contacted), ``item`` (of the item's
        URL, see :func:`item_hash`), ``mechanism``, ``policy``, ``notice`` (version of what was
        shown), ``lang``, ``layout`` and ``gpc``, and ``variant`` where there is more than one.
        Raises :class:`RecordError`.
        """
        told = {"variant": STANDARD, **fields, "action": LOAD, "subject": subject}
        whole = _common(id, Kind.ITEM, site, time) | told
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
    def notice(
        cls,
        *,
        site: str,
        time: int,
        artefacts: Mapping[str, bytes],
        number: int = 0,
        **fields: str,
    ) -> Draft:
        """What a version of the notice looked like (rules L3, L5, L10).

        ``number`` counts the publications of one version, each one record for ever: see
        :func:`bandeau.ledger.publication.publish`.

        ``artefacts`` are the files by name: the policy, what was rendered, screenshots. ``fields``
        are ``policy`` (terms digest), ``notice`` (version), ``lang`` and ``layout``, and
        ``variant`` where there is more than one. Raises :class:`RecordError`.
        """
        kept = {name: artefact_hash(data) for name, data in artefacts.items()}
        shown = {"variant": STANDARD, **fields}
        try:
            record_id = notice_record_id(shown, number)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordError(f"missing or not writable: {error}") from error
        whole = _common(record_id, Kind.NOTICE, site, time) | shown | {"artefacts": kept}
        content = _content(artefacts)
        return cls(record_id, Kind.NOTICE, time, _encode(whole), artefacts=content)

    @classmethod
    def audit(cls, *, site: str, time: int, report: str, artefacts: Mapping[str, bytes]) -> Draft:
        """An audit of the site, which is kept once (rule L6).

        ``report`` is the hexadecimal SHA-256 of its report, ``artefacts`` the files by name. Raises
        :class:`RecordError`.
        """
        kept = {name: artefact_hash(data) for name, data in artefacts.items()}
        record_id = audit_record_id(report)
        written = _encode(_common(record_id, Kind.AUDIT, site, time) | {"artefacts": kept})
        return cls(record_id, Kind.AUDIT, time, written, artefacts=_content(artefacts))

    @classmethod
    def erasure(
        cls, *, id: str, site: str, time: int, erases: str, ground: Ground = Ground.REQUEST
    ) -> Draft:
        """The erasure of the choice ``erases``, whose id the record itself does not repeat."""
        require("id", erases)
        told = {"target": erased_tag(erases), "ground": ground.value}
        whole = _common(id, Kind.ERASURE, site, time) | told
        before, after = _around(whole, "index", _SAFE_INTEGER)
        return cls(id, Kind.ERASURE, time, before, after, erases=erases)

    @classmethod
    def restore(cls, *, id: str, site: str, time: int, size: int, root: bytes) -> Draft:
        """The return to an older state, which gave up what the tree of ``size`` leaves held more.

        ``root`` is that tree's: whoever holds one of its checkpoints finds it admitted here.
        """
        told = {"index": size, "target": root.hex()}
        whole = _common(id, Kind.RESTORE, site, time) | told
        return cls(id, Kind.RESTORE, time, _encode(whole))

    def body(self, placed: str | int | None = None) -> bytes:
        """The record's bytes: JSON in UTF-8 with sorted keys and no spaces.

        ``placed`` is, for a choice or item, the hexadecimal commitment of the same subject's
        former record if there is one; for an erasure the index of its target.
        """
        if not self.after:
            return self.before
        # As JSON writes them: a hexadecimal text needs no escapes, and each record comes by here.
        if placed is None:
            return self.before + b"null" + self.after
        told = f'"{placed}"' if isinstance(placed, str) else f"{placed}"
        return self.before + told.encode() + self.after


_JSON = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True
).encode


def _common(record_id: str, kind: Kind, site: str, time: int) -> dict[str, object]:
    return {"v": VERSION, "id": record_id, "kind": kind.value, "site": site, "time": time}


def _content(artefacts: Mapping[str, bytes]) -> tuple[bytes, ...]:
    if any(len(data) > limits.ARTEFACT_BYTES for data in artefacts.values()):
        raise RecordError(f"an artefact is longer than {limits.ARTEFACT_BYTES} bytes")
    return tuple(artefacts.values())


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
