"""``bandeau ledger accept-restore``: sign on from an older state, and say so in the log."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import click

from bandeau.cli.opening import (
    INVALID,
    UNREADABLE,
    data_option,
    fail,
    keys_of,
    keys_option,
    opened,
    parsed,
    usable,
)
from bandeau.ledger.checkpoint import Checkpoint, Signer, Verifier
from bandeau.ledger.draft import Draft
from bandeau.ledger.record import uuid7
from bandeau.ledger.verify import verify
from bandeau.storage.lock import FolderLock
from bandeau.storage.sqlite.ledger import SqliteLedger, open_evidence
from bandeau.storage.sqlite.ledger_kept import Kept


@click.command("accept-restore")
@data_option
@keys_option
def accept_restore_command(data: str, keys: Path | None) -> None:
    """Let the ledger go on from an older state, after a restore that lost records.

    A last resort: receipts of the lost records will not fit the log any more, and whoever holds a
    checkpoint from after the backup can show it. The log says so itself, in a record of kind
    restore. Exits 1 where the restored state does not verify, 2 where it cannot be read or is
    served.
    """
    directory = parsed(data)
    if not isinstance(directory, Path):
        fail(UNREADABLE, "A database is restored by its own means; give a data directory.")
    with opened(data, keys) as place:
        signer = keys_of(place).signer
    lock = usable(lambda: FolderLock(directory))
    try:
        usable(lambda: _accept(directory, signer))
    finally:
        lock.close()


def _accept(directory: Path, signer: Signer) -> None:
    kept = Kept(directory, Verifier(signer.vkey))
    lost = kept.load()
    _whole(directory, signer)
    if lost is None or _holds(directory, signer, kept):
        click.echo("Nothing to accept: the ledger holds all that its kept checkpoint counts.")
        return
    index = asyncio.run(_recorded(directory, signer, lost))
    aside = kept.give_up()
    SqliteLedger(directory, signer).close()
    click.echo(
        f"Accepted: the ledger goes on with record {index}, which says that it was restored and"
        f" that {lost.size} records had been signed. The checkpoint of then is in {aside}."
    )


def _whole(directory: Path, signer: Signer) -> None:
    with open_evidence(directory) as evidence:
        found = verify(evidence, signer.vkey).findings
    if found:
        fail(INVALID, f"Nothing accepted: {found[0]}. Restore a copy that verifies.")


def _holds(directory: Path, signer: Signer, kept: Kept) -> bool:
    """Whether the ledger holds what it last signed, as far as the kept checkpoint tells."""
    with open_evidence(directory) as evidence:
        return not verify(evidence, signer.vkey, [kept.path.read_bytes()]).findings


async def _recorded(directory: Path, signer: Signer, lost: Checkpoint) -> int:
    ledger = SqliteLedger(directory, signer, restored=True)
    try:
        now = int(time.time() * 1000)
        site = signer.origin.partition("/")[0]
        identity = uuid7(now, os.urandom(10))
        draft = Draft.restore(id=identity, site=site, time=now, size=lost.size, root=lost.root)
        return (await ledger.append(draft)).index
    finally:
        ledger.close()
