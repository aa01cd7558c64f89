"""A witness over HTTP (C2SP tlog-witness): logs post checkpoints, and get them cosigned."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bandeau import limits
from bandeau.ledger.checkpoint import Checkpoint
from bandeau.ledger.witness import Verdict, Witness, WitnessError, parse_request


class Remembers(Protocol):
    """Where the latest checkpoint of each log is kept. Raises where it cannot be relied on."""

    def latest(self, origin: str) -> Checkpoint | None:
        """What was cosigned last of a log."""
        ...

    def keep(self, checkpoint: Checkpoint) -> None:
        """Durable when this returns."""
        ...


def witness_app(
    witness: Witness,
    memory: Remembers,
    now: Callable[[], float],
    unusable: type[Exception],
) -> Starlette:
    """The application of one witness; ``unusable`` is what ``memory`` raises: 503, not signed."""
    desk = _Desk(witness, memory, now, unusable)
    return Starlette(
        routes=[
            Route("/add-checkpoint", desk.add_checkpoint, methods=["POST"]),
            Route("/key", desk.key, methods=["GET"]),
        ]
    )


class _Desk:
    def __init__(
        self,
        witness: Witness,
        memory: Remembers,
        now: Callable[[], float],
        unusable: type[Exception],
    ) -> None:
        self._witness = witness
        self._memory = memory
        self._now = now
        self._unusable = unusable

    async def add_checkpoint(self, request: Request) -> Response:
        """One request of a log."""
        try:
            async with asyncio.timeout(limits.WITNESS_SECONDS):
                body = await _body(request)
        except TimeoutError:
            return PlainTextResponse("the request took too long\n", 408)
        if body is None:
            return PlainTextResponse("the request is too large\n", 413)
        try:
            verdict = self._judged(body)
        except WitnessError as error:
            return PlainTextResponse(f"{error}\n", 400)
        except self._unusable:
            return PlainTextResponse("the witness cannot remember, so it does not sign\n", 503)
        text = verdict.body or f"{verdict.reason}\n".encode()
        return Response(text, verdict.status, media_type=verdict.media_type)

    async def key(self, request: Request) -> Response:
        """The witness's public key."""
        return PlainTextResponse(self._witness.cosigner.vkey + "\n")

    def _judged(self, body: bytes) -> Verdict:
        # Nothing is awaited between reading what is remembered and replacing it.
        request = parse_request(body)
        origin = self._witness.origin(request)
        latest = self._memory.latest(origin) if origin else None
        verdict = self._witness.judge(request, latest, int(self._now()))
        if verdict.keep is not None:
            self._memory.keep(verdict.keep)
        return verdict


async def _body(request: Request) -> bytes | None:
    """The request's body, ``None`` where it is longer than a witness reads."""
    data = b""
    try:
        async for chunk in request.stream():
            data += chunk
            if len(data) > limits.WITNESS_BODY_BYTES:
                return None
    except ClientDisconnect:
        return b""
    return data
