"""Who else vouched first for the log with a record in it: since when at the latest (rule L1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.x509 import Certificate

from bandeau.ledger.anchored import Kept, edited
from bandeau.ledger.checkpoint import Checkpoint, CheckpointError, Verifier
from bandeau.ledger.cosignature import Cosignature, WitnessKey, cosignatures
from bandeau.ledger.prove import history_of
from bandeau.ledger.receipt import Receipt
from bandeau.ledger.store import LedgerStore
from bandeau.ledger.timestamp import Stamp, TimestampError, stamp_of
from bandeau.ledger.tree import ProofError, verify_consistency
from bandeau.ledger.verify import Finding


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose word counts: keys of witnesses, and certificates that time stamps must lead to."""

    witnesses: Sequence[WitnessKey]
    roots: Sequence[Certificate]


@dataclass(frozen=True, slots=True)
class Cosigned:
    """A witness's word, checked by its key."""

    key: WitnessKey
    cosignature: Cosignature


@dataclass(frozen=True, slots=True)
class Anchor:
    """A checkpoint of the log, as ``note``, that others vouch for; all of it was checked.

    ``proof`` leads on to the checkpoint of a receipt (RFC 9162, 2.1.4), and is empty where both
    are of one size. ``roots`` are the certificates by which ``stamps`` were checked.
    """

    checkpoint: Checkpoint
    note: bytes
    cosigned: tuple[Cosigned, ...]
    stamps: tuple[Stamp, ...]
    roots: tuple[Certificate, ...]
    proof: tuple[bytes, ...] = ()

    @property
    def since(self) -> int:
        """The first time that somebody vouched for it, in Unix milliseconds."""
        witnessed = [each.cosignature.time * 1000 for each in self.cosigned]
        return min(witnessed + [each.time for each in self.stamps])


@dataclass(frozen=True, slots=True)
class Found:
    """The anchor, if there is one, and what was passed over on the way to it.

    Tokens without a certificate to check them by are counted in ``unchecked``.
    """

    anchor: Anchor | None
    findings: tuple[Finding, ...]
    unchecked: int


async def first_anchor(
    store: LedgerStore, receipt: Receipt, kept: Iterable[Kept], trust: Trust
) -> Found:
    """The smallest of ``kept`` that has the record of ``receipt`` and that others vouch for.

    ``kept`` comes in the order of sizes. Raises :class:`LedgerUnavailable`, and
    :class:`CheckpointError` where the receipt's own checkpoint does not hold.
    """
    verifier = Verifier(receipt.key)
    latest = verifier.open(receipt.checkpoint)
    findings: list[Finding] = []
    unchecked = 0
    for each in kept:
        if each.size <= receipt.index:
            continue
        unchecked += 0 if trust.roots else len(each.tokens)
        try:
            checkpoint = _own(each, verifier)
            cosigned = tuple(_cosigned(each, trust.witnesses, findings))
            stamps = tuple(_stamps(each, checkpoint, trust.roots, findings))
            proof = await _followed(store, checkpoint, latest) if cosigned or stamps else ()
        except (CheckpointError, ProofError) as error:
            findings.append(edited(each, str(error)))
            continue
        if cosigned or stamps:
            roots = tuple(trust.roots) if stamps else ()
            anchor = Anchor(checkpoint, each.note, cosigned, stamps, roots, proof)
            return Found(anchor, tuple(findings), unchecked)
    return Found(None, tuple(findings), unchecked)


def _own(each: Kept, verifier: Verifier) -> Checkpoint:
    checkpoint = verifier.open(each.note)
    if checkpoint.size != each.size:
        raise CheckpointError(f"its checkpoint counts {checkpoint.size} records")
    return checkpoint


def _cosigned(
    each: Kept, witnesses: Sequence[WitnessKey], findings: list[Finding]
) -> list[Cosigned]:
    """The word of each witness that holds; what does not is added to ``findings``."""
    held = []
    for key in witnesses:
        try:
            held += [Cosigned(key, found) for found in cosignatures(each.note, [key])[:1]]
        except CheckpointError as error:
            findings.append(edited(each, str(error)))
    return held


def _stamps(
    each: Kept, checkpoint: Checkpoint, roots: Sequence[Certificate], findings: list[Finding]
) -> list[Stamp]:
    """The tokens that hold; what does not is added to ``findings``."""
    held = []
    for token in each.tokens if roots else ():
        try:
            held.append(stamp_of(token, checkpoint.text, roots))
        except TimestampError as error:
            findings.append(edited(each, f"a time stamp does not hold: {error}"))
    return held


async def _followed(
    store: LedgerStore, former: Checkpoint, latest: Checkpoint
) -> tuple[bytes, ...]:
    """The proof that ``latest`` continues ``former``; raises :class:`ProofError` if it does not."""
    if former.size > latest.size:
        raise ProofError(f"only {latest.size} records are here")
    proof: tuple[bytes, ...] = ()
    if former.size < latest.size:
        proof = (await history_of(store, latest.size, former.size)).consistency(former.size)
    verify_consistency(former.size, latest.size, former.root, latest.root, proof)
    return proof
