"""What was kept of others' word, checked: who vouches for which size since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cryptography.x509 import Certificate

from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Verifier
from bandeau.ledger.cosignature import WitnessKey, cosignatures
from bandeau.ledger.timestamp import TimestampError, stamped_at
from bandeau.ledger.verify import Finding

STAMP = "a time stamp"


@dataclass(frozen=True, slots=True)
class Kept:
    """One anchored checkpoint as it is kept: the note with its cosignatures, and tokens over it."""

    size: int
    note: bytes
    tokens: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Vouched:
    """Somebody else says that the tree had ``size`` leaves by ``time``, in Unix milliseconds."""

    by: str
    size: int
    time: int


@dataclass(frozen=True, slots=True)
class Anchored:
    """What the anchors show.

    ``known`` are notes that the history must contain; ``vouched`` the latest word of each; tokens
    without a certificate to check them by are counted in ``unchecked``.
    """

    known: tuple[bytes, ...]
    vouched: tuple[Vouched, ...]
    findings: tuple[Finding, ...]
    unchecked: int


def check_anchors(
    kept: Iterable[Kept],
    verifier: Verifier,
    witnesses: Sequence[WitnessKey],
    roots: Sequence[Certificate],
) -> Anchored:
    """Check kept anchors, in the order of their sizes, by the keys of witnesses and stampers."""
    known: list[bytes] = []
    latest: dict[str, Vouched] = {}
    findings: list[Finding] = []
    unchecked = 0
    for each in kept:
        try:
            checkpoint = verifier.open(each.note)
            found = cosignatures(each.note, witnesses)
        except CheckpointError as error:
            findings.append(edited(each, str(error)))
            continue
        if checkpoint.size != each.size:
            findings.append(edited(each, f"its checkpoint counts {checkpoint.size} records"))
        known.append(each.note)
        latest |= {one.witness: Vouched(one.witness, each.size, one.time * 1000) for one in found}
        unchecked += 0 if roots else len(each.tokens)
        for stamp in _stamps(each, checkpoint, roots):
            if isinstance(stamp, Finding):
                findings.append(stamp)
            else:
                latest[STAMP] = stamp
    return Anchored(tuple(known), tuple(latest.values()), tuple(findings), unchecked)


def _stamps(
    each: Kept, checkpoint: Checkpoint, roots: Sequence[Certificate]
) -> Iterator[Vouched | Finding]:
    for token in each.tokens if roots else ():
        try:
            yield Vouched(STAMP, each.size, stamped_at(token, checkpoint.text, roots))
        except TimestampError as error:
            yield edited(each, f"a time stamp does not hold: {error}")


def edited(each: Kept, reason: str) -> Finding:
    """What was kept is not what others said, or not of this log."""
    return Finding("anchor edited", None, f"kept for {each.size} records: {reason}")
