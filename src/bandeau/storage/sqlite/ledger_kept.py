"""The last checkpoint once more, beside the database: a restored backup does not bring it back."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from bandeau import limits
from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Verifier
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.files import write_new

NAME = "ledger.checkpoint"
EVERY_SECONDS = 1.0


class Kept:
    """``ledger.checkpoint`` of ``directory``; written after commits, at most once a second."""

    def __init__(
        self, directory: Path, verifier: Verifier, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.path = directory / NAME
        self._verifier = verifier
        self._clock = clock
        self._next = 0.0

    def load(self) -> Checkpoint | None:
        """What is kept, if anything; raises :class:`LedgerUnavailable` where it is not ours."""
        note = read(self.path)
        if note is None:
            return None
        try:
            return self._verifier.open(note)
        except CheckpointError as error:
            raise LedgerUnavailable(
                f"{self.path}: not a checkpoint by this log's key ({error}); where the ledger is"
                " a new one, move this file away with the old one, else restore it or keys.json"
            ) from error

    def keep(self, note: bytes, *, now: bool = False) -> None:
        """Keep ``note`` unless a later one is kept, or one was a moment ago and not ``now``.

        A folder that takes no file now costs no choice: what is kept already still counts.
        """
        moment = self._clock()
        if moment < self._next and not now:
            return
        self._next = moment + EVERY_SECONDS
        with contextlib.suppress(OSError, LedgerUnavailable):
            kept = self.load()
            if kept is None or kept.size < self._verifier.open(note).size:
                write_new(self.path, note, replace=True)

    def give_up(self) -> Path:
        """Set aside what is kept, under a name with its size, which stays as evidence."""
        kept = self.load()
        aside = self.path.with_name(f"{NAME}.lost-{kept.size if kept else 0}")
        self.path.replace(aside)
        return aside


def read(path: Path) -> bytes | None:
    """The bytes of a kept checkpoint, or ``None``; raises :class:`LedgerUnavailable`."""
    try:
        with path.open("rb") as file:
            return file.read(limits.CHECKPOINT_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LedgerUnavailable(f"{path}: {error.strerror or error}") from error
