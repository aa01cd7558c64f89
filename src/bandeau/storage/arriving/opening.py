"""A file from elsewhere, compressed or not, in pieces and lines of bounded size."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from bandeau import limits
from bandeau.features.comments.foreign import Unreadable

_GZIP = b"\x1f\x8b"
_CHUNK = 65_536


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of ``path``; raises :class:`Unreadable` also for what goes wrong further on."""
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == _GZIP
            plain.seek(0)
            if not packed:
                yield plain
                return
            with gzip.GzipFile(fileobj=plain) as unpacked:
                yield cast(IO[bytes], unpacked)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise Unreadable(f"cannot be read: {error}") from error


def chunks(file: IO[bytes]) -> Iterator[bytes]:
    """The whole file in pieces."""
    read = 0
    while piece := file.read(_CHUNK):
        read += len(piece)
        if read > limits.IMPORT_BYTES:
            raise Unreadable(f"over {limits.IMPORT_BYTES} bytes; split the export")
        yield piece


def json_lines(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each line with its number, as the JSON object that it is; empty ones are passed over."""
    read = number = 0
    while line := file.readline(limits.IMPORT_LINE_BYTES + 1):
        number, read = number + 1, read + len(line)
        if len(line) > limits.IMPORT_LINE_BYTES:
            raise Unreadable(f"a line over {limits.IMPORT_LINE_BYTES} bytes", number)
        if read > limits.IMPORT_BYTES:
            raise Unreadable(f"over {limits.IMPORT_BYTES} bytes; split the export", number)
        if line.strip():
            yield number, _object(line, number)


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {str(error)[:120]}; is the file whole?", number) from None
    if not isinstance(found, dict):
        raise Unreadable("not a JSON object", number)
    return found
