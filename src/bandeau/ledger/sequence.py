"""Where records go: index, predecessor, salt and commitment for a batch of drafts. Pure.

Every store sequences with this, so that all of them keep the same bytes for the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bandeau.ledger.commitment import SALT_BYTES, commit
from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.record import Kind, erased_tag
from bandeau.ledger.store import LedgerRefused


@dataclass(slots=True)
class Former:
    """The record that a subject's next one follows."""

    index: int
    commitment: bytes


@dataclass(slots=True)
class Entry:
    """A record in its place. ``subject`` is empty but for choices."""

    index: int
    id: str
    subject: str
    body: bytes
    salt: bytes
    commitment: bytes
    next: int | None = None


@dataclass(slots=True)
class Batch:
    """What one step adds and changes.

    ``followed`` maps the index of an older record to that of its successor; ``erased`` maps the
    index of a record that loses its content to the tag that replaces its id.
    """

    entries: list[Entry] = field(default_factory=list)
    followed: dict[int, int] = field(default_factory=dict)
    erased: dict[int, str] = field(default_factory=dict)


def admitted(
    drafts: Sequence[Draft], known: Container[str], targets: Container[str]
) -> tuple[list[Draft], dict[str, LedgerRefused]]:
    """The drafts that are new, each once, and by id those that cannot be taken.

    ``known`` are the ids that are kept already, ``targets`` the ids that can be erased. Replays
    are in neither answer.
    """
    fresh: dict[str, Draft] = {}
    refused: dict[str, LedgerRefused] = {}
    erasing: set[str] = set()
    for draft in drafts:
        if draft.id in known or draft.id in fresh:
            continue
        if draft.erases and (draft.erases not in targets or draft.erases in erasing):
            refused[draft.id] = LedgerRefused(f"no choice {draft.erases} is held")
            continue
        fresh[draft.id] = draft
        erasing.add(draft.erases)
    return list(fresh.values()), refused


def sequence(
    size: int,
    drafts: Sequence[Draft],
    formers: Mapping[str, Former],
    targets: Mapping[str, int],
    random: Callable[[int], bytes],
) -> Batch:
    """Place ``drafts``, none of them known yet, after the first ``size`` records.

    ``formers`` holds the latest record of each subject, ``targets`` the index of each record to
    erase; ``random`` gives so many bytes, asked once for the salts of all.
    """
    batch = Batch()
    heads: dict[str, Former | Entry] = dict(formers)
    successors: dict[int, int] = {}
    salts = random(SALT_BYTES * len(drafts))
    for at, draft in enumerate(drafts):
        index = size + at
        former = heads.get(draft.subject) if draft.subject else None
        body = draft.body(_placed(draft, former, targets))
        salt = salts[at * SALT_BYTES : (at + 1) * SALT_BYTES]
        commitment = commit(salt, body)
        entry = Entry(index, draft.id, draft.subject, body, salt, commitment)
        batch.entries.append(entry)
        if former:
            successors[former.index] = index
        if draft.subject:
            heads[draft.subject] = entry
        if draft.kind is Kind.ERASURE:
            batch.erased[targets[draft.erases]] = erased_tag(draft.erases)
    batch.followed = {old: new for old, new in successors.items() if old < size}
    for old, new in successors.items():
        if old >= size:
            batch.entries[old - size].next = new
    return batch


def receipts(
    batch: Batch, proofs: Iterable[tuple[bytes, ...]], note: bytes, key: str
) -> dict[str, Receipt]:
    """The receipts of all entries, by id, under the checkpoint ``note`` of the log ``key``."""
    return {
        e.id: Receipt(e.id, e.body, e.salt, e.index, proof, note, key)
        for e, proof in zip(batch.entries, proofs, strict=True)
    }


def _placed(
    draft: Draft, former: Former | Entry | None, targets: Mapping[str, int]
) -> str | int | None:
    if draft.kind is Kind.ERASURE:
        return targets[draft.erases]
    return former.commitment.hex() if former else None
