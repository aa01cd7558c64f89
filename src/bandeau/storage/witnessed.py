"""What a witness remembers: its key and the latest checkpoint of each log, before it signs.

One process at a time holds the folder. A file that cannot be read is never taken for none: a
witness that forgets signs forks.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path

from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, parse_text
from bandeau.ledger.cosignature import Cosigner
from bandeau.storage.anchors import write_durably

KEY = "witness.json"
PUBLIC = "witness.vkey"
SEED_BYTES = 32
_LOCK = "lock"
_FILE_BYTES = 65_536


class WitnessUnusable(Exception):
    """The folder cannot be used. The message says which file, and why."""


class WitnessFolder:
    """The folder of one witness, held until :meth:`close`; made where it is missing.

    ``name`` is used when the key is made, and must be that of the key afterwards. Raises
    :class:`WitnessUnusable`.
    """

    def __init__(
        self, directory: Path, name: str, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._directory = directory
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(directory / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise WitnessUnusable(f"{directory}: {error.strerror or error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.cosigner = self._own_key(name, random)
        except BlockingIOError:
            os.close(self._lock)
            raise WitnessUnusable(f"{directory}: another witness runs on it") from None
        except BaseException:
            os.close(self._lock)
            raise

    def close(self) -> None:
        """Let another process have the folder."""
        lock, self._lock = self._lock, -1
        if lock >= 0:
            os.close(lock)

    def latest(self, origin: str) -> Checkpoint | None:
        """What was cosigned last of a log, ``None`` where nothing was yet.

        Raises :class:`WitnessUnusable` for a file that cannot be read.
        """
        path = self._path(origin)
        try:
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise WitnessUnusable(f"{path}: {error}") from error
        try:
            kept = parse_text(text)
        except CheckpointError as error:
            raise WitnessUnusable(f"{path}: {error}") from error
        if kept.origin != origin:
            raise WitnessUnusable(f"{path}: is of another log, {kept.origin}")
        return kept

    def keep(self, checkpoint: Checkpoint) -> None:
        """Remember ``checkpoint``; when this returns it is on the disk.

        Raises :class:`WitnessUnusable`; then what was remembered before stands, or this does.
        """
        path = self._path(checkpoint.origin)
        try:
            write_durably(path, checkpoint.text.encode())
        except OSError as error:
            raise WitnessUnusable(f"{path}: {error}") from error

    def _path(self, origin: str) -> Path:
        return self._directory / f"{hashlib.sha256(origin.encode()).hexdigest()}.latest"

    def _own_key(self, name: str, random: Callable[[int], bytes]) -> Cosigner:
        path = self._directory / KEY
        if not path.exists():
            if any(self._directory.glob("*.latest")):
                raise WitnessUnusable(
                    f"{path}: missing, though the witness has cosigned; restore it"
                )
            self._make(path, name, random(SEED_BYTES))
        cosigner = _load(path)
        if cosigner.name != name:
            raise WitnessUnusable(f"{path}: is the key of {cosigner.name}, not of {name}")
        write_durably(self._directory / PUBLIC, f"{cosigner.vkey}\n".encode())
        return cosigner

    def _make(self, path: Path, name: str, seed: bytes) -> None:
        try:
            Cosigner(name, seed)
        except CheckpointError as error:
            raise WitnessUnusable(f"{name!r}: {error}") from error
        before = os.umask(0o077)
        try:
            write_durably(path, json.dumps({"name": name, "seed": seed.hex()}).encode() + b"\n")
        except OSError as error:
            raise WitnessUnusable(f"{path}: {error.strerror or error}") from error
        finally:
            os.umask(before)


def _load(path: Path) -> Cosigner:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(_FILE_BYTES)
    except OSError as error:
        raise WitnessUnusable(f"{path}: {error.strerror or error}") from error
    if mode & 0o077:
        raise WitnessUnusable(f"{path}: others can read it (mode {mode:04o}); run chmod 600 on it")
    try:
        fields = json.loads(data)
        return Cosigner(str(fields["name"]), bytes.fromhex(fields["seed"]))
    except (ValueError, KeyError, TypeError) as error:
        raise WitnessUnusable(f"{path}: damaged ({error}); restore it from a backup") from error
