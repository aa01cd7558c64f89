"""Publications: what a version of policy and notice looked like, kept in the log (L3, L4, L5).

One version can be published more than once: as it is served, as pictures of it, and again after
the policy file changed in a way that visitors do not see. Publications of one version are counted.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

from bandeau.ledger.draft import Draft
from bandeau.ledger.record import (
    SHOWN,
    STANDARD,
    Record,
    artefact_hash,
    notice_record_id,
    parse_record,
)
from bandeau.ledger.store import LedgerStore

POLICY = "policy.toml"
"""The policy file, byte for byte."""
NOTICE = "notice.html"
"""The notice as it is served to an undecided visitor: its SHA-256 is the version in choices."""
PANEL = "panel.html"
PRIVACY = "privacy.html"
PLACEHOLDER = "placeholder.txt"
"""What is said where an item is not loaded, names unfilled: its SHA-256 is the version in items."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One version of what visitors are shown. ``policy`` is the digest of the terms."""

    policy: str
    notice: str
    lang: str
    layout: str
    variant: str = STANDARD

    @classmethod
    def by(cls, record: Record) -> Shown:
        """What a choice or item says that the visitor was shown."""
        return cls(**{name: getattr(record, name) for name in SHOWN})

    @property
    def fields(self) -> dict[str, str]:
        """The fields of a record that name this version."""
        return {name: getattr(self, name) for name in SHOWN}


@dataclass(frozen=True, slots=True)
class Edition:
    """The files, by name, of one version, to be published together."""

    shown: Shown
    files: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Publication:
    """A record that the log holds at ``index``."""

    index: int
    record: Record


async def publications(store: LedgerStore, shown: Shown) -> AsyncIterator[Publication]:
    """Every publication of ``shown``, whose version may be as short as pages tell it.

    Oldest first. Raises ``LedgerUnavailable``.
    """
    number = 0
    while stored := await store.find(notice_record_id(shown.fields, number)):
        record = parse_record(stored.body) if stored.body is not None else None
        if record and record.notice.startswith(shown.notice):
            yield Publication(stored.index, record)
        number += 1


async def publish(store: LedgerStore, edition: Edition, *, site: str, time: int) -> bool:
    """Keep ``edition``, unless the latest publication of files of these names is equal.

    So that a start or a run again adds nothing, and going back to an older policy file is told.
    ``time`` is in Unix milliseconds. Says whether a record was added; raises
    ``LedgerUnavailable`` or ``RecordError``. Of two processes that publish at once under one
    number the first wins, and the other takes the next.
    """
    kept = {name: artefact_hash(data) for name, data in edition.files.items()}
    number, latest = 0, None
    async for publication in publications(store, edition.shown):
        number += 1
        if set(publication.record.artefacts) == set(kept):
            latest = publication.record.artefacts
    while latest != kept:
        draft = Draft.notice(
            site=site, time=time, artefacts=edition.files, number=number, **edition.shown.fields
        )
        receipt = await store.append(draft)
        if receipt.record == draft.body():
            return True
        latest, number = parse_record(receipt.record).artefacts, number + 1
    return False
