"""``bandeau ledger witness|timestamp|publish``: checkpoints that leave the house."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from cryptography.x509 import Certificate

from bandeau.cli.opening import (
    INVALID,
    UNREADABLE,
    anchors_option,
    contents,
    data_option,
    fail,
    keys_of,
    keys_option,
    opened,
    parsed,
    public_key,
)
from bandeau.cli.outcome import counted, moment
from bandeau.ledger.checkpoint import CheckpointError
from bandeau.ledger.cosignature import WitnessKey, cosignatures
from bandeau.ledger.store import LedgerStore, LedgerUnavailable
from bandeau.ledger.timestamp import TimestampError, read_roots
from bandeau.storage.anchors import Anchors, anchors_of
from bandeau.storage.place import Place
from bandeau.storage.static_log import PublicationError, publish
from bandeau.web.client import Client, Unreachable
from bandeau.web.witnessing import NotVouched, cosigned, latest_checkpoint, stamped

Work = Callable[[LedgerStore, Client], Coroutine[Any, Any, str]]


@click.command("witness")
@data_option
@keys_option
@anchors_option
@click.option("--witness", required=True, metavar="URL", help="The witness's submission prefix.")
@click.option("--witness-key", required=True, metavar="KEY", help="Its public key, or its file.")
def witness_command(
    data: str, keys: Path | None, anchors: Path | None, witness: str, witness_key: str
) -> None:
    """Have the latest checkpoint cosigned by a witness (C2SP tlog-witness), and keep that.

    Exit code 1 where the witness refuses, which may show a ledger that was restored or forked; 2
    where it cannot be asked. Runs beside a live server, as often as you like.
    """
    key = witness_key_of(witness_key)
    kept = anchors_of(parsed(data), anchors)

    async def work(store: LedgerStore, client: Client) -> str:
        verifier, note = await latest_checkpoint(store)
        size = verifier.open(note).size
        former = _cosigned_before(kept, key, size)
        (first, *_) = await cosigned(client, witness, key, store, note, former)
        kept.keep_cosignature(size, note, key, first.line)
        when = moment(first.time * 1000)
        return f"{key.name} vouches for {counted(size, 'record')} at {when}."

    click.echo(_asked(data, keys, work))


@click.command("timestamp")
@data_option
@keys_option
@anchors_option
@click.option("--tsa", required=True, metavar="URL", help="The time-stamping authority.")
@click.option(
    "--tsa-root",
    required=True,
    type=click.Path(path_type=Path),
    help="Certificates (PEM) that its signature must lead to.",
)
def timestamp_command(
    data: str, keys: Path | None, anchors: Path | None, tsa: str, tsa_root: Path
) -> None:
    """Have the latest checkpoint time-stamped (RFC 3161), and keep the token beside it.

    Exit code 1 where the authority refuses or its token does not hold, 2 where it cannot be asked.
    """
    roots = roots_of(tsa_root)
    kept = anchors_of(parsed(data), anchors)

    async def work(store: LedgerStore, client: Client) -> str:
        verifier, note = await latest_checkpoint(store)
        checkpoint = verifier.open(note)
        token, time = await stamped(client, tsa, roots, checkpoint.text)
        kept.keep_roots(roots)
        kept.keep_token(checkpoint.size, note, token)
        return f"{counted(checkpoint.size, 'record')} stamped at {moment(time)}."

    click.echo(_asked(data, keys, work))


@click.command("publish")
@data_option
@keys_option
@anchors_option
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
def publish_command(data: str, keys: Path | None, anchors: Path | None, out: Path) -> None:
    """Write checkpoint, tiles, key and anchors as static files (C2SP tlog-tiles).

    For a CDN, a bucket or a git repository. Writes what is new since the last time, tiles first and
    the checkpoint last. Exit code 1, and nothing written, where what was published before is not
    the beginning of this ledger.
    """
    kept = anchors_of(parsed(data), anchors)

    async def work(store: LedgerStore, client: Client) -> str:
        done = await publish(store, kept, out)
        files = counted(done.files, "new file")
        return f"{counted(done.size, 'record')} published in {out}: {files}."

    click.echo(_asked(data, keys, work))


def witness_key_of(key: str) -> WitnessKey:
    """The witness key in ``key``, or in the file of that name."""
    try:
        return WitnessKey(public_key(key))
    except CheckpointError as error:
        fail(UNREADABLE, f"{key}: {error}.")


def roots_of(path: Path) -> list[Certificate]:
    """The certificates in a file."""
    try:
        return read_roots(contents(path))
    except TimestampError as error:
        fail(UNREADABLE, f"{path}: {error}.")


def _cosigned_before(anchors: Anchors, key: WitnessKey, size: int) -> int:
    """The largest size, up to ``size``, that ``key`` cosigned as far as is known here."""
    for each in reversed(anchors.sizes()):
        note = anchors.note(each) if each <= size else None
        if note is not None and cosignatures(note, [key]):
            return each
    return 0


def _asked(data: str, keys: Path | None, work: Work) -> str:
    """What ``work`` says of the ledger of ``data``; refusals become exit codes."""
    with opened(data, keys) as place:
        try:
            return asyncio.run(_worked(place, work))
        except (NotVouched, PublicationError) as error:
            fail(INVALID, f"{error}.")
        except (LedgerUnavailable, Unreachable, CheckpointError, OSError) as error:
            fail(UNREADABLE, f"{error}.")


async def _worked(place: Place, work: Work) -> str:
    with closing(place.reader(keys_of(place))) as store:
        async with Client() as client:
            return await work(store, client)
