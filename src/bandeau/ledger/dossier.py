"""A dossier: all that the log holds to prove one choice, and what of it is missing (rule L1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from bandeau.ledger.first_anchor import Anchor
from bandeau.ledger.prove import receipt_for
from bandeau.ledger.publication import (
    NOTICE,
    PLACEHOLDER,
    POLICY,
    Publication,
    Shown,
    publications,
)
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import (
    Kind,
    Record,
    RecordError,
    artefact_hash,
    parse_record,
    policy_record_id,
    require,
)
from bandeau.ledger.store import LedgerStore, LedgerUnavailable

PICTURE = ".png"


class DossierError(Exception):
    """There is nothing to prove with. The message says why."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A record of the log with its receipt, and its files by name that are still what they were."""

    record: Record
    receipt: Receipt
    files: dict[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def lost(self) -> tuple[str, ...]:
        """Files that the record names, and that the log no longer holds as they were."""
        return tuple(sorted(set(self.record.artefacts) - set(self.files)))


@dataclass(frozen=True, slots=True)
class Dossier:
    """The choice, and what it refers to; ``None`` where the log never held that.

    ``served`` has the policy file and what was sent to visitors, ``pictures`` what it looked like.
    ``anchored`` is who else vouched first for the log with the choice in it; what others say is
    kept beside the log, not in it.
    """

    choice: Exhibit
    terms: Exhibit | None
    served: Exhibit | None
    pictures: Exhibit | None
    anchored: Anchor | None = None

    @property
    def late(self) -> bool:
        """Whether what was shown was only logged after the choice."""
        return self.served is not None and self.served.receipt.index > self.choice.receipt.index

    @property
    def lost(self) -> tuple[str, ...]:
        """Files that are named in the log and no longer held."""
        exhibits = [each for each in (self.served, self.pictures) if each]
        return tuple(name for each in exhibits for name in each.lost)

    def file(self, name: str) -> bytes | None:
        """One of the files that were published."""
        for exhibit in (self.served, self.pictures):
            if exhibit and name in exhibit.files:
                return exhibit.files[name]
        return None

    @property
    def policy(self) -> bytes | None:
        """The policy file that was in force."""
        return self.file(POLICY)


async def collect(store: LedgerStore, record_id: str) -> Dossier:
    """Everything about the choice or item ``record_id``.

    Raises :class:`DossierError` where it is unknown, erased or of another kind, and
    :class:`LedgerUnavailable`.
    """
    choice = await _choice(store, record_id)
    editions = [each async for each in publications(store, Shown.by(choice.record))]
    # Last of all, so that it covers them: one signature then vouches for the whole dossier.
    note = await store.published("checkpoint")
    terms = await _exhibit(store, policy_record_id(choice.record.policy), note)
    proven = await _exhibit(store, record_id, note)
    if proven is None:
        raise LedgerUnavailable(f"record {record_id} was erased meanwhile")
    pictures = [each for each in editions if _is_picture(each)]
    return Dossier(
        choice=proven,
        terms=terms,
        served=await _published(store, _standing(editions, choice.index), note),
        pictures=await _published(store, pictures[-1] if pictures else None, note),
    )


def policy_hash(editions: Iterable[Publication], index: int) -> str:
    """The name of the policy file that was in force for the record at ``index``, or nothing."""
    standing = _standing(editions, index)
    return standing.record.artefacts.get(POLICY, "") if standing else ""


async def _choice(store: LedgerStore, record_id: str) -> Publication:
    """The record and its place."""
    try:
        require("id", record_id)
    except RecordError as error:
        raise DossierError(f"not the id of a record: {error}") from error
    stored = await store.find(record_id)
    if stored is None:
        raise DossierError(f"the ledger holds no record {record_id}")
    if stored.body is None:
        raise DossierError(
            f"record {record_id} was erased: the log holds its commitment alone,"
            f" at index {stored.index}, and nobody can tell from it what the choice was"
        )
    record = parse_record(stored.body)
    if record.kind not in (Kind.CHOICE, Kind.ITEM):
        raise DossierError(f"record {record_id} is no choice but of kind {record.kind}")
    return Publication(stored.index, record)


def _standing(editions: Iterable[Publication], index: int) -> Publication | None:
    """What was served at the time of the record at ``index``; else the first that came after."""
    served = [each for each in editions if {NOTICE, PLACEHOLDER} & set(each.record.artefacts)]
    before = [each for each in served if each.index < index]
    return before[-1] if before else next(iter(served), None)


def _is_picture(publication: Publication) -> bool:
    return all(name.endswith(PICTURE) for name in publication.record.artefacts)


async def _published(
    store: LedgerStore, publication: Publication | None, note: bytes | None
) -> Exhibit | None:
    exhibit = await _exhibit(store, publication.record.id, note) if publication else None
    if exhibit is None:
        return None
    files = {}
    for name, digest in sorted(exhibit.record.artefacts.items()):
        data = await store.published(f"artefact/{digest}")
        if data is not None and artefact_hash(data) == digest:
            files[name] = data
    return replace(exhibit, files=files)


async def _exhibit(store: LedgerStore, record_id: str, note: bytes | None) -> Exhibit | None:
    receipt = await receipt_for(store, record_id, note)
    return Exhibit(parse_record(receipt.record), receipt) if receipt else None
