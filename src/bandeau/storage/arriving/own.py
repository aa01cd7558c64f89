"""Our own export, read again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from bandeau.features.comments.exchange import Kept, kept_of, require_header
from bandeau.storage.arriving.opening import json_lines


def own(file: IO[bytes]) -> Iterator[tuple[int, Kept]]:
    """What is in an export, with its line; raises :class:`Unreadable`."""
    lines = json_lines(file)
    _, first = next(lines, (0, {}))
    require_header(first)
    for number, line in lines:
        yield number, kept_of(line, number)
