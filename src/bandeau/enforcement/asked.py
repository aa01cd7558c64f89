"""The facts of one request that enforcement judges by."""

from __future__ import annotations

import re
from typing import NamedTuple

_AUTHORITY = re.compile(r"(?:[\w.-]+|\[[0-9a-f:.]+\])(?::[0-9]*)?", re.ASCII | re.IGNORECASE)
_FRAMED = frozenset({b"document", b"iframe", b"frame", b"embed", b"object", b"fencedframe"})
_ALIKE = frozenset(
    {b"script", b"image", b"style", b"font", b"audio", b"video", b"track", b"manifest", b"json"}
)


class Asked(NamedTuple):
    """The facts of one request.

    ``host`` is ``authority`` without its port, in lower case; ``target`` is the path as it was
    sent, with its query; ``destination`` is ``Sec-Fetch-Dest``, empty where it was not sent;
    ``chosen`` tells by ``Sec-Fetch-User`` that the visitor acted.
    """

    host: str
    authority: str
    path: str
    target: str
    secure: bool
    cookie: bytes
    navigates: bool
    destination: bytes = b""
    chosen: bool = False

    @property
    def alike(self) -> bool:
        """Whether what is asked for becomes neither a document nor a worker."""
        return self.destination in _ALIKE

    @property
    def visits(self) -> bool:
        """Whether it is the page of a window, where the visitor can decide for this host."""
        return self.navigates and self.destination in (b"", b"document")

    @property
    def shown(self) -> bool:
        """Whether the browser makes a document of whatever comes."""
        return self.destination in _FRAMED or (self.navigates and not self.destination)

    @property
    def own_url(self) -> str:
        """Where our own paths are; relative for a client of old that names no host."""
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{self.authority}/.bandeau/" if self.authority else "/.bandeau/"


def host_of(authority: str) -> str:
    """The host of a ``Host`` header value, without port, in lower case."""
    name, colon, port = authority.rpartition(":")
    bare = name if colon and port.isdigit() else authority
    return bare.lower().rstrip(".")


def is_authority(value: str) -> bool:
    """Whether a ``Host`` header value is one: a name or an address, and a port (RFC 9110, 7.2)."""
    return _AUTHORITY.fullmatch(value) is not None
