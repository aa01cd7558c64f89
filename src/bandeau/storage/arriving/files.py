"""Which reader reads which file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

from bandeau import limits
from bandeau.features.comments.addresses import MapError
from bandeau.features.comments.foreign import Foreign, Origin
from bandeau.features.comments.model import Comment
from bandeau.storage.arriving.disqus import disqus
from bandeau.storage.arriving.isso import isso
from bandeau.storage.arriving.opening import opened
from bandeau.storage.arriving.own import own
from bandeau.storage.arriving.remark42 import remark42
from bandeau.storage.arriving.staging import Staging
from bandeau.storage.arriving.wordpress import wordpress

_STREAMED: Mapping[Origin, Callable[[IO[bytes]], Iterator[Foreign]]] = MappingProxyType(
    {Origin.DISQUS: disqus, Origin.WORDPRESS: wordpress, Origin.REMARK42: remark42}
)


def read(path: Path, origin: Origin) -> Iterator[Foreign]:
    """The comments in a file of ``origin``; raises :class:`Unreadable`."""
    if origin is Origin.ISSO:
        yield from isso(path)
        return
    with opened(path) as file:
        yield from _STREAMED[origin](file)


def stage_own(path: Path, staging: Staging) -> None:
    """Stage what is in an export of ours; raises :class:`Unreadable`."""
    with opened(path) as file:
        for line, kept in own(file):
            if isinstance(kept, Comment):
                staging.own(kept, line)
            else:
                staging.beside(kept)


def read_map(path: Path) -> str:
    """The text of a map; raises ``OSError`` with a message, and :class:`MapError`."""
    try:
        with path.open("rb") as file:
            data = file.read(limits.IMPORT_MAP_BYTES + 1)
    except (OSError, ValueError) as error:
        raise OSError(f"{path}: cannot be read: {error}") from error
    if len(data) > limits.IMPORT_MAP_BYTES:
        raise MapError(f"1: over {limits.IMPORT_MAP_BYTES} bytes; use * for more")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise MapError(f"{line}: not UTF-8; save the file in UTF-8") from None
