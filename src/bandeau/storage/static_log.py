"""The log as static files in the layout of C2SP tlog-tiles: for a CDN, a bucket or git.

``checkpoint``, ``key``, ``tile/…``, and under ``anchored/SIZE`` what others vouch for. Tiles go
first and the checkpoint last, so that whoever reads in between finds a log that is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Verifier
from bandeau.ledger.consistency import Read
from bandeau.ledger.cosignature import with_lines
from bandeau.ledger.prove import history_of
from bandeau.ledger.store import LedgerStore, LedgerUnavailable
from bandeau.ledger.tiles import ENTRIES, WIDTH, Tile, edge_widths, tiles_since
from bandeau.storage.anchors import Anchors, write_durably


class PublicationError(Exception):
    """What was published before is not the beginning of this log. The message says why."""


@dataclass(frozen=True, slots=True)
class Published:
    """What one step wrote: the tree's size now and before, and how many files are new."""

    size: int
    former: int
    files: int


async def publish(store: LedgerStore, anchors: Anchors, out: Path) -> Published:
    """Bring the files under ``out`` up to the log's latest checkpoint.

    Raises :class:`PublicationError` where they are of another history or a longer one,
    :class:`LedgerUnavailable`, and ``OSError``.
    """
    key, note = await _of(store, "key"), await _of(store, "checkpoint")
    verifier = Verifier(key.decode())
    checkpoint = verifier.open(note)
    out.mkdir(parents=True, exist_ok=True)
    former = await _former(store, verifier, checkpoint, out)
    files = 0
    for tile in tiles_since(former, checkpoint.size):
        files += _write(out / tile.path, await _of(store, tile.path))
    files += _write(out / "key", key + b"\n")
    files += _anchored(anchors, out)
    note = with_lines(note, anchors.lines(checkpoint.size))
    if _read(out / "checkpoint") != note:
        write_durably(out / "checkpoint", note)
        files += 1
    _drop_partial(out, former, checkpoint.size)
    return Published(checkpoint.size, former, files)


def read_static(out: Path) -> Read:
    """What reads the files under ``out`` by their path; raises ``OSError``."""

    def read(path: str) -> bytes:
        return (out / path).read_bytes()

    return read


async def _former(store: LedgerStore, verifier: Verifier, checkpoint: Checkpoint, out: Path) -> int:
    """The size published before, which must be the beginning of this log."""
    kept = _read(out / "checkpoint")
    if kept is None:
        return 0
    try:
        former = verifier.open(kept)
    except CheckpointError as error:
        raise PublicationError(f"{out / 'checkpoint'}: {error}; it is of another log") from error
    if former.size > checkpoint.size:
        raise PublicationError(
            f"{out / 'checkpoint'} counts {former.size} records, the ledger {checkpoint.size}:"
            " the ledger is older than what was published, as after restoring a backup"
        )
    log = await history_of(store, checkpoint.size, former.size)
    if log.root_of(former.size) != former.root:
        raise PublicationError(
            f"{out / 'checkpoint'}: its {former.size} records are not the beginning of this ledger:"
            " two histories were signed; keep both"
        )
    return former.size


def _anchored(anchors: Anchors, out: Path) -> int:
    files = 0
    for size in anchors.sizes():
        note = anchors.note(size)
        folder = out / "anchored" / str(size)
        if note is not None and _read(folder / "checkpoint") != note:
            folder.mkdir(parents=True, exist_ok=True)
            write_durably(folder / "checkpoint", note)
            files += 1
        for number, token in enumerate(anchors.tokens(size), 1):
            files += _write(folder / f"{number}.tsr", token)
    return files


def _write(path: Path, data: bytes) -> int:
    """Write what never changes, unless it is there already; how many files that makes."""
    if _read(path) == data:
        return 0
    path.parent.mkdir(parents=True, exist_ok=True)
    write_durably(path, data)
    return 1


def _drop_partial(out: Path, former: int, size: int) -> None:
    """Remove the partial tiles of before whose full ones stand by now."""
    for level, index, width in edge_widths(former):
        if width and index < size // WIDTH ** (level + 1):
            for each in (level, ENTRIES) if not level else (level,):
                folder = (out / Tile(each, index, width).path).parent
                for partial in sorted(folder.glob("*")):
                    partial.unlink()
                folder.rmdir()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


async def _of(store: LedgerStore, path: str) -> bytes:
    found = await store.published(path)
    if found is None:
        raise LedgerUnavailable(f"the ledger lacks {path}; run bandeau ledger verify")
    return found
