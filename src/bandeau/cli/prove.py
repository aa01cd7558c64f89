"""``bandeau prove``: one choice, with all that it takes to believe it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from bandeau.cli.opening import INVALID, UNREADABLE, data_option, fail, keys_of, keys_option, opened
from bandeau.ledger.checkpoint import CheckpointError
from bandeau.ledger.dossier import Dossier, DossierError, collect
from bandeau.ledger.record import RecordError
from bandeau.ledger.store import LedgerUnavailable
from bandeau.storage.bundle import write_bundle
from bandeau.storage.files import read_words
from bandeau.storage.place import Place
from bandeau.web.proof import proof_files


@click.command("prove")
@click.argument("record_id", metavar="ID")
@data_option
@keys_option
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder to make, or a ZIP file if it ends in .zip.",
)
def prove_command(record_id: str, data: str, keys: Path | None, out: Path) -> None:
    """Write everything that proves one choice: record, receipt, what was shown, how to check it.

    Open index.html first. Exit code 1 where there is no such choice, 2 where the ledger cannot be
    read or the folder cannot be written. Runs beside a live server.
    """
    try:
        with opened(data, keys) as place:
            dossier = asyncio.run(_collect(place, record_id.strip().lower()))
        files = proof_files(dossier, read_words())
        write_bundle(out, files)
    except DossierError as error:
        fail(INVALID, f"Nothing to prove: {error}.")
    except (CheckpointError, RecordError) as error:
        fail(UNREADABLE, f"{data}: damaged: {error}; run bandeau ledger verify.")
    except (LedgerUnavailable, OSError) as error:
        fail(UNREADABLE, f"{error}.")
    click.echo(f"{len(files)} files written to {out}; open index.html first.")


async def _collect(place: Place, record_id: str) -> Dossier:
    ledger = place.reader(keys_of(place))
    try:
        return await collect(ledger, record_id)
    finally:
        ledger.close()
