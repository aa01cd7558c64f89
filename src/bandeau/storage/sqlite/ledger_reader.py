"""The ledger's file for who only reads it: beside a live server, with no writer of its own."""

from __future__ import annotations

from pathlib import Path

from bandeau.ledger.draft import Draft
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.sqlite import ledger_file as file
from bandeau.storage.sqlite.ledger import SqliteLedger, _Memory
from bandeau.storage.sqlite.ledger_proofs import Proofs


class SqliteLedgerReader(SqliteLedger):
    """The reading half of :class:`SqliteLedger`: makes no file, holds no lock, starts no thread.

    ``vkey`` is the log's public key. Raises :class:`LedgerUnavailable` where there is no ledger.
    """

    def __init__(self, directory: Path, vkey: str) -> None:
        path = directory / file.NAME
        if not path.exists():
            raise LedgerUnavailable(f"{path}: no such file")
        self._vkey = vkey
        self._reader = file.open_reader(path)
        self._memory = _Memory(self._reader)
        self._proofs = Proofs(self._reader)

    def close(self) -> None:
        """Close the file."""
        self._reader.close(True)

    async def append(self, draft: Draft) -> Receipt:
        """Refused: :class:`LedgerUnavailable`."""
        raise LedgerUnavailable(f"{draft.id}: this ledger is open for reading only")
