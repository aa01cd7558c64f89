"""Exports in other formats of consent records: one JSON document a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bandeau.ledger.account import Account, Declared
from bandeau.ledger.dossier import policy_hash
from bandeau.ledger.iso27560 import consent_record
from bandeau.ledger.kantara import consent_receipt
from bandeau.ledger.publication import Publication, Shown, publications
from bandeau.ledger.record import Kind, Record, parse_record
from bandeau.ledger.store import LedgerStore
from bandeau.policy.check import load
from bandeau.policy.model import Policy
from bandeau.policy.parse import PolicyError
from bandeau.policy.words import Words
from bandeau.storage.bundle import whole_file

FORMATS: Mapping[str, Callable[[Account], dict[str, object] | None]] = {
    "iso27560": consent_record,
    "kantara": consent_receipt,
}


@dataclass(slots=True)
class Written:
    """How many documents were written, choices left out, and how many lack their policy file."""

    documents: int = 0
    left_out: int = 0
    without_policy: int = 0


@dataclass(frozen=True, slots=True)
class Mapped:
    """Writes every choice and item of ``store`` as ``mapping`` has it."""

    store: LedgerStore
    words: Words
    declared: Declared
    _editions: dict[Shown, list[Publication]] = field(default_factory=dict)
    _policies: dict[str, Policy | None] = field(default_factory=dict)

    async def write(self, out: Path, name: str) -> Written:
        """Raises ``LedgerUnavailable``, ``RecordError`` or ``OSError``."""
        written = Written()
        with whole_file(out) as file:
            async for leaf in self.store.scan():
                record = parse_record(leaf.body) if leaf.body else None
                if record is None or record.kind not in (Kind.CHOICE, Kind.ITEM):
                    continue
                policy = await self._policy(record, leaf.index)
                document = FORMATS[name](Account(record, policy, self.words, self.declared))
                if document is None:
                    written.left_out += 1
                    continue
                file.write(json.dumps(document, ensure_ascii=False) + "\n")
                written.documents += 1
                written.without_policy += policy is None
        return written

    async def _policy(self, record: Record, index: int) -> Policy | None:
        """The policy file that was in force, each read once."""
        shown = Shown.by(record)
        if shown not in self._editions:
            self._editions[shown] = [each async for each in publications(self.store, shown)]
        named = policy_hash(self._editions[shown], index)
        if named not in self._policies:
            data = await self.store.published(f"artefact/{named}")
            try:
                self._policies[named] = load(data, self.words)[0] if data else None
            except PolicyError:
                self._policies[named] = None
        return self._policies[named]
