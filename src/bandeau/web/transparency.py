"""The log as everyone may read it: checkpoints, tiles, and what others vouch for.

The same stands under ``/.bandeau/`` and ``/.well-known/bandeau/``, where the whole log can be read
with nothing but the site's name (C2SP tlog-tiles).
"""

from __future__ import annotations

from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bandeau.ledger.checkpoint import CheckpointError, parse_text, split_note
from bandeau.ledger.cosignature import with_lines
from bandeau.ledger.store import LedgerUnavailable
from bandeau.web.context import Site
from bandeau.web.inbound import InboundError

WELL_KNOWN = "/.well-known/bandeau/"
_BASES = ("/.bandeau/", WELL_KNOWN)
_TEXT = "text/plain; charset=utf-8"
_TOKEN = "application/timestamp-reply"  # noqa: S105
_FRESH = {"cache-control": "no-cache"}
_IMMUTABLE = {"cache-control": "public, max-age=31536000, immutable"}


class Anchored(Protocol):
    """What others vouch for, as it is kept. Every method may raise ``OSError``."""

    def latest(self) -> int | None:
        """The size of the newest checkpoint that somebody else vouches for."""
        ...

    def note(self, size: int) -> bytes | None:
        """That checkpoint with its cosignatures."""
        ...

    def lines(self, size: int) -> list[str]:
        """The cosignatures of the checkpoint of ``size`` as lines of a note."""
        ...

    def tokens(self, size: int) -> list[bytes]:
        """The time-stamp tokens over it."""
        ...

    def witnesses(self) -> list[str]:
        """The keys of those who cosigned."""
        ...


class Transparency:
    """The public parts of one site's log."""

    def __init__(self, site: Site, anchors: Anchored) -> None:
        self._site = site
        self._anchors = anchors

    def routes(self) -> list[BaseRoute]:
        """Where they are read."""
        routes: list[BaseRoute] = [Route(WELL_KNOWN, self.index, methods=["GET"])]
        for base in _BASES:
            routes += [
                Route(f"{base}checkpoint", self.checkpoint, methods=["GET"]),
                Route(f"{base}checkpoint/anchored", self.anchored, methods=["GET"]),
                Route(f"{base}checkpoint/anchored.tsr", self.stamped, methods=["GET"]),
                Route(f"{base}key", self.key, methods=["GET"]),
                Route(f"{base}tile/{{path:path}}", self.tile, methods=["GET"]),
            ]
        return routes

    async def index(self, request: Request) -> Response:
        """What there is to read, and where."""
        told = {
            "site": self._site.policy.site.hosts[0],
            "key": (await self._published("key")).decode(),
            "checkpoint": f"{WELL_KNOWN}checkpoint",
            "anchored": f"{WELL_KNOWN}checkpoint/anchored",
            "tiles": f"{WELL_KNOWN}tile/",
            "witnesses": self._anchors.witnesses(),
            "policy": self._site.terms_digest,
            "privacy": "/.bandeau/privacy",
        }
        return JSONResponse(told, headers=_FRESH)

    async def checkpoint(self, request: Request) -> Response:
        """The latest checkpoint, with the cosignatures that it has by now."""
        note = await self._published("checkpoint")
        try:
            size = parse_text(split_note(note)[0]).size
            note = with_lines(note, self._anchors.lines(size))
        except (CheckpointError, OSError):
            # What others say of it is missing; the log's own word still stands.
            pass
        return Response(note, media_type=_TEXT, headers=_FRESH)

    async def anchored(self, request: Request) -> Response:
        """The newest checkpoint that a witness or a time-stamping authority vouches for."""
        note = self._anchors.note(self._latest())
        if note is None:
            raise InboundError(404, "not_found", "nobody vouches for a checkpoint yet")
        return Response(note, media_type=_TEXT, headers=_FRESH)

    async def stamped(self, request: Request) -> Response:
        """A time-stamp token over that checkpoint (RFC 3161)."""
        tokens = self._anchors.tokens(self._latest())
        if not tokens:
            raise InboundError(404, "not_found", "that checkpoint has no time stamp")
        return Response(tokens[-1], media_type=_TOKEN, headers=_FRESH)

    async def key(self, request: Request) -> Response:
        """The key that checkpoints and receipts are verified with."""
        return Response(await self._published("key") + b"\n", media_type=_TEXT, headers=_FRESH)

    async def tile(self, request: Request) -> Response:
        """A tile or entry bundle, which never changes."""
        data = await self._published(f"tile/{request.path_params['path']}")
        return Response(data, media_type="application/octet-stream", headers=_IMMUTABLE)

    def _latest(self) -> int:
        size = self._anchors.latest()
        if size is None:
            raise InboundError(404, "not_found", "nobody vouches for a checkpoint yet")
        return size

    async def _published(self, path: str) -> bytes:
        try:
            data = await self._site.ledger.published(path)
        except LedgerUnavailable as error:
            raise InboundError(503, "unavailable", "the ledger cannot be read") from error
        if data is None:
            raise InboundError(404, "not_found", "no such part of the log")
        return data
