"""The witness protocol (C2SP tlog-witness, add-checkpoint): what is asked and how it is judged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bandeau import limits
from bandeau.ledger.checkpoint import (
    Checkpoint,
    CheckpointError,
    Verifier,
    decode,
    encode,
    parse_text,
    split_note,
)
from bandeau.ledger.commitment import EMPTY_ROOT, HASH_BYTES
from bandeau.ledger.cosignature import Cosigner
from bandeau.ledger.tree import ProofError, verify_consistency

SIZE_TYPE = "text/x.tlog.size"
PROOF_LINES = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})", re.ASCII)
_SIZE = re.compile(rb"(0|[1-9][0-9]{0,18})\n")


class WitnessError(ValueError):
    """A request that is none. The message says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """A log asks for a cosignature: ``proof`` leads from the tree of ``old`` leaves to the note."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    @property
    def body(self) -> bytes:
        """The bytes that are posted."""
        lines = [f"old {self.old}", *(encode(part) for part in self.proof), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.note


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a witness answers. ``keep`` is there where it must be durable before the answer goes.

    ``reason`` is for people; the answer's body is what the protocol asks for.
    """

    status: int
    reason: str
    body: bytes = b""
    keep: Checkpoint | None = None

    @property
    def media_type(self) -> str:
        """The answer's ``Content-Type``."""
        return SIZE_TYPE if self.status == 409 else "text/plain; charset=utf-8"


def parse_request(body: bytes) -> Request:
    """The request in ``body``; raises :class:`WitnessError`."""
    if len(body) > limits.WITNESS_BODY_BYTES:
        raise WitnessError(f"longer than {limits.WITNESS_BODY_BYTES} bytes")
    head, blank, note = body.partition(b"\n\n")
    try:
        first, *rest = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise WitnessError("not ASCII before the checkpoint") from None
    old = _OLD.fullmatch(first)
    if not blank or not old:
        raise WitnessError("not an old size, proof lines, an empty line and a checkpoint")
    if len(rest) > PROOF_LINES:
        raise WitnessError(f"more than {PROOF_LINES} proof lines")
    return Request(int(old[1]), tuple(_hash(line) for line in rest), note)


def parse_size(body: bytes) -> int | None:
    """The size that a 409 names, or ``None`` where it names none."""
    found = _SIZE.fullmatch(body)
    return int(found[1]) if found else None


class Witness:
    """Cosigns what continues the history that it has seen, and nothing else.

    ``logs`` are the keys of the logs that it knows.
    """

    def __init__(self, cosigner: Cosigner, logs: Sequence[Verifier]) -> None:
        self.cosigner = cosigner
        self._logs: Mapping[str, list[Verifier]] = {
            log.name: [each for each in logs if each.name == log.name] for log in logs
        }

    def origin(self, request: Request) -> str | None:
        """The origin of the request's checkpoint if it is a known log's."""
        try:
            name = split_note(request.note)[0].split("\n", 1)[0]
        except CheckpointError:
            return None
        return name if name in self._logs else None

    def judge(self, request: Request, latest: Checkpoint | None, time: int) -> Verdict:
        """The answer at Unix ``time`` (seconds) to a request about the log of ``latest``.

        ``latest`` is what was cosigned last, ``None`` where nothing was yet. Nothing is signed
        here that is not also to be kept.
        """
        try:
            checkpoint = parse_text(split_note(request.note)[0])
        except CheckpointError as error:
            return Verdict(400, f"checkpoint: {error}")
        if checkpoint.origin not in self._logs:
            return Verdict(404, "no such log is known here")
        if not self._signed(checkpoint.origin, request.note):
            return Verdict(403, "no signature by a key of this log")
        return self._continues(request, checkpoint, latest, time)

    def _signed(self, origin: str, note: bytes) -> bool:
        for verifier in self._logs[origin]:
            try:
                verifier.open(note)
            except CheckpointError:
                continue
            return True
        return False

    def _continues(
        self, request: Request, checkpoint: Checkpoint, latest: Checkpoint | None, time: int
    ) -> Verdict:
        seen = latest.size if latest else 0
        if request.old > checkpoint.size:
            return Verdict(400, "the old size is larger than the checkpoint's")
        conflict = Verdict(409, f"the latest size seen is {seen}", b"%d\n" % seen)
        if request.old != seen:
            return conflict
        root = latest.root if latest else EMPTY_ROOT
        if request.old == checkpoint.size and checkpoint.root != root:
            return conflict
        try:
            _follow(request, checkpoint, root)
        except ProofError as error:
            return Verdict(422, f"proof: {error}")
        line = self.cosigner.cosign(checkpoint.text, time)
        return Verdict(200, "cosigned", line.encode(), keep=checkpoint)


def _follow(request: Request, checkpoint: Checkpoint, root: bytes) -> None:
    if request.old:
        verify_consistency(request.old, checkpoint.size, root, checkpoint.root, request.proof)
    elif request.proof:
        raise ProofError("nothing leads from the empty tree")


def _hash(line: str) -> bytes:
    try:
        found = decode(line)
    except CheckpointError as error:
        raise WitnessError(f"proof: {error}") from None
    if len(found) != HASH_BYTES:
        raise WitnessError("proof: not a hash")
    return found
