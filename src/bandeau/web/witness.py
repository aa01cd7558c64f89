"""A witness over HTTP (C2SP tlog-witness): logs post checkpoints, and get them cosigned."""

from __future__ import annotations

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

    async def add_checkpoint(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return PlainTextResponse("the request is too large\n", 413)
        try:
            verdict = _judged(body)
        except WitnessError as error:
            return PlainTextResponse(f"{error}\n", 400)
        except unusable as error:
            return PlainTextResponse(f"the witness cannot sign now: {type(error).__name__}\n", 503)
        text = verdict.body or f"{verdict.reason}\n".encode()
        return Response(text, verdict.status, media_type=verdict.media_type)

    def _judged(body: bytes) -> Verdict:
        # Nothing is awaited between reading what is remembered and replacing it.
        request = parse_request(body)
        origin = witness.origin(request)
        verdict = witness.judge(request, memory.latest(origin) if origin else None, int(now()))
        if verdict.keep is not None:
            memory.keep(verdict.keep)
        return verdict

    async def key(request: Request) -> Response:
        return PlainTextResponse(witness.cosigner.vkey + "\n")

    return Starlette(
        routes=[
            Route("/add-checkpoint", add_checkpoint, methods=["POST"]),
            Route("/key", key, methods=["GET"]),
        ]
    )


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
