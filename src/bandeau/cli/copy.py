"""``bandeau ledger copy``: from SQLite to PostgreSQL, with every proof intact."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from bandeau.cli.opening import INVALID, UNREADABLE, fail, keys_option, opened, usable
from bandeau.cli.outcome import counted
from bandeau.enforcement.sightings import SightingsUnavailable
from bandeau.features.comments.store import CommentsUnavailable
from bandeau.ledger.checkpoint import CheckpointError
from bandeau.ledger.outbox import OutboxUnavailable
from bandeau.ledger.store import LedgerRefused
from bandeau.storage.comments.store import FILE, TABLES
from bandeau.storage.keys import Keys, KeysError
from bandeau.storage.place import Folder, PostgresPlace, comment_tables
from bandeau.storage.postgres.copying import Copying, copying
from bandeau.storage.sqlite.sightings import FILE as SIGHTINGS
from bandeau.storage.suffixes import public_suffixes


@click.command("copy")
@click.option("--from", "source", required=True, metavar="DIR", help="The data directory to copy.")
@click.option(
    "--to", "target", required=True, metavar="ADDRESS", help="An empty postgresql:// database."
)
@keys_option
def copy_command(source: str, target: str, keys: Path | None) -> None:
    """Copy a data directory into a database: ledger, keys, comments, outbox and sightings.

    Stop the server first: what it records after the copy has begun is not in it. Receipts,
    checkpoints and cookies of before hold on, byte for byte. In one step: a copy that fails leaves
    the database empty. Exit code 1 where it has a ledger already, or this one does not verify.
    """
    with opened(source, keys) as folder, opened(target, keys) as database:
        if not isinstance(folder, Folder) or not isinstance(database, PostgresPlace):
            fail(UNREADABLE, "Copy --from a directory --to a postgresql:// address.")
        try:
            count = usable(lambda: _copy(folder, database, with_keys=keys is None))
        except (LedgerRefused, KeysError, CheckpointError) as error:
            fail(INVALID, f"Nothing copied: {error}.")
        except (CommentsUnavailable, OutboxUnavailable, SightingsUnavailable) as error:
            fail(UNREADABLE, f"Nothing copied: {error}.")
    click.echo(f"{counted(count, 'record')} copied, and verified there. Serve {source} no more.")


def _copy(folder: Folder, database: PostgresPlace, *, with_keys: bool) -> int:
    keys = folder.keys()
    _require_valid(folder, keys, "this ledger does not verify; run bandeau ledger verify")
    with copying(database.database) as copy, folder.evidence() as evidence:
        count = copy.ledger(evidence)
        _copy_beside(folder, copy)
        if with_keys:
            copy.keys(keys)
    _require_valid(database, keys, "the copy does not verify; drop it, and run this again")
    return count


def _copy_beside(folder: Folder, copy: Copying) -> None:
    """What is kept beside the ledger; a file that was never made stays so."""
    if (folder.path / FILE).exists():
        with closing(comment_tables(folder.path)) as tables:
            for name in TABLES:
                copy.table(name, *tables.whole(name))
    with closing(folder.outbox()) as outbox:
        copy.outbox(outbox.all(), outbox.position())
        copy.announced(outbox.announced())
    if (folder.path / SIGHTINGS).exists():
        with closing(folder.sightings(public_suffixes().registrable)) as sightings:
            copy.sightings(sightings.all())


def _require_valid(place: Folder | PostgresPlace, keys: Keys, otherwise: str) -> None:
    if place.verify(keys.signer.vkey).findings:
        raise LedgerRefused(otherwise)
