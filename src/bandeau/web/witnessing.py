"""Getting a checkpoint cosigned and time-stamped: we are the client."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.x509 import Certificate

from bandeau import limits
from bandeau.ledger.checkpoint import CheckpointError, Verifier
from bandeau.ledger.cosignature import Cosignature, WitnessKey, cosignatures, with_lines
from bandeau.ledger.prove import history_of
from bandeau.ledger.store import LedgerStore, LedgerUnavailable
from bandeau.ledger.timestamp import REQUEST_TYPE, TimestampError, stamped_at, timestamp_request
from bandeau.ledger.witness import Request, parse_size
from bandeau.web.client import Answer, Client

_REFUSALS = {
    403: "accepts no signature by this log's key; give it the key that bandeau ledger key prints",
    404: "does not know this log; give it the key that bandeau ledger key prints",
    422: "finds that this history does not continue the one it has seen: two were signed",
}


class NotVouched(Exception):
    """Nobody vouches for the checkpoint. The message says who refused, and why."""


async def latest_checkpoint(store: LedgerStore) -> tuple[Verifier, bytes]:
    """The log's key and its latest note; raises :class:`LedgerUnavailable`."""
    key, note = await store.published("key"), await store.published("checkpoint")
    if key is None or note is None:
        raise LedgerUnavailable("the ledger has no checkpoint; run bandeau ledger verify")
    return Verifier(key.decode()), note


async def cosigned(
    client: Client, url: str, key: WitnessKey, store: LedgerStore, note: bytes, former: int
) -> list[Cosignature]:
    """The cosignatures by ``key`` over ``note``, which the witness at ``url`` was asked for.

    ``former`` is the size that it cosigned last, as far as we know; it may correct us. Raises
    :class:`NotVouched`, ``Unreachable`` and :class:`LedgerUnavailable`.
    """
    verifier, _ = await latest_checkpoint(store)
    size = verifier.open(note).size
    for _ in range(limits.WITNESS_TRIES):
        log = await history_of(store, size, former)
        request = Request(former, log.consistency(former), note)
        answer = await client.post(f"{url.rstrip('/')}/add-checkpoint", request.body, "text/plain")
        if answer.status == 200:
            return _checked(url, key, note, answer)
        former = _corrected(url, answer, size)
    raise NotVouched(f"{url}: names another size at each try")


async def stamped(
    client: Client, url: str, roots: Sequence[Certificate], text: str
) -> tuple[bytes, int]:
    """A token over a checkpoint's ``text`` from the authority at ``url``, and its time in Unix ms.

    Raises :class:`NotVouched` and ``Unreachable``.
    """
    answer = await client.post(url, timestamp_request(text), REQUEST_TYPE)
    if answer.status != 200:
        raise NotVouched(f"{url}: answered {answer.status}")
    try:
        return answer.body, stamped_at(answer.body, text, roots)
    except TimestampError as error:
        raise NotVouched(f"{url}: {error}") from error


def _checked(url: str, key: WitnessKey, note: bytes, answer: Answer) -> list[Cosignature]:
    try:
        lines = answer.body.decode().splitlines(keepends=True)
        found = cosignatures(with_lines(note, lines), [key])
    except (UnicodeDecodeError, CheckpointError) as error:
        raise NotVouched(f"{url}: {error}") from error
    if not found:
        raise NotVouched(f"{url}: answered without a cosignature by {key.name}")
    return found


def _corrected(url: str, answer: Answer, size: int) -> int:
    """The size that a witness has seen last, by its 409."""
    if answer.status in _REFUSALS:
        raise NotVouched(f"{url}: {_REFUSALS[answer.status]}")
    seen = parse_size(answer.body) if answer.status == 409 else None
    if seen is None:
        said = answer.body[:200].decode("utf-8", "replace").strip()
        raise NotVouched(f"{url}: answered {answer.status} {said}".rstrip())
    if seen > size:
        raise NotVouched(
            f"{url}: has seen {seen} records, {size} are here: this ledger is older than what was"
            " witnessed, as after restoring a backup"
        )
    if seen == size:
        raise NotVouched(f"{url}: has seen another history of {size} records: two were signed")
    return seen
