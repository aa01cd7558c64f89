"""What others vouch for, beside the log: cosigned and time-stamped checkpoints, one folder each.

``anchors/SIZE/checkpoint`` is the note that the log signed, ``KEYID.cosignature`` a witness's line,
``HASH.tsr`` a time-stamp token; ``anchors/witnesses`` and ``anchors/roots.pem`` are the keys and
certificates that they were checked by when they came. Each file is written whole and durable, by
whichever process comes, so that a database restored from a backup need not take them along.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate

from bandeau.ledger.anchored import Kept
from bandeau.ledger.cosignature import WitnessKey, with_lines

FOLDER = "anchors"
DIRECTORY = "bandeau-data"
LATEST = "latest"
WITNESSES = "witnesses"
ROOTS = "roots.pem"
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_COSIGNATURE = ".cosignature"
_STAMP = ".tsr"


def anchors_of(data: Path | str, folder: Path | None = None) -> Anchors:
    """The anchors in ``folder``, else those in the data directory.

    A database keeps no files: its anchors are in the default data directory.
    """
    directory = data if isinstance(data, Path) else Path(DIRECTORY)
    return Anchors(folder if folder is not None else directory / FOLDER)


class Anchors:
    """The anchors of one ledger, kept in ``folder``. Errors are ``OSError``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sizes(self) -> list[int]:
        """The sizes of all checkpoints that somebody else vouches for, smallest first."""
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        return sorted(int(name) for name in names if _SIZE.fullmatch(name))

    def latest(self) -> int | None:
        """The largest of them, without listing all."""
        try:
            text = (self._folder / LATEST).read_text("ascii", "replace").strip()
        except FileNotFoundError:
            return None
        return int(text) if _SIZE.fullmatch(text) else None

    def note(self, size: int) -> bytes | None:
        """The checkpoint of ``size`` with every cosignature that was kept for it."""
        folder = self._folder / str(size)
        try:
            note = (folder / "checkpoint").read_bytes()
        except FileNotFoundError:
            return None
        return with_lines(note, self.lines(size))

    def lines(self, size: int) -> list[str]:
        """The signature lines of the witnesses of the checkpoint of ``size``."""
        return [path.read_text("utf-8", "replace") for path in self._files(size, _COSIGNATURE)]

    def tokens(self, size: int) -> list[bytes]:
        """The time-stamp tokens over the checkpoint of ``size``."""
        return [path.read_bytes() for path in self._files(size, _STAMP)]

    def kept(self, above: int = -1) -> Iterator[Kept]:
        """All of them with a size ``above`` that, smallest first, for verification."""
        for size in self.sizes():
            note = self.note(size) if size > above else None
            if note is not None:
                yield Kept(size, note, self.tokens(size))

    def keep_cosignature(self, size: int, note: bytes, key: WitnessKey, line: str) -> None:
        """Keep a line of ``key``, which was checked, over the log's own ``note``."""
        self._keep(size, note, key.key_id + _COSIGNATURE, line.encode())
        if key.vkey not in self.witnesses():
            known = "".join(f"{each}\n" for each in [*self.witnesses(), key.vkey])
            write_durably(self._folder / WITNESSES, known.encode())

    def keep_token(self, size: int, note: bytes, token: bytes) -> None:
        """Keep a time-stamp token, which was checked, over the log's own ``note``."""
        self._keep(size, note, hashlib.sha256(token).hexdigest()[:16] + _STAMP, token)

    def witnesses(self) -> list[str]:
        """The keys of all witnesses that ever cosigned."""
        try:
            return (self._folder / WITNESSES).read_text("utf-8", "replace").split()
        except FileNotFoundError:
            return []

    def keep_roots(self, roots: Sequence[Certificate]) -> None:
        """Keep certificates that a time stamp is checked by, each once."""
        kept = self.roots()
        pem = [root.public_bytes(Encoding.PEM) for root in dict.fromkeys(roots)]
        fresh = b"".join(each for each in pem if each not in kept)
        if fresh:
            self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_durably(self._folder / ROOTS, kept + fresh)

    def roots(self) -> bytes:
        """The certificates (PEM) that time stamps were checked by when they came; none at first."""
        try:
            return (self._folder / ROOTS).read_bytes()
        except FileNotFoundError:
            return b""

    def _keep(self, size: int, note: bytes, name: str, data: bytes) -> None:
        folder = self._folder / str(size)
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        write_durably(folder / "checkpoint", note)
        write_durably(folder / name, data)
        if size >= (self.latest() or 0):
            write_durably(self._folder / LATEST, b"%d\n" % size)

    def _files(self, size: int, suffix: str) -> Iterator[Path]:
        folder = self._folder / str(size)
        try:
            names = sorted(os.listdir(folder))
        except FileNotFoundError:
            return
        yield from (folder / name for name in names if name.endswith(suffix) and name[0] != ".")


def write_durably(path: Path, data: bytes) -> None:
    """Write a file whole and synced under its name, or leave what was there."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
